"""Areas within regions: subtotals tell no area that is blank, alone or with what is released later."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.support.statistics_lab import Lab, Row, cells, finding, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.classification import classification_of
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Label, Verdict
from saferoom.errors import BadInputError

REGIONS: dict[str, tuple[str, ...]] = {
    "North": ("n1", "n2", "n3"),
    "South": ("s1", "s2"),
    "East": ("e1", "e2", "e3", "e4"),
    "Inland": ("North", "South"),
}
AREAS = [area for listed in REGIONS.values() for area in listed if area not in REGIONS]
SUPPRESS: dict[str, Any] = {"margins": True, "protect": {"method": "suppress"}}


def residents(seed: int = 2, count: int = 1_500) -> list[Row]:
    rng = random.Random(seed)
    weights = [30, 20, 1, 25, 10, 9, 2, 0.5, 6]
    return [
        {
            "person_id": i,
            "area": rng.choices(AREAS, weights)[0],
            "sex": rng.choice("FM"),
            "pay": rng.lognormvariate(3, 1),
        }
        for i in range(count)
    ]


def source(lab: Lab, rows: Sequence[Row], hierarchy: Mapping[Any, tuple[Any, ...]] = REGIONS) -> list[Source]:
    found = lab.source(rows)
    return [replace(found, classifications={"area": classification_of("area", hierarchy)})]


def inside(label: Label) -> set[str]:
    if label == "All":
        return set(AREAS)
    return set().union(*(inside(child) for child in REGIONS[label])) if label in REGIONS else {str(label)}


def bounds(
    shown: Mapping[tuple[Label, ...], Label], true: Mapping[tuple[str, str], int], cell: tuple[Label, ...]
) -> tuple[float, float]:
    keys = list(true)

    def row(labels: tuple[Label, ...]) -> np.ndarray[Any, Any]:
        return np.array([float(a in inside(labels[0]) and labels[1] in ("All", s)) for a, s in keys])

    known = [(row(labels), number) for labels, number in shown.items() if number is not None]
    left, right = np.array([r for r, _ in known]), np.array([n for _, n in known], dtype=float)
    low, high = (linprog(sign * row(cell), A_eq=left, b_eq=right) for sign in (1, -1))
    return float(low.fun), -float(high.fun)


@pytest.mark.parametrize("seed", range(3))
def test_blank_areas_cannot_be_told_from_subtotals(lab: Lab, seed: int) -> None:
    rows = residents(seed)
    judged = lab.check({"statistic": "frequency", "by": ["area", "sex"], **SUPPRESS}, source(lab, rows))
    assert judged.verdict is Verdict.PASS
    shown = cells(judged.protected, 2)
    true: dict[tuple[str, str], int] = {}
    for row in rows:
        true[row["area"], row["sex"]] = true.get((row["area"], row["sex"]), 0) + 1
    for cell, number in shown.items():
        count = sum(n for (a, s), n in true.items() if a in inside(cell[0]) and cell[1] in ("All", s))
        assert number in (None, count)
        if 0 < count < 10:
            low, high = bounds(shown, true, cell)
            assert low <= 1e-6
            assert high >= 10 - 1e-6
    assert shown["Inland", "All"] == sum(n for (a, _), n in true.items() if a[0] in "ns")


def test_subtotals_are_judged_like_any_cell(lab: Lab) -> None:
    rows = [row for row in residents() if row["area"][0] != "e"]
    rows += [{"person_id": 90_000 + i, "area": "e1", "sex": "F", "pay": 1.0} for i in range(4)]
    judged = lab.check({"statistic": "frequency", "by": ["area"], "margins": True}, source(lab, rows))
    assert judged.verdict is Verdict.FAIL
    assert ("East",) in finding(judged, "threshold").cells


def release(lab: Lab, query: dict[str, Any], sources: list[Source], memory: Memory) -> Evaluation:
    return lab.check(query, sources, memory=memory)


def test_rest_of_a_region_may_not_be_released_after_its_subtotal(lab: Lab) -> None:
    sources = source(lab, residents())
    first = release(lab, {"statistic": "frequency", "by": ["area"], **SUPPRESS}, sources, Memory.empty())
    assert first.verdict is Verdict.PASS
    shown = cells(first.outgoing, 1)
    assert shown["East",] is not None
    assert shown["e3",] is None
    memory = Memory.empty().with_evaluation(first)
    rest = release(lab, {"statistic": "frequency", "where": "area in ('e1', 'e2', 'e4')"}, sources, memory)
    assert rest.verdict is Verdict.FAIL
    assert "differencing" in rules(rest)


def test_rest_of_a_row_may_not_be_released_after_its_margin(lab: Lab) -> None:
    rows = residents()
    query = {"statistic": "frequency", "by": ["area", "sex"], **SUPPRESS}
    first = release(lab, query, [lab.source(rows)], Memory.empty())
    shown = cells(first.outgoing, 2)
    assert shown["All", "F"] is not None
    memory = Memory.empty().with_evaluation(first)
    few = next(area for area in AREAS if 0 < sum(r["area"] == area and r["sex"] == "F" for r in rows) < 10)
    rest = {"statistic": "frequency", "where": f"sex = 'F' and area <> '{few}'"}
    again = release(lab, rest, [lab.source(rows)], memory)
    assert again.verdict is not Verdict.PASS


def test_merging_up_the_hierarchy_is_offered_and_passes(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["area"], "protect": {"method": "auto"}}
    judged = lab.check(query, source(lab, residents()))
    merged = [way for way in judged.chosen["tried"] if way["method"] == "merge"]  # type: ignore[index]
    assert merged
    assert merged[0]["verdict"] == "pass"
    assert 0 < merged[0]["loss"] < 1


def test_codes_that_the_hierarchy_does_not_know_are_in_the_total_alone(lab: Lab) -> None:
    rows = [*residents(), *({"person_id": 70_000 + i, "area": "x", "sex": "FM"[i % 2], "pay": 1.0} for i in range(40))]
    judged = lab.check({"statistic": "frequency", "by": ["area"], **SUPPRESS}, source(lab, rows))
    shown = cells(judged.protected, 1)
    assert shown["All",] == 1_540
    assert shown["x",] == 40
    assert judged.verdict is Verdict.PASS


def test_hierarchy_of_numbers_does_not_fit_a_column_of_texts(lab: Lab) -> None:
    with pytest.raises(BadInputError, match=r"by\.area: its hierarchy names other codes"):
        lab.check({"statistic": "frequency", "by": ["area"], "margins": True}, source(lab, residents(), {1: (2, 3)}))


@pytest.mark.parametrize("method", ["round", "controlled_rounding"])
def test_rounded_subtotals_are_sums_of_what_is_shown(lab: Lab, method: str) -> None:
    query = {"statistic": "frequency", "by": ["area"], "margins": True, "protect": {"method": method}}
    shown = cells(lab.check(query, source(lab, residents())).protected, 1)
    for parent in ("North", "South", "East"):
        parts = [shown.get((area,)) or 0 for area in REGIONS[parent]]
        assert shown[parent,] == sum(parts)  # type: ignore[arg-type]
