"""Deliveries and descriptions made to break the checks, to run SQL, or to carry values out in a message."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.deliveries import TODAY, Row, checked, delivery, pupils, written

from saferoom.hub import owner_files
from saferoom.hub.catalogue.checking import check_delivery
from saferoom.projects.catalogue.checks.report import Kind, Status
from saferoom.projects.catalogue.model import Dataset

SECRET = "Quux'); DROP TABLE raw; --"
"""A value that is SQL where it is not quoted."""


def texts(folder: Path, rows: list[Row], **changes: Any) -> str:
    """Return everything that is told of a delivery."""
    report = check_delivery(written(folder, rows), pupils(**changes), today=TODAY)
    return report.text() + json.dumps(report.to_json())


@pytest.mark.parametrize(
    "column", ["pupil", "given_name", "surname", "born", "school", "sex", "points", "left_on", "meals", "remark"]
)
def test_value_that_is_sql_is_a_value_and_stays_inside(tmp_path: Path, column: str) -> None:
    rows = delivery()
    for row in rows[:20]:
        row[column] = SECRET
    said = texts(tmp_path, rows)
    assert "Quux" not in said
    assert "DROP" not in said


def test_codes_and_columns_that_are_sql_are_quoted(tmp_path: Path) -> None:
    variables = [one.model_dump(mode="json") for one in pupils().variables]
    variables[6] |= {"codelist": ["F", "M", "'); SELECT 1; --", '"']}
    variables[10] |= {"column": 're"mark; --'}
    rows = [{('re"mark; --' if name == "remark" else name): value for name, value in row.items()} for row in delivery()]
    assert check_delivery(written(tmp_path, rows), pupils(variables=variables), today=TODAY).ok


def test_header_that_is_a_row_is_not_told(tmp_path: Path) -> None:
    path = written(tmp_path, delivery())
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    report = check_delivery(path, pupils(), today=TODAY)
    first = delivery()[0]
    assert not report.ok
    for value in (first["pupil"], first["given_name"], first["surname"], first["born"]):
        assert str(value) not in report.text() + json.dumps(report.to_json())


@pytest.mark.parametrize(
    "hidden", ["a.b@example.nhs.uk", "AB 12 34 56 C on file", "943 476 5919", "Amina Okafor", "07700 900123"]
)
@pytest.mark.parametrize("wrap", ["{}", "note: {} (see file)", "\u00a0{}\u00a0", "{}\n{}"])
def test_identifier_in_a_remark_is_found_however_it_is_wrapped(tmp_path: Path, hidden: str, wrap: str) -> None:
    def spoil(rows: list[Row]) -> None:
        for row in rows[: len(rows) // 2]:
            row["remark"] = wrap.replace("{}", hidden)

    report = checked(tmp_path, spoil)
    assert [one for one in report.failed if one.kind is Kind.IDENTIFIERS], report.text()


def test_every_row_naming_its_own_person_is_refused(tmp_path: Path) -> None:
    def spoil(rows: list[Row]) -> None:
        for row in rows:
            row["remark"] = f"spoke to the {row['surname'].upper()} family about the move"

    report = checked(tmp_path, spoil)
    assert any("repeats a direct identifier" in one.message for one in report.failed)


def test_key_with_spaces_or_capitals_is_another_key_but_a_row_twice_is_not(tmp_path: Path) -> None:
    rows = delivery()
    rows[1] = dict(rows[0])
    report = checked(tmp_path, lambda found: found.__setitem__(slice(None), rows))
    assert {one.kind for one in report.failed} == {Kind.KEY}


@pytest.mark.parametrize(
    "profile", [{}, {"form": 1, "rows": 5, "variables": {}}, {"form": 1, "rows": 0, "variables": {}}]
)
def test_profile_that_is_incomplete_never_passes_for_a_comparison(tmp_path: Path, profile: dict[str, Any]) -> None:
    report = check_delivery(written(tmp_path, delivery()), pupils(), profile, today=TODAY)
    drifts = [one for one in report.checks if one.kind is Kind.DRIFT]
    if profile:
        assert any(one.status is Status.FAIL for one in drifts)
    else:
        assert "first version" in drifts[0].message


def test_csv_bomb_of_columns_is_refused_without_naming_them(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"{SECRET}{number}" for number in range(5000)) + "\n")
    report = check_delivery(path, pupils(), today=TODAY)
    assert not report.ok
    assert "Quux" not in report.text()
    assert len(report.text()) < 5000


@pytest.mark.parametrize("blank", ["", " ", "   "])
def test_id_of_spaces_is_no_id(tmp_path: Path, blank: str) -> None:
    """Extracts refuse it: a delivery with one would stop every project's refresh."""
    rows = delivery()
    rows[3]["pupil"] = blank
    report = check_delivery(written(tmp_path, rows), pupils(), today=TODAY)
    assert not report.ok
    (failed,) = (one for one in report.checks if one.status is Status.FAIL)
    assert (failed.kind, failed.subject) == (Kind.COMPLETE, "pupil")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_number_that_is_none_does_not_mark_whoever_has_it(tmp_path: Path, value: float) -> None:
    """Every mean that somebody with such a pay is in would be no number either, and tell which group that is."""
    described: dict[str, Any] = {"name": "pay", "title": "Pay", "owner": "olga", "source": "pay.parquet"}
    person = {"name": "person", "type": "text", "role": "id"}
    variables = [person, {"name": "pay", "type": "number", "role": "sensitive"}]
    dataset = Dataset.model_validate(described | {"units": ["person"], "variables": variables}, strict=False)
    people = [f"P{number}" for number in range(100)]
    path = tmp_path / "pay.parquet"
    for pay, ok in (([1.5, None] * 50, True), ([1.5] * 99 + [value], False)):
        pq.write_table(pa.table({"person": people, "pay": pa.array(pay, pa.float64())}), path)
        report = check_delivery(path, dataset, today=TODAY)
        assert report.ok is ok
    assert [one.subject for one in report.checks if one.status is Status.FAIL] == ["pay"]
    with duckdb.connect() as connection:
        owner_files.read(connection, dataset, dataset.delivered, path)
        assert connection.execute("SELECT count(*) FILTER (WHERE bad1) FROM raw").fetchall() == [(1,)]
