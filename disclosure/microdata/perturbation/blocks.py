"""MDAV in blocks: many blocks of neighbouring records at once, so that a million records take seconds.

Only records of one block share a group. What that loses at the borders is won back by `exchanges.improved`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.perturbation.cells import split
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points
from saferoom.disclosure.microdata.perturbation.mdav import mdav

BLOCK = 2_048
"""Records of a block."""
_AT_ONCE = 1 << 16
"""Records of the blocks that are worked on together, so that they stay in the processor's cache."""
_COMPACT = 0.9


def blocked(points: Points, k: int, block: int = BLOCK) -> Groups:
    """Group records by MDAV inside of blocks of at most about `block` records.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
        Standardised columns without missing values.
    k : int
        Fewest records of a group.
    block : int, records, at least 3 k

    Returns
    -------
    ndarray of int, shape (n,)
        The group of each record; every group has from k to 2k - 1 records.

    Notes
    -----
    The records farthest from the mean are grouped first, over all directions, half a block of them: far outside, where
    single records lose most, borders between blocks would cost most.
    """
    if len(points) <= 2 * block:
        return mdav(points, k)
    groups = np.full(len(points), -1, dtype=np.intp)
    squares = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    outer = np.argpartition(-squares, block)[:block]
    found, number = _Lockstep(points[outer].T[:, None, :], k).run(until=block // 2)
    groups[outer] = found[0]
    inner = np.flatnonzero(groups < 0)
    alike: dict[int, list[Groups]] = {}
    for cell in split(points[inner], block, k):
        alike.setdefault(len(cell), []).append(inner[cell])
    for size, cells in alike.items():
        step = max(1, _AT_ONCE // size)
        for start in range(0, len(cells), step):
            places = np.stack(cells[start : start + step])
            found, each = _Lockstep(points.T[:, places], k).run()
            groups[places] = found + number + each * np.arange(len(places))[:, None]
            number += each * len(places)
    return groups


class _Lockstep:
    """MDAV on b blocks of m records each, a step in all of them at a time.

    Parameters
    ----------
    points : ndarray of float, shape (d, b, m)
    """

    def __init__(self, points: Points, k: int) -> None:
        self._k, self._number = k, 0
        blocks, size = points.shape[1:]
        self._groups = np.full((blocks, size), -1, dtype=np.intp)
        self._rows = np.arange(blocks)
        self._total = points.sum(axis=2)
        self._left = size
        self._keep(points, np.broadcast_to(np.arange(size), (blocks, size)))

    def _keep(self, points: Points, places: NDArray[np.intp]) -> None:
        self._points, self._places = np.ascontiguousarray(points), places
        self._there = np.ones(places.shape, dtype=bool)
        self._squares, self._room = np.empty(places.shape), np.empty(places.shape)

    def run(self, until: int = 0) -> tuple[Groups, int]:
        """Group the records of every block; with `until`, only while more than so many remain.

        Returns
        -------
        groups : ndarray of int, shape (b, m)
            Numbers from 0 in every block; -1 where records remain.
        number : int
            Number of groups of a block.
        """
        k = self._k
        while self._left >= max(3 * k, until):
            outermost = self._farthest(self._total / self._left)
            self._take(outermost)
            self._take(self._farthest(outermost, measured=True))
            self._compact()
        if not until:
            if self._left >= 2 * k:
                self._take(self._farthest(self._total / self._left))
            rows, columns = np.nonzero(self._there)
            self._groups[rows, self._places[rows, columns]] = self._number
            self._number += 1
        return self._groups, self._number

    def _measure(self, point: Points) -> None:
        """Set the squared distance of every record to its block's `point`, shape (d, b)."""
        squares, room = self._squares, self._room
        for place, (values, own) in enumerate(zip(self._points, point, strict=True)):
            into = room if place else squares
            np.subtract(values, own[:, None], out=into)
            np.multiply(into, into, out=into)
            if place:
                np.add(squares, room, out=squares)

    def _farthest(self, point: Points, measured: bool = False) -> Points:
        """Return each block's record that is farthest from `point`, shape (d, b)."""
        if not measured:
            self._measure(point)
        self._squares[~self._there] = -1.0
        result: Points = self._points[:, self._rows, self._squares.argmax(axis=1)]
        return result

    def _take(self, point: Points) -> None:
        self._measure(point)
        self._squares[~self._there] = np.inf
        nearest = np.argpartition(self._squares, self._k - 1, axis=1)[:, : self._k]
        rows = self._rows[:, None]
        self._there[rows, nearest] = False
        self._groups[rows, self._places[rows, nearest]] = self._number
        self._total = self._total - self._points[:, rows, nearest].sum(axis=2)
        self._number += 1
        self._left -= self._k

    def _compact(self) -> None:
        blocks, size = len(self._rows), len(self._there[0])
        if self._left <= _COMPACT * size:
            shape = (blocks, self._left)
            self._keep(self._points[:, self._there].reshape(-1, *shape), self._places[self._there].reshape(shape))
