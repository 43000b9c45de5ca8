"""A declared table's cells within the cube of all its combinations, margins included.

Vocabulary
----------
absent
    A combination that holds nobody, so that the computed table does not have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.queries.classification import Classification, Key, key_of
from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import MOST_COMBINATIONS
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.assemble import total_label
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import Dimension, dimension
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

_TOTAL = "total"


@dataclass(frozen=True)
class Lattice:
    """Where a table's cells are in the cube of its combinations.

    Attributes
    ----------
    cube : Cube
        Its labels are generated ones; `labels` are those of the table.
    labels : tuple of tuples of Label
        Per cell of the cube.
    cells : Cells
        The cells of the cube as those of a table: totalled dimensions have no label, and a bit in their level.
    place : ndarray of int, shape (the table's cells,)
        Where each of them is in the cube.
    """

    cube: Cube
    labels: tuple[tuple[Label, ...], ...]
    cells: Cells
    place: Places

    def __len__(self) -> int:
        return len(self.cube)

    @property
    def there(self) -> Mask:
        """Which cells of the cube the table has, shape (cells of the cube,)."""
        return self.spread(np.ones(len(self.place), dtype=bool))

    def spread(self, mask: Mask) -> Mask:
        """Return a mask over the table's cells as one over the cube's; absent ones are not in it."""
        full = np.zeros(len(self.cube), dtype=bool)
        full[self.place[mask]] = True
        return full

    def numbers(self, values: Numbers, absent: float = 0.0) -> Numbers:
        """Return values of the table's cells as values of the cube's."""
        full = np.full(len(self.cube), absent)
        full[self.place] = values
        return full

    def groups(self, axis: int) -> Iterator[tuple[Places, Places]]:
        """Yield cells and, in the same order, the groups they are parts of along dimension `axis`: totals, parents."""
        last = len(self.cube.dimensions[axis]) - 1
        relations = self.cube.dimensions[axis].relations.tocoo()
        places = np.moveaxis(np.arange(len(self)).reshape(self.cube.shape), axis, 0)
        parent = np.zeros(relations.shape[0], dtype=np.int64)
        parent[relations.row[relations.data < 0]] = relations.col[relations.data < 0]
        pairs = {(part, last) for part in range(last)}
        parts = relations.data > 0
        pairs |= set(zip(relations.col[parts].tolist(), parent[relations.row[parts]].tolist(), strict=True))
        for part, whole in sorted(pairs):
            yield places[part].ravel(), places[whole].ravel()

    def above(self, place: int) -> Places:
        """Return the cells of which the one at `place` is a part, directly or through others."""
        found, left = {place}, [place]
        while left:
            rows = self._by_cell.indices[self._by_cell.indptr[left[-1]] : self._by_cell.indptr[left.pop() + 1]]
            new = {int(self._totals[row]) for row in rows.tolist()} - found
            found |= new
            left += new
        return np.array(sorted(found - {place}), dtype=np.int64)

    @cached_property
    def relations(self) -> csr_array:
        """Every sum between cells of the cube."""
        return self.cube.relations()

    @cached_property
    def _by_cell(self) -> csc_array:
        from scipy.sparse import csc_array

        return csc_array(self.relations)

    @cached_property
    def _totals(self) -> Places:
        found = self.relations.tocoo()
        totals = np.zeros(found.shape[0], dtype=np.int64)
        totals[found.row[found.data < 0]] = found.col[found.data < 0]
        return totals


def lattice_of(cells: Cells, classifications: Sequence[Classification | None] = ()) -> Lattice:
    """Return the cube of all combinations of the categories of `cells`, a table with its margins.

    Parameters
    ----------
    classifications : sequence of Classification or None
        Per dimension, the parents of its categories, where the table has subtotals.

    Raises
    ------
    BadInputError
        When there are too many combinations.
    """
    width = len(cells.labels[0]) if cells.labels else 0
    parents = [*classifications, *[None] * (width - len(classifications))]
    axes = [_axis(cells, i, parents[i]) for i in range(width)]
    if np.prod([float(len(axis.dimension)) for axis in axes]) > MOST_COMBINATIONS:
        raise BadInputError("protect: the table has too many combinations of categories; use broader categories")
    cube = Cube(tuple(axis.dimension for axis in axes))
    at = np.unravel_index(np.arange(len(cube)), cube.shape)
    levels = np.zeros(len(cube), dtype=np.int64)
    for i, (places, axis) in enumerate(zip(at, axes, strict=True)):
        total = places == len(axis.dimension) - 1
        levels |= total.astype(np.int64) << i
        levels |= (~total & (places >= axis.dimension.leaves)).astype(np.int64) << width + i
    named = [[*axis.labels, None] for axis in axes]
    label = total_label(cells)
    shown = [[*axis.labels, label] for axis in axes]
    rows = np.column_stack(at).tolist()
    return Lattice(
        cube,
        tuple(tuple(shown[i][code] for i, code in enumerate(row)) for row in rows),
        Cells(tuple(tuple(named[i][code] for i, code in enumerate(row)) for row in rows), levels),
        cube.position([axis.codes for axis in axes]),
    )


@dataclass(frozen=True)
class _Axis:
    """One dimension: its labels without the total's in the order of `dimension`, and where each cell of a table is."""

    dimension: Dimension
    labels: tuple[Label, ...]
    codes: Places


def _axis(cells: Cells, i: int, classification: Classification | None) -> _Axis:
    width = len(cells.labels[0])
    leaves: dict[Key, str] = {}
    parents: dict[Key, str] = {}
    own: list[str] = []
    for labels, level in zip(cells.labels, cells.levels.tolist(), strict=True):
        if level >> i & 1:
            own.append(_TOTAL)
        elif level >> width + i & 1:
            own.append(parents.setdefault(key_of(labels[i]), f"p{len(parents)}"))
        else:
            own.append(leaves.setdefault(key_of(labels[i]), f"c{len(leaves)}"))
    known = {**leaves, **parents}
    children: dict[str, list[str]] = {}
    for parent, listed in classification.children.items() if classification is not None else ():
        if key_of(parent) in parents:
            present = [known[key_of(child)] for child in listed if key_of(child) in known]
            children[parents[key_of(parent)]] = present
    below = {child for listed in children.values() for child in listed}
    roots = [key for key in (*children, *leaves.values()) if key not in below]
    linked = sum(len(listed) for listed in children.values()) > len(below)
    made = dimension(
        f"d{i}",
        list(leaves.values()),
        {**children, _TOTAL: list(leaves.values()) if linked else roots} if children else None,
        total=_TOTAL,
    )
    back = {key: label for (_, label), key in known.items()}
    places = made.places()
    order = tuple(back[str(key)] for key in made.labels[:-1])
    return _Axis(made, order, np.array([places[key] for key in own], dtype=np.int64))
