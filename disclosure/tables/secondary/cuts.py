"""Capacity cuts: what every choice of hidden cells has to satisfy, found by attacking one that does not protect.

Notes
-----
An attacker who sees the cells outside x moves cell k by at most ``max z_k, M z = 0, down x <= z <= up x``. By duality,
for any multipliers g and ``r = e_k - M'g``, a move of d needs ``sum(x_i * max(r_i up_i, r_i down_i)) >= d``.
Coefficients above what is missing are cut down to it, because x is zero or one.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data with linear constraints, Management
Science 47(7), sections 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.linear import make_solver, relations_of
from saferoom.disclosure.tables.secondary.problem import EVERYBODY, Problem
from saferoom.errors import UnavailableError

_NOTHING = 1e-9
_ENOUGH = 1 - 1e-6
_PRIMAL_SIMPLEX = 4


@dataclass(frozen=True)
class Attack:
    """What is asked of one cell against one attacker: moves up, down, or both together, by an amount."""

    attacker: int
    cell: int
    ways: tuple[int, ...]
    amount: float


@dataclass(frozen=True)
class Cut:
    """``coefficients @ x[cells] >= 1`` for every choice that protects."""

    cells: Places
    coefficients: Numbers


def attacks(problem: Problem) -> list[Attack]:
    """Return all that a choice has to withstand, the largest amounts first."""
    found = []
    for attacker in (EVERYBODY, *range(len(problem.knowers))):
        for cell in problem.primary.tolist():
            if problem.determined(attacker, cell):
                continue
            above, below, width = problem.amount(cell, 1), problem.amount(cell, -1), float(problem.width[cell])
            asked: list[tuple[tuple[int, ...], float]] = [((1,), above), ((-1,), below)]
            if width > above + below:
                asked.append(((1, -1), width))
            found += [Attack(attacker, cell, ways, amount) for ways, amount in asked if amount > 0]
    return sorted(found, key=lambda attack: (attack.attacker, -attack.amount, attack.cell, attack.ways))


class Separator:
    """Finds cuts that a fractional or whole choice violates."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._cells = np.flatnonzero(problem.free)
        self._candidates = ~problem.needs.primary[self._cells]
        self._down, self._up = problem.bounds(EVERYBODY, self._cells)
        self._columns = np.arange(len(self._cells), dtype=np.int32)
        still = np.zeros(len(self._cells))
        self._solver = make_solver(relations_of(problem, self._cells), still, still)
        # Standing still is always possible, so the primal simplex goes on from a vertex when only the aim changes.
        self._solver.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)

    def cut(self, attack: Attack, choice: Numbers) -> tuple[Cut | None, bool]:
        """Return a cut from attacking a choice, and whether the choice withstands.

        Parameters
        ----------
        choice : ndarray of float, shape (cells of the table,)
            Between 0 and 1.

        Returns
        -------
        tuple of Cut or None, and bool
            There may be no cut though the choice does not withstand.
        """
        down, up = self._problem.bounds(attack.attacker, self._cells)
        coefficients, reached = np.zeros(len(self._cells)), 0.0
        for way in attack.ways:
            reach, prices = self._farthest(attack, way, choice[self._cells], (down, up))
            reached += reach
            coefficients += _coefficients(prices, down, up)
        if reached >= attack.amount * _ENOUGH:
            return None, True
        return self._made(attack, coefficients), False

    def _made(self, attack: Attack, coefficients: Numbers) -> Cut | None:
        missing = attack.amount - float(coefficients[~self._candidates].sum())
        if not missing > _NOTHING * attack.amount:
            return None
        shares = np.minimum(coefficients / missing, 1.0)
        used = np.flatnonzero(self._candidates & (shares > _NOTHING))
        return Cut(self._cells[used], shares[used])

    def _farthest(
        self, attack: Attack, way: int, choice: Numbers, bounds: tuple[Numbers, Numbers]
    ) -> tuple[float, Numbers]:
        """Return how far the cell gets, and every cell's reduced cost (see the module's notes: r)."""
        from highspy import HighsModelStatus

        amount, solver = attack.amount, self._solver
        place = int(np.searchsorted(self._cells, attack.cell))
        # More than the amount asked for is never needed of another cell in two-way tables, and seldom elsewhere.
        lower = np.maximum(bounds[0], -amount) / amount * choice
        upper = np.minimum(bounds[1], amount) / amount * choice
        solver.changeColsBounds(len(self._cells), self._columns, lower, upper)
        solver.changeColCost(place, -float(way))
        for _ in range(2):
            solver.run()
            if solver.getModelStatus() == HighsModelStatus.kOptimal:
                break
            solver.clearSolver()
        else:
            raise UnavailableError("the exact choice of cells was not solved (numerical trouble); use the heuristic")
        solution = solver.getSolution()
        solver.changeColCost(place, 0.0)
        return way * float(solution.col_value[place]) * amount, -np.asarray(solution.col_dual)


def _coefficients(prices: Numbers, down: Numbers, up: Numbers) -> Numbers:
    prices = np.where(np.abs(prices) < _NOTHING, 0.0, prices)
    room = np.where(prices > 0, up, down)
    with np.errstate(invalid="ignore"):
        return np.where(prices == 0, 0.0, prices * room)
