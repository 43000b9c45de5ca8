"""An outsider with a pencil: what protected tables still tell."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, cells, rules

from saferoom.disclosure.verdict import Verdict


def spread(counts: dict[tuple[str, str], int]) -> list[Row]:
    """Return people with the given counts of (a, b)."""
    rows: list[Row] = []
    for (a, b), count in counts.items():
        rows += [{"person_id": len(rows) + i, "a": a, "b": b, "x": 1.5 * len(rows) + i} for i in range(count)]
    return rows


def table(seed: int) -> dict[tuple[str, str], int]:
    rng = random.Random(seed)
    return {(a, b): rng.choice([0, 1, 3, 7, 9, 10, 12, 40, 41, 55]) for a in "pqr" for b in "xyz"}


def rounded(base: int | None = None, **rest: Any) -> dict[str, Any]:
    protect = {"method": "round"} | ({"base": base} if base else {})
    return {"statistic": "frequency", "by": ["a", "b"], "protect": protect, **rest}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("margins", [False, True])
def test_small_and_empty_cells_look_the_same(lab: Lab, seed: int, margins: bool) -> None:
    counts = table(seed)
    shown = cells(lab.check(rounded(margins=margins), spread(counts)).protected, 2)
    for cell, count in counts.items():
        if cell in shown and count < 10:
            assert shown[cell] is None


@pytest.mark.parametrize("seed", range(6))
def test_margins_tell_nothing_beyond_the_rounded_cells(lab: Lab, seed: int) -> None:
    shown = cells(lab.check(rounded(margins=True), spread(table(seed))).protected, 2)
    inner = {cell: value for cell, value in shown.items() if "All" not in cell}
    for (a, b), value in shown.items():
        if "All" not in (a, b):
            continue
        parts = [v for (i, j), v in inner.items() if a in (i, "All") and b in (j, "All") and v is not None]
        assert value == (sum(parts) if parts else None)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_every_rounded_count_stands_for_as_many_counts_as_the_base(lab: Lab, seed: int) -> None:
    counts = table(seed)
    for base in (5, 10):
        shown = cells(lab.check(rounded(base), spread(counts)).protected, 2)
        for cell, value in shown.items():
            if value is not None:
                assert isinstance(value, int)
                assert value % base == 0
                a, b = cell
                assert abs(value - counts[str(a), str(b)]) <= base // 2


def test_base_as_large_as_the_threshold_needs_no_blanks_but_still_hides_small_counts(lab: Lab) -> None:
    counts = {("p", "x"): 3, ("p", "y"): 40, ("q", "x"): 7, ("q", "y"): 33}
    shown = cells(lab.check(rounded(10), spread(counts)).protected, 2)
    assert shown == {("p", "x"): 0, ("p", "y"): 40, ("q", "x"): 10, ("q", "y"): 30}


def test_count_of_rows_of_few_people_is_blanked_even_when_it_is_large(lab: Lab) -> None:
    rows = spread({("p", "x"): 60, ("p", "y"): 60, ("q", "x"): 60, ("q", "y"): 60})
    for row in rows[:60]:
        row["person_id"] = 1_000_000 + row["person_id"] % 3
    judged = lab.check(rounded(10), rows)
    assert cells(judged.protected, 2)["p", "x"] is None


def test_rounding_does_not_hide_that_everybody_is_in_one_category(lab: Lab) -> None:
    counts = {("p", "x"): 200, ("p", "y"): 0, ("q", "x"): 50, ("q", "y"): 60}
    judged = lab.check(rounded(), spread(counts))
    assert judged.verdict is Verdict.REVIEW
    assert rules(judged) == {"near-class-disclosure"}


def test_rounding_of_a_group_that_is_wholly_in_one_category_of_the_table_fails(lab: Lab) -> None:
    judged = lab.check(rounded(), spread({("p", "x"): 200, ("q", "x"): 50}))
    assert judged.verdict is Verdict.FAIL


def test_suppression_blanks_unsafe_cells_and_passes(lab: Lab) -> None:
    counts = {("p", "x"): 3, ("p", "y"): 40, ("q", "x"): 17, ("q", "y"): 33}
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], "protect": {"method": "suppress"}}, spread(counts))
    assert judged.verdict is Verdict.PASS
    assert cells(judged.outgoing, 2) == {("p", "x"): None, ("p", "y"): 40, ("q", "x"): 17, ("q", "y"): 33}


def test_suppression_blanks_the_category_that_holds_nearly_everybody(lab: Lab) -> None:
    counts = {("p", "x"): 300, ("p", "y"): 3, ("q", "x"): 17, ("q", "y"): 33}
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], "protect": {"method": "suppress"}}, spread(counts))
    assert judged.verdict is Verdict.PASS
    assert cells(judged.protected, 2)["p", "x"] is None


def test_suppression_of_everything_leaves_nothing_to_release(lab: Lab) -> None:
    counts = dict.fromkeys(product("pq", "xy"), 3)
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], "protect": {"method": "suppress"}}, spread(counts))
    assert judged.verdict is Verdict.FAIL
    assert rules(judged) == {"nothing-left"}


def test_suppression_of_a_mean_blanks_what_dominates_and_empty_cells_alike(lab: Lab) -> None:
    rows = spread({("p", "x"): 30, ("p", "y"): 30, ("q", "x"): 30})
    rows[0]["x"] = 1e9
    judged = lab.check({"statistic": "mean", "measure": "x", "by": ["a", "b"], "protect": {"method": "suppress"}}, rows)
    shown = cells(judged.protected, 2)
    assert shown["p", "x"] is None
    assert shown["q", "y"] is None
    assert shown["p", "y"] is not None


def test_suppression_with_margins_of_a_safe_table_changes_nothing(lab: Lab) -> None:
    counts = {("p", "x"): 30, ("p", "y"): 40, ("q", "x"): 17, ("q", "y"): 33}
    query = {"statistic": "frequency", "by": ["a", "b"], "margins": True, "protect": {"method": "suppress"}}
    judged = lab.check(query, spread(counts))
    assert judged.verdict is Verdict.PASS
    assert judged.protected == judged.table


def test_units_unknown_stays_a_finding_under_protection(lab: Lab) -> None:
    rows = spread({("p", "x"): 30, ("p", "y"): 40, ("q", "x"): 17, ("q", "y"): 33})
    for method in ("round", "suppress"):
        query = {"statistic": "frequency", "by": ["a", "b"], "protect": {"method": method}}
        assert lab.check(query, rows, units=()).verdict is Verdict.REVIEW
