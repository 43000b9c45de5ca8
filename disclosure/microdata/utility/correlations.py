"""Relations between numbers: correlations, and the eigenvalues of their matrix, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_FLAT = 1e-9
_MOST_LOOKED_AT = 50_000
"""Records that robust correlations are estimated from; evenly spaced ones of larger tables."""


@dataclass(frozen=True)
class Relations:
    """How relations between columns of numbers changed.

    Attributes
    ----------
    names : tuple of str, length d
    before, after : ndarray of float, shape (d, d)
        Correlations, of the records that tell both; NaN where there are too few.
    eigenvalues : float or None
        sum |e - e'| / e over the eigenvalues e of the correlation matrix before, e' after; None where a matrix is not
        whole, or has no full rank.
    robust_eigenvalues : float or None
        The same without the records that are far out in either table.
    """

    names: tuple[str, ...]
    before: Points
    after: Points
    eigenvalues: float | None
    robust_eigenvalues: float | None

    @property
    def differences(self) -> Points:
        """Absolute differences of the correlations of every two columns, NaN left out."""
        upper = np.triu_indices(len(self.names), 1)
        away = np.abs(self.before - self.after)[upper]
        return np.asarray(away[np.isfinite(away)])

    def document(self) -> dict[str, Any]:
        """Return the losses as JSON holds them."""
        away = self.differences
        return {
            "columns": list(self.names),
            "correlation": float(away.mean()) if len(away) else None,
            "largest_correlation": float(away.max()) if len(away) else None,
            "eigenvalues": self.eigenvalues,
            "robust_eigenvalues": self.robust_eigenvalues,
        }


def relations(names: tuple[str, ...], before: Points, after: Points, least: int) -> Relations:
    """Compare the relations between columns of numbers.

    Parameters
    ----------
    before : ndarray of float, shape (n, d)
    after : ndarray of float, shape (m, d)
        Missing numbers are NaN.
    least : int
        Fewer records that tell both columns give no correlation.
    """
    one, other = _correlations(before, least), _correlations(after, least)
    return Relations(names, one, other, eigenvalue_loss(one, other), _robust(before, after, least))


def eigenvalue_loss(before: Points, after: Points) -> float | None:
    """Return sum |e - e'| / e of two correlation matrices, the loss that sdcMicro calls ``eigen``.

    References
    ----------
    Templ, Meindl (2008). Robust statistics meets SDC: new disclosure risk measures for continuous microdata masking.
    Privacy in Statistical Databases, LNCS 5262, 177-189.
    """
    if not (np.isfinite(before).all() and np.isfinite(after).all()) or len(before) < 2:
        return None
    one, other = (np.linalg.eigvalsh(matrix)[::-1] for matrix in (before, after))
    if one[-1] <= _FLAT * one[0]:
        return None
    return float((np.abs(one - other) / one).sum())


def _correlations(points: Points, least: int) -> Points:
    import pandas as pd

    return pd.DataFrame(points).corr(min_periods=least).to_numpy()


def _robust(before: Points, after: Points, least: int) -> float | None:
    from saferoom.disclosure.microdata.perturbation.scaling import robust_moments, standardised

    matrices = []
    for points in (before, after):
        whole = points[~np.isnan(points).any(axis=1)]
        if len(whole) < max(least, 5 * points.shape[1]):
            return None
        step = -(-len(whole) // _MOST_LOOKED_AT)
        covariance = robust_moments(standardised(whole[::step]))[1]
        spread = np.sqrt(np.diag(covariance))
        if (spread <= _FLAT).any():
            return None
        matrices.append(covariance / np.outer(spread, spread))
    return eigenvalue_loss(*matrices)
