"""Bounds of small groups are those that trying all counts finds, and judge tables by them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from saferoom.disclosure.history import bounds as module
from saferoom.disclosure.history.bounds import Published, bounds, neighbouring, rounded
from saferoom.disclosure.history.contributors import Contributors, Noise, Part, UnitSets
from saferoom.disclosure.history.differencing import judge
from saferoom.disclosure.history.judgement import How, Judgement
from saferoom.disclosure.history.memory import Memory, Release, placed, with_prints
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

UNITS = 6
SETS = st.lists(st.frozensets(st.integers(0, UNITS - 1), min_size=1), min_size=1, max_size=3)


def by_trying(sets: list[frozenset[int]], low: list[int], high: list[int], group: frozenset[int]) -> tuple[int, int]:
    """Return the least and the largest count of `group` over all counts of the atoms that fit."""
    inside = [tuple(unit in found for found in [*sets, group]) for unit in range(UNITS)]
    atoms = sorted({key for key in inside if any(key)})
    found = []
    for counts in product(range(max(high) + 1), repeat=len(atoms)):
        sums = [sum(n for n, atom in zip(counts, atoms, strict=True) if atom[i]) for i in range(len(sets))]
        if all(a <= total <= b for a, total, b in zip(low, sums, high, strict=True)):
            found.append(sum(n for n, atom in zip(counts, atoms, strict=True) if atom[-1]))
    return min(found), max(found)


@given(SETS, st.data())
@settings(max_examples=40, deadline=None)
def test_bounds_are_those_found_by_trying_all_counts(sets: list[frozenset[int]], data: st.DataObject) -> None:
    group = data.draw(st.frozensets(st.sampled_from(sorted(frozenset().union(*sets))), min_size=1))
    wide = [data.draw(st.integers(0, 1)) for _ in sets]
    low = [max(len(found) - more, 0) for found, more in zip(sets, wide, strict=True)]
    high = [len(found) + more for found, more in zip(sets, wide, strict=True)]
    published = Published([BitMap(found) for found in sets], np.array(low), np.array(high))
    assert bounds(published, BitMap(group)) == by_trying(sets, low, high, group)


def test_group_that_nothing_covers_has_no_upper_bound() -> None:
    published = Published([BitMap({1, 2})], np.array([2]), np.array([2]))
    assert bounds(published, BitMap({7})) == (0, np.inf)


def test_time_that_is_up_leaves_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 0.0)
    rng = np.random.default_rng(1)
    sets = [BitMap(np.flatnonzero(rng.integers(0, 2, 60)).tolist()) for _ in range(25)]
    sizes = np.array([len(found) for found in sets])
    assert bounds(Published(sets, sizes - 1, sizes + 1), BitMap({1, 2, 3})) is None


@given(st.integers(0, 60), st.integers(2, 11))
def test_rounded_count_lies_in_its_range_and_every_count_there_is_rounded_alike(count: int, base: int) -> None:
    low, high = rounded(np.array([count]), np.array([base]))
    assert low[0] <= count <= high[0]
    alike = {other for other in range(100) if np.array_equal(rounded(np.array([other]), np.array([base])), (low, high))}
    assert alike == set(range(int(low[0]), int(high[0]) + 1))


@given(st.integers(0, 60), st.integers(2, 11))
def test_count_between_two_multiples_lies_in_what_either_would_say(count: int, base: int) -> None:
    low, high = neighbouring(np.array([count]), base)
    shown = [multiple for multiple in range(0, 90, base) if abs(count - multiple) < base]
    fit = [other for other in range(100) if all(abs(other - multiple) < base for multiple in shown)]
    assert (low[0], high[0]) == (fit[0], fit[-1])


def table(sets: list[set[int]], base: int = 0, margins: bool = True, noise: Noise = Noise.ROUNDING) -> Contributors:
    cells = tuple((i,) for i in range(len(sets)))
    keys = np.arange(1_000, dtype=np.uint64)
    units = UnitSets("person_id", keys, tuple(BitMap(found) for found in sets))
    part = Part(frozenset({COUNT}), cells, (units,), margins)
    return Contributors((part,), noise if base else Noise.NONE, base=base)


def beside(new: Contributors, *old: Contributors) -> Judgement:
    memory = Memory.empty()
    for i, one in enumerate(old):
        contributors, indexes = placed(one, memory.indexes)
        memory = Memory((*memory.releases, Release(str(i), f"T{i}", with_prints(contributors))), indexes)
    return judge(new, memory, RiskAppetite())


def test_exact_count_beside_a_rounded_one_that_bounds_a_few_fails() -> None:
    judged = beside(table([set(range(100))]), table([set(range(105))], base=5))
    assert any(one.severity is Verdict.FAIL for one in judged.findings)
    assert How.BOUND in {one.how for one in judged.combinations}


def test_rounded_counts_that_leave_it_open_whether_anybody_is_there_go_to_a_person() -> None:
    judged = beside(table([set(range(101))], base=5), table([set(range(102))], base=5))
    assert {one.severity for one in judged.findings} == {Verdict.REVIEW}


def test_several_rounded_tables_together_bound_a_group() -> None:
    # Each of three regions is rounded to 2, the total is exact: five people are in none of them.
    regions = [set(range(40)), set(range(40, 80)), set(range(80, 120))]
    judged = beside(table([set(range(125))]), table(regions, base=2))
    assert any(one.severity is Verdict.FAIL for one in judged.findings)
    # Rounded to ten, the same leaves it open.
    assert not any(
        one.severity is Verdict.FAIL for one in beside(table([set(range(125))]), table(regions, base=10)).findings
    )


def test_hidden_cell_that_margins_and_another_table_leave_alone_fails() -> None:
    # A row's total and its only shown cell leave the hidden ones together; another table covers all but four of them.
    first = table([set(range(60)), set(range(30))], margins=False)
    assert beside(table([set(range(30, 56))]), first).findings[0].severity is Verdict.FAIL
    assert beside(table([set(range(30, 48))]), first).findings == ()


@pytest.mark.parametrize("noise", [Noise.CONTROLLED_ROUNDING, Noise.RANDOM_ROUNDING])
def test_drawn_multiples_beside_exact_numbers_that_bound_a_group_go_to_a_person(noise: Noise) -> None:
    # Five people are in none of three regions, and no two sets are near.
    regions = [set(range(40)), set(range(40, 80)), set(range(80, 120))]
    judged = beside(table([set(range(125))]), table(regions, base=2, margins=False, noise=noise))
    assert {one.severity for one in judged.findings} == {Verdict.REVIEW}
    assert How.BOUND in {one.how for one in judged.combinations}
    assert beside(table([set(range(125))]), table(regions, base=10, margins=False, noise=noise)).findings == ()


def test_ladder_beside_an_exact_number_that_bounds_a_group_fails() -> None:
    # 97 is shown as 100 and, where rungs meet, lies between 95 and 99; in the other rung's width it is left open.
    judged = beside(table([set(range(102))]), table([set(range(97))], base=15, noise=Noise.SIGNIFICANT))
    assert How.BOUND in {one.how for one in judged.combinations}
    assert any(one.severity is Verdict.FAIL for one in judged.findings)
    wide = beside(table([set(range(345))]), table([set(range(340))], base=15, noise=Noise.SIGNIFICANT))
    assert {one.severity for one in wide.findings} == {Verdict.REVIEW}
