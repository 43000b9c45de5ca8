"""Linear and integer programs over the moves of one part, solved by HiGHS one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.linear_programs import solver_of
from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.attacker_freedom import Part
from saferoom.errors import UnavailableError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_PRIMAL_SIMPLEX = 4
_INTEGER = 1
_LEAST_NODES, _MOST_NODES = 50, 2_000
_NODES = 200_000
"""Nodes times groups: in larger programs each node takes longer."""
_WHOLE = 1e-6
_NOTHING = 1e-9

Limits = Mapping[int, tuple[float, float]]
"""Least and largest move of some groups (positions in the part), for an insider; narrower than everybody's."""


class Program:
    """The moves of one part that fit everything known; ask for the farthest move of one group after the other.

    Notes
    -----
    Only the objective changes between questions, so that the primal simplex goes on from the last vertex.
    """

    def __init__(self, part: Part, *, whole: bool) -> None:
        self._part = part
        self._unit = _unit(part, whole=whole)
        self._whole = whole
        self._linear = _solver(part.matrix, part.down / self._unit, part.up / self._unit)
        self._linear.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
        self._integer: Any = None

    def farthest(self, group: int, direction: int, limits: Limits | None = None) -> tuple[float, Numbers | None]:
        """Return how far the group can move up (direction 1) or down (-1), and all moves of a table that shows it.

        Returns
        -------
        tuple of float and ndarray or None
            Infinite, and no moves, where nothing bounds it. In whole numbers where the table is: then 0, and no moves,
            when that is not solved within the limit.
        """
        reach, moves = self.farthest_of_any(group, direction, limits)
        if moves is None or not self._whole:
            return reach, moves
        if not is_whole(moves):
            reach, moves = self._solve(self._integers(), group, direction, limits)
        return (reach, None) if moves is None else (float(np.round(moves[group])), np.round(moves))

    def farthest_of_any(self, group: int, direction: int, limits: Limits | None = None) -> tuple[float, Numbers | None]:
        """Return the same for tables of any numbers, whole or not."""
        return self._solve(self._linear, group, direction, limits)

    def some_whole(self, group: int, direction: int, amount: float, limits: Limits) -> Numbers | None:
        """Return the whole moves of any table in which the group moves so far or farther; None where none is found."""
        from highspy import HighsModelStatus

        part, solver = self._part, self._integers()
        down, up = float(part.down[group]), float(part.up[group])
        bounds = {**limits}
        least, most = bounds.get(group, (down, up))
        bounds[group] = (max(least, amount), most) if direction > 0 else (least, min(most, -amount))
        for place, (low, high) in bounds.items():
            solver.changeColBounds(place, low, high)
        solver.run()
        solved = solver.getModelStatus() == HighsModelStatus.kOptimal
        moves = np.round(np.asarray(solver.getSolution().col_value)) if solved else None
        for place in bounds:
            solver.changeColBounds(place, part.down[place], part.up[place])
        return moves if moves is not None and direction * moves[group] >= amount else None

    def farthest_together(self, counted: Numbers) -> Numbers | None:
        """Return the moves whose sum, each counted so often, is largest; None where that is not solved.

        Parameters
        ----------
        counted : ndarray of float, shape (groups of the part,)
            Zero where nothing bounds a move.
        """
        from highspy import HighsModelStatus

        columns = np.arange(len(counted), dtype=np.int32)
        most = float(np.abs(counted).max(initial=0.0))
        self._linear.changeColsCost(len(columns), columns, -counted / (most or 1.0))
        self._linear.run()
        solved = self._linear.getModelStatus() == HighsModelStatus.kOptimal
        moves = np.asarray(self._linear.getSolution().col_value) * self._unit if solved else None
        self._linear.changeColsCost(len(columns), columns, np.zeros(len(columns)))
        if moves is None or not self._whole:
            return moves
        return np.round(moves) if is_whole(moves) else None

    def _integers(self) -> Any:
        if self._integer is None:
            part = self._part
            count = len(part.groups)
            self._integer = _solver(part.matrix, part.down, part.up)
            self._integer.changeColsIntegrality(
                count, np.arange(count, dtype=np.int32), np.full(count, _INTEGER, dtype=np.uint8)
            )
            # Unlike the linear programs, these start from scratch each time.
            self._integer.setOptionValue("presolve", "on")
            self._integer.setOptionValue("mip_rel_gap", 0.0)
            self._integer.setOptionValue("mip_abs_gap", 0.5)
            self._integer.setOptionValue("mip_max_nodes", max(_LEAST_NODES, min(_MOST_NODES, _NODES // max(count, 1))))
        return self._integer

    def _solve(self, solver: Any, group: int, direction: int, limits: Limits | None) -> tuple[float, Numbers | None]:
        part = self._part
        for place, (least, most) in (limits or {}).items():
            solver.changeColBounds(place, least / self._unit, most / self._unit)
        solver.changeColCost(group, -float(direction))
        try:
            return self._run(solver, group, direction)
        finally:
            solver.changeColCost(group, 0.0)
            for place in limits or ():
                solver.changeColBounds(place, part.down[place] / self._unit, part.up[place] / self._unit)

    def _run(self, solver: Any, group: int, direction: int) -> tuple[float, Numbers | None]:
        from highspy import HighsModelStatus as Status

        solver.run()
        if solver.getModelStatus() not in (Status.kOptimal, Status.kUnbounded, Status.kSolutionLimit):
            # A start from scratch mends what a warm start may have spoilt.
            solver.clearSolver()
            solver.run()
        status = solver.getModelStatus()
        if status in (Status.kUnbounded, Status.kUnboundedOrInfeasible):
            # It is not infeasible: the true table fits.
            return direction * np.inf, None
        if status == Status.kSolutionLimit:
            return 0.0, None
        if status != Status.kOptimal:
            raise UnavailableError("the attacker's audit was not solved (numerical trouble); nothing is proven")
        moves = np.asarray(solver.getSolution().col_value) * self._unit
        return float(moves[group]), moves


class ShortestMoves:
    """The least moves in sum, of one part, in which one group moves by an amount: the nearest other table.

    Notes
    -----
    Every group has two columns, up and down, each of cost 1. Without any move this is optimal, so that the dual
    simplex starts from there each time and stays near.
    """

    def __init__(self, part: Part, *, whole: bool) -> None:
        from scipy.sparse import csr_array, hstack

        self._unit = _unit(part, whole=whole)
        self._count = len(part.groups)
        self._up, self._down = part.up / self._unit, -part.down / self._unit
        both = csr_array(hstack([part.matrix, -part.matrix], format="csr"))
        most = np.concatenate([self._up, self._down])
        self._solver = _solver(both, np.zeros(2 * self._count), most, np.ones(2 * self._count))

    def moves(self, group: int, direction: int, amount: float, limits: Limits | None = None) -> dict[int, float] | None:
        """Return the groups that move and how far, when `group` moves by `amount` in `direction`; None if it cannot."""
        from highspy import HighsModelStatus

        count, unit = self._count, self._unit
        bounds = {
            place: (min(self._up[place], most / unit), min(self._down[place], -least / unit))
            for place, (least, most) in (limits or {}).items()
        }
        up, down = bounds.get(group, (self._up[group], self._down[group]))
        asked = amount / unit
        if asked > (up if direction > 0 else down) * (1 + _NOTHING):
            return None
        solver = self._solver
        for place, (high, low) in bounds.items():
            solver.changeColBounds(place, 0.0, high)
            solver.changeColBounds(place + count, 0.0, low)
        solver.changeColBounds(group + count * (direction < 0), asked, asked)
        solver.changeColBounds(group + count * (direction > 0), 0.0, 0.0)
        solver.setBasis()
        solver.run()
        solved = solver.getModelStatus() == HighsModelStatus.kOptimal
        values = np.asarray(solver.getSolution().col_value) if solved else np.empty(0)
        for place in (*bounds, group):
            solver.changeColBounds(place, 0.0, self._up[place])
            solver.changeColBounds(place + count, 0.0, self._down[place])
        if not solved:
            return None
        net = (values[:count] - values[count:]) * unit
        return {int(place): float(net[place]) for place in np.flatnonzero(np.abs(net) > _NOTHING * unit)}


def is_whole(moves: Numbers) -> bool:
    """Whether all moves are whole numbers, up to the solver's accuracy."""
    return bool((np.abs(moves - np.round(moves)) < _WHOLE).all())


def _unit(part: Part, *, whole: bool) -> float:
    """Return what programs count in: 1, or a power of two below where values are small beside a solver's accuracy."""
    bounds = np.abs(np.concatenate([part.down, part.up]))
    bounds = bounds[np.isfinite(bounds) & (bounds > 0)]
    middle = float(np.median(bounds)) if len(bounds) else 1.0
    return 1.0 if whole or middle >= 1 else float(2.0 ** np.floor(np.log2(middle)))


def _solver(matrix: csr_array, lower: Numbers, upper: Numbers, cost: Numbers | None = None) -> Any:
    nothing = np.zeros(matrix.shape[0])
    return solver_of(matrix, (lower, upper), (nothing, nothing), cost, {"presolve": "off"})
