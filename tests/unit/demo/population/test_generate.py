"""The whole world comes from its seed, all of it or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.demo.population import files
from saferoom.hub.demo.population import generate as generating
from saferoom.hub.demo.population.__main__ import main
from saferoom.hub.demo.population.generate import FEWEST, World, generate

from .conftest import PEOPLE, Rows


def _bytes(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_world_of_the_same_seed_has_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "PEOPLE_PER_CHUNK", 800)
    first = generate(tmp_path / "first", people=1_600, seed=3)
    second = generate(tmp_path / "second", people=1_600, seed=3)
    other = generate(tmp_path / "other", people=1_600, seed=4)
    assert _bytes(first.folder) == _bytes(second.folder)
    same = set(_bytes(first.folder).items()) & set(_bytes(other.folder).items())
    assert not same


def test_world_has_as_many_people_as_were_asked_for(world: World, rows: Rows) -> None:
    assert rows("select count(*), count(distinct person_id) from truth_people") == [(PEOPLE, PEOPLE)]
    assert world.manifest["people"] == PEOPLE


def test_manifest_names_every_file_with_its_digest(world: World) -> None:
    digests = {name: file["sha256"] for name, file in world.manifest["files"].items()}
    assert {**digests, files.MANIFEST: _bytes(world.folder)[files.MANIFEST]} == _bytes(world.folder)
    assert str(world.folder) not in (world.folder / files.MANIFEST).read_text()


@pytest.mark.parametrize(
    ("people", "seed", "field"), [(FEWEST - 1, 1, "people"), (10**9, 1, "people"), (FEWEST, -1, "seed")]
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, people: int, seed: int, field: str) -> None:
    with pytest.raises(BadInputError, match=field) as refused:
        generate(tmp_path / "world", people=people, seed=seed)
    assert refused.value.field == field
    assert not list(tmp_path.iterdir())


def test_folder_that_is_not_empty_is_refused_and_kept(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    with pytest.raises(BadInputError, match="not an empty folder"):
        generate(tmp_path, people=FEWEST, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    with pytest.raises(BadInputError, match="not an empty folder"):
        generate(kept, people=FEWEST, seed=1)


def test_world_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files, "put_together", full)
    with pytest.raises(OSError, match="no space"):
        generate(tmp_path / "world", people=FEWEST, seed=1)
    assert not list(tmp_path.iterdir())


def test_command_makes_a_world_and_lists_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--people", str(FEWEST), "--seed", "5", "--out", str(tmp_path / "world")]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "1,000  truth/people.parquet" in said
    assert main([*asked, "--quiet"]) == 2
    refused = capsys.readouterr()
    assert refused.out == ""
    assert "is not an empty folder; name a new one" in refused.err


def test_command_says_what_it_does_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "The truth is kept apart" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_command_says_why_a_folder_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--people", str(FEWEST), "--out", str(tmp_path / "file" / "world"), "--quiet"]) == 2
    assert "the folder cannot be written" in capsys.readouterr().err
