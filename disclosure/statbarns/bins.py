"""Edges of bins: nice round numbers, far enough from the ends, and bins merged until enough units are in each.

Vocabulary
----------
edge
    Where one bin ends and the next begins; an edge belongs to the bin above it. The lowest and the highest bin are
    open, so that k edges make k + 1 bins and nothing is said about minimum and maximum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask

_NICE = (1.0, 2.0, 5.0, 10.0)
_SLACK = 1e-9


def nice_step(width: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20 ... (or of their tenths, hundredths ...) that is at least `width`.

    >>> nice_step(7.0), nice_step(0.03), nice_step(1200.0)
    (10.0, 0.05, 2000.0)
    """
    power = math.floor(math.log10(width))
    return next(_tidy(n * 10.0**power) for n in (*_NICE, 20.0) if n * 10.0**power >= width * (1 - _SLACK))


def even_edges(low: float, high: float, bins: int, whole: bool) -> tuple[float, ...]:
    """Return edges at multiples of a nice step that cut what lies between `low` and `high` into about `bins` bins.

    Parameters
    ----------
    low, high : float
        What most values lie between; not the ends of the data.
    whole : bool
        The measure has whole numbers only, so that fractions would make empty bins.

    >>> even_edges(17.2, 78.9, 6, whole=True)
    (20.0, 40.0, 60.0)
    """
    if not high > low:
        return ()
    step = nice_step(max((high - low) / bins, 1.0 if whole else 0.0))
    first, last = math.ceil(low / step * (1 - _SLACK)), math.floor(high / step * (1 + _SLACK))
    if last - first > 10 * bins or not math.isfinite(step):
        return ()
    return tuple(_tidy(i * step) for i in range(first, last + 1))


def series_edges(low: float, high: float) -> tuple[float, ...]:
    """Return 1, 2, 5, 10, 20 ... between `low` and `high`, for measures that spread over powers of ten.

    >>> series_edges(3.0, 60.0)
    (5.0, 10.0, 20.0, 50.0)
    """
    if not high > 0:
        return ()
    low = max(low, high / 1e6)
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    found = (_tidy(n * 10.0**power) for power in powers for n in _NICE[:3])
    return tuple(edge for edge in found if low <= edge <= high)


def merged(counts: Counts, least: Counts) -> tuple[int, ...]:
    """Return the positions of the edges that stay when short bins are merged with a neighbour, tails first.

    Parameters
    ----------
    counts : ndarray of int, shape (kinds of unit, groups, bins), units
    least : ndarray of int, shape (kinds of unit,), units
        Fewest units of a bin in every group.

    >>> merged(np.array([[[2, 9, 30, 4, 31, 3]]]), np.array([10]))
    (1, 3)
    """
    kept = list(range(counts.shape[2] - 1))
    counts = counts.copy()
    while kept:
        short: Mask = np.any(counts < least[:, None, None], axis=(0, 1))
        if not short.any():
            break
        place = _next(short, counts)
        counts[:, :, place] += counts[:, :, place + 1]
        counts = np.delete(counts, place + 1, axis=2)
        del kept[place]
    return tuple(kept)


def _next(short: Mask, counts: Counts) -> int:
    """Return the bin that is merged with the one above it."""
    if short[0]:
        return 0
    if short[-1]:
        return len(short) - 2
    place = int(np.flatnonzero(short)[0])
    sizes = counts.sum(axis=(0, 1))
    return place if sizes[place + 1] <= sizes[place - 1] else place - 1


def bin_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """Return the bins' names.

    >>> bin_labels((20.0, 30.5))
    ('under 20', '20 to 30.5', '30.5 and over')
    """
    if not edges:
        return ("all values",)
    texts = [plain(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    return (f"under {texts[0]}", *between, f"{texts[-1]} and over")


def plain(value: float) -> str:
    """Return a number without an exponent where it is not too long.

    >>> plain(250000.0), plain(0.1), plain(-3.0)
    ('250000', '0.1', '-3')
    """
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def _tidy(value: float) -> float:
    return float(f"{value:.12g}")
