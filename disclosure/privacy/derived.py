"""Means and variances of noisy counts and sums, with margins of error.

Everything here is post-processing: it costs nothing and may be repeated.

Means
-----
With noisy count n', noisy sum s' and true mean r (from the grid's origin), ``s' - r n'`` is the noise of the sum less r
times the noise of the count, whatever the data are. So the means r with ``|s' - r n'| <= sqrt(a^2 + r^2 b^2)``, where a
and b are the margins of sum and count, hold the true one in 95 of 100 draws: E. C. Fieller, "Some problems in interval
estimation", JRSS B 16, 1954. No margin is given where the noise of the count is as large as the count.

Variances
---------
``q/n - (s/n)^2``, times ``n/(n-1)``. The margins of the three ratios and counts it is made of are taken at a third of
the error each (Bonferroni), so that they all hold in 95 of 100 draws, and are then carried through as intervals: what
is told is never too small, and often too large.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from saferoom.disclosure.privacy.ingredients import COUNT, SQUARES, SUM
from saferoom.disclosure.privacy.noisy import ALPHA, Drawn, Floats, Shown

_PARTS = 3


def mean(drawn: Mapping[str, Drawn], name: str = "mean") -> Shown:
    """Return the means of `drawn`'s count and sum."""
    around, margins = _ratio(drawn[SUM], drawn[COUNT], ALPHA)
    return Shown(name, drawn[SUM].origin + around, margins)


def variance(drawn: Mapping[str, Drawn], name: str = "variance") -> Shown:
    """Return the sample variances of `drawn`'s count, sum and squares."""
    values, margins = _variance(drawn)
    return Shown(name, values, margins)


def deviation(drawn: Mapping[str, Drawn], name: str = "std") -> Shown:
    """Return the standard deviations: the square roots of the variances, and of the ends of their intervals."""
    values, margins = _variance(drawn)
    root = np.sqrt(values)
    lower, upper = np.sqrt(np.maximum(values - margins, 0.0)), np.sqrt(values + margins)
    return Shown(name, root, np.maximum(root - lower, upper - root))


def _ratio(total: Drawn, count: Drawn, alpha: float) -> tuple[Floats, Floats]:
    """Return ``total / count`` with Fieller's margin; NaN where the count is below 1."""
    n = np.where(count.values >= 1, count.values, np.nan)
    ratio = total.values / n
    of_total, of_count = total.margin(alpha) / n, count.margin(alpha) / n
    left = 1 - of_count**2
    with np.errstate(invalid="ignore", divide="ignore"):
        half = np.sqrt(of_total**2 * left + ratio**2 * of_count**2)
        margins = np.where(left > 0, (np.abs(ratio) * of_count**2 + half) / left, np.nan)
    return ratio, np.asarray(margins, dtype=np.float64)


def _variance(drawn: Mapping[str, Drawn]) -> tuple[Floats, Floats]:
    count, total, squares = drawn[COUNT], drawn[SUM], drawn[SQUARES]
    first, of_first = _ratio(total, count, ALPHA / _PARTS)
    second, of_second = _ratio(squares, count, ALPHA / _PARTS)
    second = second + squares.origin
    fewest, n = count.values - count.margin(ALPHA / _PARTS), count.values
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = np.maximum(second - first**2, 0.0)
        values = np.where(n > 1, plain * n / (n - 1), np.nan)
        # Both ends of the variance without n / (n - 1), and the largest that this factor may be.
        off = of_second + 2 * np.abs(first) * of_first + of_first**2
        most = np.where(fewest > 1, fewest / (fewest - 1), np.nan)
        margins = np.maximum((plain + off) * most - values, values - np.maximum(plain - off, 0.0))
    return np.asarray(values, dtype=np.float64), np.asarray(margins, dtype=np.float64)
