"""Extracts made with the real engine from real files: what is in them, and what stops them."""

from __future__ import annotations

import datetime
import json
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.extract_world import ROWS, Workshop, csv_of
from tests.support.registry_world import MOB, NOW, approval, dataset

from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.extracts import read_manifest, verify_extracts
from saferoom.hub.project_sources import source_of
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.catalogue.model import Variable, VariableRole, VariableType
from saferoom.projects.extracts.pseudonyms import PseudonymKey

OTHER = ProjectSlug("other")


def _ids(rows: list[dict[str, Any]]) -> set[int]:
    return {row["person_id"] for row in rows}


def test_extract_holds_the_approved_variables_under_pseudonyms(shop: Workshop) -> None:
    shop.provision()
    key = PseudonymKey.derive(b"m" * 32, MOB, "person_id")
    expected = [
        {"person_id": key.pseudonym(str(row["person_id"])), **{name: row[name] for name in ("sex", "age", "wage")}}
        for row in ROWS
    ]
    assert shop.read() == sorted(expected, key=lambda row: (row["person_id"], row["sex"], row["age"]))


def test_extract_never_holds_direct_identifiers_nor_the_owners_ids(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        data = b"".join(path.read_bytes() for path in lease.folder.rglob("*.parquet"))
    assert all(name.encode() not in data for name in ("full_name", "Zoe", "Adam", "Young", "Mia"))
    assert not _ids(shop.read()) & {10, 20, 30}


def test_extract_of_some_variables_holds_no_others(shop: Workshop) -> None:
    shop.add(dataset(), variables=("wage",))
    shop.provision()
    assert {tuple(row) for row in shop.read()} == {("person_id", "wage")}


def test_rows_do_not_keep_the_owners_order(shop: Workshop) -> None:
    shop.csv(csv_of([{**ROWS[0], "person_id": number, "age": number} for number in range(200)]))
    shop.provision()
    rows = shop.read()
    assert [row["person_id"] for row in rows] == sorted(row["person_id"] for row in rows)
    assert [row["age"] for row in rows] != list(range(200))


def test_same_rows_in_another_order_make_the_same_extract_under_another_key(shop: Workshop) -> None:
    first, before = shop.provision().files[0], shop.read()
    shop.csv(csv_of(ROWS[::-1]))
    again = shop.provision().files[0]
    assert shop.read() == before
    assert {again.sha256, again.key}.isdisjoint({first.sha256, first.key})


def test_person_has_the_same_pseudonym_in_every_dataset_and_version_of_a_project(shop: Workshop) -> None:
    shop.parquet([{"person_id": "10 ", "sex": "M", "age": 1, "wage": 2.0}], "jobs.parquet")
    text_id = Variable(name="person_id", type=VariableType.TEXT, role=VariableRole.ID)
    shop.add(shop.renamed("jobs", "jobs.parquet", variables=(text_id, *dataset().variables[2:])))
    shop.provision()
    before, jobs = _ids(shop.read()), _ids(shop.read("jobs"))
    assert jobs < before
    shop.add(dataset(version="2"))
    assert shop.provision().files[0].version == "2"
    assert _ids(shop.read()) == before


def test_person_has_another_pseudonym_in_another_project(shop: Workshop) -> None:
    shop.add(dataset(), slug=OTHER)
    shop.provision()
    shop.provision(OTHER)
    assert not _ids(shop.read()) & _ids(shop.read(slug=OTHER))


def test_several_units_get_pseudonyms_of_their_own(shop: Workshop) -> None:
    household = Variable(name="household_id", type=VariableType.INTEGER, role=VariableRole.ID, column="hh")
    two = dataset(units=("person_id", "household_id"), variables=(*dataset().variables, household))
    shop.csv(csv_of([{**row, "hh": 10} for row in ROWS]))
    shop.add(two)
    manifest = shop.provision()
    rows = shop.read()
    assert manifest.files[0].units == ("person_id", "household_id")
    assert len({row["household_id"] for row in rows}) == 1
    assert not {row["household_id"] for row in rows} & _ids(rows)


def test_parquet_keeps_its_numeric_types(shop: Workshop) -> None:
    schema = pa.schema(
        [
            ("person_id", pa.int32()),
            ("sex", pa.dictionary(pa.int8(), pa.string())),
            ("age", pa.uint8()),
            ("wage", pa.decimal128(9, 2)),
        ]
    )
    row = {"person_id": 1, "sex": "F", "age": 40, "wage": 10}
    shop.parquet([row], "htv.parquet", schema)
    shop.add(dataset(source="htv.parquet"))
    manifest = shop.provision()
    made = shop.schema()
    assert [str(made.field(name).type) for name in ("person_id", "sex", "age", "wage")] == [
        "int64",
        "string",
        "uint8",
        "decimal128(9, 2)",
    ]
    assert [column.storage for column in manifest.files[0].columns] == ["BIGINT", "VARCHAR", "UTINYINT", "DECIMAL(9,2)"]


def test_csv_is_read_as_it_is_described(shop: Workshop) -> None:
    kinds = {
        "whole": (VariableType.INTEGER, "-7", -7),
        "number": (VariableType.NUMBER, "1e3", 1000.0),
        "word": (VariableType.TEXT, '"a, ""b"""', 'a, "b"'),
        "flag": (VariableType.BOOLEAN, "true", True),
        "day": (VariableType.DATE, "2026-02-03", datetime.date(2026, 2, 3)),
        "moment": (VariableType.DATETIME, "2026-02-03 04:05:06", datetime.datetime(2026, 2, 3, 4, 5, 6)),  # noqa: DTZ001
    }
    variables = tuple(Variable(name=name, type=kind) for name, (kind, _, _) in kinds.items())
    shop.csv(f"\ufeffperson_id,{','.join(kinds)}\r\n1,{','.join(text for _, text, _ in kinds.values())}\r\n2,,,,,,\r\n")
    shop.add(dataset(variables=(dataset().variables[0], *variables)))
    shop.provision()
    full, empty = sorted(shop.read(), key=lambda row: row["whole"] is None)
    assert {name: full[name] for name in kinds} == {name: value for name, (_, _, value) in kinds.items()}
    assert {empty[name] for name in kinds} == {None}


def test_integer_ids_from_csv_and_parquet_are_the_same_person(shop: Workshop) -> None:
    shop.csv("person_id,full_name,sex,age,wage\n+7,x,F,1,1\n 007 ,x,F,1,1\n7,x,F,1,1\n")
    shop.provision()
    assert len(_ids(shop.read())) == 1


BAD_CELLS = [
    ("person_id", "", "column person_id: 1 row has a value that is missing"),
    ("person_id", "x1", "column person_id: 1 row has a value that cannot be read as integer"),
    ("sex", "Unknown77", "column sex: 1 row has a value that is not in the variable's codelist"),
    ("age", "4.5", "column age: 1 row has a value that cannot be read as integer"),
    ("age", "forty77", "column age: 1 row has a value that cannot be read as integer"),
    ("wage", "nan", "column wage: 1 row has a value that cannot be read as number"),
    ("wage", "-inf", "column wage: 1 row has a value that cannot be read as number"),
    ("wage", "12,5", "line 6 of the owner's file is not a row of this CSV file"),
    ("full_name", '"open', "is not a row of this CSV file"),
]


@pytest.mark.parametrize(("column", "cell", "said"), BAD_CELLS)
def test_file_that_is_not_as_described_is_refused_without_showing_its_values(
    shop: Workshop, column: str, cell: str, said: str
) -> None:
    shop.csv(csv_of([*ROWS, {**ROWS[0], column: cell}]))
    with pytest.raises(BadInputError) as caught:
        shop.provision()
    assert said in caught.value.message
    assert caught.value.message.startswith("htv: ")
    assert not cell or len(cell) < 3 or cell not in caught.value.message
    assert caught.value.__cause__ is None
    assert list((shop.folder / "extracts" / MOB).glob("*")) == []


def test_many_bad_rows_are_counted(shop: Workshop) -> None:
    shop.csv(csv_of([{**ROWS[0], "sex": "Q"}] * 1500))
    with pytest.raises(BadInputError, match="column sex: 1,500 rows have a value"):
        shop.provision()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person_id,full_name,age,wage\n1,x,2,3\n", "has no column called sex"),
        ("person_id,full_name,sex,sex,age,wage\n1,x,F,F,2,3\n", "has more than one column called sex"),
        ("person_id,full_name,sex,age,wage\n", "has no rows"),
        ("", "has no column called person_id"),
    ],
)
def test_file_without_what_is_needed_is_refused(shop: Workshop, text: str, said: str) -> None:
    shop.csv(text)
    with pytest.raises(BadInputError, match=said):
        shop.provision()


