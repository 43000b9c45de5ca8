"""Improvement: what is hidden without need, or dearer than need be, is told again where everybody still matches k.

When a record tells more again, others may match fewer records: a proposal that takes a match from a record which cannot
spare it is taken back. Proposals are tried in batches, each on what the batches before left.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.patterns import Counts, Places, Values
from saferoom.disclosure.microdata.protection.suppression.board import Bits, Board
from saferoom.disclosure.microdata.protection.suppression.rounds import cost_levels

_BATCHES = 24
_PASSES = 4
_EFFORT = 400_000
"""Records at risk times batches: fewer batches, and one pass, where there are very many."""


def hide_less(board: Board) -> None:
    """Exchange hidden sets for cheaper ones while every record at risk still matches k records and hides a value."""
    levels = [(float(board.costs_of(np.array(level[:1]))[0]), level) for level in cost_levels(board)]
    every = np.arange(len(board))
    matched = board.matches(every, board.hidden)
    batches = max(1, min(_BATCHES, _EFFORT // max(1, len(board))))
    for _ in range(_PASSES if batches == _BATCHES else 1):
        before = board.cost()
        dear = _dear(board, levels[0][0])
        for batch in np.array_split(dear, min(batches, len(dear)) or 1):
            _try(board, batch, levels, matched)
        if board.cost() >= before:
            return


def _dear(board: Board, least: float) -> Places:
    """Return the records that hide more than the least, those with most to spare first."""
    cost = board.costs_of(board.hidden & ~board.given)
    dear = np.flatnonzero(cost > least + 1e-9)
    return dear[np.argsort(-cost[dear], kind="stable")]


def _try(board: Board, rows: Places, levels: list[tuple[float, list[int]]], matched: Counts) -> None:
    """Let `rows` hide cheaper sets where that leaves k matches to all; keep `matched` true."""
    new = _cheaper(board, rows, levels)
    rows, new = rows[new >= 0], new[new >= 0]
    if not len(rows):
        return
    old = board.hidden[rows]
    every = np.arange(len(board))
    board.hidden[rows] = new
    lost = board.matches_among(every, board.hidden, rows, old) - board.matches_among(every, board.hidden, rows, new)
    now = matched - lost
    now[rows] = board.matches(rows, new)
    while len(fallen := np.flatnonzero(now < board.k)):
        back = np.isin(rows, fallen)
        back |= board.matches_among(rows, old, fallen, board.hidden[fallen]) > 0
        undone = rows[back]
        now += board.matches_among(every, board.hidden, undone, old[back])
        now -= board.matches_among(every, board.hidden, undone, new[back])
        board.hidden[undone] = old[back]
        rows, old, new = rows[~back], old[~back], new[~back]
        changed = np.concatenate([rows, undone])
        now[changed] = board.matches(changed, board.hidden[changed])
    matched[:] = now


def _cheaper(board: Board, rows: Places, levels: list[tuple[float, list[int]]]) -> Bits:
    """Return for each row the cheapest set, with what was missing, that would still match k records; else -1."""
    cost: Values = board.costs_of(board.hidden[rows] & ~board.given[rows])
    best = np.full(len(rows), -1, dtype=np.int64)
    for price, level in levels:
        for group in level:
            open_ = np.flatnonzero((best < 0) & (cost > price + 1e-9) & (board.given[rows] & group == 0))
            if not len(open_):
                continue
            mine = rows[open_]
            hidden = board.given[mine] | group
            enough = board.matches(mine, hidden) >= board.k
            best[open_[enough]] = hidden[enough]
    return best
