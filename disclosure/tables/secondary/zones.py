"""Zones: the cells around a cell, nearest first, so that programs stay small in large tables.

Vocabulary
----------
ring
    Cells in one relation with a cell are its first ring, those in one relation with these the second one, and so on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.problem import Problem


class Neighbours:
    """Finds zones in a table of which only some cells can move."""

    def __init__(self, problem: Problem, free: Mask) -> None:
        from scipy.sparse import csr_array

        pattern = csr_array(problem.relations, dtype=np.float64, copy=True)
        pattern.data[:] = 1.0
        self._relations = pattern
        self._cells: Any = pattern.T.tocsr()
        self._free = free

    def ring(self, cells: Places) -> Places:
        """Return the cells that share a relation with one of `cells`, and these themselves, in rising order."""
        return np.union1d(self._members(self._of(cells)), cells)

    def zone(self, cell: int, most: int, weight: Numbers) -> Places:
        """Return at most `most` cells around a cell that can move, in rising order.

        Notes
        -----
        Rings are taken whole while they fit. Of the last ring those come first that share most relations with the zone
        (they close cycles), then the cheapest.
        """
        zone = np.array([cell], dtype=np.int64)
        ring = zone
        while len(zone) < most and len(ring):
            relations = self._of(ring)
            found = np.setdiff1d(self._members(relations), zone)
            ring = found[self._free[found]]
            if len(zone) + len(ring) > most:
                ring = self._closest(zone, ring, weight)[: most - len(zone)]
            zone = np.union1d(zone, ring)
        return zone

    def inside(self, zone: Places) -> Places:
        """Return the cells of a zone none of whose relations has a cell that can move outside of it."""
        here = np.zeros(len(self._free), dtype=bool)
        here[zone] = True
        relations = self._of(zone)
        outside = np.asarray(self._relations[relations] @ (self._free & ~here).astype(np.float64)) > 0
        left = np.zeros(len(self._free), dtype=bool)
        left[self._members(relations[outside])] = True
        return zone[~left[zone]]

    def _of(self, cells: Places) -> Places:
        return np.unique(_entries(self._cells, cells))

    def _members(self, relations: Places) -> Places:
        return np.unique(_entries(self._relations, relations))

    def _closest(self, zone: Places, ring: Places, weight: Numbers) -> Places:
        touched = np.zeros(self._relations.shape[0])
        touched[self._of(zone)] = 1.0
        shared = self._cells[ring] @ touched
        return ring[np.lexsort((ring, weight[ring], -shared))]


def _entries(matrix: Any, rows: Places) -> Places:
    """Return the columns of the entries of some rows, with repetitions."""
    starts, ends = matrix.indptr[rows].astype(np.int64), matrix.indptr[rows + 1].astype(np.int64)
    lengths = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.asarray(matrix.indices[offsets + np.arange(int(lengths.sum()))], dtype=np.int64)
