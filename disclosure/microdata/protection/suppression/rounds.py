"""A first solution: every record at risk hides the cheapest values with which it matches k records.

What a record hides makes it match others, so that these need to hide less. Records that can do with the least cost do
so at once; of the others the hardest go first, a few and then ever more, and all the rest are looked at anew.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import Places
from saferoom.disclosure.microdata.protection.suppression.board import Bits, Board, bits_of

_MOST_SETS = 80
"""Sets of variables that are looked at in one round; beyond it single variables alone."""
_ROUNDS = 256
"""In the first round, one hard record in so many goes ahead."""


def hide_in_rounds(board: Board, *, nested: bool) -> None:
    """Hide values of the records at risk until each matches k records and hides a value of its own.

    Parameters
    ----------
    nested : bool
        Whether the hardest records hide one variable after another in one order, so that what they hide is alike and
        helps the next, or each the cheapest set for itself.
    """
    waiting = _Waiting(board)
    few = max(1, len(waiting.rows) // _ROUNDS)
    while len(waiting.rows):
        waiting.let_pass()
        if len(waiting.rows):
            hardest = waiting.take_hardest(few)
            old = board.hidden[hardest].copy()
            _hide_in_order(board, hardest) if nested else _hide_until_enough(board, hardest, waiting.levels)
            waiting.learn(hardest, old)
            few *= 2


class _Waiting:
    """Records that match too few yet, and how many each would match with every cheapest set hidden."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.levels = cost_levels(board)
        self.rows = np.arange(len(board))
        self._sets = np.array(self.levels[0], dtype=np.int64)
        self._reached = np.column_stack([board.matches(self.rows, board.hidden | group) for group in self._sets])
        for place, group in enumerate(self._sets):
            self._reached[board.hidden & group != 0, place] = 0  # was missing from the beginning

    def let_pass(self) -> None:
        """Let all hide a cheapest set with which they match k records, and again with what these hid."""
        while True:
            enough = self._reached >= self._board.k
            able = np.asarray(enough.any(axis=1))
            if not able.any():
                return
            rows = self.rows[able]
            old = self._board.hidden[rows].copy()
            self._board.hidden[rows] |= self._sets[enough[able].argmax(axis=1)]
            self._keep(~able)
            self.learn(rows, old)

    def take_hardest(self, count: int) -> Places:
        """Return the records with the fewest matches in sight, which wait no longer."""
        order = np.argsort(self._reached.max(axis=1), kind="stable")
        rows = self.rows[order[:count]]
        self._keep(order[count:])
        return rows

    def learn(self, changed: Places, old: Bits) -> None:
        """Take into account that the records `changed`, with `old` hidden before, hide more now."""
        board = self._board
        for place, group in enumerate(self._sets):
            open_ = np.flatnonzero(board.hidden[self.rows] & group == 0)
            rows = self.rows[open_]
            hidden = board.hidden[rows] | group
            self._reached[open_, place] += board.matches_among(rows, hidden, changed, board.hidden[changed])
            self._reached[open_, place] -= board.matches_among(rows, hidden, changed, old)

    def _keep(self, which: NDArray[Any]) -> None:
        self.rows, self._reached = self.rows[which], self._reached[which]


def cost_levels(board: Board) -> list[list[int]]:
    """Return sets of one or two variables as bits, those of equal cost together, the cheapest first.

    Among equals, those with the most categories come first: sharing one of many tells least.
    """
    m = board.variables
    sizes = (1, 2) if m * (m + 1) // 2 <= _MOST_SETS else (1,)
    sets = [group for size in sizes for group in combinations(range(m), size)]
    cost = {group: round(float(board.costs[list(group)].sum()), 9) for group in sets}
    sets.sort(key=lambda group: (cost[group], len(group), [-board.sizes[j] for j in group]))
    levels: dict[float, list[int]] = {}
    for group in sets:
        levels.setdefault(cost[group], []).append(bits_of(group))
    return list(levels.values())


def _hide_in_order(board: Board, rows: Places) -> None:
    """Hide one variable after another in each of `rows`, the cheapest first, until each matches k records."""
    for variable in sorted(range(board.variables), key=lambda j: (board.costs[j], -board.sizes[j])):
        if len(rows):
            board.hidden[rows] |= 1 << variable
            rows = rows[board.matches(rows, board.hidden[rows]) < board.k]


def _best(board: Board, rows: Places, level: list[int]) -> Bits:
    """Return the first set of `level` with which each row matches k records; 0 where none does."""
    best = np.zeros(len(rows), dtype=np.int64)
    for group in level:
        open_ = np.flatnonzero((best == 0) & (board.hidden[rows] & group == 0))
        mine = rows[open_]
        enough = board.matches(mine, board.hidden[mine] | group) >= board.k
        best[open_[enough]] = group
    return best


def _hide_until_enough(board: Board, rows: Places, levels: list[list[int]]) -> None:
    """Let each of `rows` hide the cheapest set that is enough, or one value after another until it is."""
    while len(rows):
        for level in levels:
            best = _best(board, rows, level)
            done = best > 0
            board.hidden[rows[done]] |= best[done]
            rows = rows[~done]
            if not len(rows):
                return
        _hide_most_helpful(board, rows)
        enough = board.matches(rows, board.hidden[rows]) >= board.k
        rows = rows[~enough]


def _hide_most_helpful(board: Board, rows: Places) -> None:
    """Hide one value more in each row: the one with which it matches most, for its cost."""
    gain = np.full((len(rows), board.variables), -1.0)
    for variable in range(board.variables):
        open_ = np.flatnonzero(board.hidden[rows] >> variable & 1 == 0)
        mine = rows[open_]
        reached = board.matches(mine, board.hidden[mine] | 1 << variable)
        gain[open_, variable] = reached / board.costs[variable]
    board.hidden[rows] |= np.left_shift(np.int64(1), gain.argmax(axis=1))
