"""Attempts to read, swap, cut or change extracts at rest, and to find them open where nobody may."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.extract_world import ROWS, Workshop, csv_of
from tests.support.registry_world import MOB, dataset

from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub.extract_keys import ExtractKeys
from saferoom.hub.memory_folder import MemoryFolder
from saferoom.hub.opened_extracts import OpenedExtracts
from saferoom.hub.sealed_parquet import Seal, SealedWriter, reading, unseal
from saferoom.ids import ProjectSlug
from saferoom.projects.catalogue.model import VariableRole
from saferoom.projects.extracts.manifest import ExtractFile, seal_manifest

OTHER = ProjectSlug("other")
MARKER = "Quagmire-7731-marker"
TABLE = pa.table({"id": list(range(300)), "word": [f"{MARKER}{n}" for n in range(300)]})


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, Seal]:
    seal = Seal.of(b"m" * 32, "mob", "htv", "1", secrets.token_hex(32))
    path = tmp_path / "sealed.parquet"
    with SealedWriter(path, TABLE.schema, seal) as writer:
        writer.write(TABLE)
    return path, seal


def test_sealed_file_shows_neither_values_nor_names_of_columns(sealed: tuple[Path, Seal]) -> None:
    path, seal = sealed
    data = path.read_bytes()
    assert not [word for word in (MARKER, "word", "mob/htv/1") if word.encode() in data]
    assert pa.concat_tables(reading(path, seal)).equals(TABLE)
    assert "key=" not in repr(seal)


@pytest.mark.parametrize(
    ("project", "name", "version"),
    [("other", "htv", "1"), ("mob", "two", "1"), ("mob", "htv", "2"), ("mob/htv", "1", "")],
)
def test_file_in_another_place_is_not_read_even_under_its_own_key(
    sealed: tuple[Path, Seal], project: str, name: str, version: str
) -> None:
    path, seal = sealed
    for wrong in (
        Seal.of(b"m" * 32, project, name, version, secrets.token_hex(32)),
        replace(seal, about=f"{project}/{name}/{version}"),  # the key alone is not enough
    ):
        if wrong.about != seal.about:
            with pytest.raises(IntegrityError, match=r"sealed\.parquet cannot be opened"):
                list(reading(path, wrong))


def test_every_flipped_byte_is_noticed_or_changes_nothing(sealed: tuple[Path, Seal], tmp_path: Path) -> None:
    path, seal = sealed
    data, changed = path.read_bytes(), tmp_path / "changed.parquet"
    said: list[str] = []
    for position in range(0, len(data), 5):
        changed.write_bytes(data[:position] + bytes([data[position] ^ 0x40]) + data[position + 1 :])
        try:
            assert pa.concat_tables(reading(changed, seal)).equals(TABLE)
        except IntegrityError as error:
            said.append(error.message)
    assert len(said) > len(data) // 5 * 0.9
    assert MARKER not in " ".join(said)


def test_file_cut_off_anywhere_is_noticed(sealed: tuple[Path, Seal], tmp_path: Path) -> None:
    path, seal = sealed
    data, cut = path.read_bytes(), tmp_path / "cut.parquet"
    for size in (0, 1, 4, 100, len(data) // 2, len(data) - 8, len(data) - 1):
        cut.write_bytes(data[:size])
        with pytest.raises(IntegrityError):
            unseal(cut, seal, tmp_path / "plain.parquet")


def test_plain_file_in_a_sealed_ones_place_is_not_read(sealed: tuple[Path, Seal], tmp_path: Path) -> None:
    path = tmp_path / "plain.parquet"
    pq.write_table(TABLE, path)
    with pytest.raises(IntegrityError):
        list(reading(path, sealed[1]))


def _signed(shop: Workshop, slug: ProjectSlug, file: ExtractFile, source: Path) -> None:
    """Put a file in the place of a project's extract, and sign a manifest that says it belongs there."""
    manifest = shop.maker.verify(slug)
    target = shop.folder / "extracts" / slug / manifest.files[0].file
    target.chmod(0o600)
    shutil.copyfile(source, target)
    said = {"sha256": file.sha256, "bytes": file.bytes, "key": file.key}
    forged = manifest.model_copy(update={"files": (manifest.files[0].model_copy(update=said),)})
    place = shop.folder / "extracts" / slug / "manifest.json"
    place.chmod(0o600)
    place.write_bytes(seal_manifest(forged, shop.key))


