"""How far out a record is: distances that outliers themselves cannot hide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import Values

_NORMAL_MAD = 1.4826022185056018
_NORMAL_QUARTILES = 1.3489795003921634
_KEPT = 0.9

Points = NDArray[np.float64]


def robust_scales(points: Points) -> Values:
    """Return a robust standard deviation per column, shape (d,); 0 only for a column of one value.

    Notes
    -----
    The median absolute deviation; where more than half of the values are equal, the distance of the quartiles, and
    where that is 0 too the standard deviation.
    """
    centred = np.abs(points - np.median(points, axis=0))
    scales = _NORMAL_MAD * np.median(centred, axis=0)
    low, high = np.quantile(points, [0.25, 0.75], axis=0)
    scales = np.where(scales > 0, scales, (high - low) / _NORMAL_QUARTILES)
    result: Values = np.where(scales > 0, scales, points.std(axis=0))
    return result


def robust_distances(points: Points) -> Values:
    """Return each record's robust Mahalanobis distance from the middle of the data.

    Parameters
    ----------
    points : ndarray of float, shape (n, d), without missing values

    Returns
    -------
    ndarray of float, shape (n,)
        Square roots; columns of one value play no part.

    Notes
    -----
    The orthogonalised Gnanadesikan-Kettenring estimator, one step, reweighted: its covariances come from robust scales
    of sums and differences, so no random subsets are drawn and the result is the same every time.

    References
    ----------
    Maronna, Zamar (2002). Robust estimates of location and dispersion for high-dimensional datasets. Technometrics
    44(4), 307-317.
    """
    scales = robust_scales(points)
    used = scales > 0
    if not used.any():
        return np.zeros(len(points))
    z = (points[:, used] - np.median(points[:, used], axis=0)) / scales[used]
    return np.sqrt(_reweighted(z, _first(z)))


def _first(z: Points) -> Values:
    """Return squared distances by the orthogonalised estimator."""
    dimensions = z.shape[1]
    correlations = np.eye(dimensions)
    for i in range(dimensions):
        for j in range(i):
            both = np.column_stack([z[:, i] + z[:, j], z[:, i] - z[:, j]])
            plus, minus = robust_scales(both)
            correlations[i, j] = correlations[j, i] = (plus**2 - minus**2) / 4.0
    directions = np.linalg.eigh(correlations)[1]
    projected = z @ directions
    scales = robust_scales(projected)
    flat = scales <= 1e-12
    scales[flat] = 1.0
    away = (projected - np.median(projected, axis=0)) / scales
    away[:, flat] = 0.0
    result: Values = (away**2).sum(axis=1)
    return result


def _reweighted(z: Points, first: Values) -> Values:
    """Return squared distances from the mean and covariance of the records that are not far out."""
    from scipy.stats import chi2

    dimensions = z.shape[1]
    cut = chi2.ppf(_KEPT, dimensions)
    inner = z[first <= cut * max(float(np.median(first)), 1e-12) / chi2.ppf(0.5, dimensions)]
    if len(inner) <= dimensions:
        return first
    away = z - inner.mean(axis=0)
    spread = np.atleast_2d(np.cov(inner, rowvar=False)) * _KEPT / chi2.cdf(cut, dimensions + 2)
    result: Values = np.einsum("ij,jk,ik->i", away, np.linalg.pinv(spread, hermitian=True), away)
    return np.maximum(result, 0.0)
