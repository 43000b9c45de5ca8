"""Linear programs given as arrays to HiGHS: right-hand sides of zero, bounds on columns, one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.problem import Problem


def empty_solver() -> Any:
    """Return a quiet solver of one thread, so that the same input gives the same answer."""
    import highspy

    make: Any = highspy.Highs
    solver = make()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver


def make_solver(matrix: Any, lower: Numbers, upper: Numbers) -> Any:
    """Return a solver of ``matrix @ x = 0, lower <= x <= upper`` for a csc matrix; costs are zero at first."""
    from highspy import HighsLp, MatrixFormat

    rows, columns = matrix.shape
    program = HighsLp()
    program.num_col_, program.num_row_ = columns, rows
    program.col_cost_ = np.zeros(columns)
    program.col_lower_, program.col_upper_ = lower, upper
    program.row_lower_ = program.row_upper_ = np.zeros(rows)
    program.a_matrix_.format_ = MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver = empty_solver()
    # Programs are small and asked again and again from where they stand: presolving would start from scratch.
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("solver", "simplex")
    solver.passModel(program)
    return solver


def relations_of(problem: Problem, cells: Places) -> Any:
    """Return the relations that touch some cells, restricted to them, as a csc matrix."""
    part = problem.columns[:, cells].tocsr()
    return part[np.flatnonzero(np.diff(part.indptr))].tocsc()
