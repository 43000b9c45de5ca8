"""Aggregated input placed in a cube.

Rows about totals are checked against the sums of what they hold, and never counted twice. Combinations without a row
are empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.aggregated_rows import Rows
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension, text
from saferoom.disclosure.tables.specification import Specification
from saferoom.errors import BadInputError

_TOLERANCE = 1e-9
_LARGEST_WHOLE = 2.0**53
_LARGEST_VALUE = 1e15
"""Beyond it, floating-point numbers no longer tell small cells of a total."""
_SMALLEST_VALUE = 1e-100
"""Below it, shares of it overflow."""


@dataclass(frozen=True)
class Largest:
    """The largest contributions that are known of leaf cells, one entry each.

    Attributes
    ----------
    cells : ndarray of int
    holders : ndarray of int
        Who contributes; without holders everybody contributes to one leaf only.
    amounts : ndarray of float
        Not negative, weighted.
    columns : int
        How many of a cell's contributions the input tells.
    joint : bool
        Whether the input says who contributes.
    """

    cells: Places
    holders: Places
    amounts: Numbers
    columns: int
    joint: bool


@dataclass(frozen=True)
class Aggregate:
    """A table that adds up.

    Attributes
    ----------
    values : ndarray of float, shape (cells,)
        What is to be published, weighted.
    counts : ndarray of float or None, shape (cells,)
        Units per cell, unweighted.
    empty : ndarray of bool, shape (cells,)
        Cells without units or values.
    largest : Largest or None
    signed : bool
        Whether a value is negative.
    """

    cube: Cube
    values: Numbers
    counts: Numbers | None
    empty: Mask
    largest: Largest | None
    signed: bool


def aggregate(rows: Rows, specification: Specification) -> Aggregate:
    """Place rows in the cube of their dimensions, and check that what is said of totals is their parts' sum.

    Raises
    ------
    BadInputError
        For duplicates, gaps, totals that do not add up, and counts that are none.
    """
    names = specification.dimensions
    dimensions = tuple(
        dimension(
            name,
            list(dict.fromkeys(labels)),
            specification.hierarchies.get(name),
            specification.totals.get(name),
        )
        for name, labels in zip(names, rows.labels, strict=True)
    )
    cube = Cube(dimensions)
    found = [part.places() for part in dimensions]
    cells = cube.position(
        [np.array([at[text(label)] for label in labels]) for at, labels in zip(found, rows.labels, strict=True)]
    )
    _check_rows(rows, cells, cube, specification)
    weights = rows.numbers[specification.weight] if specification.weight else np.ones(len(rows))
    with np.errstate(over="ignore"):
        given = rows.numbers[specification.value] * weights
    leaf = cube.leaf[cells]
    if not np.abs(given[leaf] / _LARGEST_VALUE).sum() <= 1:
        raise BadInputError(
            f"the column '{specification.value}' adds up to more than {_LARGEST_VALUE:.0e}, where small cells are lost "
            "in rounding; give it in thousands or millions"
        )
    if ((given != 0) & (np.abs(given) < _SMALLEST_VALUE)).any():
        raise BadInputError(
            f"the column '{specification.value}' has a value that is nearly, but not quite, zero (below "
            f"{_SMALLEST_VALUE:.0e}); give it in smaller units, or round it"
        )
    values = _summed(cube, cells[leaf], given[leaf])
    sizes = _summed(cube, cells[leaf], np.abs(given[leaf]))
    _check_totals(rows, cells, cube, specification)
    counts = None
    if specification.count is not None:
        said = rows.numbers[specification.count]
        counts = _summed(cube, cells[leaf], said[leaf])
        if specification.count != specification.value:
            counts = _distinct(rows, cells, counts, said, cube, specification)
    empty = sizes == 0
    if counts is not None:
        empty &= counts == 0
    result = Aggregate(cube, values, counts, empty, None, _signed(rows, given, specification))
    return replace(result, largest=_largest(rows, cells, cube, weights, result, specification))


def _signed(rows: Rows, given: Numbers, specification: Specification) -> bool:
    """Say whether contributions may be negative: a value or a contribution is, or everybody knows that they may be."""
    lower = None if specification.bounds is None else specification.bounds.lower
    return (
        bool((given < 0).any())
        or any(bool((rows.numbers[name] < 0).any()) for name in specification.top)
        or (lower is not None and lower < 0)
    )


def _summed(cube: Cube, cells: Places, given: Numbers) -> Numbers:
    leaves = np.zeros(len(cube))
    leaves[cells] = given
    return cube.added_up(leaves)


def _check_rows(rows: Rows, cells: Places, cube: Cube, specification: Specification) -> None:
    names = specification.dimensions
    order = np.argsort(cells, kind="stable")
    again = np.flatnonzero(np.diff(cells[order]) == 0)
    if len(again):
        row = int(order[again + 1].min())
        raise BadInputError(f"{rows.named(row, names)} is there twice; every cell may have one row")
    if specification.complete:
        there = np.zeros(len(cube), dtype=bool)
        there[cells] = True
        gone = np.flatnonzero(cube.leaf & ~there)
        if len(gone):
            said = ", ".join(f"{name} '{label}'" for name, label in zip(names, cube.labels[gone[0]], strict=True))
            raise BadInputError(f"the cell ({said}) has no row, but the specification says `complete: true`")
    if specification.count is not None:
        counts = rows.numbers[specification.count]
        wrong = np.flatnonzero((counts < 0) | (counts != np.floor(counts)) | (counts > _LARGEST_WHOLE))
        if len(wrong):
            raise BadInputError(
                f"{rows.named(int(wrong[0]), names)}: the count in the column '{specification.count}' must be a whole "
                "number, 0 or more"
            )
        if specification.count != specification.value:
            lone = np.flatnonzero((counts == 0) & (rows.numbers[specification.value] != 0))
            if len(lone):
                raise BadInputError(
                    f"{rows.named(int(lone[0]), names)}: the cell has a value other than zero but no units in the "
                    f"column '{specification.count}'"
                )
    if specification.weight is not None:
        weights = rows.numbers[specification.weight]
        wrong = np.flatnonzero(weights <= 0)
        if len(wrong):
            raise BadInputError(f"{rows.named(int(wrong[0]), names)}: the weight must be larger than zero")


def _check_totals(rows: Rows, cells: Places, cube: Cube, specification: Specification) -> None:
    column, names = specification.value, specification.dimensions
    given = rows.numbers[column]
    leaf = cube.leaf[cells]
    values = _summed(cube, cells[leaf], given[leaf])
    sizes = _summed(cube, cells[leaf], np.abs(given[leaf]))
    off = np.abs(values[cells] - given) > _TOLERANCE * np.maximum(sizes[cells], np.abs(given))
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise BadInputError(
            f"{rows.named(row, names)} is a total, but its '{column}' is not the sum of its parts. Mend the table, add "
            "the rows that are missing, or leave the rows of totals out; if it is no total, say so in `hierarchies` or "
            "`totals`"
        )


def _distinct(
    rows: Rows, cells: Places, counts: Numbers, said: Numbers, cube: Cube, specification: Specification
) -> Numbers:
    """Take the counts that rows of totals say: units in several parts count once in the total."""
    totals = ~cube.leaf[cells]
    over = np.flatnonzero(totals & (said > counts[cells]))
    if len(over):
        raise BadInputError(
            f"{rows.named(int(over[0]), specification.dimensions)} is a total, but has more units in "
            f"'{specification.count}' than its parts together"
        )
    counts = counts.copy()
    counts[cells[totals]] = said[totals]
    return counts


def _largest(
    rows: Rows, cells: Places, cube: Cube, weights: Numbers, result: Aggregate, specification: Specification
) -> Largest | None:
    if not specification.top:
        return None
    amounts = np.stack([np.abs(rows.numbers[name] * weights) for name in specification.top])
    together = amounts.sum(axis=0)
    leaf = cube.leaf[cells]
    if not result.signed:
        over = np.flatnonzero(leaf & (together > result.values[cells] * (1 + _TOLERANCE)))
        if len(over):
            raise BadInputError(
                f"{rows.named(int(over[0]), specification.dimensions)}: the largest contributions together are more "
                "than the value; where contributions may be negative, say so by `bounds: {lower: ...}` with a number "
                "below zero"
            )
    if result.counts is not None:
        many = np.flatnonzero(leaf & ((amounts > 0).sum(axis=0) > result.counts[cells]))
        if len(many):
            raise BadInputError(
                f"{rows.named(int(many[0]), specification.dimensions)}: `top` tells more contributions than there are "
                f"units in '{specification.count}'"
            )
    width, height = amounts.shape[1], amounts.shape[0]
    if rows.holders:
        flat = [name for column in rows.holders for name in column]
        codes: NDArray[np.int64] = np.unique(np.array(flat), return_inverse=True)[1].reshape(height, width)
    else:
        codes = np.arange(height * width).reshape(height, width)
    kept = (amounts > 0) & leaf
    where = np.broadcast_to(cells, amounts.shape)
    return Largest(where[kept], codes[kept].astype(np.int64), amounts[kept], height, bool(rows.holders))
