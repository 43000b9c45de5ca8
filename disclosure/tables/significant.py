"""Rounding to significant digits, and the ladder for counts, as the US Census Bureau publishes from restricted data.

References
----------
US Census Bureau, Disclosure Review Board: rounding rules for the release of results from restricted microdata (counts
by a ladder, other estimates to four significant digits).
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers

LEAST_SHOWN = 15
"""Counts below this are not shown."""
_LADDER = ((15, 10), (100, 50), (1_000, 100), (10_000, 500), (100_000, 1_000))
_ENOUGH_FOR_DIGITS = 1_000_000
_COUNT_DIGITS = 4


def significant(values: Numbers, digits: int) -> Numbers:
    """Return `values` rounded to `digits` significant digits.

    >>> significant(np.array([123456.0, -0.00123456, 0.0]), 4).tolist()
    [123500.0, -0.001235, 0.0]
    """
    return np.array([float(f"{value:.{digits}g}") if np.isfinite(value) else value for value in values.tolist()])


def unit_of(values: Numbers, digits: int) -> Numbers:
    """Return how wide the interval is that rounding to `digits` significant digits leaves around each rounded value.

    A power of ten is reached from below in steps of a tenth; the narrower step is taken.

    >>> unit_of(np.array([123500.0, 1000.0, 0.0]), 4).tolist()
    [100.0, 0.1, 0.0]
    """
    size = np.abs(values)
    with np.errstate(divide="ignore"):
        power = np.floor(np.log10(size, where=size > 0, out=np.zeros_like(size)) + 1e-12)
    at_power = np.abs(size - 10.0**power) <= 1e-9 * size
    return np.where(size > 0, 10.0 ** (power - digits + 1 - at_power), 0.0)


def ladder(counts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return counts by the ladder: the shown ones, and the least and the largest true count that each can stand for.

    Returns
    -------
    shown, low, high : ndarray of float, shape of `counts`
        `shown` is nan for counts below `LEAST_SHOWN`.

    Notes
    -----
    15 to 99 to the nearest 10, 100 to 999 to 50, 1,000 to 9,999 to 100, 10,000 to 99,999 to 500, 100,000 to 999,999 to
    1,000, larger ones to four significant digits.

    >>> [column.tolist() for column in ladder(np.array([3.0, 17.0, 123.0, 45678.0]))]
    [[nan, 20.0, 100.0, 45500.0], [0.0, 15.0, 100.0, 45250.0], [14.0, 24.0, 124.0, 45749.0]]
    """
    steps = np.zeros(len(counts))
    bottoms = np.zeros(len(counts))
    tops = np.full(len(counts), float(LEAST_SHOWN - 1))
    ends = [*(bottom for bottom, _ in _LADDER[1:]), _ENOUGH_FOR_DIGITS]
    for (bottom, step), end in zip(_LADDER, ends, strict=True):
        chosen = (counts >= bottom) & (counts < end)
        steps[chosen], bottoms[chosen], tops[chosen] = step, bottom, end - 1
    large = counts >= _ENOUGH_FOR_DIGITS
    exact = np.maximum(counts, _ENOUGH_FOR_DIGITS)
    steps[large] = (10.0 ** (np.floor(np.log10(exact) + 1e-12) - _COUNT_DIGITS + 1))[large]
    bottoms[large], tops[large] = _ENOUGH_FOR_DIGITS, np.inf
    shown = np.full(len(counts), np.nan)
    there = steps > 0
    shown[there] = np.floor(counts[there] / steps[there] + 0.5) * steps[there]
    # The rung is known from the number but where two rungs meet; there the true one is taken, which is narrower.
    low = np.where(there, np.maximum(np.ceil(shown - steps / 2), bottoms), 0.0)
    high = np.where(there, np.minimum(np.ceil(shown + steps / 2) - 1, tops), LEAST_SHOWN - 1.0)
    return shown, low, high
