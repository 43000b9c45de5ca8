"""MDAV: records in groups of at least k near each other, from the outside in; exact, one pass over all records a group.

The groups are those of `sdcMicro::microaggregation(method = "mdav")`: distances on standardised columns, the first of
equally far records in the order of the file.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points
from saferoom.disclosure.microdata.perturbation.remaining import Remaining

_MOST_PLAIN = 4_000
"""Records up to which looking at all of them is quicker than looking at cells of them."""


def mdav(points: Points, k: int) -> Groups:
    """Group records by the maximum distance to average vector.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
        Standardised columns without missing values.
    k : int
        Fewest records of a group, at most n.

    Returns
    -------
    ndarray of int, shape (n,)
        The group of each record, 0 to g - 1; every group has from k to 2k - 1 records.

    Notes
    -----
    While at least 3k records remain: r is the record farthest from their mean, and becomes a group with its k - 1
    nearest; s is the remaining record farthest from r, and becomes a group with its k - 1 nearest. Of 2k to 3k - 1
    records left, the farthest from the mean and its k - 1 nearest are one group and the others one more; fewer are one
    group.

    References
    ----------
    Domingo-Ferrer, J. and Torra, V. (2005): Ordinal, continuous and heterogeneous k-anonymity through
    microaggregation. Data Mining and Knowledge Discovery 11(2), algorithm MDAV-generic.
    """
    plain = len(points) <= _MOST_PLAIN
    return grouped(Plain(points) if plain else Remaining(points), k)


class Plain:
    """The records that are in no group yet, all looked at in turn: the reference of `Remaining`."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.left = np.arange(len(points))

    def mean(self) -> Points:
        """Return the mean of the remaining records, shape (d,)."""
        result: Points = self._points[self.left].mean(axis=0)
        return result

    def farthest(self, point: Points) -> Points:
        """Return the remaining record that is farthest from `point`, shape (d,)."""
        result: Points = self._points[self.left[self._squares(point).argmax()]]
        return result

    def take(self, point: Points, k: int) -> Groups:
        """Return the places of the k remaining records nearest to `point`, which remain no longer."""
        nearest = np.argsort(self._squares(point), kind="stable")[:k]
        taken = self.left[nearest]
        self.left = np.delete(self.left, nearest)
        return taken

    def _squares(self, point: Points) -> Points:
        away = self._points[self.left] - point
        result: Points = np.einsum("ij,ij->i", away, away)
        return result


def grouped(remaining: Plain | Remaining, k: int) -> Groups:
    """Run MDAV's loop over `remaining` and return the group of every record."""
    groups = np.full(len(remaining.left), -1, dtype=np.intp)
    number = 0

    def take(point: Points) -> None:
        nonlocal number
        groups[remaining.take(point, k)] = number
        number += 1

    count = len(groups)
    while count - number * k >= 3 * k:
        outermost = remaining.farthest(remaining.mean())
        take(outermost)
        take(remaining.farthest(outermost))
    if count - number * k >= 2 * k:
        take(remaining.farthest(remaining.mean()))
    groups[groups < 0] = number
    return groups
