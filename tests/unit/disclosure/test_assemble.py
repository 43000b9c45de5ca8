"""Numbers and labels as they are written."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.queries.evidence import Cells, read_labels
from saferoom.disclosure.queries.obstacles import significant
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.tables.assemble import number, row_order, shown_labels, table, total_label, value_names
from saferoom.disclosure.verdict import Label, Risk, Verdict


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (3.0, 3),
        (2.0**53 - 1, 2**53 - 1),
        (0.1 + 0.2, 0.3),
        (1 / 3, 0.333333333333),
        (-0.0, 0),
    ],
)
def test_number_is_written_the_same_in_every_run(value: float, written: Label) -> None:
    assert number(value) == written
    assert type(number(value)) is type(written)


def cells(*labels: tuple[Label, ...], levels: list[int] | None = None) -> Cells:
    return Cells(labels, np.array(levels or [0] * len(labels), dtype=np.int64))


def test_rows_are_in_reading_order_with_missing_and_totals_last() -> None:
    found = cells(("b",), (None,), (None,), ("a",), levels=[0, 0, 1, 0])
    assert [shown_labels(found)[i] for i in row_order(found)] == [("a",), ("b",), (None,), ("All",)]
    numbers = cells((10,), (9,), (2.5,))
    assert [numbers.labels[i] for i in row_order(numbers)] == [(2.5,), (9,), (10,)]


def test_total_is_named_apart_from_every_category() -> None:
    assert total_label(cells(("ALL",), ("All (Total)",))) == "All (total) (total)"


def test_value_column_is_named_apart_from_dimensions() -> None:
    assert value_names(["Mean", "x"], {"mean": np.zeros(1), "q": np.zeros(1)}) == ("mean_value", "q")
    found = table(["mean"], cells(("a",)), {"mean": np.array([1.5])})
    assert found.columns == ("mean", "mean_value")


def test_labels_lose_the_point_of_whole_numbers_only_together() -> None:
    assert read_labels(np.ma.array([1.0, 2.0, 9.0], mask=[False, False, True])) == [1, 2, None]
    assert read_labels(np.array([1.0, 2.5])) == [1.0, 2.5]
    assert read_labels(np.array([True, False])) == [True, False]
    assert read_labels(np.ma.array(["a", ""], mask=[False, True], dtype=object)) == ["a", None]


@pytest.mark.parametrize(
    ("text", "digits"),
    [("0", 0), ("16", 2), ("16000", 2), ("0.25", 2), ("16.50", 4), ("0.0007", 1), ("1e5", 1), ("1e12345", 5)],
)
def test_digits_that_carry_information_are_counted(text: str, digits: int) -> None:
    assert significant(text) == digits


def test_rule_without_a_cell_is_no_finding() -> None:
    hit = Hit("r", Risk.LOW_COUNT, Verdict.FAIL, "m", "d", cells=np.array([False, False]))
    assert hit_if(hit) == []
    there = Hit("r", Risk.LOW_COUNT, Verdict.FAIL, "m", "d", cells=np.array([False, True]))
    assert hit_if(there)[0].finding([("a",), ("b",)]).cells == (("b",),)
