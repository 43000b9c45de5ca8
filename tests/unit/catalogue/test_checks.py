"""Every check of a delivery finds what it is for, and nothing in a good delivery; no message has a value."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.deliveries import ROWS, TODAY, Row, checked, delivery, found, pupils, written

from saferoom.hub.catalogue.checking import check_delivery
from saferoom.projects.catalogue.checks.report import DeliveryReport, Kind, Status
from saferoom.projects.catalogue.model import Dataset

SECRET = "Zebedee-Quux-77"
KEY = bytes(range(32))
FAIL, WARN, PASS = Status.FAIL, Status.WARN, Status.PASS
Spoil = Callable[[list[Row]], Any]


def put(column: str, value: Any, count: int = 1) -> Spoil:
    """Return what writes a value into the first rows of a column."""

    def spoil(rows: list[Row]) -> None:
        for row in rows[:count]:
            row[column] = value

    return spoil


def test_good_delivery_passes_every_check(tmp_path: Path) -> None:
    report = checked(tmp_path)
    assert (report.ok, report.rows, report.status) == (True, ROWS, PASS), report.text()
    assert {check.kind for check in report.checks} == {*Kind} - {Kind.REFERENCES}
    assert "may enter" in report.text()


@pytest.mark.parametrize(
    ("spoil", "kind", "status", "subject", "said"),
    [
        (put("sex", SECRET), Kind.CODELIST, FAIL, "sex", "1 row has a value that the codelist does not have"),
        (put("points", SECRET, 3), Kind.TYPES, FAIL, "points", "3 rows have a value that cannot be read as number"),
        (put("points", "inf"), Kind.TYPES, FAIL, "points", "cannot be read as number"),
        (put("left_on", "2021-02-30"), Kind.TYPES, FAIL, "left_on", "cannot be read as date"),
        (put("left_on", "0021-02-03"), Kind.DATES, FAIL, "left_on", "before 1800 or after 2200"),
        (put("left_on", "9999-12-31"), Kind.DATES, FAIL, "left_on", "leave missing dates empty"),
        (put("born", "2001-02-30"), Kind.DATES, WARN, "born", "is no date"),
        (
            put("born", "2031-02-03", 10),
            Kind.DATES,
            FAIL,
            "born",
            "10 rows have a value that is no date",
        ),
        (put("born", "1871-02-03", 10), Kind.DATES, FAIL, "born", "over 130 years ago"),
        (put("school", ""), Kind.COMPLETE, FAIL, "school", "1 row has no value, where every row needs one"),
        (put("pupil", ""), Kind.COMPLETE, FAIL, "pupil", "1 row has no value"),
        (put("pupil", "P000399"), Kind.KEY, FAIL, "pupil", "1 row repeats a key"),
        (put("remark", "write to a.b@c.org.uk"), Kind.IDENTIFIERS, FAIL, "remark", "1 row has e-mail addresses"),
        (put("remark", "AB 12 34 56 C", 5), Kind.IDENTIFIERS, FAIL, "remark", "5 rows have National Insurance numbers"),
        (
            put("remark", "see AB123456C on file", 3),
            Kind.IDENTIFIERS,
            FAIL,
            "remark",
            "Insurance numbers in texts",
        ),
        (put("remark", "943 476 5919", 3), Kind.IDENTIFIERS, FAIL, "remark", "3 rows have NHS numbers"),
        (put("remark", "ring 07700 900123", 5), Kind.IDENTIFIERS, FAIL, "remark", "5 rows have telephone numbers"),
        (put("remark", "lives in SW1A 1AA", 5), Kind.IDENTIFIERS, FAIL, "remark", "5 rows have full postcodes"),
        (put("remark", "lives in SW1A 1AA", 1), Kind.IDENTIFIERS, WARN, "remark", "what looks like full postcodes"),
        (put("remark", "Amina Okafor", 25), Kind.IDENTIFIERS, FAIL, "remark", "25 rows have full names"),
        (put("remark", "Amina Okafor", 5), Kind.IDENTIFIERS, WARN, "remark", "what looks like full names"),
    ],
)
def test_check_finds_what_it_is_for(
    tmp_path: Path, spoil: Spoil, kind: Kind, status: Status, subject: str, said: str
) -> None:
    report = checked(tmp_path, spoil)
    (check,) = (one for one in found(report, kind, status) if one.subject == subject)
    assert said in check.message
    assert report.ok is (status is not FAIL)
    assert SECRET not in report.text() + json.dumps(report.to_json())


def test_single_names_in_a_column_of_their_own_are_found(tmp_path: Path) -> None:
    def spoil(rows: list[Row]) -> None:
        for row, other in zip(rows, delivery(2), strict=True):
            row["remark"] = other["given_name"]

    report = checked(tmp_path, spoil)
    assert {one.subject for one in found(report, Kind.IDENTIFIERS, FAIL)} == {"remark"}


def test_text_that_repeats_the_rows_own_identifier_is_found(tmp_path: Path) -> None:
    def spoil(rows: list[Row]) -> None:
        for row in rows[:12]:
            row["surname"] = "Featherstonehaugh"
            row["remark"] = "the family featherstonehaugh moved"

    (check,) = found(checked(tmp_path, spoil), Kind.IDENTIFIERS, FAIL)
    assert "12 rows have a text that repeats a direct identifier of the same row" in check.message


def test_columns_that_say_what_they_identify_are_not_searched_for_it(tmp_path: Path) -> None:
    variables = [one.model_dump(mode="json") for one in pupils().variables]
    variables[-1] |= {"role": "quasi", "identifies": "postcode"}
    report = checked(tmp_path, put("remark", "SW1A 1AA", 50), pupils(variables=variables))
    assert not found(report, Kind.IDENTIFIERS, FAIL)


def test_numbers_of_ten_digits_are_nhs_numbers_only_where_their_last_digit_says_so(tmp_path: Path) -> None:
    variables = [one.model_dump(mode="json") for one in pupils().variables]
    variables[-1] |= {"type": "integer"}
    described = pupils(variables=variables)

    def random_numbers(rows: list[Row]) -> None:
        for number, row in enumerate(rows):
            row["remark"] = 4_000_000_000 + 7_919 * number

    def nhs_numbers(rows: list[Row]) -> None:
        for number, row in enumerate(rows):
            digits = [int(digit) for digit in f"{400_000_000 + 7_919 * number}"]
            check = (11 - sum((10 - place) * digit for place, digit in enumerate(digits)) % 11) % 11
            row["remark"] = "" if check == 10 else int("".join(map(str, [*digits, check])))

    assert not found(checked(tmp_path, random_numbers, described), Kind.IDENTIFIERS, FAIL)
    (check,) = found(checked(tmp_path, nhs_numbers, described), Kind.IDENTIFIERS, FAIL)
    assert "NHS numbers" in check.message


def test_rows_that_are_the_same_are_told_and_a_missing_key_is_no_pass(tmp_path: Path) -> None:
    report = checked(tmp_path, lambda rows: rows.extend(rows[:5]), pupils(key=()))
    assert "5 rows are the same as another" in found(report, Kind.DUPLICATES, WARN)[0].message
    assert "no key is described" in found(report, Kind.KEY, WARN)[0].message
    assert report.ok


def test_keys_of_several_variables_are_unique_together(tmp_path: Path) -> None:
    rows = delivery()
    for number, row in enumerate(rows):
        row["pupil"], row["school"] = f"P{number // 2:06d}", number % 2
    both, one = pupils(key=("pupil", "school")), pupils()
    path = written(tmp_path, rows)
    assert check_delivery(path, both, today=TODAY).ok
    (check,) = check_delivery(path, one, today=TODAY).failed
    assert check.counts == {"rows": ROWS // 2, "keys": ROWS // 2}


def test_columns_that_are_lacking_stop_everything_and_undescribed_ones_are_not_named(tmp_path: Path) -> None:
    def spoil(rows: list[Row]) -> None:
        for row in rows:
            del row["points"]
            row[SECRET] = 1

    report = checked(tmp_path, spoil)
    assert [(one.kind, one.subject) for one in report.failed] == [(Kind.SCHEMA, "points")]
    assert "column 10 of the file is not described" in found(report, Kind.SCHEMA, WARN)[0].message
    assert SECRET not in report.text()


def test_typed_files_are_read_in_their_types_or_refused(tmp_path: Path) -> None:
    source = written(tmp_path, delivery())
    typed, wrong = tmp_path / "typed.parquet", tmp_path / "wrong.parquet"
    duckdb.execute(f"COPY (SELECT * REPLACE (born::VARCHAR AS born) FROM '{source}') TO '{typed}'")
    duckdb.execute(f"COPY (SELECT * REPLACE (school::VARCHAR AS school) FROM '{typed}') TO '{wrong}'")
    assert check_delivery(typed, pupils(), today=TODAY).ok
    (check,) = check_delivery(wrong, pupils(), today=TODAY).failed
    assert (check.kind, check.message) == (Kind.TYPES, "is described as integer, but stored as varchar")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.csv", b"", "the file has no columns; see that it is whole"),
        ("binary.csv", b"\xff\xfe\x00\x01", "not a CSV header in UTF-8"),
        ("broken.parquet", b"PAR1 no", "cannot be read: it is damaged or incomplete"),
        ("delivery.xlsx", b"PK", "neither .csv nor .parquet"),
    ],
)
def test_file_that_cannot_be_read_is_a_report_and_no_error(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    report = check_delivery(tmp_path / name, pupils(), today=TODAY)
    assert not report.ok
    assert said in report.text()
    assert len(report.checks) == 1
    assert report.text().startswith("pupils: nothing enters\n"), "rows that nobody counted are not told as 0"
    assert "Exception" not in report.text()


def test_file_without_rows_and_rows_without_all_fields_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, delivery())
    header, *rows = path.read_text().splitlines()
    path.write_text(header + "\n")
    assert "the file has no rows" in check_delivery(path, pupils(), today=TODAY).text()
    path.write_text("\n".join([header, rows[0], SECRET]) + "\n")
    report = check_delivery(path, pupils(), today=TODAY)
    assert not report.ok
    assert SECRET not in report.text()


def test_references_are_looked_up_in_the_other_dataset(tmp_path: Path) -> None:
    described = pupils(references=[{"variables": ["school"], "dataset": "schools", "to": ["number"]}])
    schools = Dataset.model_validate(
        {
            "name": "schools",
            "title": "Schools",
            "owner": "olga",
            "source": "schools.csv",
            "units": ["number"],
            "key": ["number"],
            "variables": [{"name": "number", "type": "text", "role": "id"}, {"name": "kind", "type": "text"}],
        },
        strict=False,
    )
    path = tmp_path / "schools.csv"
    path.write_text("number,kind\n" + "".join(f"{number},state\n" for number in range(1, 21)))
    profile = json.loads(json.dumps(check_delivery(path, schools, today=TODAY, key=KEY).profile))
    known: dict[str, Any] = {"others": {"schools": profile}, "key": KEY}
    assert found(checked(tmp_path, dataset=described, **known), Kind.REFERENCES, PASS)
    lacking = checked(tmp_path, put("school", 99, 3), described, **known)
    assert "3 rows have a value that schools does not have" in found(lacking, Kind.REFERENCES, FAIL)[0].message
    for others in (None, {}, {"schools": None}, {"schools": {**profile, "ids": {}}}):
        unknown = found(checked(tmp_path, dataset=described, others=others, key=KEY), Kind.REFERENCES, WARN)
        assert "no version of schools with these ids came in yet" in unknown[0].message
    assert found(checked(tmp_path, dataset=described, others={"schools": profile}), Kind.REFERENCES, WARN)


def test_ids_are_kept_under_the_instances_key_or_not_at_all(tmp_path: Path) -> None:
    """Of equal ids two instances keep different hashes, and nobody without the key can try ids out."""
    kept = [checked(tmp_path, key=key).profile["ids"] for key in (KEY, KEY[::-1], KEY)]
    (name,) = kept[0]
    assert kept[0] == kept[2]
    assert not set(kept[0][name]) & set(kept[1][name])
    ids = {str(row[name]) for row in delivery()}
    assert len(kept[0][name]) == len(ids)
    for plain in (hashlib.md5, hashlib.sha256):
        assert not {plain(one.encode()).hexdigest()[:16] for one in ids} & set(kept[0][name])
    assert {hmac.digest(KEY, one.encode(), "sha256").hex()[:16] for one in ids} == set(kept[0][name])
    assert checked(tmp_path).profile["ids"] == {}


def test_report_is_read_back_as_it_was_written_and_keeps_the_profile_to_itself(tmp_path: Path) -> None:
    report = checked(tmp_path, put("sex", SECRET))
    document = json.loads(json.dumps(report.to_json()))
    assert "profile" not in document
    assert report.profile["variables"]["points"]["counts"]
    again = DeliveryReport.read(document)
    assert (again.to_json(), again.text(), again.ok) == (report.to_json(), report.text(), False)
    assert "counts" not in repr(report) or "profile" not in repr(report)
