"""A claim holds what it should and nothing else, whatever was there and whatever arrived."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.deliveries.settling import ARRIVING, settle

FILES = {"births/1/births.parquet": b"rows", "births/1/areas.geojson": b"areas", "id-changes/1.parquet": b""}
LINKS = {"births.parquet": "births/1/births.parquet"}
WANTED = {name: (sha256(data).hexdigest(), len(data)) for name, data in FILES.items()}


def arrive(claim: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        place = claim / ARRIVING / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def held(claim: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(claim)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in claim.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_what_arrived_is_put_in_its_place_for_rooms_to_read(tmp_path: Path) -> None:
    arrive(tmp_path, FILES)
    before = os.umask(0o077)
    try:
        assert settle(tmp_path, WANTED, LINKS) == []
    finally:
        os.umask(before)
    assert held(tmp_path) == {**FILES, **LINKS}
    assert (tmp_path / "births.parquet").read_bytes() == b"rows"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_dir()} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()} == {0o444}


def test_what_is_missing_is_told_and_what_is_there_stays(tmp_path: Path) -> None:
    assert sorted(settle(tmp_path, WANTED, LINKS)) == sorted(FILES)
    assert held(tmp_path) == {}
    arrive(tmp_path, {"births/1/births.parquet": b"rows"})
    assert sorted(settle(tmp_path, WANTED, LINKS)) == ["births/1/areas.geojson", "id-changes/1.parquet"]
    number = (tmp_path / "births/1/births.parquet").stat().st_ino
    arrive(tmp_path, {"births/1/areas.geojson": b"areas", "id-changes/1.parquet": b""})
    assert settle(tmp_path, WANTED, LINKS) == []
    assert (tmp_path / "births/1/births.parquet").stat().st_ino == number


def test_what_is_not_wanted_any_more_is_taken_away(tmp_path: Path) -> None:
    arrive(tmp_path, FILES)
    settle(tmp_path, WANTED, LINKS)
    (tmp_path / "forgotten").write_bytes(b"x")
    assert settle(tmp_path, {}, {}) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", [b"row", b"rowz", b"", b"rows and more"])
def test_a_file_that_is_not_what_was_sent_is_missing_wherever_it_lies(tmp_path: Path, broken: bytes) -> None:
    arrive(tmp_path, FILES)
    settle(tmp_path, WANTED, LINKS)
    place = tmp_path / "births/1/births.parquet"
    place.chmod(0o644)
    place.write_bytes(broken)
    assert settle(tmp_path, WANTED, LINKS) == ["births/1/births.parquet"]
    assert "births.parquet" not in held(tmp_path)
    arrive(tmp_path, {"births/1/births.parquet": broken})
    assert settle(tmp_path, WANTED, LINKS) == ["births/1/births.parquet"]
    arrive(tmp_path, FILES)
    assert settle(tmp_path, WANTED, LINKS) == []


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    """Whoever can write to the storage could let a file's name lead elsewhere."""
    claim, other = tmp_path / "claim", tmp_path / "other"
    claim.mkdir()
    other.mkdir()
    (other / "births.parquet").write_bytes(b"rows")
    (claim / "births").mkdir()
    (claim / "births/1").symlink_to(other)
    (claim / "id-changes").symlink_to(other)
    assert sorted(settle(claim, WANTED, LINKS)) == sorted(FILES)
    arrive(claim, FILES)
    assert settle(claim, WANTED, LINKS) == []
    assert not (claim / "births/1").is_symlink()
    assert held(other) == {"births.parquet": b"rows"}


def test_what_an_interrupted_delivery_left_is_taken_away(tmp_path: Path) -> None:
    arrive(tmp_path, {"births/1/births.parquet": b"ro", "unknown": b"x"})
    settle(tmp_path, WANTED, LINKS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../other", "a/../../b", "", ".arriving/x"])
def test_names_that_lead_out_of_the_claim_are_refused_before_anything_is_done(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").write_bytes(b"x")
    for files, links in (({name: ("0", 1)}, {}), ({}, {name: "a"}), ({}, {"a": name})):
        with pytest.raises(BadInputError, match="not below its claim"):
            settle(tmp_path, files, links)
    assert held(tmp_path) == {"there": b"x"}
