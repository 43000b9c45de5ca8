"""Patterns: the distinct keys of a table with their counts, on which measures work instead of on single records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys

Places: TypeAlias = NDArray[np.intp]
Counts: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
_MOST_CELLS = 1 << 22
"""Cells of all categories crossed up to which counting into an array beats hashing."""
_MOST_PACKED = 1 << 62


@dataclass(frozen=True)
class Patterns:
    """The u distinct keys of n records.

    Attributes
    ----------
    rows : ndarray of int32, shape (u, m)
        Codes of each key, in lexicographic order (missing first).
    inverse : ndarray of int, shape (n,)
        The pattern of every record; empty where the records were counted outside of memory.
    counts : ndarray of int, shape (u,), records
    weights : ndarray of float, shape (u,), persons
        Sum of the records' weights; equal to `counts` without weights.
    """

    rows: Codes
    inverse: Places
    counts: Counts
    weights: Values

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def records(self) -> int:
        """The number of records that were counted, n."""
        return int(self.counts.sum())

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Whether each pattern has no missing value, shape (u,)."""
        result: NDArray[np.bool_] = (self.rows != MISSING).all(axis=1)
        return result


def patterns(keys: Keys, weights: Values | None = None) -> Patterns:
    """Return the distinct keys of `keys` with their counts.

    Parameters
    ----------
    weights : ndarray of float, shape (n,), persons, optional
        Without, every record counts one.
    """
    inverse, first = group(keys.codes, keys.sizes)
    counts = np.bincount(inverse, minlength=len(first))
    sums: Values = np.asarray(counts if weights is None else np.bincount(inverse, weights, len(first)), np.float64)
    return Patterns(keys.codes[first], inverse, counts, sums)


def of_variables(found: Patterns, places: Sequence[int], sizes: Sequence[int]) -> Patterns:
    """Return the patterns of some of the variables, from those of all.

    Parameters
    ----------
    places : sequence of int
        Which variables.
    sizes : sequence of int
        Number of categories of each of these.
    """
    rows = found.rows[:, list(places)]
    inverse, first = group(rows, sizes)
    counts = np.zeros(len(first), dtype=np.int64)
    np.add.at(counts, inverse, found.counts)
    own = inverse[found.inverse] if len(found.inverse) else found.inverse
    weights: Values = np.asarray(np.bincount(inverse, found.weights, len(first)), np.float64)
    return Patterns(np.asfortranarray(rows[first]), own, counts, weights)


def group(codes: Codes, sizes: Sequence[int]) -> tuple[Places, Places]:
    """Number the distinct rows of `codes` in lexicographic order.

    Parameters
    ----------
    codes : ndarray of int32, shape (n, m), values from `MISSING` to below the variable's size
    sizes : sequence of int, length m

    Returns
    -------
    inverse : ndarray of int, shape (n,)
        The number of each row's group.
    first : ndarray of int, shape (groups,)
        A row of each group.
    """
    packed, cells = np.zeros(len(codes), dtype=np.int64), 1
    for place, size in enumerate(sizes):
        if cells * (size + 1) > _MOST_PACKED:
            packed, first = _ranked(packed, cells)
            cells = len(first)
        packed = packed * (size + 1) + (codes[:, place] + 1)
        cells *= size + 1
    return _ranked(packed, cells)


def _ranked(packed: Counts, cells: int) -> tuple[Places, Places]:
    """Return the rank of every number among the distinct ones, and a place of each."""
    if cells <= max(_MOST_CELLS, 4 * len(packed)):
        place = np.full(cells, -1, dtype=np.intp)
        place[packed] = np.arange(len(packed))
        first = place[place >= 0]
        place[packed[first]] = np.arange(len(first))
        return place[packed], first
    import pandas as pd

    found, distinct = pd.factorize(packed)
    order = np.argsort(np.asarray(distinct))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    first = np.empty(len(order), dtype=np.intp)
    inverse = rank[found]
    first[inverse] = np.arange(len(packed))
    return inverse, first


def by_missing(rows: Codes) -> Iterator[tuple[NDArray[np.bool_], Places]]:
    """Yield each combination of variables that is missing together, and the places of `rows` that miss just these."""
    missing = rows == MISSING
    if not missing.any():
        yield np.zeros(missing.shape[1], dtype=bool), np.arange(len(rows))
        return
    combinations, which = np.unique(missing, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel()))
    yield from zip(combinations, np.split(order, ends[:-1]), strict=True)


def of_arrays(rows: Codes, counts: NDArray[np.integer[Any]], weights: Values) -> Patterns:
    """Return patterns that were counted elsewhere (out of memory), in lexicographic order."""
    order = np.lexsort(rows.T[::-1])
    empty = np.empty(0, dtype=np.intp)
    return Patterns(np.asfortranarray(rows[order]), empty, counts[order].astype(np.int64), weights[order])