def test_file_that_is_not_text_or_not_parquet_is_refused(shop: Workshop) -> None:
    (shop.folder / "sources" / "htv.csv").write_bytes(b"\xff\xfe\x00secret")
    with pytest.raises(BadInputError, match="not a CSV header in UTF-8"):
        shop.provision()
    (shop.folder / "sources" / "htv.parquet").write_bytes(b"PAR1 secret")
    shop.add(dataset(source="htv.parquet"))
    with pytest.raises(BadInputError, match="cannot be read") as caught:
        shop.provision()
    assert "secret" not in caught.value.message


def test_parquet_column_of_another_type_is_refused(shop: Workshop) -> None:
    shop.parquet([{"person_id": 1.0, "sex": "F", "age": 1, "wage": 1.0}], "htv.parquet")
    shop.add(dataset(source="htv.parquet"))
    with pytest.raises(BadInputError, match="person_id is described as integer, but the file stores it as double"):
        shop.provision()


def test_missing_source_is_refused(shop: Workshop) -> None:
    (shop.folder / "sources" / "htv.csv").unlink()
    with pytest.raises(BadInputError, match=r"its source htv\.csv is not in the folder"):
        shop.provision()


def test_without_a_holding_approval_there_is_no_extract(shop: Workshop) -> None:
    shop.add(dataset(), ended_at=NOW)
    with pytest.raises(WrongStateError, match="no data owner's approval holds"):
        shop.provision()
    with pytest.raises(NotFoundError):
        shop.provision(ProjectSlug("zzz"))


