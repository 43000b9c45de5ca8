"""Records of the extract, dressed up: other names, another order, rounded, turned round, in running text."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median_low

import pytest
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.verdict import Verdict

PEOPLE = people(3_000)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> FileContext:
    lab = Lab(tmp_path_factory.mktemp("extract"))
    return FileContext([lab.source(PEOPLE, units=["person_id"])])


def text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in [head, *rows]).encode() + b"\n"


def rules(report: FileReport) -> set[str]:
    return {finding.rule for finding in report.findings if finding.severity is Verdict.FAIL}


def columns(rows: Sequence[Row], *names: str) -> list[list[object]]:
    return [[row[name] for name in names] for row in rows]


def test_renamed_and_reordered_columns_are_rows_of_the_extract(context: FileContext) -> None:
    found = check_file("t.csv", text(["b", "a"], columns(PEOPLE[:40], "pay", "age")), context)
    assert rules(found) & {"values-of-the-extract", "records-of-the-extract"}


def test_rounded_rows_agree_in_three_columns_or_more(context: FileContext) -> None:
    rows = [[r["region"], r["sex"], r["age"], round(float(r["pay"]), -3)] for r in PEOPLE[:60]]
    assert "records-of-the-extract" in rules(check_file("t.csv", text("abcd", rows), context))


def test_five_rows_of_a_frames_head_in_a_log_are_found(context: FileContext) -> None:
    shown = "\n".join(f"{i}  {r['region']}  {r['sex']}  {r['age']}  {r['pay']}" for i, r in enumerate(PEOPLE[:5]))
    assert rules(check_file("run.log", f"  region  sex  age  pay\n{shown}\n".encode(), context))


def test_turned_table_is_found(context: FileContext) -> None:
    turned = list(zip(*columns(PEOPLE[:30], "region", "sex", "age", "pay"), strict=True))
    assert rules(check_file("t.csv", text([f"c{i}" for i in range(30)], turned), context))


def test_values_hidden_among_made_up_ones_are_found(context: FileContext) -> None:
    rng = random.Random(5)
    values = [row["pay"] for row in PEOPLE[:60]] + [round(rng.uniform(5_000, 60_000), 2) for _ in range(140)]
    rng.shuffle(values)
    assert "values-of-the-extract" in rules(check_file("t.csv", text(["x", "y"], list(enumerate(values))), context))


def test_values_in_running_text_and_code_are_found(context: FileContext) -> None:
    said = ", and ".join(f"somebody has {row['pay']}" for row in PEOPLE[:40])
    assert "values-of-the-extract" in rules(check_file("notes.txt", said.encode(), context))
    code = "data = {" + "; ".join(f"k{i}: {row['pay']}" for i, row in enumerate(PEOPLE[:40])) + "}"
    assert "values-of-the-extract" in rules(check_file("plot.py", code.encode(), context))


def test_one_id_of_a_unit_in_a_text_is_found(tmp_path: Path) -> None:
    rows = [{**row, "person_id": 7_000_000_000 + 7919 * i} for i, row in enumerate(PEOPLE)]
    context = FileContext([Lab(tmp_path).source(rows, units=["person_id"])])
    found = check_file("notes.md", f"The outlier was {rows[17]['person_id']}.\n".encode(), context)
    assert "unit-ids" in rules(found)
    assert check_file("notes.md", b"The outlier was 7000000001.\n", context).verdict is Verdict.REVIEW


def test_name_of_a_person_in_a_text_is_found_whatever_its_letters(tmp_path: Path) -> None:
    rows = [{**row, "surname": f"Surname{i}"} for i, row in enumerate(PEOPLE)]
    context = FileContext([Lab(tmp_path).source(rows, units=["person_id"])])
    assert "direct-identifiers" in rules(check_file("notes.md", b"It was SURNAME17 again.\n", context))


def test_small_numbers_are_no_ids_although_ids_are_small(tmp_path: Path) -> None:
    rows = [{**row, "person_id": i} for i, row in enumerate(PEOPLE)]
    context = FileContext([Lab(tmp_path).source(rows, units=["person_id"])])
    table = text(["region", "n", "mean_age"], [["N", 1005, 44], ["S", 995, 41], ["E", 1010, 39], ["W", 990, 45]])
    assert check_file("t.csv", table, context).verdict is Verdict.REVIEW


def test_as_many_rows_as_units_fail_whatever_they_hold(context: FileContext) -> None:
    rows = [[f"label {i}", i % 7] for i in range(2_000)]
    assert "rows-near-units" in rules(check_file("t.csv", text(["label", "q"], rows), context))


def test_maximum_of_the_extract_fails_and_a_structural_looking_one_goes_to_a_person(context: FileContext) -> None:
    highest = max(float(row["pay"]) for row in PEOPLE)
    seen = check_file("t.csv", f"statistic,pay\nmean,25000.5\nmax,{highest}\n".encode(), context)
    other = check_file("t.csv", b"statistic,pay\nmean,25000.5\nmax,99999.0\n", context)
    assert "endpoints" in rules(seen)
    assert other.verdict is Verdict.REVIEW


def test_means_and_medians_by_age_are_no_records(context: FileContext) -> None:
    by_age: dict[object, list[float]] = defaultdict(list)
    for row in PEOPLE:
        by_age[row["age"]].append(float(row["pay"]))
    kept = {age: values for age, values in sorted(by_age.items(), key=str) if len(values) >= 10}
    means = text(["age", "n", "mean_pay"], [[age, len(v), round(mean(v), 2)] for age, v in kept.items()])
    medians = text(["age", "n", "median_pay"], [[age, len(v), median_low(v)] for age, v in kept.items()])
    assert check_file("t.csv", means, context).verdict is Verdict.REVIEW
    assert check_file("t.csv", medians, context).verdict is Verdict.REVIEW


def test_records_under_a_head_that_says_median_fail_all_the_same(context: FileContext) -> None:
    rows = [[i, row["pay"]] for i, row in enumerate(PEOPLE[:900])]
    assert "values-of-the-extract" in rules(check_file("t.csv", text(["cell", "median_pay"], rows), context))
