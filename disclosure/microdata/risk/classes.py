"""What values of a sensitive variable occur among the records that share a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Counts, Patterns, Places, Values, by_missing
from saferoom.disclosure.microdata.risk.matching import joint_groups
from saferoom.errors import UnavailableError

_MOST_PAIRS = 50_000_000


@dataclass(frozen=True)
class ClassValues:
    """Counts of a sensitive variable's values in u classes, one entry per value that occurs in a class.

    Attributes
    ----------
    classes, values : ndarray of int, shape (e,)
        Sorted by class, then by value. Missing sensitive values are not counted.
    counts : ndarray of float, shape (e,), records
    number : int
        The number of classes, u.
    whole : ndarray of float, shape (values,), records
        Counts of the values in the whole file.
    """

    classes: Places
    values: Places
    counts: Values
    number: int
    whole: Values

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.whole)

    def total(self) -> Values:
        """Return the records of each class whose sensitive value is told, shape (u,)."""
        return np.asarray(np.bincount(self.classes, self.counts, self.number), dtype=np.float64)


def class_values(keys: Keys, found: Patterns, sensitive: Keys, fitting: Codes | None = None) -> ClassValues:
    """Count the values of `sensitive` in the class of each pattern: all records that have, or may have, its key.

    Parameters
    ----------
    sensitive : Keys
        Of one variable, for the same records.
    fitting : ndarray of int, shape (u, m), optional
        What records must have to be in the class of each pattern, where that is not the pattern itself.

    Raises
    ------
    UnavailableError
        When so much is missing that the classes together hold more pairs of keys than can be looked at.
    """
    codes = sensitive.codes[:, 0].astype(np.int64)
    told = codes != MISSING
    size = sensitive.sizes[0]
    packed = np.sort(found.inverse[told] * np.int64(size) + codes[told])
    starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]])) if len(packed) else packed
    counts = np.diff(np.append(starts, len(packed))).astype(np.float64)
    classes, values = np.divmod(packed[starts], size) if len(packed) else (packed, packed)
    wanted = found.rows if fitting is None else fitting
    if (wanted == MISSING).any() or not found.complete.all():
        classes, values, counts = _with_wildcards(_agreeing(keys, wanted, found.rows), (classes, values, counts), size)
    whole = np.bincount(codes[told], minlength=size).astype(np.float64)
    return ClassValues(classes, values, counts, len(found), whole)


def _with_wildcards(agreeing: Any, entries: tuple[Counts, Counts, Values], size: int) -> tuple[Counts, Counts, Values]:
    from scipy.sparse import coo_array

    patterns = agreeing.shape[0]
    own = coo_array((entries[2], (entries[0], entries[1])), shape=(patterns, size)).tocsr()
    summed = (agreeing @ own).tocsr()
    summed.sort_indices()
    classes = np.repeat(np.arange(patterns), np.diff(summed.indptr))
    return classes, summed.indices.astype(np.int64), summed.data.astype(np.float64)


def _agreeing(keys: Keys, wanted: Codes, had: Codes) -> Any:
    """Return which rows of `had` agree with each of `wanted` wherever both are told, a sparse matrix of ones."""
    from scipy.sparse import coo_array

    combinations = list(by_missing(had))
    targets, sources, pairs = [], [], 0
    for missing, mine in by_missing(wanted):
        for other, theirs in combinations:
            number = joint_groups(wanted[mine], had[theirs], ~(missing | other), keys.sizes)
            pairs += _pairs(number[: len(mine)], number[len(mine) :])
            if pairs > _MOST_PAIRS:
                raise UnavailableError(
                    "so many key values are missing that diversity within keys cannot be computed; name fewer keys"
                )
            left, right = _joined(number[: len(mine)], number[len(mine) :])
            targets.append(mine[left])
            sources.append(theirs[right])
    rows, columns = np.concatenate(targets), np.concatenate(sources)
    return coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(wanted), len(had))).tocsr()


def _pairs(left: Places, right: Places) -> int:
    size = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    return int((np.bincount(left, minlength=size) * np.bincount(right, minlength=size)).sum())


def _joined(left: Places, right: Places) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of all pairs with the same number."""
    order = np.argsort(right, kind="stable")
    begins, ends = (np.searchsorted(right, left, side, sorter=order) for side in ("left", "right"))
    lengths = ends - begins
    offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(np.arange(len(left)), lengths), order[np.repeat(begins, lengths) + offsets]
