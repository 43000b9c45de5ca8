"""What a table gives away, per cell: distinct units (never rows), their shares, the extremes of the measure.

All arrays share one order of cells, so that they can be read side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.verdict import Label

ROW = "row"
"""The kind of unit where rows carry no ids: every row counts as its own unit."""

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """The cells of a table.

    Attributes
    ----------
    labels : tuple of tuples of Label
        Per cell its categories; of a totalled dimension the entry is None and its bit in `levels` is set.
    levels : ndarray of int
        Bit i says that dimension i is totalled, and bit n + i of n dimensions that its category is a parent, and the
        cell a subtotal; 0 is an inner cell.
    """

    labels: tuple[tuple[Label, ...], ...]
    levels: Counts

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def single(cls) -> Cells:
        """Return the one cell of a table without dimensions."""
        return cls(((),), np.zeros(1, dtype=np.int64))

    @property
    def inner(self) -> Mask:
        """Which cells are no margins."""
        return np.asarray(self.levels == 0)


@dataclass(frozen=True)
class Shares:
    """How a total is spread over units.

    Attributes
    ----------
    top : ndarray of float, shape (cells, k)
        The k largest absolute parts in falling order; k is 0 where shares say nothing about the statistic.
    total : ndarray of float, shape (cells,)
        The sum of all absolute parts.
    """

    top: Numbers
    total: Numbers

    @classmethod
    def none(cls, cells: int) -> Shares:
        """Return shares that no rule looks at."""
        return cls(np.zeros((cells, 0)), np.zeros(cells))


@dataclass(frozen=True)
class UnitEvidence:
    """Counts of one kind of unit, per cell, for one measure.

    Attributes
    ----------
    units : ndarray of int
        Distinct units with a non-missing measure.
    nonzero : ndarray of int
        Those among them with a measure other than zero.
    contributions : Shares
        Of the measure times the weight.
    weights : Shares
        Of the weight; without weights every row weighs one.
    """

    kind: str
    units: Counts
    nonzero: Counts
    contributions: Shares
    weights: Shares


@dataclass(frozen=True)
class Summary:
    """Sums and extremes of one measure per cell; nan where no row counts."""

    rows: Counts
    n: Counts
    total: Numbers
    weight: Numbers
    low: Numbers
    high: Numbers

    @property
    def mean(self) -> Numbers:
        """The weighted mean."""
        nothing = np.full_like(self.total, np.nan)
        return np.divide(self.total, self.weight, out=nothing, where=self.weight > 0)


def integers(values: Any) -> Counts:
    """Return an engine's column as whole numbers, 0 where there is none."""
    return np.asarray(np.ma.filled(np.ma.asarray(values), 0), dtype=np.int64)


def floats(values: Any) -> Numbers:
    """Return an engine's column as numbers, nan where there is none."""
    return np.asarray(np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan), dtype=np.float64)


def read_labels(values: Any) -> list[Label]:
    """Return an engine's column as labels; whole numbers lose their decimal point."""
    masked = np.ma.asarray(values)
    hidden = np.ma.getmaskarray(masked).tolist()
    plain: list[Label] = [None if no else value for value, no in zip(masked.data.tolist(), hidden, strict=True)]
    whole = [value for value in plain if isinstance(value, float) and value.is_integer() and abs(value) < 2**53]
    if whole and len(whole) == sum(value is not None for value in plain):
        return [int(value) if isinstance(value, float) else None for value in plain]
    return plain
