"""Noise on numbers: for each column alone, with the columns' own correlations, with moments kept, or for outliers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Points
from saferoom.disclosure.microdata.perturbation.orthogonal import masked
from saferoom.disclosure.microdata.risk.outlying import robust_distances
from saferoom.errors import BadInputError

Kind: TypeAlias = Literal["additive", "correlated", "shrunk", "exact", "orthogonal", "outliers"]
COMPLETE: frozenset[Kind] = frozenset({"exact", "orthogonal", "outliers"})
"""Kinds that need every value: missing ones are refused."""
_OUTLYING = 0.975


def noisy(values: Points, kind: Kind, size: float, random: np.random.Generator, what: str = "noise") -> Points:
    """Return `values` with noise.

    Parameters
    ----------
    values : ndarray of float, shape (n, d)
        NaN is missing and stays so; the kinds in `COMPLETE` take none.
    kind : str
        See the notes.
    size : float, above 0
        Standard deviation of the noise as a share of that of the column.

    Returns
    -------
    ndarray of float, shape (n, d)

    Raises
    ------
    BadInputError

    Notes
    -----
    With s = `size`, S the covariance of the complete records, m the mean, e drawn from N(0, s^2 S):

    - ``additive``: x + e with independent columns, N(0, s^2 S_jj). Variances grow by 1 + s^2, correlations shrink
      (Spruill 1983; sdcMicro's ``additive``).
    - ``correlated``: x + e. All covariances grow by 1 + s^2, correlations stay (Kim 1986; ``correlated``, whose
      percentage is of the variance and not of the standard deviation).
    - ``shrunk``: m + (x - m + e) / sqrt(1 + s^2). Means and covariances are expected to stay (Kim 1986, Tendick and
      Matloff 1994; ``correlated2``).
    - ``exact``: as ``shrunk``, then turned linearly so that the sample's means and covariances are exactly those of the
      originals (``restr`` corrects for the sample's size in expectation only).
    - ``orthogonal``: T x with a random orthogonal T that keeps the vector of ones, see `orthogonal.masked` (``ROMM``).
    - ``outliers``: ``correlated`` noise for records that are far out by robust distances or in one column, and for no
      other (``outdect``).

    References
    ----------
    Kim (1986). A method for limiting disclosure in microdata based on random noise and transformation. Proceedings of
    the ASA Section on Survey Research Methods, 370-374. Brand (2002). Microdata protection through noise addition. In
    Inference Control in Statistical Databases, LNCS 2316, 97-116. Tendick, Matloff (1994). A modified random
    perturbation method for database security. ACM Transactions on Database Systems 19(1), 47-63.
    """
    if not (np.isfinite(size) and size > 0):
        raise BadInputError(f"{what}: the size of the noise must be above 0, as a share of the standard deviation")
    missing = np.isnan(values)
    if kind in COMPLETE and missing.any():
        raise BadInputError(f"{what}: '{kind}' noise needs every value, and some are missing")
    if kind == "additive":
        spread = np.nanstd(values, axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
        return values + random.normal(0.0, 1.0, values.shape) * size * spread
    whole = values[~missing.any(axis=1)]
    if len(whole) <= values.shape[1]:
        raise BadInputError(
            f"{what}: '{kind}' noise needs more complete records ({len(whole)}) than columns ({values.shape[1]})"
        )
    if kind == "orthogonal":
        return masked(values, size, random)
    made = random.normal(0.0, 1.0, values.shape) @ _root(whole).T * size
    if kind == "correlated":
        return values + made
    if kind == "outliers":
        return np.where(outlying(values)[:, None], values + made, values)
    mean = whole.mean(axis=0)
    shrunk: Points = mean + (values - mean + made) / np.sqrt(1 + size**2)
    return shrunk if kind == "shrunk" else with_moments(shrunk, values)


def outlying(values: Points) -> Points:
    """Return which records are far out, by robust Mahalanobis distance or in a column by itself; bool, shape (n,)."""
    from scipy.stats import chi2

    far = robust_distances(values) > np.sqrt(chi2.ppf(_OUTLYING, values.shape[1]))
    edge = np.sqrt(chi2.ppf(_OUTLYING, 1))
    for place in range(values.shape[1]):
        far |= robust_distances(values[:, [place]]) > edge * np.sqrt(2)
    result: Points = far
    return result


def with_moments(changed: Points, original: Points) -> Points:
    """Return `changed` turned linearly so that its means and covariances are exactly those of `original`.

    Notes
    -----
    m + (y - m_y) A with A = C_y^-1 C_x for the symmetric square roots C of both sample covariances.
    """
    target = _root(original)
    own = changed - changed.mean(axis=0)
    result: Points = original.mean(axis=0) + own @ np.linalg.pinv(_root(changed), hermitian=True) @ target
    return result


def _root(values: Points) -> Points:
    """Return the symmetric square root of the sample covariance, shape (d, d)."""
    sizes, directions = np.linalg.eigh(np.atleast_2d(np.cov(values, rowvar=False)))
    result: Points = (directions * np.sqrt(np.maximum(sizes, 0.0))) @ directions.T
    return result