def test_another_projects_file_does_not_open_even_with_a_signed_manifest(shop: Workshop) -> None:
    shop.add(dataset(), slug=OTHER)
    mine, theirs = shop.provision().files[0], shop.provision(OTHER).files[0]
    assert mine.file == theirs.file
    _signed(shop, MOB, theirs, shop.file(slug=OTHER))
    shop.maker.verify(MOB)
    with pytest.raises(IntegrityError, match="cannot be opened"):
        shop.maker.opened.lease(MOB)


def test_another_versions_file_does_not_open_even_with_a_signed_manifest(shop: Workshop) -> None:
    old = shop.provision().files[0]
    before = shop.folder / "old.parquet"
    shutil.copyfile(shop.file(), before)
    shop.add(dataset(version="2"))
    shop.provision()
    _signed(shop, MOB, old, before)
    with pytest.raises(IntegrityError, match="cannot be opened"):
        shop.maker.opened.lease(MOB)


def test_extract_does_not_open_under_another_instances_key(shop: Workshop) -> None:
    shop.provision()
    with pytest.raises(IntegrityError, match="is wrapped under a key of extracts that is not there"):
        replace(shop.maker.opened, keys=ExtractKeys.fixed(b"y" * 32)).lease(MOB)


def test_plain_bytes_are_never_on_the_homes_disk(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scanned after every file that is made, and in the end: nothing but the owner's file has a marked value."""
    quasi = dataset().variables[1].model_copy(update={"name": "note", "role": VariableRole.QUASI})
    shop.add(dataset(variables=(*dataset().variables[:3], quasi)))
    shop.csv(csv_of([{**row, "note": f"{MARKER}{n}"} for n, row in enumerate(ROWS * 300)]))
    folder = MemoryFolder(shop.folder / "memory", in_memory=True)
    shop.maker = replace(shop.maker, opened=replace(shop.maker.opened, folder=folder))
    looked: list[int] = []

    def look() -> None:
        on_disk = [p for name in ("extracts", "crosswalks") for p in (shop.folder / name).rglob("*") if p.is_file()]
        looked.append(len(on_disk))
        assert not [path for path in on_disk if MARKER.encode() in path.read_bytes()]

    def closed(self: SealedWriter, *_: object) -> None:
        self._writer.close()
        look()

    monkeypatch.setattr(SealedWriter, "__exit__", closed)
    shop.provision()
    shop.maker.rotate(MOB, "Somebody saw the ids.")
    with shop.maker.opened.lease(MOB) as lease:
        look()
        assert MARKER in str(pq.read_table(lease.folder / "htv.parquet")["note"][0])
    look()
    assert max(looked) > 2


def test_opened_extracts_go_with_the_last_lease(shop: Workshop) -> None:
    shop.provision()
    first, second = shop.maker.opened.lease(MOB), shop.maker.opened.lease(MOB, [("htv", None)])
    assert first.folder == second.folder
    first.close()
    first.close()
    assert (second.folder / "htv.parquet").exists()
    second.close()
    assert not second.folder.exists()
    left = {path.name for path in (shop.folder / "opened").iterdir()}
    assert left == {".mob.lock"}


def test_projects_are_open_in_folders_of_their_own(shop: Workshop) -> None:
    shop.add(dataset(), slug=OTHER)
    shop.provision()
    shop.provision(OTHER)
    with shop.maker.opened.lease(MOB) as mine, shop.maker.opened.lease(OTHER) as theirs:
        assert mine.folder != theirs.folder
        assert not mine.folder.is_relative_to(theirs.folder)
        links = [path for path in mine.folder.rglob("*") if path.is_symlink()]
        assert links
        assert all(path.resolve().is_relative_to(mine.folder) for path in links)


_KILLED = """
import os, signal, sys
from pathlib import Path
from saferoom.hub import opened_extracts, sealed_parquet
from saferoom.hub.extract_keys import ExtractKeys
from saferoom.hub.memory_folder import MemoryFolder
from saferoom.signing import VerifyingKey
root, half = Path(sys.argv[1]), sys.argv[2] == "half"
def dies(path, seal, target):
    target.write_bytes(b"half a file")
    os.kill(os.getpid(), signal.SIGKILL)
if half:
    opened_extracts.unseal = dies
key = VerifyingKey.from_pem((root / "key.pem").read_bytes())
place = MemoryFolder(root / "opened", in_memory=False)
opened = opened_extracts.OpenedExtracts(root / "extracts", place, key, ExtractKeys.fixed(b"x" * 32))
lease = opened.lease("mob")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["half", "whole"])
def test_what_a_killed_service_had_opened_is_removed(shop: Workshop, when: str) -> None:
    shop.provision()
    (shop.folder / "key.pem").write_bytes(shop.key.verifying_key.to_pem())
    done = subprocess.run(
        [sys.executable, "-P", "-c", _KILLED, str(shop.folder), when], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path for path in (shop.folder / "opened").rglob("*") if path.is_file() and path.stat().st_size]
    shop.maker.opened.tidy()
    assert {path.name for path in (shop.folder / "opened").iterdir()} == {".mob.lock"}
    assert shop.read()


def test_tidying_leaves_what_somebody_uses(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        shop.maker.opened.tidy()
        assert (lease.folder / "htv.parquet").exists()


def test_withdrawn_extract_leaves_the_open_folder_at_once(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        shop.add(dataset(), variables=("wage",))
        assert shop.maker.prune(MOB) == ("htv",)
        assert list(lease.folder.rglob("*.parquet")) == []


def test_changed_plain_file_is_read_anew_from_the_sealed_one(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        before = shop.read()
        place = lease.folder / "htv" / "1" / "htv.parquet"
        place.unlink()
        place.write_bytes(b"changed")
        assert shop.read() == before


def test_folder_that_somebody_else_made_is_not_used(shop: Workshop, tmp_path: Path) -> None:
    shop.provision()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    trap = tmp_path / "trap"
    trap.symlink_to(elsewhere)
    with pytest.raises(UnavailableError, match="belongs to somebody else"):
        replace(shop.maker.opened, folder=MemoryFolder(trap, in_memory=True)).lease(MOB)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder can be made by root alone")
def test_folder_of_another_user_is_not_used(shop: Workshop, tmp_path: Path) -> None:
    shop.provision()
    trap = tmp_path / "trap"
    trap.mkdir()
    os.chown(trap, 12345, 12345)
    with pytest.raises(UnavailableError, match="belongs to somebody else"):
        replace(shop.maker.opened, folder=MemoryFolder(trap, in_memory=True)).lease(MOB)


def test_memory_that_is_too_small_is_said_and_nothing_is_left(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.provision()
    monkeypatch.setattr(MemoryFolder, "free_bytes", lambda _self: 1000)
    with pytest.raises(UnavailableError, match="SAFEROOM_OPENED"):
        shop.maker.opened.lease(MOB)
    assert not (shop.folder / "opened" / MOB).exists()


def test_state_that_is_no_state_is_taken_for_nothing_open(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        for junk in ("", "[]", "{", json.dumps({"open": 3, "newest": 1})):
            (lease.folder.parent / ".mob.json").write_text(junk)
            assert shop.read()


def test_plain_extract_of_an_older_saferoom_is_refused_and_made_again(shop: Workshop) -> None:
    shop.provision()
    manifest = shop.maker.verify(MOB)
    plain = manifest.model_copy(update={"files": (manifest.files[0].model_copy(update={"key": None}),)})
    place = shop.folder / "extracts" / MOB / "manifest.json"
    place.chmod(0o600)
    place.write_bytes(seal_manifest(plain, shop.key))
    assert shop.maker.lacking(MOB) == ("htv",)
    with pytest.raises(IntegrityError, match="before extracts were encrypted"):
        shop.maker.opened.lease(MOB)
    shop.provision()
    assert shop.read()


def test_two_programs_that_open_at_once_have_one_folder(shop: Workshop) -> None:
    assert isinstance(shop.maker.opened, OpenedExtracts)
    shop.provision()
    again = replace(shop.maker.opened)
    with shop.maker.opened.lease(MOB) as one, again.lease(MOB) as two:
        assert one.folder == two.folder
