"""Margins of error of counts that are shown only because their noisy values are above a threshold.

What is shown was lifted by its noise more often than not, so that a margin of the noise alone would promise too much.
The interval here holds the true count in 95 of 100 draws *in which the cell is shown*: the counts x of which neither
``P(Y >= y | Y >= least)`` nor ``P(Y <= y | Y >= least)`` is below 2.5 %, for the noisy count Y = x + noise,
whose distribution is known exactly. It reaches far down for counts just above the threshold, and is that of the noise
alone well above it.

Source: H. Zhong and R. L. Prentice, "Bias-reduced estimators and confidence intervals for odds ratios in genome-wide
association studies", Biostatistics 9, 2008 (intervals conditional on being selected by a threshold).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.noise import noise_accuracy
from saferoom.disclosure.privacy.noisy import ALPHA, Floats
from saferoom.disclosure.privacy.plan import PrivacyMeasure

Whole = NDArray[np.int64]
_FAR = 8
"""So many margins above the threshold, selection changes nothing any more; what it changes falls on the way there."""
_WIDEST = 4_000_000


def margins_above(
    measure: PrivacyMeasure, scale: float, least: int, noisy: Whole, alpha: float = ALPHA
) -> Floats | None:
    """Return the margin of error of each noisy count, all of which are at least `least`.

    Returns
    -------
    ndarray of float64 or None
        Rows. None where the noise is so wide that it cannot be tabulated.
    """
    far = math.ceil(_FAR * noise_accuracy(measure, scale, alpha))
    above = np.minimum(noisy - least, far)
    reach = least + 2 * far
    if reach > _WIDEST:
        return None
    tail = _log_tail(measure, scale, reach + far)
    zero = reach + far

    def down(distance: Whole) -> NDArray[np.bool_]:
        """Whether the true count may be so much below the noisy one."""
        return np.asarray(tail[zero + distance] - tail[zero + distance - above] > math.log(alpha / 2))

    def up(distance: Whole) -> NDArray[np.bool_]:
        """Whether the true count may be so much above the noisy one."""
        return np.asarray(tail[zero - distance + 1] - tail[zero - distance - above] < math.log1p(-alpha / 2))

    # Somebody is in every cell that can be shown.
    lower = np.minimum(_last(down, np.full(len(noisy), reach)), noisy - 1)
    upper = _last(up, np.full(len(noisy), reach))
    return np.asarray(np.maximum(lower, upper), dtype=np.float64)


def _log_tail(measure: PrivacyMeasure, scale: float, reach: int) -> Floats:
    """Return the logarithm of P(noise >= k) for k from -reach to reach, each at its place."""
    k = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = -np.abs(k) / scale if measure is PrivacyMeasure.PURE else -(k**2) / (2 * scale**2)
    tail = np.logaddexp.accumulate(weights[::-1])[::-1]
    return np.asarray(tail - tail[0], dtype=np.float64)


def _last(holds: Callable[[Whole], NDArray[np.bool_]], most: Whole) -> Whole:
    """Return the largest distance, 0 to `most`, at which `holds`: it does up to some distance and no further."""
    low, high = np.zeros_like(most), most
    while (low < high).any():
        middle = (low + high + 1) // 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle - 1)
    return low
