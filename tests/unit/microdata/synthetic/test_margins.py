"""Margins of single variables: what is merged, what is left out, and that types stay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.synthetic import Described, Role
from saferoom.disclosure.microdata.synthetic.kinds import role_of
from saferoom.disclosure.microdata.synthetic.margin import HIDDEN, MISSING, Margin
from saferoom.disclosure.microdata.synthetic.margins import Maker
from saferoom.disclosure.microdata.synthetic.units import Units
from saferoom.errors import BadInputError

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def margin(values: Any, described: Described | None = None, units: Any = None) -> Margin:
    table = pa.table({"x": values} if units is None else {"x": values, "u": units})
    own = Units.of(table, [] if units is None else ["u"])
    said = described or Described()
    return Maker(table, own, 10, 20).margin("x", role_of(table, "x", said, own, 10), said)


def drawn(one: Margin, rows: int = 2_000) -> list[Any]:
    random = np.random.default_rng(3)
    column = one.column(one.drawn_states(rows, random), None, random)
    assert column.type == one.kind
    return list(column.to_pylist())


def test_rare_categories_are_merged_where_they_are_enough_together_and_else_left_out() -> None:
    assert set(drawn(margin(["a"] * 50 + ["b"] * 6 + ["c"] * 6))) == {"a", "other"}
    assert set(drawn(margin(["a"] * 50 + ["b"] * 6))) == {"a"}


def test_shares_are_those_of_the_file() -> None:
    found = drawn(margin(["a"] * 300 + ["b"] * 100 + [None] * 100), 20_000)
    assert found.count("a") / 20_000 == pytest.approx(0.6, abs=0.02)
    assert found.count(None) / 20_000 == pytest.approx(0.2, abs=0.02)


def test_that_a_few_miss_a_value_is_not_told() -> None:
    assert None not in drawn(margin(["a"] * 50 + [None] * 9))
    assert None in drawn(margin(["a"] * 50 + [None] * 10))


def test_units_count_and_not_records() -> None:
    one = margin(["a"] * 40 + ["b"] * 40, units=list(range(40)) + [1] * 40)
    assert set(drawn(one)) == {"a"}


def test_a_codelist_makes_its_codes_public_and_leaves_others_out() -> None:
    values = ["a"] * 50 + ["b"] * 3 + ["z"] * 40
    found = drawn(margin(values, Described(codelist=("a", "b", "c"))))
    assert set(found) == {"a", "b", "c"}


def test_how_rare_public_codes_are_is_not_told() -> None:
    """Nobody has c, three or nine have b: the margins are one and the same."""
    margins = [margin(["a"] * 50 + ["b"] * few, Described(codelist=("a", "b", "c"))) for few in (0, 3, 9)]
    assert len({tuple(one.counts.tolist()) for one in margins}) == 1


def test_rare_whole_numbers_become_the_nearest() -> None:
    one = margin([1] * 50 + [2] * 50 + [9])
    assert set(drawn(one)) == {1, 2}
    assert one.states[-1] == 1


def test_a_number_that_many_have_stays_itself_among_others() -> None:
    random = np.random.default_rng(1)
    found = drawn(margin(np.r_[np.zeros(400), random.lognormal(9, 1, 600)]), 10_000)
    assert found.count(0.0) / 10_000 == pytest.approx(0.4, abs=0.02)


def test_the_ends_do_not_follow_the_farthest() -> None:
    values = np.random.default_rng(1).lognormal(9, 0.5, 1_000)
    plain = margin(values)
    values[0], values[1] = 1e12, -1e12
    moved = margin(values)
    assert plain.bins is not None
    assert moved.bins is not None
    assert moved.bins.edges[-1] <= 2 * plain.bins.edges[-1]
    assert moved.bins.edges[0] >= 0


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1_000, dtype=np.int8) % 50,
        np.random.default_rng(1).random(500).astype(np.float32),
        pa.array([dt.date(1950, 1, 1) + dt.timedelta(days=37 * i) for i in range(500)]),
        pa.array([START + dt.timedelta(minutes=7 * i) for i in range(500)], pa.timestamp("ns")),
        pa.array([START + dt.timedelta(days=i) for i in range(500)], pa.timestamp("us", "UTC")),
        pa.array([dt.time(i % 24, i % 60) for i in range(500)], pa.time64("us")),
        pa.array([Decimal(i) / 100 for i in range(500)], pa.decimal128(10, 2)),
        pa.array([f"{1900 + i % 100}-0{1 + i % 9}-1{i % 10}" for i in range(500)]),
        pa.array(["a"] * 300 + ["b"] * 200).dictionary_encode(),
        pa.array([True, False] * 50),
        pa.array([1, 2] * 50).dictionary_encode(),
        pa.array(["a", "b"] * 50, pa.large_string()),
        pa.array([dt.timedelta(minutes=i) for i in range(100)]),
        pa.array([2**60 + i for i in range(500)]),
        pa.nulls(50),
        pa.nulls(50, pa.float64()),
    ],
    ids=lambda one: str(getattr(one, "type", getattr(one, "dtype", ""))),
)
def test_types_stay(values: Any) -> None:
    table = pa.table({"x": values})
    assert len(drawn(margin(table.column("x")))) == 2_000


def test_times_stay_in_the_steps_they_are_told_in() -> None:
    days = pa.array([START + dt.timedelta(days=3 * i) for i in range(500)], pa.timestamp("us"))
    assert {moment.time() for moment in drawn(margin(days))} == {dt.time(0)}


def test_columns_of_one_value_stay_and_of_none_too() -> None:
    assert set(drawn(margin(["a"] * 30))) == {"a"}
    assert set(drawn(margin([7] * 30))) == {7}
    assert set(drawn(margin([None] * 30))) == {None}


def test_free_text_is_not_copied() -> None:
    one = margin([f"wrote about {i % 200}" for i in range(400)])
    assert one.role is Role.TEXT
    assert all(value.startswith("text ") for value in drawn(one))


def test_records_of_rare_values_are_hidden_and_of_missing_ones_missing() -> None:
    one = margin(["a"] * 50 + ["b"] + [None] * 20)
    assert one.states[50] == HIDDEN
    assert set(one.states[51:].tolist()) == {MISSING}


@pytest.mark.parametrize(
    ("values", "described", "said"),
    [
        (["a"] * 30, Described(Role.NUMBER), "must hold numbers"),
        (["a"] * 30, Described(Role.DATE), "YYYY-MM-DD"),
        (pa.array([1] * 30).dictionary_encode(), Described(Role.NUMBER), "must hold numbers"),
        (pa.array(["2020-01-01"] * 30).dictionary_encode(), Described(Role.DATE), "must hold dates"),
        (np.arange(30).astype(np.float16), Described(), "half precision"),
        (np.arange(30).astype(np.uint64) + np.uint64(2**63), Described(), "beyond 64 bits"),
        (pa.array([b"x"] * 30), Described(), "single values"),
        ([1.5] * 30, Described(Role.UNIT), "whole numbers"),
        ([1] * 30, Described(Role.NUMBER, (1,)), "codelist"),
        ([1] * 30, Described(codelist=("a",)), "another kind"),
        ([[1]] * 30, Described(), "single values"),
        ([1.0, float("inf")] * 30, Described(), "infinite"),
    ],
)
def test_what_a_column_cannot_be_is_said(values: Any, described: Described, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        margin(values, described)
