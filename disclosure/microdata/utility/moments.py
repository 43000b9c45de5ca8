"""Means, spreads and quantiles of numbers, weighted where there are weights, and none that tells of a few records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.utility.overlap import Overlap

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_WINDOWS = 10
"""Quantiles are told from so many times the least number of records on, so that their windows never meet."""


@dataclass(frozen=True)
class Moments:
    """What is told of one column of numbers.

    Attributes
    ----------
    told : int
        Records with a number.
    mean, deviation, error : float
        Mean, standard deviation, and standard error of the mean.
    quantiles : tuple of float
        At the shares 5, 25, 50, 75 and 95 %; each the mean of the numbers around it, and of nobody alone. Empty where
        there are too few.
    """

    told: int
    mean: float
    deviation: float
    error: float
    quantiles: tuple[float, ...]

    def document(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return {"mean": self.mean, "deviation": self.deviation, "quantiles": list(self.quantiles)}


def moments(values: Numbers, weights: Numbers | None, least: int) -> Moments | None:
    """Return what is told of numbers; None where fewer than `least` are told.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        NaN where missing.
    weights : ndarray of float, shape (n,), persons, optional

    Notes
    -----
    The standard error is that of a mean with weights w, drawn with replacement: sqrt(sum w^2 (x - m)^2) / sum w, times
    sqrt(n / (n - 1)).
    """
    there = ~np.isnan(values)
    x = values[there]
    if len(x) < max(least, 2):
        return None
    w = np.ones(len(x)) if weights is None else weights[there]
    total = float(w.sum())
    # Around a value of their size, so that large numbers keep their digits.
    base = float(x[0])
    mean = base + float(w @ (x - base)) / total
    away = x - mean
    error = float(np.sqrt((w**2) @ away**2 * len(x) / (len(x) - 1))) / total
    deviation = float(np.sqrt(w @ away**2 / total * len(x) / (len(x) - 1)))
    return Moments(len(x), mean, deviation, error, _quantiles(x, w, least))


def _quantiles(x: Numbers, w: Numbers, least: int) -> tuple[float, ...]:
    """Return means of the `least` numbers around each quantile."""
    if len(x) < _WINDOWS * least:
        return ()
    order = np.argsort(x, kind="stable")
    position = (np.cumsum(w[order]) - w[order] / 2) / w.sum()
    found = []
    end = 0
    for share in SHARES:
        start = max(end, int(np.searchsorted(position, share)) - least // 2)
        end = start + least
        if end > len(x):
            return ()  # heavy weights leave too few records beyond
        found.append(float(x[order[start:end]].mean()))
    return tuple(found)


def overlap_of_means(before: Moments, after: Moments) -> Overlap:
    """Return the two means beside each other."""
    one, other = np.array([[before.mean, before.error], [after.mean, after.error]])[:, :, None]
    return Overlap(one[0], other[0], one[1], other[1])
