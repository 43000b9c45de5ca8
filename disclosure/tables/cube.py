"""Cubes: every combination of the categories of some dimensions, totals included, and the sums between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Places
from saferoom.disclosure.tables.hierarchies import Dimension
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_CELLS = 2_000_000


@dataclass(frozen=True)
class Cube:
    """All cells of some dimensions, in reading order: the last dimension runs fastest, totals come last in each.

    Raises
    ------
    BadInputError
        When there would be more than `MOST_CELLS`.
    """

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise BadInputError("a table needs at least one dimension")
        if prod(self.shape) > MOST_CELLS:
            raise BadInputError(
                f"the table would have {prod(self.shape):,} cells with its totals, more than {MOST_CELLS:,}; use fewer "
                "dimensions or broader categories"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Categories per dimension."""
        return tuple(len(dimension) for dimension in self.dimensions)

    def __len__(self) -> int:
        return prod(self.shape)

    @cached_property
    def labels(self) -> tuple[tuple[Label, ...], ...]:
        """The labels of every cell."""
        return tuple(product(*(dimension.labels for dimension in self.dimensions)))

    @cached_property
    def leaf(self) -> Mask:
        """Which cells are no sums of others, shape (cells,)."""
        inner = [np.arange(len(dimension)) < dimension.leaves for dimension in self.dimensions]
        mask = np.ones(1, dtype=bool)
        for axis in inner:
            mask = np.logical_and.outer(mask, axis).ravel()
        return mask

    def position(self, places: Sequence[Places]) -> Places:
        """Return the cells at the categories' positions, one array per dimension."""
        return np.asarray(np.ravel_multi_index(tuple(places), self.shape), dtype=np.int64)

    def added_up(self, leaves: Numbers) -> Numbers:
        """Return the values of all cells from those of the leaf cells.

        Parameters
        ----------
        leaves : ndarray of float, shape (cells,)
            Only the entries at leaf cells are read.
        """
        inner = leaves.reshape(self.shape)[tuple(slice(dimension.leaves) for dimension in self.dimensions)]
        for axis, dimension in enumerate(self.dimensions):
            moved = np.moveaxis(inner, axis, 0)
            summed = dimension.sums @ moved.reshape(dimension.leaves, -1)
            inner = np.moveaxis(summed.reshape(len(dimension), *moved.shape[1:]), 0, axis)
        return np.ascontiguousarray(inner).ravel()

    def relations(self) -> csr_array:
        """Return every sum: along each dimension, for every combination of the others."""
        from scipy.sparse import csr_array, eye_array, kron, vstack

        blocks = []
        for axis, dimension in enumerate(self.dimensions):
            before, after = prod(self.shape[:axis]), prod(self.shape[axis + 1 :])
            inner = kron(dimension.relations, eye_array(after), format="csr")
            blocks.append(kron(eye_array(before), inner, format="csr"))
        return csr_array(vstack(blocks, format="csr"))

    def table(
        self, values: Numbers, *, lowest: Numbers | float = 0.0, highest: Numbers | float = np.inf, whole: bool = False
    ) -> AdditiveTable:
        """Return the additive table of `values`, shape (cells,), which have to add up already."""
        size = len(self)
        low = np.broadcast_to(np.asarray(lowest, dtype=np.float64), size).copy()
        high = np.broadcast_to(np.asarray(highest, dtype=np.float64), size).copy()
        return AdditiveTable(self.labels, values, self.relations(), low, high, whole)

    def in_tables(self, tables: Sequence[Sequence[int]]) -> Mask:
        """Return which cells are in a table by some of the dimensions (their positions), with its margins."""
        mask = np.zeros(len(self), dtype=bool)
        at_total = [np.arange(len(dimension)) == len(dimension) - 1 for dimension in self.dimensions]
        for table in tables:
            kept = np.ones(1, dtype=bool)
            for axis, total in enumerate(at_total):
                kept = np.logical_and.outer(kept, np.ones_like(total) if axis in table else total).ravel()
            mask |= kept
        return mask


def additivity(table: AdditiveTable, tolerance: float = 1e-9) -> Mask:
    """Return which relations do not add up, to `tolerance` of the sizes of their cells; shape (relations,)."""
    scale = abs(table.relations) @ np.abs(table.values)
    return np.asarray(np.abs(table.relations @ table.values) > tolerance * np.maximum(scale, 1e-300))
