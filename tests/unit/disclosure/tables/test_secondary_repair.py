"""Repair after the audit: whatever does not stand it gets more hidden cells, until it does or nothing is left."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.additive_tables import cube, needs, protects, skewed

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import AdditiveTable, Mode
from saferoom.disclosure.tables.attacker import quiet
from saferoom.disclosure.tables.secondary import Unprotectable, repair, suppress
from saferoom.disclosure.tables.secondary.problem import Problem, make_problem
from saferoom.disclosure.tables.secondary.repair import audited
from saferoom.disclosure.tables.secondary.watch import Watch


def watch() -> Watch:
    return Watch(quiet, None, None)


def nothing_more(_problem: Problem, hidden: Mask, _watch: Watch) -> tuple[Mask, None]:
    return hidden, None


@pytest.mark.parametrize("seed", range(3))
def test_primary_cells_alone_are_completed_until_the_audit_holds(seed: int) -> None:
    table, asked = skewed([4, 5], seed)
    problem = make_problem(table, asked)
    hidden, verdict = audited(problem, asked.primary.copy(), watch())
    assert verdict.holds
    assert protects(table, asked, hidden)


def test_cells_near_an_exposed_one_go_when_the_heuristic_finds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "hide", nothing_more)
    table, asked = skewed([4, 4], seed=1)
    hidden, verdict = audited(make_problem(table, asked), asked.primary.copy(), watch())
    assert verdict.holds
    assert protects(table, asked, hidden)


def test_repair_that_runs_out_of_cells_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "hide", nothing_more)
    table = cube([3, 3], np.arange(1, 10).reshape(3, 3))
    asked = needs(table, [0], width=1, fixed=[1, 2, 3])
    with pytest.raises(Unprotectable, match="merge categories"):
        audited(make_problem(table, asked), asked.primary.copy(), watch())


def halves() -> AdditiveTable:
    """Return whole numbers between 0 and 1 around a triangle of sums: the first two differ from their like by halves.

    With a + b, b + c and a + c published, everything is known. With the sum of all three hidden too, moves of a half
    each are possible, moves of a whole one are not.
    """
    from scipy.sparse import csr_array

    sums = [[0, 1], [1, 2], [0, 2]]
    matrix = np.zeros((4, 8))
    for row, parts in enumerate(sums):
        matrix[row, parts], matrix[row, 4 + row] = 1, -1
    matrix[3, [4, 5, 6, 7]] = [1, 1, 1, -1]
    values = np.array([1.0, 1, 1, 5, 2, 2, 2, 6])
    labels = tuple((name,) for name in "abcdefgh")
    return AdditiveTable(labels, values, csr_array(matrix), np.zeros(8), values + 3, whole=True)


@pytest.mark.parametrize("mode", [Mode.EXACT, Mode.HEURISTIC])
def test_whole_numbers_are_protected_by_whole_moves(mode: Mode) -> None:
    table = halves()
    asked = needs(table, [0], width=1.0)
    done = suppress(table, asked, mode)
    assert done.audit.holds
    assert done.audit.high[0] - done.audit.low[0] >= 1
    assert done.audit.low[0] == np.round(done.audit.low[0])
