"""Rounding of additive tables, and what rounded numbers tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.boxes import Enough, told, within
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension
from saferoom.disclosure.tables.rounding import controlled, conventional, random
from saferoom.disclosure.tables.significant import ladder, significant, unit_of
from saferoom.errors import BadInputError, UnavailableError


def table_of(values: list[float], *shape: int) -> AdditiveTable:
    cube = Cube(tuple(dimension(f"d{i}", [f"c{j}" for j in range(size)]) for i, size in enumerate(shape)))
    leaves = np.zeros(len(cube))
    leaves[cube.leaf] = values
    return cube.table(cube.added_up(leaves), whole=True)


def test_controlled_rounding_finds_the_nearest_table_that_adds_up() -> None:
    table = table_of([4, 4, 4, 4], 2, 2)
    found = controlled(table, 5)
    assert found.steps == 0
    assert found.gap == 0
    assert not (table.relations @ found.values).any()
    # Each 4 becomes 5: off by 1 four times, by 2 in four totals of 8, by 4 in the total of 16. One 0 costs 18.
    assert sorted(found.values.tolist()) == [5, 5, 5, 5, 10, 10, 10, 10, 20]
    assert found.distance == 16


def test_controlled_rounding_of_multiples_changes_nothing() -> None:
    table = table_of([0, 5, 10, 20], 2, 2)
    assert controlled(table, 5).values.tolist() == table.values.tolist()


def test_controlled_rounding_goes_a_step_further_where_no_neighbours_add_up() -> None:
    # Causey, Cox and Ernst (1985): a three-way table of halves without a zero-restricted rounding, shown by parity.
    shown = _without_rounding()
    found = controlled(shown, 2)
    assert found.steps >= 1
    assert not (shown.relations @ found.values).any()
    assert (np.abs(found.values - shown.values) <= found.reach).all()
    assert (found.values >= 0).all()


def _without_rounding() -> AdditiveTable:
    """Return relations that contradict each other for neighbouring multiples: three pairs of ones, each pair even."""
    from scipy.sparse import csr_array

    # a + b = 2, b + c = 2, a + c = 2, with a, b, c = 1 and base 2: each pair has one 0 and one 2, which three cannot.
    relations = csr_array(np.array([[1, 1, 0, -1, 0, 0], [0, 1, 1, 0, -1, 0], [1, 0, 1, 0, 0, -1]], dtype=float))
    values = np.array([1.0, 1, 1, 2, 2, 2])
    return AdditiveTable(tuple((str(i),) for i in range(6)), values, relations, np.zeros(6), np.full(6, np.inf), True)


def test_controlled_rounding_that_cannot_be_is_refused() -> None:
    table = _without_rounding()
    fixed = replace(table, lowest=np.array([0.0, 0, 0, 2, 2, 2]), highest=np.array([2.0, 2, 2, 2, 2, 2]))
    with pytest.raises(BadInputError, match="no table of multiples"):
        controlled(fixed, 2)


def test_controlled_rounding_without_time_is_no_answer() -> None:
    rng = np.random.default_rng(0)
    table = table_of(rng.poisson(3, 4**4).tolist(), 4, 4, 4, 4)
    with pytest.raises(UnavailableError, match="time"):
        controlled(table, 10, seconds=1e-9)


@pytest.mark.parametrize("base", [1, 0, -5])
def test_base_that_rounds_nothing_is_refused(base: int) -> None:
    with pytest.raises(BadInputError, match="base"):
        conventional(table_of([1, 2, 3, 4], 2, 2), base)


def test_random_rounding_keeps_the_mean_and_multiples() -> None:
    table = table_of([3, 7, 10, 0], 2, 2)
    draws = np.random.default_rng(5).random((20_000, len(table)))
    found = np.array([random(table, 10, row).values for row in draws])
    assert found.mean(axis=0) == pytest.approx(table.values, abs=0.15)
    assert (np.abs(found - table.values) < 10).all()
    assert (found[:, table.values % 10 == 0] == table.values[table.values % 10 == 0]).all()


def _hidden(least: int) -> Enough:
    def enough(low: Numbers, high: Numbers) -> Mask:
        return np.asarray(~((low > 0) & (high < least)) & (high - low >= 4))

    return enough


def test_small_count_that_margins_pin_is_told() -> None:
    # A row of 12 and 3: with 10, 0 and a total of 20 shown alone, 3 lies between 0 and 9; the total says at least 1.
    table = table_of([12, 3], 2)
    shown = np.array([10.0, 0, 20])
    boxed = within(table, shown - 9, shown + 9)
    found = told(boxed, np.array([False, True, False]), _hidden(10))
    assert (found.low[1], found.high[1]) == (0, 9)
    assert not found.exposed.any()
    tighter = within(table, np.array([10.0, 0, 14]), np.array([12.0, 9, 19]))
    found = told(tighter, np.array([False, True, False]), _hidden(10))
    assert found.exposed.tolist() == [False, True, False]
    assert not found.unproven.any()


def test_counts_of_the_ladder_lie_in_the_ranges_that_are_told() -> None:
    counts = np.concatenate([np.arange(0, 2_000), np.arange(9_900, 10_600), np.arange(999_000, 1_002_000.0)])
    shown, low, high = ladder(counts)
    assert (low <= counts).all()
    assert (counts <= high).all()
    assert np.isnan(shown[counts < 15]).all()
    assert not np.isnan(shown[counts >= 15]).any()
    # Everything that is shown alike has the same range, but where two rungs of the ladder meet.
    chosen = (shown > 200) & (shown < 900)
    for value in np.unique(shown[chosen]):
        assert len(np.unique(low[shown == value])) == 1


def test_significant_digits_leave_half_a_unit_on_each_side() -> None:
    values = np.random.default_rng(6).lognormal(5, 4, 1_000) * np.where(np.arange(1_000) % 2, 1, -1)
    shown = significant(values, 4)
    off = np.abs(shown - values)
    assert (off <= unit_of(shown, 4) * (0.5 + 1e-9) + (np.log10(np.abs(shown)) % 1 < 1e-9) * np.abs(shown)).all()
    assert unit_of(np.array([1234.0]), 4).tolist() == [1.0]
