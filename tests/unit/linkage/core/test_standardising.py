"""Cleaning: one table of cases for each kind of field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from saferoom.projects.linkage.plan import FORMS, FieldKind, Form, LinkPlan
from saferoom.projects.linkage.preparing import prepare
from saferoom.projects.linkage.standardising import literal, part_of, quoted

K = FieldKind


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def cleaned(connection: duckdb.DuckDBPyConnection, kind: FieldKind, values: list[Any], suffix: str = "") -> list[Any]:
    fields = {"v": kind.value} if kind is not K.SEX else {"v": "sex", "w": "text"}
    document: dict[str, Any] = {
        "datasets": [{"name": "a", "file": "-", "id": "i"}],
        "fields": fields,
        "link_type": "dedupe",
    }
    document["blocking"] = [[{"column": "v", "form": form.value}] for form in FORMS[kind]]
    plan = LinkPlan.model_validate_json(json.dumps(document))
    connection.execute("create or replace table given (record_id varchar, v varchar, w varchar)")
    connection.executemany("insert into given values (?, ?, null)", [[f"{i:04d}", v] for i, v in enumerate(values)])
    prepare(connection, {"a": "given"}, plan, {"a": 0}, "made")
    rows = connection.execute(f"select {kind.value}_1{suffix} from made order by record_id").fetchall()
    return [row[0] for row in rows]


TABLES: dict[FieldKind, dict[str | None, str | None]] = {
    K.GIVEN_NAME: {
        "Anne": "anne",
        "  Dr. José-María ": "jose maria",
        "MRS Anne": "anne",
        "Łukasz": "lukasz",
        "Zoë": "zoe",
        "O'Neil": "oneil",
        "王": "王",
        "Not known": None,
        "": None,
        None: None,
        "'": None,
    },
    K.SURNAME: {
        "O'Brien": "obrien",
        "O Brien": "obrien",
        "Mc Donald": "mcdonald",
        "McDonald": "mcdonald",
        "Smith-Jones": "smith jones",
        "SMITH JR": "smith",
        "Sir Elton": "elton",
        "Straße": "strasse",
        "Ångström": "angstrom",
        "unknown": None,
    },
    K.DATE: {
        "1980-02-03": "19800203",
        "1980-2-3": "19800203",
        "19800203": "19800203",
        "19800203.0": "19800203",
        "3/2/1980": "19800203",
        "03.02.80": "19800203",
        "03-02-05": "20050203",
        "2/13/1980": "19800213",
        "3 Feb 1980": "19800203",
        "3rd February 1980": "19800203",
        "February 3, 1980": "19800203",
        "3-FEB-80": "19800203",
        "1980-02-03T00:00:00": "19800203",
        "1980-02-03 00:00:00": "19800203",
        "03021980": "19800203",
        "1980": "19800000",
        "1980-02": "19800200",
        "02/1980": "19800200",
        "00/00/1980": "19800000",
        "1961-13-32": "19611332",
        "1900-01-01": None,
        "31/12/2999": None,
        "1/1/1700": None,
        "garbage": None,
        "": None,
    },
    K.POSTCODE: {
        "sw1a 1aa": "SW1A1AA",
        "SW1A1AA": "SW1A1AA",
        "SW1A IAA": "SW1A1AA",
        "BP20 2T0": "BP202TO",
        "M1 1AE": "M11AE",
        "4223": "4223",
        "ZZ99 3VZ": None,
        "0000": None,
        "-": None,
    },
    K.ADDRESS: {
        "Flat 2, 10 High St., Leeds": "flat 2 10 high street leeds",
        "10 St Johns Rd": "10 st johns road",
        "3 ABBEY ROAD, CITY OF EDINBURGH": "3 abbey road city of edinburgh",
        "Apt 4, 7 Oak Ave": "flat 4 7 oak avenue",
        "12a Elm Cl": "12a elm close",
        "No fixed abode": None,
        "NFA": None,
    },
    K.SEX: {"F": "f", "female": "f", "2": "f", " M ": "m", "Male": "m", "1": "m", "X": "x", "Unknown": None, "9": None},
    K.ID: {"AB 12 34 56 C": "AB123456C", "0012": "0012", "123.0": "123", "000000": None, "9999999": None, "n/a": None},
    K.ORGANISATION: {
        "Hassan Logistics Ltd": "hassan logistics",
        "HASSAN LOGISTICS LIMITED": "hassan logistics",
        "Smith & Sons Dental Practice Public Limited Company": "smith and sons dental practice",
        "SMITH AND SONS DENTAL PRACTICE": "smith and sons dental practice",
        "The Café Co. Ltd.": "cafe",
        "Ltd": "ltd",
        "not known": None,
        None: None,
    },
    K.TEXT: {"Winston  Hills": "winston hills", "St. John's": "st johns", "N/A": None, "nsw": "nsw"},
}


@pytest.mark.parametrize("kind", list(K))
def test_values_are_written_one_way(connection: duckdb.DuckDBPyConnection, kind: FieldKind) -> None:
    table = TABLES[kind]
    found = cleaned(connection, kind, list(table))
    assert dict(zip(table, found, strict=True)) == table


@pytest.mark.parametrize(
    ("kind", "suffix", "table"),
    [
        (K.GIVEN_NAME, "_first", {"Mary Jane": "mary", "Anne-Marie": "anne"}),
        (K.SURNAME, "_last", {"Smith-Jones": "jones", "Smith": "smith"}),
        (K.DATE, "_day", {"1980-02-30": None, "1980-02-29": "19800229", "1980": None}),
        (K.DATE, "_year", {"1980-02-30": "1980", "1980": "1980"}),
        (K.POSTCODE, "_area", {"SW1A 1AA": "SW1A", "M1 1AE": "M1", "4223": "42"}),
        (K.ADDRESS, "_number", {"Flat 2, 10 High St": "2/10", "12a Elm Close": "12a", "The Manor": None}),
        (K.ADDRESS, "_street", {"Flat 2, 10 High St": "high street", "12a Elm Close": "elm close"}),
    ],
)
def test_parts_are_made_of_the_cleaned_value(
    connection: duckdb.DuckDBPyConnection, kind: FieldKind, suffix: str, table: dict[str, str | None]
) -> None:
    assert cleaned(connection, kind, list(table), suffix) == list(table.values())


@pytest.mark.parametrize("names", [("Smith", "Smyth"), ("Robert", "Rupert"), ("Catherine", "Catharine"), ("Ng", "Nge")])
def test_spellings_of_one_name_sound_alike(connection: duckdb.DuckDBPyConnection, names: tuple[str, str]) -> None:
    first, second = cleaned(connection, K.SURNAME, list(names), "_sound")
    assert first == second


def test_different_names_do_not_sound_alike(connection: duckdb.DuckDBPyConnection) -> None:
    names = ["Smith", "Jones", "Taylor", "Brown", "Khan", "Nowak"]
    assert len(set(cleaned(connection, K.SURNAME, names, "_sound"))) == len(names)


def test_short_forms_share_a_family(connection: duckdb.DuckDBPyConnection) -> None:
    bill, william, sue = cleaned(connection, K.GIVEN_NAME, ["Bill", "William", "Sue"], "_family")
    assert set(bill) & set(william)
    assert not set(bill) & set(sue)


def test_every_form_has_a_part() -> None:
    for kind, forms in FORMS.items():
        assert [part_of(kind, form).form for form in forms] == list(forms)
    assert part_of(K.DATE, Form.YEAR).suffix == "_year"


def test_names_and_texts_are_quoted() -> None:
    assert quoted('a"b') == '"a""b"'
    assert literal("O'Neil") == "'O''Neil'"
