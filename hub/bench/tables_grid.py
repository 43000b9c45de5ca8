"""The benchmark's own reckoning of its tables: every cell, who is in it, which cells add up, what has to be hidden.

It shares nothing with what it judges: neither the way cells are made nor the way sums between them are found.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.hub.bench import tables_world
from saferoom.hub.bench.tables_world import Codes, Hierarchy, Values, World

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """A whole table, margins included.

    Attributes
    ----------
    places : mapping of a cell's labels, joined by ``|``, to its position
    values, counts, largest, second : ndarray of float, shape (cells,)
        Turnover, number of businesses, and the turnover of the two largest.
    relations : csr_array, shape (relations, cells)
        1 at the parts, -1 at their total.
    primary : ndarray of bool, shape (cells,)
    nodes : ndarray of int, shape (cells, dimensions)
        The node of each cell in each dimension.
    nested : per dimension ndarray of bool, shape (nodes, nodes)
        Which nodes are the same, or one above the other.
    margin : ndarray of float, shape (cells,)
        How far below and above its value a primary cell has to stay possible.
    """

    places: Mapping[str, int]
    values: Values
    counts: Values
    largest: Values
    second: Values
    relations: csr_array
    primary: Mask
    nodes: Codes
    nested: tuple[Mask, ...]
    margin: Values

    def apart(self, one: int, others: Codes) -> Mask:
        """Tell which of `others` can hold none of the businesses that the cell `one` holds."""
        apart = [~nested[self.nodes[one, i], self.nodes[others, i]] for i, nested in enumerate(self.nested)]
        return np.asarray(np.logical_or.reduce(apart))


def table(world: World) -> Table:
    """Return the table of `world` under the p% rule and the rule of the fewest businesses.

    Notes
    -----
    A cell of total X with contributions x1 >= x2 >= ... breaks the p% rule when ``X - x1 - x2 < p/100 x1``; the
    second largest may then come too near to the largest, and the cell has to stay uncertain by what is missing,
    ``p/100 x1 - (X - x1 - x2)`` (Willenborg and de Waal 2001, chapter 6). A cell of too few has to stay uncertain by a
    fixed share of its value.
    """
    dimensions = [tables_world.nodes(hierarchy) for hierarchy in world.hierarchies]
    values, counts, largest, second = _sums(world)
    fraction = tables_world.PERCENT / 100
    missing = fraction * largest - (values - largest - second)
    there = counts > 0
    dominated = there & (missing > 0)
    few = there & (counts < tables_world.FEWEST)
    margin = np.where(dominated, missing, np.where(few, tables_world.RANGE_PERCENT / 100 * values, 0.0))
    names = ["|".join(labels) for labels in itertools.product(*dimensions)]
    return Table(
        places={name: position for position, name in enumerate(names)},
        values=values,
        counts=counts,
        largest=largest,
        second=second,
        relations=_relations(world),
        primary=dominated | few,
        nodes=np.stack(np.unravel_index(np.arange(len(names)), [len(d) for d in dimensions]), axis=-1),
        nested=tuple(_nested(hierarchy) for hierarchy in world.hierarchies),
        margin=margin,
    )


def _nested(hierarchy: Hierarchy) -> Mask:
    names = tables_world.nodes(hierarchy)
    position = {name: at for at, name in enumerate(names)}
    below = np.eye(len(names), dtype=bool)
    for parent in reversed(names):
        for child in hierarchy.get(parent, ()):
            below[position[parent]] |= below[position[child]]
    return np.asarray(below | below.T)


def _sums(world: World) -> tuple[Values, Values, Values, Values]:
    """Return totals, counts and the two largest of every cell, from the smallest cells upwards."""
    nodes = [tables_world.nodes(hierarchy) for hierarchy in world.hierarchies]
    shape = tuple(len(names) for names in nodes)
    columns = []
    for i, (names, leaves) in enumerate(zip(nodes, world.leaves, strict=True)):
        position = {name: at for at, name in enumerate(names)}
        columns.append(np.array([position[leaf] for leaf in leaves])[world.codes[:, i]])
    flat = np.ravel_multi_index(columns, shape)
    order = np.lexsort((-world.turnover, flat))
    flat, turnover = flat[order], world.turnover[order]
    size = int(np.prod(shape))
    totals, counts = np.bincount(flat, turnover, size), np.bincount(flat, minlength=size).astype(float)
    top = np.zeros((size, 2))
    cells, starts = np.unique(flat, return_index=True)
    top[cells, 0] = turnover[starts]
    more = cells[counts[cells] > 1]
    top[more, 1] = turnover[starts[counts[cells] > 1] + 1]
    cube = np.stack([totals, counts], axis=-1).reshape(*shape, 2)
    best = top.reshape(*shape, 2)
    for i, hierarchy in enumerate(world.hierarchies):
        _up(hierarchy, nodes[i], i, cube, best)
    return cube[..., 0].ravel(), cube[..., 1].ravel(), best[..., 0].ravel(), best[..., 1].ravel()


def _up(hierarchy: Hierarchy, nodes: list[str], axis: int, cube: Values, best: Values) -> None:
    """Fill the parents along `axis`, the deepest first, in place."""
    position = {name: at for at, name in enumerate(nodes)}
    sums, tops = np.moveaxis(cube, axis, 0), np.moveaxis(best, axis, 0)
    for parent in reversed(nodes):
        children = [position[child] for child in hierarchy.get(parent, ())]
        if children:
            sums[position[parent]] = sums[children].sum(axis=0)
            both = np.concatenate([tops[child] for child in children], axis=-1)
            tops[position[parent]] = -np.sort(-both, axis=-1)[..., :2]


def _relations(world: World) -> csr_array:
    """Return every parent with its children along one dimension, for every choice in the others."""
    from scipy import sparse

    parts = []
    nodes = [tables_world.nodes(hierarchy) for hierarchy in world.hierarchies]
    for i, hierarchy in enumerate(world.hierarchies):
        position = {name: at for at, name in enumerate(nodes[i])}
        own = np.zeros((len(hierarchy), len(nodes[i])))
        for row, (parent, children) in enumerate(hierarchy.items()):
            own[row, position[parent]] = -1
            own[row, [position[child] for child in children]] = 1
        factors = [sparse.csr_array(own) if j == i else sparse.eye_array(len(n)) for j, n in enumerate(nodes)]
        parts.append(reduce(sparse.kron, factors))
    return sparse.csr_array(sparse.vstack(parts))