def test_failed_refresh_leaves_the_extracts_as_they_were(shop: Workshop) -> None:
    shop.provision()
    before = shop.read()
    shop.csv("nonsense\n")
    with pytest.raises(BadInputError):
        shop.provision()
    shop.maker.verify(MOB)
    assert shop.read() == before
    assert sorted(path.name for path in (shop.folder / "extracts").iterdir()) == [".mob.lock", ".mob.moving", "mob"]


def test_manifest_says_what_the_folder_holds_and_is_recorded(shop: Workshop) -> None:
    manifest = shop.provision()
    (file,) = manifest.files
    assert (file.dataset, file.rows, file.version, file.owner) == ("htv", 4, "1", "olga")
    assert (file.columns[0].name, file.columns[0].role) == ("person_id", VariableRole.ID)
    assert file.columns[1].codelist == ("F", "M")
    assert read_manifest(shop.folder / "extracts" / MOB, shop.key.verifying_key) == manifest
    (event,) = shop.events
    assert (event.actor, event.action, event.subject) == ("admin:ada", "extracts.provisioned", "project:mob")
    assert event.payload["datasets"] == {"htv": {"version": "1", "sha256": file.sha256}}


def test_hierarchy_of_a_codelist_goes_with_the_extract_to_the_trusted_side(shop: Workshop) -> None:
    made = shop.registry.sets["htv"]
    variables = tuple(
        variable.model_copy(update={"hierarchy": {"everybody": ("F", "M")}}) if variable.name == "sex" else variable
        for variable in made.variables
    )
    shop.registry.sets["htv"] = made.model_copy(update={"variables": variables})
    shop.provision()
    (file,) = read_manifest(shop.folder / "extracts" / MOB, shop.key.verifying_key).files
    source = source_of(file, shop.folder / "extracts" / MOB)
    assert source.classifications["sex"].children == {"everybody": ("F", "M")}


