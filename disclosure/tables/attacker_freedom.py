"""How hidden cells can still move: what the published cells and the relations leave open, before anything is solved.

Vocabulary
----------
move
    The difference between a cell's value in another table that fits everything published, and its true value. All
    moves are zero in the true table, so that nothing is ever infeasible.
group
    Hidden cells that can only move together: by the same amount, in the same or in the opposite direction.
part
    Groups that relations connect, directly or through others. What is known in one part says nothing about another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Places

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ROUNDS = 12


@dataclass(frozen=True)
class Freedom:
    """The groups of hidden cells, and the relations between their moves.

    Attributes
    ----------
    group : ndarray of int, shape (cells,)
        The cell's group; -1 where it cannot move: published, or worked out at once.
    sign : ndarray of float, shape (cells,)
        1 or -1: the cell's move is this times its group's.
    down, up : ndarray of float, shape (groups,)
        What everybody knows beforehand of the group's move: at least `down` <= 0, at most `up` >= 0.
    matrix : csr_array, shape (relations, groups)
        ``matrix @ moves`` is zero.
    part : ndarray of int, shape (groups,)
    """

    group: Places
    sign: Numbers
    down: Numbers
    up: Numbers
    matrix: csr_array
    part: Places

    def parts(self) -> Iterator[Part]:
        """Yield the parts in the order of their first cells."""
        order = np.argsort(self.part, kind="stable")
        bounds = np.searchsorted(self.part[order], np.arange(int(self.part.max(initial=-1)) + 2))
        rows = self._row_parts()
        row_order = np.argsort(rows, kind="stable")
        row_bounds = np.searchsorted(rows[row_order], np.arange(len(bounds)))
        for number in range(len(bounds) - 1):
            members = order[bounds[number] : bounds[number + 1]]
            relations = row_order[row_bounds[number] : row_bounds[number + 1]]
            yield Part(members, self.down[members], self.up[members], self.matrix[relations][:, members])

    def _row_parts(self) -> Places:
        first = self.matrix.indices[self.matrix.indptr[:-1]] if self.matrix.shape[0] else np.empty(0, dtype=np.int64)
        return np.asarray(self.part[first], dtype=np.int64)


@dataclass(frozen=True)
class Part:
    """One part: its groups (positions in `Freedom`), the bounds of their moves, and the relations between them."""

    groups: Places
    down: Numbers
    up: Numbers
    matrix: csr_array


def known(table: AdditiveTable, insider: Insider | None = None) -> tuple[Numbers, Numbers]:
    """Return the bounds of the moves of all cells for everybody, or for an insider, shape (cells,)."""
    lowest, highest = table.lowest, table.highest
    if insider is not None:
        lowest, highest = lowest.copy(), highest.copy()
        lowest[insider.cells] = np.maximum(lowest[insider.cells], insider.lowest)
        highest[insider.cells] = np.minimum(highest[insider.cells], insider.highest)
    return np.minimum(lowest - table.values, 0.0), np.maximum(highest - table.values, 0.0)


def freedom(table: AdditiveTable, hidden: Mask, insider: Insider | None = None) -> Freedom:
    """Eliminate what is published or worked out step by step, and join cells that can only move together."""
    from scipy.sparse import csr_array

    down, up = known(table, insider)
    cells = np.flatnonzero(hidden & (down < up))
    state = _State(np.arange(len(cells)), np.ones(len(cells)), down[cells], up[cells])
    matrix = csr_array(table.relations[:, cells], dtype=np.float64)
    while True:
        matrix = _rows_with_entries(matrix)
        stuck = _stuck(matrix, state)
        if stuck.any():
            matrix = matrix @ state.without(stuck)
            continue
        joined = _joined(matrix, len(state.down))
        if joined is None:
            break
        matrix = matrix @ state.join(*joined)
    group = np.full(len(table), -1, dtype=np.int64)
    sign = np.ones(len(table))
    group[cells], sign[cells] = state.group, state.sign
    return Freedom(group, sign, state.down, state.up, matrix, _connected(matrix))


class _State:
    """Which group each hidden cell belongs to by now."""

    def __init__(self, group: Places, sign: Numbers, down: Numbers, up: Numbers) -> None:
        self.group, self.sign, self.down, self.up = group, sign, down, up

    def without(self, stuck: Mask) -> csr_array:
        """Drop groups that cannot move; return what turns the old groups into the new ones."""
        number = np.where(stuck, -1, np.cumsum(~stuck) - 1)
        self.group = np.where(self.group >= 0, number[self.group], -1)
        self.down, self.up = self.down[~stuck], self.up[~stuck]
        return _turning(number, np.ones(len(number)), len(self.down))

    def join(self, number: Places, sign: Numbers) -> csr_array:
        """Make groups one that can only move together; -1 stands for those that cannot move."""
        count = int(number.max(initial=-1)) + 1
        down, up = np.full(count, -np.inf), np.full(count, np.inf)
        moving = number >= 0
        plus = sign > 0
        np.maximum.at(down, number[moving], np.where(plus, self.down, -self.up)[moving])
        np.minimum.at(up, number[moving], np.where(plus, self.up, -self.down)[moving])
        self.down, self.up = down, up
        there = self.group >= 0
        self.sign = np.where(there, self.sign * sign[self.group], 1.0)
        self.group = np.where(there, number[self.group], -1)
        return _turning(number, sign, count)


def _turning(number: Places, sign: Numbers, count: int) -> csr_array:
    from scipy.sparse import csr_array

    kept = np.flatnonzero(number >= 0)
    return csr_array((sign[kept], (kept, number[kept])), shape=(len(number), count))


def _rows_with_entries(matrix: csr_array) -> csr_array:
    matrix.sum_duplicates()
    matrix.data[np.abs(matrix.data) < 1e-9] = 0.0
    matrix.eliminate_zeros()
    return matrix[np.flatnonzero(np.diff(matrix.indptr))]


def _stuck(matrix: csr_array, state: _State) -> Mask:
    """Return the groups that cannot move at all: alone in a relation, or all at their limits in one direction."""
    stuck = np.asarray(state.down >= state.up)
    if matrix.shape[0] == 0:
        return stuck
    entries, columns = matrix.data, matrix.indices
    starts = matrix.indptr[:-1]
    alone = np.diff(matrix.indptr) == 1
    least = np.add.reduceat(np.where(entries > 0, entries * state.down[columns], entries * state.up[columns]), starts)
    most = np.add.reduceat(np.where(entries > 0, entries * state.up[columns], entries * state.down[columns]), starts)
    rows = alone | (least == 0) | (most == 0)
    stuck[columns[np.repeat(rows, np.diff(matrix.indptr))]] = True
    return stuck


def _joined(matrix: csr_array, count: int) -> tuple[Places, Numbers] | None:
    """Return the new group of each group and its direction, from relations between two groups; None without any.

    Notes
    -----
    Every group is two nodes, itself and its opposite. ``a - b = 0`` joins alike nodes, ``a + b = 0`` opposite ones; a
    group joined with its own opposite cannot move.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.flatnonzero(np.diff(matrix.indptr) == 2)
    first, second = matrix.indptr[pairs], matrix.indptr[pairs] + 1
    even = np.abs(matrix.data[first]) == np.abs(matrix.data[second])
    first, second = first[even], second[even]
    if not len(first):
        return None
    opposite = (matrix.data[first] > 0) == (matrix.data[second] > 0)
    a, b = matrix.indices[first], matrix.indices[second]
    ends = np.concatenate([b + count * opposite, b + count * ~opposite])
    graph = coo_array((np.ones(len(ends)), (np.concatenate([a, a + count]), ends)), shape=(2 * count, 2 * count))
    labels: Any = connected_components(graph, directed=False)[1]
    itself, other = labels[:count], labels[count:]
    _, number = np.unique(np.minimum(itself, other), return_inverse=True)
    contrary = itself == other
    number = np.where(contrary, -1, number)
    kept, number_of_kept = np.unique(number[~contrary], return_inverse=True)
    del kept
    number[~contrary] = number_of_kept
    return number.astype(np.int64), np.where(itself <= other, 1.0, -1.0)


