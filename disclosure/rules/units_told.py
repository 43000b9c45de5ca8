"""How closely numbers that are no counts tell how many there are."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers
from saferoom.policies.models import RiskAppetite

_QUARTER = 4


def sums_count(n: Counts, total: Numbers, low: Numbers, high: Numbers, policy: RiskAppetite) -> Mask:
    """Say which sums tell how many rows were added up, to somebody who knows the mean and not these rows.

    Parameters
    ----------
    n, total, low, high : ndarray, shape (cells,)
        Rows, their sum, and the least and the greatest of what was added.

    Notes
    -----
    The number is estimated as sum / mean, with a standard error of ``sqrt(n) * s / |mean|``; a quarter of the range
    stands for the standard deviation s. It is told where two standard errors are fewer than half of the policy's
    `difference_units`. Sums of birth years tell it, sums of pay never do in cells that may be shown.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.abs(total) / n
        error = np.sqrt(n) * (high - low) / _QUARTER / mean
    return np.asarray((n > 0) & (error < policy.difference_units / _QUARTER))


def rounded_means_count(n: Counts, step: Numbers, low: Numbers, high: Numbers, policy: RiskAppetite) -> Mask:
    """Say which means tell how many there are although they were rounded to multiples of `step`.

    Notes
    -----
    Two groups with means a and b make a whole with mean m and N units, so that the first has ``N (m - b) / (a - b)``.
    With m off by half a step, that is off by ``N step / (2 |a - b|)``, and a and b are as far apart as the values at
    most. Off by one fewer than the policy's `difference_units`, no group that is smaller is known to hold anybody.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = n * step / (2 * (high - low))
    return np.asarray((n > 0) & ~(error >= policy.difference_units - 1))
