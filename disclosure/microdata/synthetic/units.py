"""How many statistical units share something: what the threshold counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Keys

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Counts: TypeAlias = NDArray[np.int64]
Groups: TypeAlias = NDArray[np.integer[Any]]
ROUNDED_TO = 5
"""Counts are told, and drawn from, as multiples of this."""


@dataclass(frozen=True)
class _Column:
    codes: Groups
    size: int
    single: bool
    """Whether every unit has one record only."""


@dataclass(frozen=True)
class Units:
    """The statistical units of n records: of one kind, or of several that must all be enough.

    A record whose unit is missing counts for nobody.
    """

    _columns: tuple[_Column, ...]

    @classmethod
    def of(cls, frame: Frame, names: Sequence[str]) -> Units:
        """Return the units that the columns `names` tell; every record is one where none is named."""
        if not names:
            rows = columns.length(frame)
            return cls((_Column(np.arange(rows), rows, True),))
        keys = Keys.of(frame, names, "units")
        keys.check_not_empty("units")
        made = []
        for place, size in enumerate(keys.sizes):
            codes = keys.codes[:, place].astype(np.int64)
            made.append(_Column(codes, size, size == int((codes != MISSING).sum())))
        return cls(tuple(made))

    @property
    def single(self) -> bool:
        """Whether no unit of any kind has two records."""
        return all(column.single for column in self._columns)

    @property
    def total(self) -> int:
        """The number of units; of the kind that has fewest."""
        return int(self.per(np.zeros(len(self._columns[0].codes), dtype=np.intp), 1)[0])

    @property
    def first(self) -> Groups:
        """The unit of each record, of the first kind; `MISSING` where it is not told."""
        return self._columns[0].codes

    def taken(self, places: Groups) -> Units:
        """Return the units of some of the records."""
        return Units(tuple(_Column(one.codes[places], one.size, one.single) for one in self._columns))

    def per(self, groups: Groups, size: int) -> Counts:
        """Count the units in each group.

        Parameters
        ----------
        groups : ndarray of int, shape (n,), values below `size`; negative for records of no group

        Returns
        -------
        ndarray of int, shape (size,), units of the kind that has fewest there
        """
        counts = [_distinct(one, groups, size) for one in self._columns]
        result: Counts = np.minimum.reduce(counts)
        return result

    def running(self, order: Groups) -> Counts:
        """Count the units among the first 1, 2, 3 ... records in this order.

        Returns
        -------
        ndarray of int, shape (len(order),)
        """
        counts = []
        for one in self._columns:
            codes = one.codes[order]
            new = codes != MISSING
            if not one.single:
                seen = np.zeros(len(codes), dtype=bool)
                seen[np.unique(codes, return_index=True)[1]] = True
                new &= seen
            counts.append(np.cumsum(new))
        result: Counts = np.minimum.reduce(counts)
        return result


def _distinct(one: _Column, groups: Groups, size: int) -> Counts:
    kept = (groups >= 0) & (one.codes != MISSING)
    chosen = groups[kept].astype(np.int64)
    if not one.single:
        import pandas as pd

        chosen = pd.unique(chosen * one.size + one.codes[kept]) // one.size
    return np.bincount(chosen, minlength=size).astype(np.int64)


def rounded(counts: Any) -> Any:
    """Round counts to multiples of `ROUNDED_TO`."""
    return np.round(np.asarray(counts, dtype=np.float64) / ROUNDED_TO).astype(np.int64) * ROUNDED_TO