def _connected(matrix: csr_array) -> Places:
    """Return the part of each group, numbered by their first groups."""
    from scipy.sparse.csgraph import connected_components

    pattern = abs(matrix)
    labels: Any = connected_components(pattern.T @ pattern, directed=False)[1]
    _, first = np.unique(labels, return_index=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[labels], dtype=np.int64)


def tightened(matrix: csr_array, down: Numbers, up: Numbers, *, whole: bool) -> tuple[Numbers, Numbers]:
    """Return bounds of the moves that each relation by itself leaves, a few rounds of them.

    Notes
    -----
    ``c x <= -(least the others can be)``; every bound holds, and some are attained.
    """
    down, up = down.copy(), up.copy()
    if matrix.shape[0] == 0:
        return down, up
    entries, columns, starts = matrix.data, matrix.indices, matrix.indptr[:-1]
    lengths = np.diff(matrix.indptr)
    for _ in range(_ROUNDS):
        before = (down, up)
        least = _without_each(np.where(entries > 0, entries * down[columns], entries * up[columns]), starts, lengths)
        most = -_without_each(-np.where(entries > 0, entries * up[columns], entries * down[columns]), starts, lengths)
        high = np.where(entries > 0, -least, -most) / entries
        low = np.where(entries > 0, -most, -least) / entries
        down, up = down.copy(), up.copy()
        np.minimum.at(up, columns, high)
        np.maximum.at(down, columns, low)
        if whole:
            down, up = np.ceil(down - 1e-6), np.floor(up + 1e-6)
        down, up = np.minimum(down, 0.0), np.maximum(up, 0.0)
        if np.array_equal(before[0], down) and np.array_equal(before[1], up):
            break
    return down, up


def _without_each(terms: Numbers, starts: Places, lengths: Places) -> Numbers:
    """Return, per entry, the sum of the other entries of its row; entries may be minus infinity."""
    endless = np.isneginf(terms)
    finite = np.where(endless, 0.0, terms)
    total = np.repeat(np.add.reduceat(finite, starts), lengths) - finite
    others = np.repeat(np.add.reduceat(endless.astype(np.int64), starts), lengths) - endless
    return np.where(others > 0, -np.inf, total)
