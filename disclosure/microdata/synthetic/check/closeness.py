"""Distance to the closest record: whether the twin's records lie nearer to people than other people do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.units import Units

Points: TypeAlias = NDArray[np.float32]
_WORK = 50_000_000
"""Pairs of records that are compared."""
FEWEST_TRIED, MOST_TRIED = 200, 2_000
_BLOCK = 1 << 18
"""Distances that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Coordinates:
    """Records in Gower's space: differences of ranks, and 0 or 1 for categories.

    Attributes
    ----------
    numbers : list of ndarray of float32, shape (n,)
        Ranks from 0 to 1; -1 where missing.
    categories : list of ndarray of int32, shape (n,)
    """

    numbers: Sequence[Points]
    categories: Sequence[NDArray[np.int32]]

    def __len__(self) -> int:
        return len([*self.numbers, *self.categories][0])

    def taken(self, places: NDArray[np.intp]) -> Coordinates:
        """Return some of the records."""
        return Coordinates([one[places] for one in self.numbers], [one[places] for one in self.categories])

    def distances(self, others: Coordinates) -> Points:
        """Return the distance from each record to each of the `others`, shape (n, len(others)).

        References
        ----------
        Gower (1971), A general coefficient of similarity and some of its properties. Biometrics 27(4).
        """
        shape = len(self), len(others)
        total, one = np.zeros(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
        for own, other in zip(self.numbers, others.numbers, strict=True):
            np.subtract(own[:, None], other[None, :], out=one)
            total += np.abs(one, out=one)
        differing, differs = np.zeros(shape, dtype=np.uint16), np.empty(shape, dtype=bool)
        for codes, other_codes in zip(self.categories, others.categories, strict=True):
            np.not_equal(codes[:, None], other_codes[None, :], out=differs)
            differing += differs.view(np.uint8)
        total += differing
        return total


@dataclass(frozen=True)
class Closeness:
    """How near the twin is.

    Attributes
    ----------
    closer : float
        Share of the twin's records that lie nearer to a record than that record's nearest neighbour of another unit.
    baseline : float
        The same share of some of the file's own records, taken out of it: what is so for other people.
    nearest, baseline_nearest : float
        Mean distance to the nearest record, as a share of the largest there can be, of the twin's and of those records.
    tried : int
        Records that were looked at.
    """

    closer: float
    baseline: float
    nearest: float
    baseline_nearest: float
    tried: int

    @property
    def excess(self) -> float:
        """By how much `closer` is above the baseline, chance (two standard errors) taken off."""
        error = 2 * np.sqrt(0.5 / max(1, self.tried))
        return max(0.0, self.closer - self.baseline - float(error))

    def document(self) -> dict[str, Any]:
        """Return the measures."""
        return {
            "closer_than_neighbours": self.closer,
            "baseline": self.baseline,
            "excess": self.excess,
            "nearest_distance": self.nearest,
            "baseline_nearest_distance": self.baseline_nearest,
            "records_tried": self.tried,
        }


def closeness(before: Coordinates, after: Coordinates, units: Units, random: np.random.Generator) -> Closeness | None:
    """Compare the twin's distance to the file with that of the file's own records; None for files too small.

    Notes
    -----
    With n records, as many of the twin's are tried as 50 million distances allow, 200 at least and 2,000 at most. The
    baseline takes as many records (and all others of their units) out of the file and asks the same of them.
    """
    people = units.first
    known = int(np.unique(people).size)
    tried = int(np.clip(_WORK // max(1, len(before)), FEWEST_TRIED, MOST_TRIED))
    tried = min(tried, len(after), known // 4)
    if tried < 5:
        return None
    chosen = random.choice(len(after), tried, replace=False)
    mine, near = _closer(after.taken(chosen), before, people)
    out = random.choice(np.unique(people), tried, replace=False)
    inside = ~np.isin(people, out)
    asked = np.flatnonzero(~inside)
    asked = random.choice(asked, min(tried, len(asked)), replace=False)
    rest = np.flatnonzero(inside)
    theirs, usual = _closer(before.taken(asked), before.taken(rest), people[rest])
    dimensions = len(before.numbers) + len(before.categories)
    return Closeness(mine, theirs, near / dimensions, usual / dimensions, tried)


def _closer(points: Coordinates, file: Coordinates, people: NDArray[Any]) -> tuple[float, float]:
    """Return which share of `points` is nearer to its nearest record than another unit's is, and the mean distance.

    A record as near as the neighbour counts half.
    """
    best, where = _nearest(points, file, None, people)
    neighbour, _ = _nearest(file.taken(where), file, people[where], people)
    share = float((best < neighbour).mean() + (best == neighbour).mean() / 2)
    return share, float(best.mean())


def _nearest(
    points: Coordinates, file: Coordinates, without: NDArray[Any] | None, people: NDArray[Any]
) -> tuple[Points, NDArray[np.intp]]:
    """Return the distance to the nearest record of the file (not of the unit `without`), and which it is."""
    best = np.full(len(points), np.inf, dtype=np.float32)
    where = np.zeros(len(points), dtype=np.intp)
    rows = max(1, _BLOCK // max(1, len(points)))
    for start in range(0, len(file), rows):
        block = np.arange(start, min(start + rows, len(file)))
        found = points.distances(file.taken(block))
        if without is not None:
            found[without[:, None] == people[block][None, :]] = np.inf
        place = found.argmin(axis=1)
        least = found[np.arange(len(points)), place]
        nearer = least < best
        best[nearer], where[nearer] = least[nearer], block[place[nearer]]
    return best, where
