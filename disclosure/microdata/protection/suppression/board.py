"""The records that local suppression works on: which values are hidden so far, and how many records each matches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Counts, Places, Values, patterns
from saferoom.disclosure.microdata.risk.frequencies import frequencies
from saferoom.disclosure.microdata.risk.matching import joint_groups
from saferoom.errors import BadInputError

Bits = NDArray[np.int64]
"""A set of key variables per row: bit j stands for variable j."""
MOST_KEYS = 60
_MOST_CELLS = 1 << 18
"""Cells up to which counting into an array beats sorting."""
_MOST_PACKED = 1 << 62


class Board:
    """Records below k ("at risk"), what is hidden in them, and the records around them, which stay as they are.

    A value that was missing from the beginning counts as hidden, but costs nothing.

    Attributes
    ----------
    records : ndarray of int, shape (v,)
        Where the records at risk are in the table.
    codes : ndarray of int32, shape (v, m)
        Their values as they were.
    given : ndarray of int, shape (v,)
        Bits of the values that were missing from the beginning.
    hidden : ndarray of int, shape (v,)
        Bits of all values that are not told now, `given` among them.
    before : ndarray of int, shape (v,)
        How many records each matched before the work.
    k : int
    costs : ndarray of float, shape (m,)
        What hiding one value of each variable costs.
    safe, safe_counts : ndarray of int, shapes (s, m) and (s,)
        The distinct keys of the records that stay as they are, and how many records have each.

    Parameters
    ----------
    more : ndarray of int, optional
        Records to work on besides those below k.
    """

    def __init__(self, keys: Keys, k: int, costs: Values, more: Places | None = None) -> None:
        if len(keys.names) > MOST_KEYS:
            raise BadInputError(f"local suppression works on at most {MOST_KEYS} key variables")
        found = patterns(keys)
        counted = np.rint(frequencies(found, keys.sizes).sample).astype(np.int64)
        below = counted < k
        self.k, self.costs, self.sizes = k, costs, keys.sizes
        chosen = below[found.inverse]
        if more is not None:
            chosen[more] = True
        self.records: Places = np.flatnonzero(chosen)
        self.codes: Codes = keys.codes[self.records]
        self.before: Counts = counted[found.inverse[self.records]]
        self.given = missing_bits(self.codes)
        self.hidden = self.given.copy()
        left = found.counts - np.bincount(found.inverse[self.records], minlength=len(found))
        self.safe, self.safe_counts = found.rows[left > 0], left[left > 0]
        self._safe_bits = missing_bits(self.safe)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def variables(self) -> int:
        """The number of key variables, m."""
        return len(self.sizes)

    def cost(self) -> float:
        """Return what is hidden, at its cost."""
        return float(self.costs_of(self.hidden & ~self.given).sum())

    def costs_of(self, bits: Bits) -> Values:
        """Return the cost of hiding each set of variables."""
        return as_flags(bits, self.variables) @ self.costs

    def matches(self, rows: Places, hidden: Bits) -> Counts:
        """Return how many records each of `rows` would match with just `hidden` not told, itself among them.

        Parameters
        ----------
        rows : ndarray of int, shape (t,)
            Places among the records at risk.
        hidden : ndarray of int, shape (t,)
        """
        ones = np.ones(len(self), dtype=np.int64)
        return self.safe_matches(rows, hidden) + self.sums(rows, hidden, self.codes, self.hidden, ones)

    def safe_matches(self, rows: Places, hidden: Bits) -> Counts:
        """Return how many records that stay as they are each of `rows` would match."""
        return self.sums(rows, hidden, self.safe, self._safe_bits, self.safe_counts)

    def matches_among(self, rows: Places, hidden: Bits, others: Places, theirs: Bits) -> Counts:
        """Return how many of the records at risk `others`, with `theirs` hidden, each of `rows` would match."""
        ones = np.ones(len(others), dtype=np.int64)
        return self.sums(rows, hidden, self.codes[others], theirs, ones)

    def sums(self, rows: Places, hidden: Bits, codes: Codes, bits: Bits, counts: Counts) -> Counts:
        """Add up the `counts` of the records `codes`, with `bits` hidden, that each of `rows` would match."""
        result = np.zeros(len(rows), dtype=np.int64)
        groups = list(by_bits(bits))
        for mine, own in by_bits(hidden):
            targets = self.codes[rows[mine]]
            for theirs, other in groups:
                told = np.flatnonzero(~as_flags(np.array([own | other]), self.variables)[0])
                result[mine] += _sums_of_equals(targets, codes[theirs], counts[theirs], told, self.sizes)
        return result


def _sums_of_equals(targets: Codes, sources: Codes, counts: Counts, told: Places, sizes: Sequence[int]) -> Counts:
    """Add up the `counts` of the sources that equal each target in the variables `told`."""
    cells = math.prod(sizes[j] for j in told)
    if cells > _MOST_PACKED:
        shared = np.isin(np.arange(len(sizes)), told)
        place = joint_groups(targets, sources, shared, sizes)
        wanted, found, cells = place[: len(targets)], place[len(targets) :], int(place.max()) + 1
    else:
        wanted, found = _packed(targets, told, sizes), _packed(sources, told, sizes)
    if cells <= max(_MOST_CELLS, len(found)):
        return np.bincount(found, counts, minlength=cells)[wanted].astype(np.int64)
    if len(found) < len(wanted):  # sort what is less
        distinct, which = np.unique(found, return_inverse=True)
        sums = np.append(np.bincount(which, counts), 0).astype(np.int64)
        place = np.searchsorted(distinct, wanted)
        place[place == len(distinct)] = 0
        return np.where(distinct[place] == wanted, sums[place], 0)
    distinct, back = np.unique(wanted, return_inverse=True)
    place = np.searchsorted(distinct, found)
    place[place == len(distinct)] = 0
    equal = distinct[place] == found
    return np.bincount(place[equal], counts[equal], minlength=len(distinct))[back].astype(np.int64)


def _packed(codes: Codes, told: Places, sizes: Sequence[int]) -> NDArray[np.int64]:
    packed = np.zeros(len(codes), dtype=np.int64)
    for j in told:
        packed = packed * sizes[j] + codes[:, j]
    return packed


def by_bits(bits: Bits) -> Iterator[tuple[Places, int]]:
    """Yield the rows of every set of variables that occurs, with that set."""
    if not len(bits):
        return
    order = np.argsort(bits, kind="stable")
    starts = np.flatnonzero(np.diff(bits[order], prepend=bits[order[0]] - 1))
    for start, end in zip(starts, [*starts[1:], len(bits)], strict=True):
        yield order[start:end], int(bits[order[start]])


def missing_bits(codes: Codes) -> Bits:
    """Return which variables are missing in each row, as bits."""
    weights = np.left_shift(np.int64(1), np.arange(codes.shape[1], dtype=np.int64))
    result: Bits = (codes == MISSING) @ weights
    return result


def as_flags(bits: Bits, variables: int) -> NDArray[np.bool_]:
    """Return sets of variables as flags, shape (rows, m)."""
    places = np.arange(variables, dtype=np.int64)
    result: NDArray[np.bool_] = (np.asarray(bits)[:, None] >> places & 1).astype(bool)
    return result


def bits_of(variables: Sequence[int]) -> int:
    """Return a set of variables as bits."""
    return sum(1 << variable for variable in variables)
