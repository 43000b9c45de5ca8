"""Frequencies of categories before and after: how far apart they are, of one variable and of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.keys import MISSING, Codes
from saferoom.disclosure.microdata.utility.overlap import Overlap

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Distance:
    """How far apart two sets of shares are, both between 0 (the same) and 1 (nothing in common).

    Attributes
    ----------
    total_variation : float
        Half the sum of |p - q|: the share of records that would have to be of another category.
    hellinger : float
        sqrt(1 - sum sqrt(p q)), which weighs rare categories more.
    """

    total_variation: float
    hellinger: float

    def document(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return {"total_variation": self.total_variation, "hellinger": self.hellinger}


def distance(before: Shares, after: Shares) -> Distance:
    """Return how far apart two vectors of shares are; each adds up to 1."""
    # The same as 1 - sum sqrt(p q), and exactly 0 where both are the same.
    apart = float(((np.sqrt(before) - np.sqrt(after)) ** 2).sum()) / 2
    return Distance(min(1.0, float(np.abs(before - after).sum()) / 2), min(1.0, float(np.sqrt(apart))))


def shares(codes: Codes, size: int, weights: Numbers | None) -> Shares | None:
    """Return the share of each of `size` categories among the records that tell one; None where nobody does."""
    told = codes != MISSING
    counted = np.bincount(codes[told], None if weights is None else weights[told], size).astype(np.float64)
    total = float(counted.sum())
    return counted / total if total > 0 else None


def joint_shares(one: tuple[Codes, int], other: tuple[Codes, int], weights: Numbers | None) -> Shares | None:
    """Return the shares of the cells of a two-way table, as one vector; None where nobody tells both."""
    told = (one[0] != MISSING) & (other[0] != MISSING)
    cells = np.where(told, one[0].astype(np.int64) * other[1] + other[0], MISSING)
    return shares(cells.astype(np.int64), one[1] * other[1], weights)


def overlap_of_shares(
    before: tuple[Codes, Numbers | None], after: tuple[Codes, Numbers | None], size: int, least: int
) -> Overlap:
    """Return the shares of all categories that at least `least` records before have, beside each other.

    Parameters
    ----------
    before, after : pair
        Codes, and weights or None.
    """
    counted = np.bincount(before[0][before[0] != MISSING], minlength=size)
    kept = counted >= least
    (one, first), (other, second) = _estimates(*before, size), _estimates(*after, size)
    return Overlap(one[kept], other[kept], first[kept], second[kept])


def _estimates(codes: Codes, weights: Numbers | None, size: int) -> tuple[Shares, Shares]:
    """Return shares and their standard errors, drawn with replacement with these weights."""
    told = codes != MISSING
    own = codes[told]
    w = np.ones(len(own)) if weights is None else weights[told]
    total, records = float(w.sum()), len(own)
    if records < 2:
        return np.full(size, np.nan), np.full(size, np.nan)
    p = np.bincount(own, w, size) / total
    squares = np.bincount(own, w**2, size)
    # sum w^2 (1[x = j] - p)^2, category by category.
    variance = (squares * (1 - p) ** 2 + (float((w**2).sum()) - squares) * p**2) * records / (records - 1)
    return p, np.sqrt(variance) / total
