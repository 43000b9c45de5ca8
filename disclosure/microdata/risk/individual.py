"""Individual risk: how likely a record is linked to the right person by somebody who knows its key."""

from __future__ import annotations

from enum import Enum

import numpy as np

from saferoom.disclosure.microdata.patterns import Values
from saferoom.disclosure.microdata.risk.frequencies import Frequencies

_SMALL = 1e-2
_TERMS = 8


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
    from scipy.special import hyp2f1

    result: Values = p / f * hyp2f1(1.0, 1.0, f + 1.0, 1.0 - p)
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
