"""Attempts to change, swap, smuggle or read what an extract must protect."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.support.extract_world import ROWS, Workshop, csv_of
from tests.support.registry_world import MOB, approval, dataset

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub import extraction
from saferoom.hub.extracts import verify_extracts
from saferoom.hub.sealed_parquet import Seal
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts import pseudonyms
from saferoom.projects.extracts.pseudonyms import PseudonymKey
from saferoom.signing import SigningKey

OTHER = ProjectSlug("other")
HTV = "htv/1/htv.parquet"


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


@pytest.fixture
def folder(shop: Workshop) -> Path:
    """The project's folder, with its extract."""
    shop.provision()
    return shop.folder / "extracts" / MOB


@pytest.mark.parametrize("position", [0, 100, -1])
def test_changed_byte_in_an_extract_is_noticed(shop: Workshop, folder: Path, position: int) -> None:
    path = _writable(folder / HTV)
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match=r"htv\.parquet is not the one in its manifest"):
        shop.maker.verify(MOB)


def test_every_changed_byte_of_the_manifest_is_noticed(shop: Workshop, folder: Path) -> None:
    path = _writable(folder / "manifest.json")
    data = path.read_bytes()
    manifest = shop.maker.verify(MOB)
    for position in range(0, len(data), 7):
        changed = bytearray(data)
        changed[position] ^= 1
        path.write_bytes(bytes(changed))
        try:
            # A flipped bit may leave an equal document (a key id is only a hint); it must never give another one.
            assert shop.maker.verify(MOB) == manifest
        except IntegrityError:
            continue


def test_manifest_signed_by_somebody_else_is_refused(shop: Workshop, folder: Path) -> None:
    with pytest.raises(IntegrityError, match="no valid signature"):
        verify_extracts(folder, SigningKey.generate().verifying_key)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"payload": 1}'])
def test_manifest_that_is_no_manifest_is_refused(shop: Workshop, folder: Path, data: bytes) -> None:
    _writable(folder / "manifest.json").write_bytes(data)
    with pytest.raises(IntegrityError):
        shop.maker.verify(MOB)


def test_envelope_of_another_kind_signed_by_us_is_refused(shop: Workshop, folder: Path) -> None:
    envelope = shop.key.seal_json({"project": MOB}, "application/vnd.saferoom.audit-head+json")
    _writable(folder / "manifest.json").write_text(json.dumps(envelope))
    with pytest.raises(IntegrityError, match="not of type"):
        shop.maker.verify(MOB)


def test_signed_nonsense_is_refused(shop: Workshop, folder: Path) -> None:
    envelope = shop.key.seal_json({"project": MOB}, "application/vnd.saferoom.extract-manifest+json")
    _writable(folder / "manifest.json").write_text(json.dumps(envelope))
    with pytest.raises(IntegrityError, match="malformed"):
        shop.maker.verify(MOB)


def test_another_projects_whole_folder_is_refused(shop: Workshop, folder: Path) -> None:
    shop.add(dataset(), slug=OTHER)
    shop.provision(OTHER)
    shutil.rmtree(folder)
    shutil.copytree(shop.folder / "extracts" / OTHER, folder)
    with pytest.raises(IntegrityError, match="another project"):
        shop.maker.verify(MOB)


def test_extra_missing_and_linked_files_are_noticed(shop: Workshop, folder: Path) -> None:
    (folder / "extra.parquet").write_bytes(b"x")
    with pytest.raises(IntegrityError, match="does not list"):
        shop.maker.verify(MOB)
    (folder / "extra.parquet").unlink()
    copy = shop.folder / "copy.parquet"
    shutil.move(folder / HTV, copy)
    with pytest.raises(IntegrityError, match="not the one"):
        shop.maker.verify(MOB)
    (folder / HTV).symlink_to(copy)
    with pytest.raises(IntegrityError, match="not the one"):
        shop.maker.verify(MOB)


def test_only_named_datasets_are_checked_when_so_asked(shop: Workshop, folder: Path) -> None:
    _writable(folder / HTV).write_bytes(b"x")
    verify_extracts(folder, shop.key.verifying_key, only=[])
    with pytest.raises(IntegrityError):
        verify_extracts(folder, shop.key.verifying_key, only=[DatasetName("htv")])


