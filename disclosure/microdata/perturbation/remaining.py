"""Records that are in no group yet, kept in cells with boxes around them, so that most are never looked at again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.perturbation.cells import split
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points

_SMALLEST, _LARGEST = 32, 512
"""Records of a cell."""
_SAME = 0.98
"""Share of records that may go before radii are measured around their mean anew."""
_SLACK = 1e-9
"""Relative room for rounding in the bounds of a box; a cell too many is looked at, never one too few."""


class Remaining:
    """Gives the same records as looking at all of them, by the triangle of a point and the boxes of cells.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)

    Notes
    -----
    With c the mean of the records when the cells were made, the squared distance of p and x is
    |x - c|^2 - 2 (x - c)'(p - c) + |p - c|^2. Over a cell the first term is at most its radius and the second is
    linear, so the box gives a bound; cells below the best found so far are passed over (branch and bound: Friedman,
    Bentley and Finkel 1977). For the nearest, the bound is the nearest corner of the box. Cells are made anew whenever
    half of the records are gone.
    """

    def __init__(self, points: Points) -> None:
        self._points = points
        self.left = np.arange(len(points))
        self._count, self._total = len(points), points.sum(axis=0)
        self._build(self.left)

    def _build(self, left: Groups) -> None:
        size = int(np.clip(np.sqrt(len(left)) / 2, _SMALLEST, _LARGEST))
        cells = split(self._points[left], size)
        longest = max(map(len, cells))
        self._places = np.full((len(cells), longest), -1, dtype=np.intp)
        for number, cell in enumerate(cells):
            self._places[number, : len(cell)] = np.sort(left[cell])
        self._there = self._places >= 0
        self._own = self._points[self._places]
        shown = self._there[:, :, None]
        self._low = np.where(shown, self._own, np.inf).min(axis=1)
        self._high = np.where(shown, self._own, -np.inf).max(axis=1)
        self._empty = np.zeros(len(cells), dtype=bool)
        self._built = len(left)
        self._measure()

    def _measure(self) -> None:
        """Measure the cells' radii around the mean of the records that remain."""
        self._centre = self._total / self._count
        squares = np.einsum("ijk,ijk->ij", away := self._own - self._centre, away)
        self._radius = np.where(self._there, squares, 0.0).max(axis=1)
        self._room = _SLACK * float(self._radius.max())
        self._measured = self._count

    def mean(self) -> Points:
        """Return the mean of the remaining records, shape (d,)."""
        result: Points = self._total / self._count
        return result

    def farthest(self, point: Points) -> Points:
        """Return the remaining record that is farthest from `point`, the first in the file of equally far ones."""
        away = point - self._centre
        least = self._low @ np.maximum(away, 0.0) + self._high @ np.minimum(away, 0.0) - self._centre @ away
        bound: Points = (self._radius - 2 * least + away @ away) * (1 + _SLACK) + self._room
        bound[self._empty] = -2.0
        cell = int(bound.argmax())
        looked, squares = np.array([cell]), self._squares(np.array([cell]), point, -1.0)
        bound[cell] = -2.0
        if bound.max() >= (best := squares.max()):
            others = np.flatnonzero(bound >= best)
            looked = np.append(looked, others)
            squares = np.concatenate([squares, self._squares(others, point, -1.0)])
        places = self._places[looked][squares == squares.max()]
        result: Points = self._points[places.min()]
        return result

    def take(self, point: Points, k: int) -> Groups:
        """Return the places of the k remaining records nearest to `point`, which remain no longer."""
        gap = np.maximum(np.maximum(self._low - point, point - self._high), 0.0)
        bound: Points = np.einsum("ij,ij->i", gap, gap)
        bound *= 1 - _SLACK
        bound[self._empty] = np.inf
        cells = self._first_cells(bound, k)
        squares = self._squares(cells, point, np.inf)
        kth = np.partition(squares, k - 1, axis=None)[k - 1]
        bound[cells] = np.inf
        if bound.min() <= kth:
            more = np.flatnonzero(bound <= kth)
            cells = np.append(cells, more)
            squares = np.concatenate([squares, self._squares(more, point, np.inf)])
            kth = np.partition(squares, k - 1, axis=None)[k - 1]
        rows, columns = np.nonzero(squares <= kth)
        order = np.lexsort((self._places[cells[rows], columns], squares[rows, columns]))[:k]
        return self._gone(cells[rows[order]], columns[order])

    def _first_cells(self, bound: Points, k: int) -> Groups:
        """Return the nearest cells that hold k records together."""
        cell = int(bound.argmin())
        if int(self._there[cell].sum()) >= k:
            return np.array([cell])
        order = np.argsort(bound, kind="stable")
        enough = int(np.searchsorted(np.cumsum(self._there[order].sum(axis=1)), k)) + 1
        return order[:enough]

    def _squares(self, cells: Groups, point: Points, absent: float) -> Points:
        away = self._own[cells] - point
        squares: Points = np.einsum("ijk,ijk->ij", away, away)
        squares[~self._there[cells]] = absent
        return squares

    def _gone(self, cells: Groups, columns: NDArray[np.intp]) -> Groups:
        taken = self._places[cells, columns]
        self._there[cells, columns] = False
        self._total = self._total - self._points[taken].sum(axis=0)
        self._count -= len(taken)
        if self._count <= self._built // 2 and self._count >= _SMALLEST:
            self._build(self._places[self._there])
            return taken
        if self._count <= _SAME * self._measured:
            self._measure()
        for cell in set(cells.tolist()):
            own = self._own[cell][self._there[cell]]
            self._empty[cell] = not len(own)
            if len(own):
                self._low[cell], self._high[cell] = own.min(axis=0), own.max(axis=0)
                away = own - self._centre
                self._radius[cell] = np.einsum("ij,ij->i", away, away).max()
        return taken
