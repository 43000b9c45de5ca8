"""Linear programs given as arrays to HiGHS: right-hand sides of zero, bounds on columns, one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.linear_programs import solver_of
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
    nothing = np.zeros(matrix.shape[0])
    # Programs are small and asked again and again from where they stand: presolving would start from scratch.
    return solver_of(matrix, (lower, upper), (nothing, nothing), options={"presolve": "off", "solver": "simplex"})


def relations_of(problem: Problem, cells: Places) -> Any:
    """Return the relations that touch some cells, restricted to them, as a csc matrix."""
    part = problem.columns[:, cells].tocsr()
    return part[np.flatnonzero(np.diff(part.indptr))].tocsc()
