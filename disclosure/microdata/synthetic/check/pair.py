"""A file and its twin in one coding, so that their records can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import group

Codes: TypeAlias = NDArray[np.int32]
_MANY = 100
"""Different numbers from which an intruder knows bands of them, not the numbers themselves."""
_BANDS = 20


@dataclass(frozen=True)
class Pair:
    """Columns of a file (n records) and of its twin (r records).

    Attributes
    ----------
    before : ndarray of int32, shape (n, m)
        Missing is -1.
    after : ndarray of int32, shape (r, m)
        Values that the file does not have share one code.
    sizes : tuple of int, length m
    """

    names: tuple[str, ...]
    before: Codes
    after: Codes
    sizes: tuple[int, ...]

    def places(self, names: Sequence[str]) -> list[int]:
        """Return which columns these are."""
        return [self.names.index(name) for name in names]

    def classes(self, names: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
        """Number the combinations of values of these columns.

        Returns
        -------
        before : ndarray of int, shape (n,)
        after : ndarray of int, shape (r,)
        number : int
        """
        places = self.places(names)
        codes = np.concatenate([self.before[:, places], self.after[:, places]])
        inverse, first = group(codes, [self.sizes[place] for place in places])
        return inverse[: len(self.before)], inverse[len(self.before) :], len(first)


class Coding:
    """Codes of a file's columns, made once; twins are coded alike.

    Parameters
    ----------
    table : Arrow table
    names : sequence of str
    banded : bool
        Whether numbers of more than `_MANY` values are put into bands of equally many records, as they are for keys and
        sensitive variables; exact copies are looked for without.
    """

    def __init__(self, table: Any, names: Sequence[str], *, banded: bool) -> None:
        self._names = tuple(names)
        self._known: dict[str, NDArray[Any]] = {}
        self._edges: dict[str, NDArray[np.intp] | None] = {}
        self.before: Codes = np.empty((table.num_rows, len(names)), dtype=np.int32, order="F")
        for place, name in enumerate(names):
            keys = Keys.of(table, [name], "columns")
            self._known[name] = keys.categories[0]
            self._edges[name] = _edges(keys.codes[:, 0], keys.categories[0]) if banded else None
            self.before[:, place] = self._banded(name, keys.codes[:, 0])

    def pair(self, twin: Any) -> Pair:
        """Return the file and a twin of it; what the twin alone has is one value more per column."""
        after = np.empty((twin.num_rows, len(self._names)), dtype=np.int32, order="F")
        for place, name in enumerate(self._names):
            after[:, place] = self._coded(name, twin.column(name))
        return Pair(self._names, self.before, after, tuple(size + 1 for size in self._sizes()))

    def _sizes(self) -> list[int]:
        edges = ((self._edges[name], len(self._known[name])) for name in self._names)
        return [size if one is None else len(one) + 1 for one, size in edges]

    def _banded(self, name: str, codes: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        edges = self._edges[name]
        return codes if edges is None else np.where(codes < 0, codes, np.searchsorted(edges, codes, side="right"))

    def _coded(self, name: str, column: Any) -> NDArray[np.integer[Any]]:
        own = Keys.of(_table(name, column), [name], "columns")
        values, known = own.categories[0], self._known[name]
        table: NDArray[np.integer[Any]]
        if self._edges[name] is None:
            table = _found(values, known)
        else:  # the band of a number that the file does not have is that of its neighbour
            below = np.maximum(np.searchsorted(known, values, side="right") - 1, 0)
            table = self._banded(name, below)
        return np.append(table, -1)[own.codes[:, 0]]


def _edges(codes: NDArray[np.integer[Any]], values: NDArray[Any]) -> NDArray[np.intp] | None:
    """Return codes at which bands of equally many records begin, for ordered columns of many values."""
    if len(values) <= _MANY or values.dtype.kind not in "iufM":
        return None
    counts = np.bincount(codes + 1, minlength=len(values) + 1)[1:]
    reached = np.cumsum(counts) / max(1, counts.sum())
    return np.unique(np.searchsorted(reached, np.linspace(0, 1, _BANDS + 1)[1:-1]) + 1)


def _table(name: str, column: Any) -> Any:
    import pyarrow as pa

    return pa.table({name: column})


def _found(values: NDArray[Any], known: NDArray[Any]) -> NDArray[np.intp]:
    """Return the place of each value among the known ones, their number where it is none of them."""
    import pandas as pd

    place = pd.Index(known).get_indexer(pd.Index(values))
    return np.where(place < 0, len(known), place)
