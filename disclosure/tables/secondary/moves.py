"""Linear programs over the moves of some cells: the cheapest pattern in which one cell moves by an amount.

Notes
-----
Every cell has two columns, its moves up and down, so that cost is a price per unit moved either way. One program is
asked about many cells, one after the other: only costs and few bounds change. Without any move the program is optimal
as long as none is asked for, so the dual simplex starts from there each time and stays near the cell that moves; going
on from the last pattern takes about twice as long, having to undo it first.

References
----------
Kelly, Golden and Assad (1992), Cell suppression: disclosure protection for sensitive tabular data, Networks 22.
Castro (2007), A shortest-paths heuristic for statistical data protection in positive tables, INFORMS J. Computing 19.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.linear import make_solver, relations_of
from saferoom.disclosure.tables.secondary.problem import ALL_AT_ONCE, EVERYBODY, Problem
from saferoom.errors import UnavailableError

_NOTHING = 1e-6


class Moves:
    """The moves of some cells of a problem, all others standing still.

    Parameters
    ----------
    cells : ndarray of int, in rising order
    """

    def __init__(self, problem: Problem, cells: Places) -> None:
        from highspy import kHighsInf

        self.cells = cells
        self._problem = problem
        self._infinity = kHighsInf
        self._columns = np.arange(2 * len(cells), dtype=np.int32)
        self._open = np.ones(len(cells), dtype=bool)
        self._attacker = EVERYBODY
        self._prices: Numbers | None = None
        self._down, self._up = self._bounds(EVERYBODY)
        self._solver = self._program()

    def place(self, cell: int) -> int:
        """Return the position of a cell among `cells`; -1 when it is none of them."""
        at = int(np.searchsorted(self.cells, cell))
        return at if at < len(self.cells) and self.cells[at] == cell else -1

    def price(self, prices: Numbers) -> None:
        """Set what a unit moved costs, shape (cells of this program,)."""
        if self._prices is not None and np.array_equal(prices, self._prices):
            return
        self._prices = prices.copy()
        both = np.concatenate([prices, prices])
        self._solver.changeColsCost(len(both), self._columns, both)

    def close(self, places: Places, *, closed: bool = True) -> None:
        """Publish cells, or hide them again."""
        self._open[places] = not closed
        self._set_bounds(places)

    def attack(self, attacker: int) -> None:
        """Let the bounds of moves be those that an attacker knows."""
        if attacker == self._attacker:
            return
        before = (self._down, self._up)
        self._attacker = attacker
        self._down, self._up = self._bounds(attacker)
        self._set_bounds(np.flatnonzero((self._down != before[0]) | (self._up != before[1])))

    def cheapest(self, place: int, amount: float) -> Numbers | None:
        """Return the cheapest moves in which one cell moves by `amount`, shape (cells of this program,).

        Returns
        -------
        ndarray or None
            None when no pattern lets the cell move so far.
        """
        wanted = abs(amount) / self._problem.unit
        there, back = (place, place + len(self.cells)) if amount > 0 else (place + len(self.cells), place)
        if not self._open[place] or self._limit(place, amount) < abs(amount) * (1 - 1e-9):
            return None
        self._solver.changeColBounds(there, wanted, wanted)
        self._solver.changeColBounds(back, 0.0, 0.0)
        solved = self._solve()
        self._set_bounds(np.array([place]))
        if not solved:
            return None
        both = np.asarray(self._solver.getSolution().col_value)
        moves = both[: len(self.cells)] - both[len(self.cells) :]
        moves[np.abs(moves) < _NOTHING * wanted] = 0.0
        moves *= self._problem.unit
        moves[place] = amount
        return np.asarray(moves)

    def farthest(self, place: int, direction: int, most: float) -> float:
        """Return how far one cell can move in a direction, at most `most`."""
        if not self._open[place]:
            return 0.0
        column = place if direction > 0 else place + len(self.cells)
        limit = self._up[place] if direction > 0 else self._down[place]
        self.price(np.zeros(len(self.cells)))
        self._solver.changeColCost(column, -1.0)
        self._solver.changeColBounds(column, 0.0, min(limit, most / self._problem.unit))
        back = place + len(self.cells) if direction > 0 else place
        self._solver.changeColBounds(back, 0.0, 0.0)
        solved = self._solve()
        reach = float(self._solver.getSolution().col_value[column]) if solved else 0.0
        self._solver.changeColCost(column, 0.0)
        self._set_bounds(np.array([place]))
        return reach * self._problem.unit

    def _limit(self, place: int, amount: float) -> float:
        # Insiders taken together may know a cell that each of them alone must not come to know.
        attacker = EVERYBODY if self._attacker == ALL_AT_ONCE else self._attacker
        return self._problem.limit(attacker, int(self.cells[place]), 1 if amount > 0 else -1)

    def _solve(self) -> bool:
        from highspy import HighsModelStatus

        for _ in range(2):
            self._solver.setBasis()
            self._solver.run()
            status = self._solver.getModelStatus()
            if status in (HighsModelStatus.kOptimal, HighsModelStatus.kInfeasible):
                return bool(status == HighsModelStatus.kOptimal)
            # A start from scratch mends what the work before may have spoilt.
            self._solver.clearSolver()
        raise UnavailableError("the choice of secondary cells was not solved (numerical trouble); nothing is released")

    def _program(self) -> Any:
        from scipy.sparse import hstack

        matrix = relations_of(self._problem, self.cells)
        both = np.concatenate([self._up, self._down])
        return make_solver(hstack([matrix, -matrix], format="csc"), np.zeros(len(both)), both)

    def _bounds(self, attacker: int) -> tuple[Numbers, Numbers]:
        down, up = self._problem.bounds(attacker, self.cells)
        return np.minimum(-down / self._problem.unit, self._infinity), np.minimum(
            up / self._problem.unit, self._infinity
        )

    def _set_bounds(self, places: Places) -> None:
        if not len(places):
            return
        columns = np.concatenate([places, places + len(self.cells)]).astype(np.int32)
        opened = self._open[places]
        highest = np.concatenate([np.where(opened, self._up[places], 0.0), np.where(opened, self._down[places], 0.0)])
        self._solver.changeColsBounds(len(columns), columns, np.zeros(len(columns)), highest)
