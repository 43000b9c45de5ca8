"""Small problems as an integer program: the least that can be hidden, or how far from it a solution can be.

One variable per value of a record at risk (hidden or told) and one per pair of records that do not match yet (match or
not). A pair matches when every variable in which the two differ is hidden in one of them; every record at risk must
match k and hide a value of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.linear_programs import solver_of
from saferoom.disclosure.microdata.patterns import Places
from saferoom.disclosure.microdata.protection.suppression.board import Board, as_flags

_MOST_RULES = 250
"""Pairs times variables in which they differ, up to which the program is tried."""
_MOST_NODES = 30
_INTEGER = 1
"""HiGHS's word for a whole number."""


@dataclass
class _Pairs:
    """Pairs of records that do not match yet: the record at risk, its partner, and where they differ."""

    first: Places
    second: Places  # a record at risk, or -1 for one that stays as it is
    differ: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    weight: Places


def solve_small(board: Board) -> float | None:
    """Hide the least there is in a small problem; return a proven lower bound of the cost, None where not tried.

    What was hidden before stays when the program finds nothing cheaper.
    """
    if len(board) * (len(board) + len(board.safe)) * board.variables > 50 * _MOST_RULES:
        return None
    pairs = _pairs(board)
    if int(pairs.differ.sum()) > _MOST_RULES:
        return None
    return _solve(board, pairs)


def _pairs(board: Board) -> _Pairs:
    given = as_flags(board.given, board.variables)
    first, second = np.triu_indices(len(board), 1)
    differ = (board.codes[first] != board.codes[second]) & ~given[first] & ~given[second]
    at, safe = (part.ravel() for part in np.indices((len(board), len(board.safe))))
    others = (board.codes[at] != board.safe[safe]) & ~given[at] & (board.safe[safe] >= 0)
    all_differ = np.concatenate([differ, others])
    apart = all_differ.any(axis=1)
    ones = np.ones(len(first), dtype=np.int64)
    return _Pairs(
        np.concatenate([first, at])[apart],
        np.concatenate([second, np.full(len(at), -1)])[apart],
        all_differ[apart],
        np.concatenate([ones, board.safe_counts[safe]])[apart],
    )


def _solve(board: Board, pairs: _Pairs) -> float | None:
    from highspy import HighsModelStatus, HighsSolution
    from scipy.sparse import csr_array

    v, m = len(board), board.variables
    values, count = v * m, len(pairs.first)
    rule, variable = np.nonzero(pairs.differ)
    mutual = np.flatnonzero(pairs.second >= 0)
    rules = np.arange(len(rule))
    two = np.flatnonzero(pairs.second[rule] >= 0)
    # hidden(i, l) + hidden(j, l) - match(i, j) >= 0, for every variable l in which i and j differ
    rows = [rules, rules[two], rules]
    columns = [pairs.first[rule] * m + variable, pairs.second[rule[two]] * m + variable[two], values + rule]
    data = [np.ones(len(rule)), np.ones(len(two)), -np.ones(len(rule))]
    # matches wanted by every record, and a value of its own
    start = len(rule)
    rows += [start + pairs.first, start + pairs.second[mutual], start + v + np.repeat(np.arange(v), m)]
    columns += [values + np.arange(count), values + mutual, np.arange(values)]
    data += [pairs.weight.astype(float), np.ones(len(mutual)), np.ones(values)]
    shape = (start + 2 * v, values + count)
    matrix = csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
    given = as_flags(board.given, m).ravel()
    low = np.concatenate([np.zeros(start), board.k - board.before, np.ones(v)])
    cost = np.concatenate([np.tile(board.costs, v), np.zeros(count)])
    ends = (np.zeros(shape[1]), np.concatenate([(~given).astype(float), np.ones(count)]))
    options = {"mip_max_nodes": _MOST_NODES, "mip_rel_gap": 0.0, "mip_heuristic_effort": 0.0}
    solver = solver_of(matrix, ends, (low, np.full(len(low), np.inf)), cost, options)
    solver.changeColsIntegrality(
        shape[1], np.arange(shape[1], dtype=np.int32), np.full(shape[1], _INTEGER, dtype=np.uint8)
    )
    known = HighsSolution()
    known.col_value = _as_solution(board, pairs, given).tolist()
    solver.setSolution(known)
    solver.run()
    if solver.getModelStatus() == HighsModelStatus.kInfeasible:
        return None
    _take(board, np.asarray(solver.getSolution().col_value)[:values].reshape(v, m) > 0.5)
    bound = float(solver.getInfo().mip_dual_bound)
    return bound if np.isfinite(bound) else None


def _as_solution(
    board: Board, pairs: _Pairs, given: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    hidden = as_flags(board.hidden, board.variables)
    partner = np.where((pairs.second >= 0)[:, None], hidden[pairs.second], False)
    match = ~(pairs.differ & ~hidden[pairs.first] & ~partner).any(axis=1)
    return np.concatenate([hidden.ravel() & ~given, match]).astype(np.float64)


def _take(board: Board, hidden: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    """Hide what the program says, when it is right and cheaper; what it says is checked here."""
    old, cost = board.hidden.copy(), board.cost()
    weights = np.left_shift(np.int64(1), np.arange(board.variables, dtype=np.int64))
    board.hidden = board.given | hidden @ weights
    every = np.arange(len(board))
    enough = (board.matches(every, board.hidden) >= board.k).all() and (board.hidden != board.given).all()
    if not enough or board.cost() > cost - 1e-9:
        board.hidden = old
