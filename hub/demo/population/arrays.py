"""Types and small helpers for columns of a chunk of people; the only place that knows how a draw is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]
"""Python strings, or None where a value is missing."""

NOBODY = -1
"""No such person: no mother in the world, no partner."""


def texts(values: Sequence[object]) -> Texts:
    """Return `values` (text, or None where one is missing) as an array of objects."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def happens(rng: np.random.Generator, chance: Floats | float, size: int) -> Flags:
    """Return for each of `size` whether something of that chance happens."""
    drawn: Flags = rng.random(size) < chance
    return drawn


def pick(rng: np.random.Generator, shares: Sequence[float] | Floats, size: int) -> Ints:
    """Draw `size` positions in `shares` (which need not add up to 1)."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    drawn: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right").astype(np.int64)
    return drawn


def pick_by(rng: np.random.Generator, shares: Floats, kinds: Ints) -> Ints:
    """Draw for each of `kinds` a position in that row of `shares`, shape (kinds, positions)."""
    edges = np.cumsum(shares, axis=1)
    drawn = rng.random(len(kinds)) * edges[kinds, -1]
    found: Ints = (drawn[:, None] >= edges[kinds]).sum(axis=1).astype(np.int64)
    return found


def normal_scores(values: Floats) -> Floats:
    """Return the standard normal quantile of each value's rank."""
    from scipy.special import ndtri

    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) + 0.5
    scores: Floats = ndtri(ranks / max(1, len(values)))
    return scores


def position_within(groups: Ints) -> Ints:
    """Return each element's number, from 0, among those of its group, in the order they come."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]]) if len(groups) else np.zeros(0, int)
    sizes = np.diff(np.r_[starts, len(groups)])
    within = np.arange(len(groups)) - np.repeat(starts, sizes)
    position = np.empty(len(groups), dtype=np.int64)
    position[order] = within
    return position
