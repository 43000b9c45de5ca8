"""A history too long to be searched with certainty as a whole: what is found in it, and what is said where it is not.

The limits are lowered, so that histories of two thousand cells go the way that those of a hundred thousand go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history import cancelling, equations, gradients, prominent
from saferoom.disclosure.history.atoms import atoms_of, peeled
from saferoom.disclosure.history.equations import Solution, solutions
from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.gradients import UndecidedError
from saferoom.disclosure.history.systems import System, parts, system_of

UNITS, TABLES, CELLS, REACH = 10_000, 12, 100, 9
Codes = NDArray[np.int64]
Sets = list[BitMap]


@pytest.fixture(autouse=True)
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no history be short."""
    monkeypatch.setattr(cancelling, "_SMALL", 0)


def never() -> None:
    """Time is never up."""


def family(sets: Sets) -> Family:
    return Family(tuple((i,) for i in range(len(sets))), sets)


def split(units: BitMap, cells: int, rng: np.random.Generator) -> Sets:
    """Return a table of so many cells about `units`, at random."""
    codes, members = rng.integers(0, cells, len(units)), np.asarray(units.to_array())
    return [BitMap(members[codes == cell]) for cell in range(cells)]


def history(rng: np.random.Generator) -> list[Sets]:
    """Return tables about nine tenths of all units that have nothing to do with each other."""
    everybody = np.arange(UNITS)
    return [split(BitMap(everybody[rng.integers(0, 10, UNITS) > 0]), CELLS, rng) for _ in range(TABLES)]


def pair(tables: list[Sets], few: int, rng: np.random.Generator) -> tuple[Sets, BitMap]:
    """Return some cells of an early table but for a few units, split anew."""
    whole = BitMap.union(*tables[1][:7])
    left_out = BitMap(rng.permutation(np.asarray(whole.to_array()))[:few])
    return split(whole - left_out, 7, rng), left_out


def three(tables: list[Sets], few: int, rng: np.random.Generator) -> tuple[Sets, BitMap]:
    """Return the cells of two early tables together but for a few units; a third says who is in both."""
    one, other = BitMap.union(*tables[0][:9]), BitMap.union(*tables[5][:9])
    tables[TABLES - 1] = split(one & other, 3, rng)
    left_out = BitMap(rng.permutation(np.asarray((one | other).to_array()))[:few])
    return split((one | other) - left_out, 9, rng), left_out


def nested(tables: list[Sets], few: int, rng: np.random.Generator) -> tuple[Sets, BitMap]:
    """Return as `pair`, where the populations of all other tables nearly contain each other."""
    for i in range(2, TABLES):
        tables[i] = split(BitMap(range(UNITS - 150 * i)), CELLS, rng)
    return pair(tables, few, rng)


def judged(new: Sets, tables: Sequence[Sets]) -> list[Solution]:
    system = system_of(family(new), [family(sets) for sets in tables])
    return list(solutions(system, REACH, never))


def is_long(new: Sets, tables: Sequence[Sets]) -> bool:
    system = system_of(family(new), [family(sets) for sets in tables])
    return not cancelling.in_buckets(peeled(atoms_of(system.sets), REACH), REACH)


def none(*_: object) -> Iterator[System]:
    """Judge no parts."""
    return iter(())


def nothing(*_: object) -> list[cancelling.Told]:
    """Find nothing in the whole."""
    return []


@pytest.mark.parametrize("plant", [pair, three, nested])
@pytest.mark.parametrize("few", [1, 9])
def test_few_units_in_a_long_history_are_found_by_what_stands_out(
    plant: Callable[..., tuple[Sets, BitMap]], few: int
) -> None:
    rng = np.random.default_rng(few)
    tables = history(rng)
    new, left_out = plant(tables, few, rng)
    assert is_long(new, tables)
    with mock.patch.object(equations, "parts", none):
        assert left_out in [one.units for one in judged(new, tables)]


def test_pair_of_tables_in_a_long_history_is_found_by_its_parts_too() -> None:
    rng = np.random.default_rng(4)
    tables = history(rng)
    new, left_out = pair(tables, 5, rng)
    with mock.patch.object(equations, "light_by_prominence", nothing):
        (found,) = judged(new, tables)
    assert found.units == left_out
    assert {number for number, _ in found.old} == {1}


def test_three_tables_in_different_parts_are_found_by_what_stands_out_alone() -> None:
    # With the defence switched off the attack gets through: parts do not make up for it.
    rng = np.random.default_rng(5)
    tables = history(rng)
    new, left_out = three(tables, 5, rng)
    with mock.patch.object(equations, "light_by_prominence", nothing):
        assert judged(new, tables) == []
    assert left_out in [one.units for one in judged(new, tables)]


def test_long_history_of_independent_tables_tells_nothing() -> None:
    rng = np.random.default_rng(6)
    tables = history(rng)
    new = split(BitMap(range(UNITS)), CELLS, rng)
    assert is_long(new, tables)
    assert judged(new, tables) == []


def test_parts_hold_every_earlier_table_and_the_related_ones_always() -> None:
    rng = np.random.default_rng(7)
    tables = history(rng)
    new = [*split(BitMap(range(UNITS - 300)), 30, rng), *tables[8][:2]]
    system = system_of(family(new), [family(sets) for sets in tables])
    pieces = list(parts(system, np.arange(len(system.sets)), 430))
    held = [{number for number, _ in piece.old} for piece in pieces]
    assert set().union(*held) == set(range(TABLES))
    assert len(pieces) > 1
    assert all(8 in numbers for numbers in held)
    assert all(len(piece.sets) <= 430 and piece.new == system.new for piece in pieces)
    assert all(piece.shared.sum() == 32 for piece in pieces)


def test_what_the_new_table_repeats_of_another_part_is_not_blamed_on_it() -> None:
    rng = np.random.default_rng(8)
    tables = history(rng)
    new, _ = pair(tables, 5, rng)
    tables[9] = new
    assert judged([*new, *split(BitMap(range(UNITS, UNITS + 900)), 9, rng)], tables) == []


def test_steps_that_are_up_leave_a_long_history_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "MOST_STEPS", 6)
    rng = np.random.default_rng(9)
    tables = history(rng)
    with pytest.raises(UndecidedError):
        judged(split(BitMap(range(UNITS)), CELLS, rng), tables)


def test_what_fades_too_slowly_to_be_watched_to_the_end_is_searched_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prominent, "MOST_LOOKS", 20)
    rng = np.random.default_rng(9)
    tables = history(rng)
    new, left_out = pair(tables, 5, rng)
    with mock.patch.object(equations, "parts", none):
        assert left_out in [one.units for one in judged(new, tables)]


def test_parts_are_searched_although_the_whole_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def undecided(*_: object) -> None:
        raise UndecidedError

    monkeypatch.setattr(equations, "light_by_prominence", undecided)
    rng = np.random.default_rng(11)
    tables = history(rng)
    new, left_out = pair(tables, 5, rng)
    rest = solutions(system_of(family(new), [family(sets) for sets in tables]), REACH, never)
    assert next(rest).units == left_out
    with pytest.raises(UndecidedError):
        list(rest)


def test_more_combinations_than_can_be_looked_through_leave_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "MOST_DRAWS", 1)
    rng = np.random.default_rng(10)
    tables = history(rng)
    new, _ = pair(tables, 5, rng)
    with pytest.raises(UndecidedError):
        judged(new, tables)
