"""Solved totals are exactly those that elimination with fractions solves."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.history.equations import solved
from saferoom.disclosure.history.families import Family, joined

REACH = 3


def family(sets: list[set[int]], levels: list[int] | None = None) -> Family:
    """Return sets of units as a family of inner cells."""
    members = [np.array(sorted(found), dtype=np.int64) for found in sets]
    starts = np.concatenate([[0], np.cumsum([len(found) for found in members])])
    chosen = np.array(levels or [0] * len(sets))
    return Family(
        starts, np.concatenate([*members, np.zeros(0, np.int64)]).astype(np.int64), chosen, np.arange(len(sets))
    )


def never() -> None:
    """Time is never up."""


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


def tells(sets: list[set[int]], targets: list[dict[int, int]]) -> set[int]:
    """Return the positions of the targets (units with factors) that are combinations of the sets."""
    units = sorted(set().union(*sets)) if sets else []
    rows = [[Fraction(unit in found) for unit in units] for found in sets]
    whole = rank(rows)
    answers = set()
    for place, target in enumerate(targets):
        if target.keys() <= set(units) and rank([*rows, [Fraction(target.get(unit, 0)) for unit in units]]) == whole:
            answers.add(place)
    return answers


def atoms(sets: list[set[int]]) -> list[set[int]]:
    """Return the units that are in exactly the same sets, together."""
    found: dict[tuple[bool, ...], set[int]] = {}
    for unit in set().union(*sets):
        found.setdefault(tuple(unit in members for members in sets), set()).add(unit)
    return list(found.values())


def targets_of(sets: list[set[int]]) -> list[dict[int, int]]:
    """Return every small atom, and the sums and differences of two that are small together."""
    small = [atom for atom in atoms(sets) if len(atom) <= REACH]
    single: list[dict[int, int]] = [dict.fromkeys(atom, 1) for atom in small]
    pairs = [(a, b) for i, a in enumerate(small) for b in small[:i] if len(a) + len(b) <= REACH]
    return single + [dict.fromkeys(a, 1) | dict.fromkeys(b, sign) for a, b in pairs for sign in (1, -1)]


UNITS = st.sets(st.integers(0, 11), min_size=1)


@settings(max_examples=150, deadline=None)
@given(st.lists(UNITS, min_size=1, max_size=5), UNITS)
def test_solved_is_what_elimination_solves_and_only_with_the_new_set(old: list[set[int]], new: set[int]) -> None:
    targets = targets_of([*old, new])
    expected = bool(tells([*old, new], targets) - tells(old, targets))
    assert bool(solved(family([new]), family(old), REACH, never)[0]) == expected


def test_one_person_left_out_of_four_regions_is_found() -> None:
    regions = [set(range(start, start + 50)) for start in (0, 50, 100, 150)]
    whole = set(range(200))
    earlier = family([whole, *regions[:3]])
    assert solved(family([regions[3] - {199}]), earlier, 9, never).tolist() == [True]
    assert solved(family([regions[3] - set(range(190, 200))]), earlier, 9, never).tolist() == [False]
    assert solved(family([regions[3]]), earlier, 9, never).tolist() == [False]


def test_only_the_cells_that_are_needed_are_named() -> None:
    new = family([set(range(100, 149)), set(range(300, 350))])
    earlier = family([set(range(150)), set(range(50)), set(range(50, 100))])
    assert solved(new, earlier, 9, never).tolist() == [True, False]


def test_what_earlier_releases_tell_alone_is_not_blamed_on_the_new_one() -> None:
    earlier = family([set(range(100)), set(range(99))])
    assert solved(family([set(range(200, 260))]), earlier, 9, never).tolist() == [False]


def test_margins_follow_from_cells_and_are_not_needed() -> None:
    new = joined([family([set(range(40)), set(range(40, 79))]), family([set(range(79))], [1])])
    assert solved(new, family([set(range(80))]), 9, never).tolist() == [True, True, False]


def test_time_that_is_up_stops_the_equations() -> None:
    def up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        solved(family([set(range(99))]), family([set(range(100))]), 9, up)
