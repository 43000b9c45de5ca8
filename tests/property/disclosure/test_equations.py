"""What several releases tell together is exactly what elimination with fractions says they tell."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from saferoom.disclosure.history import gradients
from saferoom.disclosure.history.equations import Solution, solutions
from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.gradients import UndecidedError
from saferoom.disclosure.history.systems import system_of

REACH = 3
Sets = list[set[int]]


def family(sets: Sets) -> Family:
    """Return sets of units as a table of one dimension."""
    return Family(tuple((i,) for i in range(len(sets))), [BitMap(found) for found in sets])


def never() -> None:
    """Time is never up."""


def told(new: Sets, *old: Sets, reach: int = REACH) -> list[Solution]:
    """Return what is found."""
    return list(solutions(system_of(family(new), [family(sets) for sets in old]), reach, never))


def rank(rows: list[list[Fraction]]) -> int:
    """Return the rank by exact elimination."""
    rows, found = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column] != 0), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def about(sets: Sets, few: frozenset[int], units: list[int]) -> int:
    """Return how many independent numbers about nobody but `few` the totals of the sets tell."""
    rows = [[Fraction(unit in found) for unit in units] for found in sets]
    others = [[Fraction(unit in found) for unit in units if unit not in few] for found in sets]
    return rank(rows) - rank(others)


def groups(units: list[int]) -> list[frozenset[int]]:
    return [frozenset(few) for size in range(1, REACH + 1) for few in combinations(units, size)]


UNITS = st.sets(st.integers(0, 7), min_size=REACH + 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(UNITS, min_size=1, max_size=4), st.lists(UNITS, min_size=1, max_size=2))
def test_found_is_what_elimination_tells_and_neither_side_alone(old: Sets, new: Sets) -> None:
    units = sorted(set().union(*old, *new))
    fresh = [found for found in new if found not in old]
    gained = [
        few
        for few in groups(units)
        if about([*old, *new], few, units) > about(old, few, units) + about(new, few, units)
    ]
    found = told(new, old)
    if gained and fresh:
        assert found
    for solution in found:
        few = frozenset(solution.units)
        assert 0 < len(few) <= REACH
        assert about([*old, *new], few, units) > max(about(old, few, units), about(new, few, units))


def test_one_person_left_out_of_four_regions_is_found() -> None:
    regions = [set(range(start, start + 50)) for start in (0, 50, 100, 150)]
    whole, rest = [set(range(200))], regions[:3]
    assert [set(found.units) for found in told([regions[3] - {199}], whole, rest, reach=9)] == [{199}]
    assert told([regions[3] - set(range(190, 200))], whole, rest, reach=9) == []
    assert told([regions[3]], whole, rest, reach=9) == []


def test_nine_people_in_nine_different_cells_of_another_release_are_found() -> None:
    ages = [set(range(i, 400, 20)) for i in range(20)]
    regions = [set(range(start, start + 100)) for start in (0, 100, 200, 300)]
    left_out = set(range(300, 309))
    found = told([regions[3] - left_out], [set(range(400))], regions[:3], ages, reach=9)
    assert [set(one.units) for one in found] == [left_out]


def test_only_the_cells_that_are_needed_are_named() -> None:
    new = [set(range(100, 149)), set(range(300, 350)), set(range(400, 450))]
    (found,) = told(new, [set(range(150))], [set(range(50)), set(range(50, 100))], reach=9)
    assert found.new.tolist() == [0]
    assert set(found.old) == {(0, 0), (1, 0), (1, 1)}


def test_what_earlier_releases_tell_alone_is_not_blamed_on_the_new_one() -> None:
    assert told([set(range(200, 260))], [set(range(100))], [set(range(99))], reach=9) == []


def test_union_of_areas_that_is_a_district_but_for_one_is_found() -> None:
    # Neither cells nor margins of the two are near: four areas of one table are one and a half districts.
    areas = [set(range(start, start + 30)) for start in range(0, 240, 30)]
    districts = [set(range(45)), set(range(45, 119)), set(range(119, 180)), set(range(180, 240))]
    found = told(areas, districts, reach=9)
    assert [set(one.units) for one in found] == [{119}]
    assert sorted(found[0].new.tolist()) in ([0, 1, 2, 3], [4, 5, 6, 7], [4, 5])


def test_halves_of_totals_are_factors_too() -> None:
    # Three pairs of three groups, added up and halved, are all three groups.
    a, b, c = set(range(40)), set(range(40, 80)), set(range(80, 120))
    found = told([a | b | c - {119}], [a | b], [b | c], [a | c], reach=9)
    assert [set(one.units) for one in found] == [{119}]


def test_time_that_is_up_stops_the_equations() -> None:
    def up() -> None:
        raise TimeoutError

    system = system_of(family([set(range(99))]), [family([set(range(100))])])
    with pytest.raises(TimeoutError):
        list(solutions(system, 9, up))


def test_steps_that_are_up_leave_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "MOST_STEPS", 1)
    rng = np.random.default_rng(3)
    old = [set(np.flatnonzero(rng.integers(0, 2, 400)).tolist()) for _ in range(30)]
    with pytest.raises(UndecidedError):
        told([set(range(200))], old)


@pytest.mark.parametrize("seed", range(3))
def test_rich_history_of_independent_tables_tells_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = [[set(np.flatnonzero(code == i).tolist()) for i in range(12)] for code in rng.integers(0, 12, (9, 6_000))]
    assert told(tables[0], *tables[1:], reach=9) == []
    # The same with somebody left out, who is in another cell in every table.
    changed = [found - {17} for found in tables[0]]
    assert [set(one.units) for one in told(changed, *tables[1:], reach=9)] == [{17}]
