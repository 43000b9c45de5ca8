"""Blank cells in tables with margins: an attacker with linear programming, who knows even which cells hold nobody."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.support.statistics_lab import Lab, Row, cells, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Label, Table, Verdict
from saferoom.policies.models import RiskAppetite

Key = tuple[Label, ...]
SUPPRESS: dict[str, Any] = {"margins": True, "protect": {"method": "suppress"}}


def sparse_people(seed: int, count: int = 700) -> list[Row]:
    """Return people with rare combinations and heavy-tailed pay."""
    rng = random.Random(seed)
    return [
        {
            "person_id": i,
            "household_id": i // 3,
            "region": rng.choices("NSEW", [6, 4, 2, 1])[0],
            "band": rng.choices("abcde", [10, 8, 5, 2, 0.5])[0],
            "sex": rng.choice("FM"),
            "pay": rng.lognormvariate(3, 1.4),
            "w": round(rng.uniform(50, 150), 1),
        }
        for i in range(count)
    ]


def added(rows: Sequence[Row], by: Sequence[str], value: str | None = None) -> dict[Key, float]:
    """Return the true inner cells."""
    found: dict[Key, float] = {}
    for row in rows:
        key = tuple(row[name] for name in by)
        found[key] = found.get(key, 0.0) + (1.0 if value is None else row[value])
    return found


def told(
    shown: Table, true: Mapping[Key, float], own: Mapping[Key, float] | None = None
) -> dict[Key, tuple[float, float]]:
    """Return between what bounds an attacker can tell every blank cell, margins among them.

    Parameters
    ----------
    true : the true inner cells; where there is none the attacker knows that nobody is there
    own : inner cells that the attacker knows beside what is shown
    """
    inner = list(true)
    width = len(inner[0])

    def inside(cell: Key) -> np.ndarray[Any, Any]:
        return np.array(
            [all(part in ("All", label) for part, label in zip(cell, key, strict=True)) for key in inner], float
        )

    known, blank = [], []
    for cell, number in cells(shown, width).items():
        if number is None:
            blank.append(cell)
        else:
            known.append((inside(cell), number))
    for cell, value in (own or {}).items():
        known.append((inside(cell), value))
    left = np.array([row for row, _ in known])
    right = np.array([sum(true[key] for key, there in zip(inner, row, strict=True) if there) for row, _ in known])
    found = {}
    for cell in blank:
        goal = inside(cell)
        if not goal.any():
            continue
        ends = [
            linprog(sign * goal, A_eq=left if len(left) else None, b_eq=right if len(left) else None)
            for sign in (1, -1)
        ]
        found[cell] = (ends[0].fun, -ends[1].fun if ends[1].status == 0 else np.inf)
    return found


def total(true: Mapping[Key, float], cell: Key) -> float:
    return sum(
        v for key, v in true.items() if all(part in ("All", label) for part, label in zip(cell, key, strict=True))
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by", [["band"], ["region", "band"], ["region", "band", "sex"]])
def test_small_counts_can_hold_nobody_and_enough_for_all_anybody_can_tell(lab: Lab, seed: int, by: list[str]) -> None:
    rows = sparse_people(seed)
    judged = lab.check({"statistic": "frequency", "by": by, **SUPPRESS}, rows)
    assert judged.protected is not None
    assert judged.verdict is Verdict.PASS or rules(judged) <= {"empty-class", "sparse-table"}
    true = added(rows, by)
    bounds = told(judged.protected, true)
    small = [cell for cell in bounds if total(true, cell) < 10]
    assert small or all(count >= 10 for count in true.values())
    for cell in small:
        low, high = bounds[cell]
        assert low <= 1e-6
        assert high >= 10 - 1e-6
    shown = cells(judged.protected, len(by))
    assert all(number is None or total(true, cell) >= 10 for cell, number in shown.items())
    assert shown[("All",) * len(by)] == 700


@pytest.mark.parametrize("statistic", ["sum", "mean"])
@pytest.mark.parametrize("seed", range(3))
def test_dominated_totals_cannot_be_told_closely(lab: Lab, seed: int, statistic: str) -> None:
    rows = sparse_people(seed)
    by = ["region", "band"]
    judged = lab.check({"statistic": statistic, "measure": "pay", "by": by, **SUPPRESS}, rows)
    assert judged.protected is not None
    true, counts = added(rows, by, "pay"), added(rows, by)
    largest: dict[Key, float] = {}
    for row in rows:
        key = tuple(row[name] for name in by)
        largest[key] = max(largest.get(key, 0.0), row["pay"])
    bounds, people = told(judged.protected, true), told(judged.protected, counts)
    dominated = [cell for cell in true if cell in bounds and largest[cell] >= 0.5 * true[cell]]
    assert dominated
    for cell in dominated:
        assert bounds[cell][1] >= largest[cell] / 0.5 * (1 - 1e-6)
    for cell, count in counts.items():
        if count < 10:
            assert people[cell][0] <= 1e-6
            assert people[cell][1] >= 10 - 1e-6


def test_person_who_is_alone_in_a_cell_cannot_work_out_another_who_is(lab: Lab) -> None:
    counts = {("p", "x"): 1, ("p", "y"): 1, ("p", "z"): 40, ("q", "x"): 30, ("q", "y"): 35, ("q", "z"): 40}
    rows = [
        {"person_id": 1000 * i + j, "a": cell[0], "b": cell[1], "v": 10.0 + i + (j % 7)}
        for i, (cell, count) in enumerate(counts.items())
        for j in range(count)
    ]
    judged = lab.check({"statistic": "sum", "measure": "v", "by": ["a", "b"], **SUPPRESS}, rows)
    true = added(rows, ["a", "b"], "v")
    bounds = told(judged.protected, true, own={("p", "x"): true["p", "x"]})  # type: ignore[arg-type]
    low, high = bounds["p", "y"]
    assert high - low > 0.1 * true["p", "y"]


def test_margin_of_few_is_blank_too(lab: Lab) -> None:
    rows = [{"person_id": i, "a": "pq"[i % 2], "b": "x" if i < 4 else "yz"[i // 2 % 2]} for i in range(200)]
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], **SUPPRESS}, rows)
    shown = cells(judged.protected, 2)
    assert shown["All", "x"] is None
    low, high = told(judged.protected, added(rows, ["a", "b"]))["All", "x"]  # type: ignore[arg-type]
    assert low <= 1e-6
    assert high >= 10 - 1e-6


@pytest.mark.parametrize("statistic", ["median", "gini", "std"])
def test_groups_left_over_along_margins_are_large_enough_for_any_statistic(lab: Lab, statistic: str) -> None:
    rows = sparse_people(5, 1_500)
    by = ["region", "band"]
    judged = lab.check({"statistic": statistic, "measure": "pay", "by": by, **SUPPRESS}, rows)
    assert judged.protected is not None
    shown, counts = cells(judged.protected, 2), added(rows, by)
    blank = {cell for cell, number in shown.items() if number is None}
    assert any(cell in blank for cell in counts)
    for total_of in (*(("All", b) for b in "abcde"), *((a, "All") for a in "NSEW")):
        if total_of not in blank:
            left = sum(v for key, v in counts.items() if key in blank and total(({key: 1.0}), total_of))
            assert left == 0 or left >= 10


def test_weighted_counts_are_protected_in_people_and_in_weight(lab: Lab) -> None:
    rows = sparse_people(6)
    by = ["region", "band"]
    judged = lab.check({"statistic": "frequency", "by": by, "weight": "w", **SUPPRESS}, rows)
    assert judged.protected is not None
    weights, counts = added(rows, by, "w"), added(rows, by)
    in_weight, in_people = told(judged.protected, weights), told(judged.protected, counts)
    small = [cell for cell, count in counts.items() if count < 10]
    assert small
    for cell in small:
        assert in_weight[cell][0] <= 1e-6
        assert in_weight[cell][1] >= weights[cell] * 10 / counts[cell] * (1 - 1e-6)
        assert in_people[cell][1] >= 10 - 1e-6


def test_rows_of_few_people_are_protected_by_how_many_rows_anybody_has(lab: Lab) -> None:
    rng = random.Random(4)
    rows = [
        {"person_id": rng.randrange(400), "ward": rng.choices("abcd", [9, 6, 3, 0.2])[0], "sex": rng.choice("FM")}
        for _ in range(1_600)
    ]
    by = ["ward", "sex"]
    judged = lab.check({"statistic": "frequency", "by": by, **SUPPRESS}, rows)
    true = added(rows, by)
    people = {cell: len({row["person_id"] for row in rows if (row["ward"], row["sex"]) == cell}) for cell in true}
    assert min(people.values()) < 10
    if judged.protected is None:
        assert "suppression-with-margins" in rules(judged)
        return
    most = max(sum(row["person_id"] == person for row in rows) for person in range(400))
    bounds = told(judged.protected, true)
    for cell, count in people.items():
        if count < 10:
            assert bounds[cell][0] <= 1e-6
            assert bounds[cell][1] >= 10 * most - 1e-6


def test_category_that_holds_nearly_everybody_of_a_group_cannot_be_told(lab: Lab) -> None:
    counts = {("p", "x"): 300, ("p", "y"): 12, ("q", "x"): 117, ("q", "y"): 133, ("r", "x"): 80, ("r", "y"): 90}
    rows = [
        {"person_id": 1000 * i + j, "a": a, "b": b} for i, ((a, b), n) in enumerate(counts.items()) for j in range(n)
    ]
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], **SUPPRESS}, rows)
    assert judged.verdict is Verdict.PASS
    low, _ = told(judged.protected, added(rows, ["a", "b"]))["p", "x"]  # type: ignore[arg-type]
    assert low < 0.9 * 312


def test_combination_that_holds_nobody_cannot_be_told_from_a_blank_one(lab: Lab) -> None:
    counts = {(a, b): 20 + i for i, (a, b) in enumerate(product("pqr", "xyz"))} | {("p", "x"): 0}
    rows = [
        {"person_id": 1000 * i + j, "a": a, "b": b} for i, ((a, b), n) in enumerate(counts.items()) for j in range(n)
    ]
    judged = lab.check({"statistic": "frequency", "by": ["a", "b"], **SUPPRESS}, rows)
    assert judged.verdict is Verdict.PASS
    true = {cell: float(count) for cell, count in counts.items()}
    low, high = told(judged.protected, true)["p", "x"]  # type: ignore[arg-type]
    assert low <= 1e-6
    assert high >= 10 - 1e-6


def test_blank_cell_of_a_mean_is_never_alone_in_its_row(lab: Lab) -> None:
    counts = {(a, b): 20 + i for i, (a, b) in enumerate(product("pqr", "xyz"))} | {("p", "x"): 0}
    rows = [
        {"person_id": 1000 * i + j, "a": a, "b": b, "v": 5.0 + j % 9}
        for i, ((a, b), n) in enumerate(counts.items())
        for j in range(n)
    ]
    judged = lab.check({"statistic": "mean", "measure": "v", "by": ["a", "b"], **SUPPRESS}, rows)
    assert judged.verdict is Verdict.PASS
    shown = cells(judged.protected, 2)
    assert [shown["p", b] for b in "xyz"].count(None) > 1
    assert [shown[a, "x"] for a in "pqr"].count(None) > 1


def test_audit_is_evidence_and_holds(lab: Lab) -> None:
    judged = lab.check({"statistic": "frequency", "by": ["region", "band"], **SUPPRESS}, sparse_people(1))
    found = judged.evidence["audit"]
    assert found["holds"] is True
    assert {item["status"] for item in found["cells"]} == {"u", "x"}
    shown = cells(judged.protected, 2)
    for item in found["cells"]:
        assert shown.get(tuple(item["cell"])) is None
        for interval in item["intervals"]:
            low, value, high = interval
            assert low <= value
            assert high is None or high >= value
    assert "audit" not in judged.document()


def test_table_that_no_blanks_protect_is_refused(lab: Lab) -> None:
    rows = [{"person_id": i, "a": "p" if i < 3 else "q"} for i in range(9)]
    judged = lab.check({"statistic": "frequency", "by": ["a"], **SUPPRESS}, rows)
    assert judged.verdict is not Verdict.PASS
    assert judged.outgoing is None


def test_negative_values_hide_behind_each_other(lab: Lab) -> None:
    rows = [{**row, "pay": row["pay"] - 20.0} for row in sparse_people(8)]
    judged: Evaluation = lab.check({"statistic": "sum", "measure": "pay", "by": ["region", "band"], **SUPPRESS}, rows)
    assert judged.protected is not None
    shown = cells(judged.protected, 2)
    for label in (*"NSEW", "All"):
        line = [shown[label, band] for band in (*"abcde", "All")]
        assert line.count(None) != 1


def test_stricter_policy_hides_more(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["region", "band"], **SUPPRESS}
    blanks = [
        list(cells(lab.check(query, sparse_people(2), policy=policy).protected, 2).values()).count(None)
        for policy in (RiskAppetite(), RiskAppetite(threshold_units=30, difference_units=30))
    ]
    assert blanks[0] < blanks[1]
