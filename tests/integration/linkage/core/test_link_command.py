"""``saferoom link`` end to end: what is found is what is true, and what is written is what the contract says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.integration.linkage.core.conftest import Shell
from tests.support.linkage import People, plan_of, write_csv

from saferoom.projects.linkage.weights import BANDS

FILES = ["blocking.json", "model.json", "pairs.parquet", "quality.json", "quality.md", "spine.parquet", "summary.json"]


def test_two_files_with_errors_are_linked_nearly_as_they_should(
    shell: Shell, some_people: People, plan: dict[str, Any]
) -> None:
    shell.files(some_people)
    status, printed, told = shell.link({**plan, "groups": ["area"]}, "--json")
    assert status == 0, told
    document = json.loads(printed)
    found, truth = shell.linked(), some_people.truth
    assert len(found & truth) / len(found) >= 0.99
    assert len(found & truth) / len(truth) >= 0.95
    assert document["counts"]["records"] == {"a": 300, "b": 300}
    assert document["counts"]["links"] == len(found)
    assert document["counts"]["entities"] == 600 - len(found)
    assert document["estimated_precision"] == pytest.approx(len(found & truth) / len(found), abs=0.02)
    assert document["estimated_recall"] == pytest.approx(len(found & truth) / len(truth), abs=0.04)
    assert set(document["by_group"]["area"]) == {"north", "south", "west"}
    assert document["by_group"]["area"]["north"]["match_rate"] > 0.5
    assert document["files"] == FILES == sorted(file.name for file in (shell.folder / "out").iterdir())
    assert json.loads((shell.folder / "out" / "summary.json").read_text()) == document
    spine = parquet.read_table(shell.folder / "out" / "spine.parquet").to_pylist()
    assert {row["match_weight_band"] for row in spine} <= {*BANDS, "not linked", "by a key"}
    assert all(len(row["entity_id"]) == 32 for row in spine)
    counted = told.index("saferoom: blocking on")
    assert counted < told.index("saferoom: comparing pairs")
    _only_labels(shell.folder / "out", some_people)


def _only_labels(out: Path, made: People) -> None:
    """The model and the counts of blocking hold nothing of a record."""
    text = (out / "model.json").read_text() + (out / "blocking.json").read_text()
    for row in made.left[:50]:
        assert row["surname"].lower() not in text.lower()
        assert row["rid"] not in text


def test_same_files_and_seed_give_the_same_links_and_other_ids(
    small: Shell, few_people: People, plan: dict[str, Any]
) -> None:
    first = small.document(plan)
    write_csv(small.folder / "a.csv", few_people.left[::-1])
    second = small.document(plan, out="again")
    assert {k: v for k, v in first.items() if k != "files"} == {k: v for k, v in second.items() if k != "files"}
    assert small.linked() == small.linked("again")
    pairs = [parquet.read_table(small.folder / out / "pairs.parquet").to_pylist() for out in ("out", "again")]
    assert pairs[0] == pairs[1]
    assert not set(small.entities().values()) & set(small.entities("again").values())


def test_few_records_are_linked_with_a_warning(small: Shell, few_people: People, plan: dict[str, Any]) -> None:
    document = small.document(plan)
    assert small.linked() == few_people.truth
    assert "too few records" in document["warnings"][0]


def test_without_json_a_page_of_text_is_printed(small: Shell, plan: dict[str, Any]) -> None:
    status, printed, _ = small.link(plan)
    assert status == 0
    assert "a: (not told) records" in printed, "so few, as in the quality pack"
    assert "estimated precision: (not told)" in printed
    assert "spine.parquet" in printed


def test_records_of_one_file_are_found_again(shell: Shell, some_people: People) -> None:
    write_csv(shell.folder / "all.csv", [*some_people.left, *some_people.right])
    document = shell.document(plan_of("all", threshold=0.9))
    entities = shell.entities()
    together = {pair for pair in some_people.truth if entities["all", pair[0]] == entities["all", pair[1]]}
    assert len(together) / len(some_people.truth) >= 0.95
    assert document["counts"]["entities"] >= 400 * 0.99


def test_three_files_share_entities(small: Shell, few_people: People) -> None:
    copies = [{**row, "rid": f"c{row['rid']}"} for row in few_people.left]
    write_csv(small.folder / "c.csv", copies)
    small.document(plan_of("a", "b", "c", one_to_one=True, threshold=0.9))
    entities = small.entities()
    for row in few_people.left:
        assert entities["a", row["rid"]] == entities["c", f"c{row['rid']}"]
    assert small.linked() == few_people.truth


def test_several_records_of_one_person_link_to_the_one(small: Shell, few_people: People) -> None:
    again = [{**row, "rid": f"{row['rid']}x"} for row in few_people.left]
    write_csv(small.folder / "a.csv", [*few_people.left, *again])
    small.document(plan_of("a", "b", many_to_one=True, threshold=0.9))
    assert small.linked() == few_people.truth | {(f"{a}x", b) for a, b in few_people.truth}


def test_parquet_with_numbers_and_dates_is_linked_and_ids_stay_as_text(
    shell: Shell, few_people: People, plan: dict[str, Any]
) -> None:
    for name, rows in (("a", few_people.left), ("b", few_people.right)):
        table = pa.Table.from_pylist([{**row, "rid": number} for number, row in enumerate(rows, start=1)])
        dates = pa.array([row["dob"] or None for row in rows]).cast(pa.date32())
        table = table.set_column(table.schema.get_field_index("dob"), "dob", dates)
        parquet.write_table(table, shell.folder / f"{name}.parquet")
    for dataset in plan["datasets"]:
        dataset["file"] = dataset["file"].replace("csv", "parquet")
    shell.document(plan)
    assert len(shell.linked()) == len(few_people.truth)
    assert {record for source, record in shell.entities() if source == "a"} == {str(i) for i in range(1, 10)}


def test_leading_zeros_of_ids_are_kept(small: Shell, few_people: People, plan: dict[str, Any]) -> None:
    rows = [{**row, "rid": f"{number:04d}"} for number, row in enumerate(few_people.left)]
    write_csv(small.folder / "a.csv", rows)
    write_csv(small.folder / "b.csv", rows)
    small.document(plan)
    assert small.linked() == {(row["rid"], row["rid"]) for row in rows}


def test_columns_called_otherwise_are_found_by_the_datasets_own_names(
    small: Shell, few_people: People, plan: dict[str, Any]
) -> None:
    rows = [
        {"born" if k == "dob" else "Group" if k == "area" else k: v for k, v in row.items()} for row in few_people.right
    ]
    write_csv(small.folder / "b.csv", rows, tuple(rows[0]))
    plan["datasets"][1]["columns"] = {"dob": "born", "area": "Group"}
    small.document({**plan, "groups": ["area"]})
    assert small.linked() == few_people.truth


@pytest.mark.parametrize("change", [{"dob": ""}, {"surname": "Smith", "sex": ""}, {"postcode": "", "address": ""}])
def test_field_that_says_nothing_changes_nothing_else(
    small: Shell, few_people: People, plan: dict[str, Any], change: dict[str, str]
) -> None:
    write_csv(small.folder / "a.csv", [{**row, **change} for row in few_people.left])
    write_csv(small.folder / "b.csv", [{**row, **change} for row in few_people.right])
    small.document(plan)
    assert small.linked() <= few_people.truth
    assert len(small.linked()) >= len(few_people.truth) - 1


def test_people_who_have_nothing_in_common_are_not_linked(small: Shell, plan: dict[str, Any]) -> None:
    write_csv(small.folder / "b.csv", [{"rid": "1", "given": "Xena", "surname": "Quill", "dob": "1931-01-31"}])
    document = small.document(plan)
    assert not small.linked()
    assert document["estimated_precision"] is None
    assert len(set(small.entities().values())) == 10
