"""Individual risk: how likely a record is linked to the right person by somebody who knows its key."""

from __future__ import annotations

from enum import Enum

import numpy as np

from saferoom.disclosure.microdata.patterns import Values
from saferoom.disclosure.microdata.risk.frequencies import Frequencies

_SMALL = 1e-2
_TERMS = 8
_MANY = 30.0
_MOST_TERMS = 50


class Method(Enum):
    """How the posterior mean of 1/F is computed."""

    APPROXIMATE = "approximate"
    EXACT = "exact"


def individual(found: Frequencies, method: Method = Method.APPROXIMATE) -> Values:
    """Return the risk of each pattern: the expected value of 1/F given the sample.

    Parameters
    ----------
    method : Method
        With population counts nothing is estimated, and the risk is 1/F.

    Returns
    -------
    ndarray of float, shape (u,), probability

    Notes
    -----
    F given f is negative binomial with success probability p = f / F estimated by the weights; with q = 1 - p the
    expected value of 1/F is ``(p / f) 2F1(1, 1; f + 1; q)`` (the published ``p^f / f 2F1(f, f; f + 1; q)`` after
    Euler's transformation, which neither overflows nor cancels). For f = 1 it is ``(p / q) ln(1 / p)``, for f = 2
    ``p / q - (p / q)^2 ln(1 / p)``; for f > 2 the approximation is ``p / (f - q)``.

    References
    ----------
    Franconi, Polettini (2004). Individual Risk Estimation in mu-Argus: A Review. Privacy in Statistical Databases, LNCS
    3050, 262-272. Capobianchi, Polettini, Lucarelli (2001). Strategy for the Implementation of Individual Risk
    Methodology into mu-ARGUS. CASC deliverable 1.2-D1.
    """
    if found.known:
        return 1.0 / found.population
    f = found.sample
    p = np.clip(f / found.population, 0.0, 1.0)
    return _exact(f, p) if method is Method.EXACT else _approximate(f, p)


def _exact(f: Values, p: Values) -> Values:
    """Return ``(p / f) 2F1(1, 1; f + 1; q)``.

    The series converges quickly for many records or a large share of the population. Else, with
    ``I(f) = 2F1(1, 1; f + 1; q) / f``, the recurrence ``I(f) = (1 / (f - 1) - p I(f - 1)) / q`` is stable (p < q).
    """
    q = 1.0 - p
    result = np.empty_like(p)
    quick = (f >= _MANY) | (q <= 0.5)
    result[quick] = p[quick] * _series(f[quick], q[quick]) / f[quick]
    if not quick.all():  # else scipy would be imported for nothing
        result[~quick] = p[~quick] * _recurrence(f[~quick], p[~quick], q[~quick])
    return result


def _series(f: Values, q: Values) -> Values:
    term = np.ones_like(q)
    total = np.ones_like(q)
    for n in range(_MOST_TERMS):
        term *= (n + 1.0) * q / (f + 1.0 + n)
        total += term
    return total


def _recurrence(f: Values, p: Values, q: Values) -> Values:
    from scipy.special import hyp2f1

    at = f - np.floor(f) + 1.0
    result: Values = hyp2f1(1.0, 1.0, at + 1.0, q) / at
    while (below := at < f - 0.5).any():
        at[below] += 1.0
        result[below] = (1.0 / (at[below] - 1.0) - p[below] * result[below]) / q[below]
    return result


def _approximate(f: Values, p: Values) -> Values:
    q = 1.0 - p
    risk = p / np.maximum(f - q, p)
    one, two = f == 1, f == 2
    risk[one] = p[one] * _log_ratio(q[one])
    risk[two] = _of_two(p[two], q[two])
    between = (f < 2) & ~one  # records that count in part, where alpha is below 1
    risk[between] = _exact(f[between], p[between])
    return risk


def _log_ratio(q: Values) -> Values:
    """Return -ln(1 - q) / q, which tends to 1."""
    result = np.ones_like(q)
    np.divide(-np.log1p(-q), q, out=result, where=q > 0)
    return result


def _of_two(p: Values, q: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = p / q
        closed = ratio + ratio * ratio * np.log(p)
    series = np.zeros_like(q)  # the closed form cancels where nearly everybody is in the sample
    for n in reversed(range(_TERMS)):
        series = series * q + 2.0 / ((n + 1) * (n + 2))
    return np.where(q < _SMALL, p / 2.0 * series, closed)