def test_open_files_are_readable_for_rooms_sealed_ones_for_the_service_alone(shop: Workshop) -> None:
    shop.provision()
    folder = shop.folder / "extracts" / MOB
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o400}
    with shop.maker.opened.lease(MOB) as lease:
        places = [lease.folder, *lease.folder.rglob("*")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in places if path.is_dir()} == {0o755}
        assert {stat.S_IMODE(path.stat().st_mode) for path in places if path.is_file()} == {0o444}
        assert stat.S_IMODE(lease.folder.parent.stat().st_mode) == 0o700


def test_running_room_sees_new_files_in_the_same_folder(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as lease:
        inode = lease.folder.stat().st_ino
        shop.csv(csv_of(ROWS[:1]))
        shop.provision()
        assert lease.folder.stat().st_ino == inode
        assert pq.read_table(lease.folder / "htv.parquet").num_rows == 1


def test_dataset_that_is_no_longer_approved_leaves_with_the_next_extract(shop: Workshop) -> None:
    shop.csv(csv_of(ROWS), "more.csv")
    shop.add(shop.renamed("more", "more.csv"))
    assert [file.dataset for file in shop.provision().files] == ["htv", "more"]
    shop.registry.granted[MOB, "more"] = approval(dataset=DatasetName("more"), ended_at=NOW)
    assert [file.dataset for file in shop.provision().files] == ["htv"]
    assert not shop.file("more").exists()


def test_prune_withdraws_what_is_no_longer_covered_and_nothing_else(shop: Workshop) -> None:
    assert shop.maker.prune(MOB) == ()
    shop.csv(csv_of(ROWS), "more.csv")
    shop.add(shop.renamed("more", "more.csv"))
    shop.provision()
    assert shop.maker.prune(MOB) == ()
    shop.add(dataset(), variables=("wage",))  # narrower than the extract
    assert shop.maker.prune(MOB) == ("htv",)
    assert [file.dataset for file in shop.maker.verify(MOB).files] == ["more"]
    assert shop.events[-1].action == "extracts.withdrawn"
    assert not shop.file().exists()


def test_lacking_tells_what_is_to_be_made(shop: Workshop) -> None:
    assert shop.maker.lacking(MOB) == ("htv",)
    shop.provision()
    assert shop.maker.lacking(MOB) == ()
    shop.add(dataset(version="2"))
    assert shop.maker.lacking(MOB) == ("htv",)


def test_without_extracts_verification_says_what_to_do(shop: Workshop) -> None:
    with pytest.raises(WrongStateError, match="saferoom admin extract mob"):
        verify_extracts(shop.folder / "extracts" / MOB, shop.key.verifying_key)


def test_extracts_of_a_large_file_are_made_in_seconds(shop: Workshop, tmp_path: Path) -> None:
    count = 200_000
    table = pa.table(
        {
            "person_id": pa.array(range(count)),
            "sex": pa.array(["F", "M"] * (count // 2)),
            "age": pa.array([40] * count, pa.int16()),
            "wage": pa.array([1.0] * count),
        }
    )
    pq.write_table(table, shop.folder / "sources" / "htv.parquet")
    shop.add(dataset(source="htv.parquet"))
    assert shop.provision().files[0].rows == count
    assert len(_ids(shop.read())) == count


def test_manifest_file_is_canonical_json(shop: Workshop) -> None:
    shop.provision()
    data = (shop.folder / "extracts" / MOB / "manifest.json").read_bytes()
    assert set(json.loads(data)) == {"payload", "payloadType", "signatures"}


def test_manifest_says_which_units_have_one_row_each(shop: Workshop) -> None:
    assert shop.provision().files[0].one_each == ()
    shop.csv(csv_of(ROWS[:3]))
    assert shop.provision().files[0].one_each == ("person_id",)
    with shop.maker.opened.lease(MOB) as lease:
        source = source_of(lease.manifest.files[0], lease.folder)
        with Engine([source], Limits(threads=1)) as engine:
            assert engine.relations[0].one_each == {"person_id"}
