"""A history too long to be dealt into buckets as a whole: what is found in it, and what is said where it is not.

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
from saferoom.disclosure.history.differencing import differencing
from saferoom.disclosure.history.equations import Solution, solutions
from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.gradients import ManySmallError, UndecidedError
from saferoom.disclosure.history.memory import Memory, Release, placed, with_prints
from saferoom.disclosure.history.systems import System, parts, system_of
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.bench.history_world import codes_of, table
from saferoom.policies.models import RiskAppetite

UNITS, TABLES, CELLS, REACH = 10_000, 12, 100, 9
Codes = NDArray[np.int64]
Sets = list[BitMap]


@pytest.fixture(autouse=True)
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no history be short, and cells of 50 units or fewer be small."""
    monkeypatch.setattr(cancelling, "_SMALL", 20_000)
    monkeypatch.setattr(equations, "_SMALL_SET", 5)


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


def tiny(tables: list[Sets], few: int, rng: np.random.Generator) -> tuple[Sets, BitMap]:
    """Return one cell: a small cell of each of three early tables together, but for a few units."""
    members = rng.permutation(UNITS)[:36]
    small = [BitMap(members[12 * i : 12 * i + 12]) for i in range(3)]
    for number, cell in zip((0, 5, 11), small, strict=True):
        tables[number] = [*(other - cell for other in tables[number]), cell]
    left_out = BitMap(members[:: 36 // few][:few])
    return [BitMap.union(*small) - left_out], left_out


def nested(tables: list[Sets], few: int, rng: np.random.Generator) -> tuple[Sets, BitMap]:
    """Return as `pair`, where the populations of all other tables nearly contain each other."""
    for i in range(2, TABLES):
        tables[i] = split(BitMap(range(UNITS - 150 * i)), CELLS, rng)
    return pair(tables, few, rng)


def _system(new: Sets, tables: Sequence[Sets]) -> System:
    return system_of(family(new), [family(sets) for sets in tables])


def judged(new: Sets, tables: Sequence[Sets]) -> list[Solution]:
    return list(solutions(_system(new, tables), REACH, never))


def is_long(new: Sets, tables: Sequence[Sets]) -> bool:
    system = _system(new, tables)
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


@pytest.mark.parametrize("few", [1, 9])
def test_small_cells_of_three_releases_are_found_by_the_search_of_small_ones_alone(few: int) -> None:
    rng = np.random.default_rng(few)
    tables = history(rng)
    new, left_out = tiny(tables, few, rng)
    assert is_long(new, tables)
    with mock.patch.object(equations, "light_by_prominence", nothing):
        (found,) = judged(new, tables)
        assert found.units == left_out
        assert {number for number, _ in found.old} == {0, 5, 11}
        # With the defence switched off the attack gets through: parts do not make up for it.
        with mock.patch.object(equations, "_SMALL_SET", 0):
            assert judged(new, tables) == []


def test_more_small_cells_than_can_be_searched_leave_a_long_history_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All cells are of about 90 units.
    monkeypatch.setattr(equations, "_SMALL_SET", 20)
    rng = np.random.default_rng(6)
    tables = history(rng)
    with pytest.raises(ManySmallError):
        judged(split(BitMap(range(UNITS)), CELLS, rng), tables)


@pytest.mark.parametrize(("times", "verdicts"), [(20, [Verdict.REVIEW]), (2, [])])
def test_table_beside_a_long_history_passes_unless_its_small_cells_are_too_many_to_be_searched(
    monkeypatch: pytest.MonkeyPatch, times: int, verdicts: list[Verdict]
) -> None:
    # Six tables of 1,000 cells, of 20 to 300 units each.
    monkeypatch.setattr(cancelling, "_SMALL", 100_000)
    monkeypatch.setattr(equations, "_SMALL_SET", times)
    memory = Memory.empty()
    for number in range(5):
        contributors, indexes = placed(table(codes_of(number, 100_000)), memory.indexes)
        memory = Memory((*memory.releases, Release(str(number), "Table", with_prints(contributors))), indexes)
    findings = differencing(table(codes_of(5, 100_000)), memory, RiskAppetite())
    assert [found.severity for found in findings] == verdicts
    assert all("so many small cells" in found.message and found.rule == "differencing" for found in findings)


def test_what_few_large_cells_tell_is_found_before_too_many_small_ones_are_said_to_be_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(equations, "_SMALL_SET", 20)
    rng = np.random.default_rng(4)
    tables = history(rng)
    new, left_out = pair(tables, 5, rng)
    rest = solutions(_system(new, tables), REACH, never)
    assert next(rest).units == left_out
    with pytest.raises(ManySmallError):
        list(rest)


def test_hardly_more_units_than_sets_leave_a_long_history_undecided() -> None:
    rng = np.random.default_rng(12)
    tables = [split(BitMap(range(600)), 60, rng) for _ in range(TABLES)]
    atoms = peeled(atoms_of([*split(BitMap(range(600)), 60, rng), *(cell for sets in tables for cell in sets)]), REACH)
    with pytest.raises(UndecidedError):
        prominent.light_by_prominence(atoms, REACH, never)


def test_nothing_more_is_searched_when_what_was_found_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    tables = history(rng)
    new, left_out = pair(tables, 5, rng)
    found: list[BitMap] = []
    with mock.patch.object(equations, "light_by_prominence", side_effect=AssertionError):
        rest = solutions(_system(new, tables), REACH, never, lambda: bool(found))
        found.append(next(rest).units)
        assert list(rest) == []
    assert found == [left_out]


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
    rest = solutions(_system(new, tables), REACH, never)
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