def test_source_that_is_a_link_out_of_the_folder_is_refused(shop: Workshop) -> None:
    outside = shop.folder / "outside.csv"
    outside.write_text(csv_of(ROWS))
    source = shop.folder / "sources" / "htv.csv"
    source.unlink()
    source.symlink_to(outside)
    with pytest.raises(BadInputError, match="is not in the folder"):
        shop.provision()


def test_approval_smuggled_in_for_a_direct_identifier_gives_no_such_column(shop: Workshop) -> None:
    # The commands refuse such an approval; a row written straight into the store changes nothing either.
    shop.registry.granted[MOB, "htv"] = approval(variables=("full_name", "wage"))
    shop.provision()
    assert {tuple(row) for row in shop.read()} == {("person_id", "wage")}


def test_extraction_itself_refuses_a_direct_identifier(shop: Workshop, tmp_path: Path) -> None:
    work = extraction.Extraction({}, {}, tmp_path / "scratch")
    source = shop.folder / "sources" / "htv.csv"
    target = extraction.Target(tmp_path / "out.parquet", Seal(b"k" * 32, "mob/htv/1"))
    for names in (("full_name",), ("no_such_variable",)):
        with pytest.raises(BadInputError, match="do not identify"):
            work.extract(dataset(), names, source, target)
    work.close()


@pytest.mark.parametrize("column", ['x"; DROP TABLE raw; --', "x' OR 1=1", "read_csv('/etc/passwd')", "$inner", "é ü"])
def test_column_names_are_never_read_as_statements(shop: Workshop, column: str) -> None:
    wage = dataset().variables[4].model_copy(update={"column": column})
    quoted = '"' + column.replace('"', '""') + '"'
    shop.csv(csv_of(ROWS).replace("wage", quoted))
    shop.add(dataset(variables=(*dataset().variables[:4], wage)))
    shop.provision()
    assert sorted(row["wage"] or 0 for row in shop.read()) == [0, 9.75, 10.25, 12.5]
    shop.parquet([{**ROWS[0], column: 1.0}], "htv.parquet")
    shop.add(dataset(source="htv.parquet", variables=(*dataset().variables[:4], wage)))
    shop.provision()
    assert [row["wage"] for row in shop.read()] == [1.0]


def test_equal_pseudonyms_of_two_people_stop_the_extract(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def constant(_identifier: str, inner: str, outer: str) -> str:
        return f"octet_length({inner} || {outer})"

    monkeypatch.setattr(pseudonyms, "pseudonym_sql", constant)
    with pytest.raises(BadInputError, match="same pseudonym"):
        shop.provision()
    assert not (shop.folder / "extracts" / MOB).exists()


def test_equal_pseudonyms_across_datasets_stop_the_extract(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def constant(identifier: str, inner: str, outer: str) -> str:
        return f"octet_length({inner} || {outer} || encode({identifier}))"

    monkeypatch.setattr(pseudonyms, "pseudonym_sql", constant)
    shop.csv(csv_of(ROWS[:1]))
    shop.csv(csv_of([{**ROWS[0], "person_id": 31}]), "more.csv")
    shop.add(shop.renamed("more", "more.csv"))
    with pytest.raises(BadInputError, match="same pseudonym"):
        shop.provision()


def test_pseudonyms_cannot_be_computed_without_the_projects_key(shop: Workshop) -> None:
    shop.provision()
    made = {row["person_id"] for row in shop.read()}
    for guess in (b"\0" * 32, b"mob".ljust(32, b"\0")):
        key = PseudonymKey.derive(guess, MOB, "person_id")
        assert not made & {key.pseudonym(str(row["person_id"])) for row in ROWS}


def test_staging_leaves_nothing_with_the_owners_ids_behind(shop: Workshop) -> None:
    shop.provision()
    left = {path.name for path in (shop.folder / "extracts").iterdir()}
    assert left == {".mob.lock", ".mob.moving", "mob"}


def test_what_a_killed_run_left_behind_is_cleared_away_and_nothing_else(shop: Workshop) -> None:
    extracts = shop.folder / "extracts"
    for name in (".mob.staging-1", ".mob-x.staging-1"):
        (extracts / name).mkdir()
        (extracts / name / "htv.parquet").write_bytes(b"half")
    (extracts / ".mob.staging-2").write_bytes(b"half")
    shop.provision()
    assert {path.name for path in extracts.iterdir()} == {".mob.lock", ".mob.moving", "mob", ".mob-x.staging-1"}
