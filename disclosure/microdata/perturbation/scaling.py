"""Columns made comparable before distances are measured: standardised, or freed of scale and correlation robustly."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Points
from saferoom.disclosure.microdata.risk.outlying import robust_distances

_KEPT = 0.975
_MOST_LOOKED_AT = 50_000
"""Records from which robust moments are estimated; evenly spaced ones of larger files."""
_FLAT = 1e-12


def standardised(values: Points) -> Points:
    """Return the columns with mean 0 and standard deviation 1 (divisor n - 1); columns of one value become 0."""
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    own: Points = values - values.mean(axis=0)
    flat = spread <= _FLAT * np.abs(values).max(axis=0, initial=0.0)
    own[:, flat] = 0.0
    return own / np.where(flat, 1.0, spread)


def robust_moments(values: Points) -> tuple[Points, Points]:
    """Return the mean and covariance of the records that are not far out.

    Returns
    -------
    centre : ndarray of float, shape (d,)
    covariance : ndarray of float, shape (d, d)

    Notes
    -----
    The records whose robust Mahalanobis distance is within the 97.5 % quantile of a normal distribution.

    References
    ----------
    Maronna and Zamar (2002), as `risk.outlying.robust_distances` cites; the reweighting is that of Rousseeuw and
    Van Driessen (1999), A fast algorithm for the minimum covariance determinant estimator, Technometrics 41(3).
    """
    from scipy.stats import chi2

    step = -(-len(values) // _MOST_LOOKED_AT)
    seen = values[::step]
    inner = seen[robust_distances(seen) ** 2 <= chi2.ppf(_KEPT, values.shape[1])]
    if len(inner) <= values.shape[1]:
        inner = seen
    return inner.mean(axis=0), np.atleast_2d(np.cov(inner, rowvar=False))


def whitened(values: Points) -> Points:
    """Return coordinates in which the Euclidean distance is the robust Mahalanobis distance, shape (n, d).

    Columns that depend on the others linearly give no coordinate of their own (their coordinate is 0).
    """
    own = standardised(values)
    centre, covariance = robust_moments(own)
    sizes, directions = np.linalg.eigh(covariance)
    kept = sizes > _FLAT * max(float(sizes.max()), 1.0)
    factors = np.where(kept, 1 / np.sqrt(np.where(kept, sizes, 1.0)), 0.0)
    result: Points = (own - centre) @ (directions * factors)
    return result


def first_component(values: Points) -> Points:
    """Return the scores of the first principal component of the standardised columns, shape (n,).

    The direction is that whose first loading is positive (as R's `princomp` turns it), so that the result does not hang
    on the linear algebra library.
    """
    own = standardised(values)
    first = np.linalg.eigh(own.T @ own)[1][:, -1]
    loaded = np.flatnonzero(np.abs(first) > _FLAT)
    result: Points = own @ (first if first[loaded[0]] > 0 else -first)
    return result
