"""Linear and integer programs over the moves of one part, solved by HiGHS one after the other from where it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.attacker_freedom import Part
from saferoom.errors import UnavailableError

_PRIMAL_SIMPLEX = 4
_INTEGER = 1
_MOST_NODES = 2_000
_WHOLE = 1e-6


class Program:
    """The moves that fit everything known, of one part; ask for the farthest move of one group after the other.

    Notes
    -----
    Only the objective changes between questions, so that the primal simplex goes on from the last vertex.
    """

    def __init__(self, part: Part) -> None:
        from highspy import Highs

        self._part = part
        self._linear: Highs = _solver(part)
        self._linear.setOptionValue("presolve", "off")
        self._linear.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
        self._whole: Highs | None = None
        self._columns = np.arange(len(part.groups), dtype=np.int32)

    def farthest(self, group: int, direction: int) -> tuple[float, Numbers | None]:
        """Return how far the group can move up (direction 1) or down (-1), and all moves of a table that shows it.

        Returns
        -------
        tuple of float and ndarray or None
            Infinite, and no moves, where nothing bounds it.
        """
        return self._solve(group, direction, self._linear)

    def farthest_whole(self, group: int, direction: int) -> tuple[float, Numbers] | None:
        """Return the same for moves by whole numbers; None when it was not solved within the limit."""
        if self._whole is None:
            self._whole = _solver(self._part)
            count = len(self._part.groups)
            self._whole.changeColsIntegrality(count, self._columns, np.full(count, _INTEGER, dtype=np.uint8))
            self._whole.setOptionValue("mip_rel_gap", 0.0)
            self._whole.setOptionValue("mip_abs_gap", 0.5)
            self._whole.setOptionValue("mip_max_nodes", _MOST_NODES)
        from highspy import HighsModelStatus

        solver = self._whole
        solver.changeColCost(group, -float(direction))
        solver.run()
        done = solver.getModelStatus() == HighsModelStatus.kOptimal
        solver.changeColCost(group, 0.0)
        if not done:
            return None
        moves = np.round(np.asarray(solver.getSolution().col_value))
        return float(moves[group]), moves

    def _solve(self, group: int, direction: int, solver: Any) -> tuple[float, Numbers | None]:
        from highspy import HighsModelStatus

        solver.changeColCost(group, -float(direction))
        solver.run()
        status = solver.getModelStatus()
        if status not in (HighsModelStatus.kOptimal, HighsModelStatus.kUnbounded):
            # A start from scratch mends what a warm start may have spoilt.
            solver.clearSolver()
            solver.run()
            status = solver.getModelStatus()
        solver.changeColCost(group, 0.0)
        if status in (HighsModelStatus.kUnbounded, HighsModelStatus.kUnboundedOrInfeasible):
            # No table is infeasible: the true one fits.
            return direction * np.inf, None
        if status != HighsModelStatus.kOptimal:
            raise UnavailableError("the attacker's audit was not solved (numerical trouble); nothing is proven")
        moves = np.asarray(solver.getSolution().col_value)
        return float(moves[group]), moves


def is_whole(moves: Numbers) -> bool:
    """Whether all moves are whole numbers, up to the solver's accuracy."""
    return bool((np.abs(moves - np.round(moves)) < _WHOLE).all())


def _solver(part: Part) -> Any:
    from highspy import Highs, HighsLp, MatrixFormat

    rows, columns = part.matrix.shape
    program = HighsLp()
    program.num_col_, program.num_row_ = columns, rows
    program.col_cost_ = np.zeros(columns)
    program.col_lower_, program.col_upper_ = part.down, part.up
    program.row_lower_ = program.row_upper_ = np.zeros(rows)
    program.a_matrix_.format_ = MatrixFormat.kRowwise
    program.a_matrix_.start_ = part.matrix.indptr
    program.a_matrix_.index_ = part.matrix.indices
    program.a_matrix_.value_ = part.matrix.data
    solver = Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    return solver
