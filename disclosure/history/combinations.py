"""Linear combinations of one new and two earlier sets: everybody less the men less all women but one is that one.

Notes
-----
With indicator vectors, ``1_A + 1_B - 1_C`` and ``1_A - 1_B - 1_C`` are what adding and subtracting totals gives; where
such a vector is zero but for few units, it tells their values. Units are dealt into ``reach + 1`` buckets; a
vector with at most `reach` units agrees with zero in at least one of them, where the sums of the units' fingerprints
agree as well. So only triples that agree in a bucket are computed. (The linear part of statistical database auditing;
Chin and Ozsoyoglu 1982.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.families import Family, Mask, Positions, Tick, fingerprints

MOST_EARLIER = 300
"""The largest earlier sets that are combined with each other; pairs grow with the square."""
_MOST_TRIED = 50


def combined(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    """Say of every set of `new` whether it and two of `old` leave 1 to `reach` units when added and subtracted."""
    old = _largest(old)
    count = len(old.sizes)
    sizes_new = new.sizes
    answer = np.zeros(len(sizes_new), dtype=bool)
    if count < 2 or not (sizes_new > reach).any():
        return answer
    large = sizes_new > reach
    answer[large] = _of_large(new.chosen(large), old, reach, tick)
    return answer


def _of_large(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    sizes_new, count = new.sizes, len(old.sizes)
    answer = np.zeros(len(sizes_new), dtype=bool)
    first, second = np.triu_indices(count, 1)
    # A = C - B, A = B - C, A = B + C
    plus = np.concatenate([second, first, first])
    other = np.concatenate([first, second, second])
    sign = np.repeat(np.array([-1, -1, 1], dtype=np.int64), len(first))
    sizes = old.sizes[plus] + sign * old.sizes[other]
    # What agrees in all buckets at once cancels out and tells nothing new.
    whole, made_whole = fingerprints(new, 0, 1), _made(fingerprints(old, 0, 1), plus, other, sign)
    for bucket in range(reach + 1):
        tick()
        ours = fingerprints(new, bucket, reach + 1)
        made = _made(fingerprints(old, bucket, reach + 1), plus, other, sign)
        order = np.argsort(made, kind="stable")
        ranked = made[order]
        left, right = np.searchsorted(ranked, ours), np.searchsorted(ranked, ours, side="right")
        for place in np.flatnonzero((right > left) & ~answer).tolist():
            tick()
            tried = order[left[place] : right[place]]
            tried = tried[made_whole[tried] != whole[place]]
            tried = tried[np.abs(sizes[tried] - sizes_new[place]) <= reach][:_MOST_TRIED]
            own = new.set(place)
            answer[place] = any(
                0 < _support(own, old.set(plus[t]), old.set(other[t]), int(sign[t])) <= reach for t in tried.tolist()
            )
    return answer


def _made(prints: NDArray[np.uint64], plus: Positions, other: Positions, sign: Positions) -> NDArray[np.uint64]:
    return np.asarray(np.where(sign > 0, prints[plus] + prints[other], prints[plus] - prints[other]))


def _largest(old: Family) -> Family:
    """Return the largest sets, every different one once."""
    kept: dict[bytes, int] = {}
    for place in np.argsort(-old.sizes, kind="stable").tolist():
        if old.sizes[place] == 0 or len(kept) >= MOST_EARLIER:
            break
        kept.setdefault(old.set(place).tobytes(), place)
    keep = np.zeros(len(old.sizes), dtype=bool)
    keep[list(kept.values())] = True
    return old.chosen(keep)


def _support(one: Positions, plus: Positions, other: Positions, sign: int) -> int:
    """Count the units that are left of ``one - plus - sign * other``."""
    units = np.concatenate([one, plus, other])
    parts = [np.ones(len(one)), -np.ones(len(plus)), np.full(len(other), -sign)]
    _, places = np.unique(units, return_inverse=True)
    return int((np.bincount(places, np.concatenate(parts)) != 0).sum())
