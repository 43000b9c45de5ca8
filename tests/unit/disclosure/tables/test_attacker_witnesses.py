"""Tables found for one cell prove others only as far as they go, and only to insiders who cannot rule them out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs
from saferoom.disclosure.tables.attacker import audit, intervals
from saferoom.disclosure.tables.attacker_freedom import freedom
from saferoom.disclosure.tables.attacker_programs import Program
from saferoom.disclosure.tables.attacker_witnesses import Witnesses
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension

MOVED = {0: 4.0, 1: -4.0, 2: 2.0}


def test_witness_proves_no_more_than_it_shows() -> None:
    known = Witnesses(whole=True)
    known.add(MOVED)
    assert known.of(0, 1, 4.0, {}, 1e-7) == MOVED
    assert known.of(0, 1, 5.0, {}, 1e-7) is None
    assert known.of(0, -1, 1.0, {}, 1e-7) is None
    assert known.of(3, 1, 1.0, {}, 1e-7) is None


def test_witness_proves_nothing_to_who_can_rule_it_out() -> None:
    known = Witnesses(whole=True)
    known.add(MOVED)
    assert known.of(0, 1, 4.0, {1: (-3.0, 0.0)}, 1e-7) is None
    assert known.of(0, 1, 4.0, {1: (-4.0, 0.0), 5: (0.0, 0.0)}, 1e-7) == MOVED


@pytest.mark.parametrize(("whole", "shown"), [(True, None), (False, {0: 2.0, 1: -2.0, 2: 1.0})])
def test_witness_is_made_smaller_only_where_numbers_need_not_be_whole(whole: bool, shown: dict[int, float]) -> None:
    known = Witnesses(whole=whole)
    known.add(MOVED)
    assert known.of(0, 1, 2.0, {1: (-2.0, 0.0)}, 1e-7) == shown


def _made(seed: int, share: float = 0.6) -> tuple[AdditiveTable, np.ndarray]:
    rng = np.random.default_rng(seed)
    cube = Cube(tuple(dimension(name, list("abc")) for name in ("row", "col", "side")))
    leaves = np.zeros(len(cube))
    leaves[cube.leaf] = rng.integers(0, 5, int(cube.leaf.sum()))
    table = cube.table(cube.added_up(leaves), lowest=0.0, whole=True)
    return table, np.asarray(rng.random(len(cube)) < share)


@pytest.mark.parametrize("seed", range(6))
def test_audit_against_insiders_agrees_with_their_intervals_cell_by_cell(seed: int) -> None:
    table, hidden = _made(seed)
    primary = hidden & (table.values > 0) & (table.values < 4)
    cells = np.flatnonzero(primary)
    insiders = tuple(
        Insider(np.array(pair), table.values[list(pair)], table.values[list(pair)]) for pair in pairwise(cells.tolist())
    )
    nothing = np.zeros(len(table))
    needs = Needs(primary, nothing, nothing + 2.0 * primary, nothing, nothing > 0, nothing + 1, insiders)
    expected = np.zeros(len(table), dtype=bool)
    for who in (None, *insiders):
        low, high = intervals(table, hidden, cells, who)
        tight = (high[cells] < table.values[cells] + 2 - 1e-6) | (high[cells] - low[cells] < 1e-6)
        foreign = np.ones(len(cells), dtype=bool) if who is None else ~np.isin(cells, who.cells)
        expected[cells[tight & foreign]] = True
    assert audit(table, hidden, needs).exposed.tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_any_whole_table_fits_and_there_is_none_beyond_the_farthest(seed: int) -> None:
    table, hidden = _made(seed, 0.95)
    hidden[np.argmax(table.values)] = False  # the grand total, or else nothing bounds the moves
    part = max(freedom(table, hidden).parts(), key=lambda one: len(one.groups))
    program = Program(part, whole=True)
    limits = {1: (0.0, 0.0)}
    for direction in (1, -1):
        farthest, _ = program.farthest(0, direction, limits)
        if farthest != 0:
            moves = program.some_whole(0, direction, abs(farthest), limits)
            assert moves is not None
            assert np.allclose(part.matrix @ moves, 0)
            assert (moves >= part.down).all()
            assert (moves <= part.up).all()
            assert moves[1] == 0
            assert direction * moves[0] >= abs(farthest)
        assert program.some_whole(0, direction, abs(farthest) + 1, limits) is None


def test_level_that_nothing_reaches_is_not_proven_by_an_endless_one() -> None:
    table, hidden = _made(0, 0.95)
    hidden[np.argmax(table.values)] = False
    cell = int(np.flatnonzero(hidden)[0])
    primary = np.arange(len(table)) == cell
    nothing = np.zeros(len(table))
    needs = Needs(primary, nothing, np.where(primary, np.inf, 0.0), nothing, nothing > 0, nothing + 1, (_nobody(),))
    assert audit(table, hidden, needs).exposed.tolist() == primary.tolist()


def _nobody() -> Insider:
    return Insider(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
