"""Linear programs handed to HiGHS, in one way: silent, with one thread, from sparse arrays as they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

Ends = tuple[Numbers, Numbers]
"""Lower and upper ends."""
Options = Mapping[str, bool | int | float | str]
"""HiGHS's own, by name."""
_NONE: Options = MappingProxyType({})


def solver_of(
    matrix: csr_array | csc_array,
    columns: Ends,
    rows: Ends,
    cost: Numbers | None = None,
    options: Options = _NONE,
) -> Any:
    """Return a HiGHS solver of ``rows[0] <= matrix @ x <= rows[1], columns[0] <= x <= columns[1]``, least cost.

    Parameters
    ----------
    matrix : csr_array or csc_array of float, shape (rows, columns)
    cost : ndarray of float, shape (columns,), optional
        Zero where left out.
    options : mapping
        HiGHS's own.
    """
    from highspy import Highs, HighsLp, MatrixFormat

    program = HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = np.zeros(matrix.shape[1]) if cost is None else cost
    program.col_lower_, program.col_upper_ = columns
    program.row_lower_, program.row_upper_ = rows
    program.a_matrix_.format_ = MatrixFormat.kRowwise if matrix.format == "csr" else MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver: Any = Highs()  # type: ignore[no-untyped-call]
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(name, value)
    solver.passModel(program)
    return solver
