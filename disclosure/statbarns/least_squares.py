"""Weighted least squares by an orthogonal decomposition of the design matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.errors import BadInputError

_SAME = 1e-10
"""Share of a column that no other column explains, below which it repeats them."""


@dataclass(frozen=True)
class Basis:
    """A design matrix as Q R: orthonormal columns, and what makes the design of them.

    Attributes
    ----------
    orthogonal : ndarray of float, shape (rows, columns)
        Q, of the rows times the roots of their weights.
    triangle : ndarray of float, shape (columns, columns)
        R.
    """

    orthogonal: Numbers
    triangle: Numbers

    def back(self, values: Numbers) -> Numbers:
        """Return R^-1 times `values`, which turns coefficients of Q into those of the design."""
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.triangle, values))

    def covariance(self, inner: Numbers) -> Numbers:
        """Return R^-1 C R^-T for a covariance C of Q's coefficients."""
        return self.back(self.back(inner).T).T


def basis(matrix: Numbers, weights: Numbers) -> Basis:
    """Decompose a design matrix.

    Parameters
    ----------
    weights : ndarray of float, shape (rows,)

    Raises
    ------
    BadInputError
        When columns are linear combinations of each other.
    """
    from scipy.linalg import qr

    if len(matrix) < matrix.shape[1]:
        raise BadInputError("options.formula: the model has more coefficients than there are complete rows")
    orthogonal, triangle = qr(matrix * np.sqrt(weights)[:, None], mode="economic", overwrite_a=True, check_finite=False)
    lengths = np.sqrt((triangle**2).sum(axis=0))
    if not bool((np.abs(np.diag(triangle)) > _SAME * lengths).all()):
        raise BadInputError("options.formula: columns are linear combinations of each other; leave one out")
    return Basis(orthogonal, triangle)


@dataclass(frozen=True)
class LeastSquares:
    """A fitted linear model; every sum is weighted.

    Attributes
    ----------
    inner : ndarray of float, shape (columns,)
        Coefficients of the orthonormal columns.
    residuals : ndarray of float, shape (rows,)
    residual_squares, total_squares : float
        Sums of squares, the total around the mean.
    raw_squares : float
        The total around zero.
    """

    estimates: Numbers
    inner: Numbers
    residuals: Numbers
    residual_squares: float
    total_squares: float
    raw_squares: float


def solve(found: Basis, outcome: Numbers, weights: Numbers) -> LeastSquares:
    """Fit the outcome."""
    roots = np.sqrt(weights)
    inner = found.orthogonal.T @ (roots * outcome)
    rooted = roots * outcome - found.orthogonal @ inner
    # Once more for what rounding left, so that a perfect fit is seen as one.
    correction = found.orthogonal.T @ rooted
    inner, rooted = inner + correction, rooted - found.orthogonal @ correction
    mean = float((weights * outcome).sum() / weights.sum())
    return LeastSquares(
        estimates=found.back(inner),
        inner=inner,
        residuals=rooted / roots,
        residual_squares=float((rooted**2).sum()),
        total_squares=float((weights * (outcome - mean) ** 2).sum()),
        raw_squares=float((weights * outcome**2).sum()),
    )
