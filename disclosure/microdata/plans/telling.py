"""Whether one column tells the values of another: by records that agree, by neighbours, or because both rise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes
from saferoom.disclosure.microdata.patterns import Places, Values

Flags = NDArray[np.bool_]

LEAST_TOLD = 20
"""Fewest records that tell both columns; of fewer, that they go together is no wonder."""
_NEARLY_ALL, _MOST = 0.9, 0.5
"""Shares beyond chance: of all values, and of those that were taken, that another column must not tell."""
_BEYOND_CHANCE = 2.5
"""Taken values that are told, at least, beyond those that would be by chance."""
_ERRORS = 0.05
"""Share of others' values that do not fit where the rest tells a record's all the same."""
_RANKS = 0.01
"""How near ranks must be, as a share of the records, for a number to tell another."""
_LOOKED_AT, _OF_EACH = 20_000, 20
"""Records that are looked at, at most, of all and of each value; of categories that these have, all records count."""
_MOST_CELLS = 1 << 22
_COMPANY, _OF_CODES = 5, 10
"""Others who agree, at least, in a column that has no codes: of which fewer records share a category on average."""


@dataclass(frozen=True)
class Taken:
    """The values of a column that was changed, and the records that are looked at: all, or enough of many.

    Attributes
    ----------
    known : ndarray of int, shape (n,)
        The records that told a value.
    values : ndarray of int, shape (n,)
        Places of their values in ordered categories.
    every, most, each : ndarray of int
        Of these records some of all, some whose value was taken, and of the latter some of every value.
    """

    known: Places
    values: NDArray[np.int64]
    every: Places
    most: Places
    each: Places

    @classmethod
    def of(cls, values: Codes, taken: Flags) -> Taken:
        """Choose the records to look at."""
        known = np.flatnonzero(values != MISSING)
        own, gone = values[known].astype(np.int64), np.flatnonzero(taken[known])
        scattered = gone[_scattered(len(gone))]
        order = scattered[np.argsort(own[scattered], kind="stable")]
        first = np.flatnonzero(np.diff(own[order], prepend=-1))
        place = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
        enough = max(_OF_EACH, _LOOKED_AT // max(1, len(first)))
        every = _scattered(len(known))[:_LOOKED_AT]
        return cls(known, own, every, scattered[:_LOOKED_AT], order[place < enough][: 2 * _LOOKED_AT])

    @property
    def shares(self) -> Values:
        """The share of records that have each value."""
        return np.asarray(np.bincount(self.values) / max(1, len(self.values)))


def _scattered(records: int) -> Places:
    """Return the places of records in an order that has nothing to do with the file's, and is the same each time."""
    return np.random.Generator(np.random.Philox(0)).permutation(records)


def tells(by: Codes, taken: Taken) -> bool:
    """Return whether `by` tells the values: most of those that were taken, all alike of these, or nearly all.

    Parameters
    ----------
    by : ndarray of int, shape (n,)
        Places in ordered categories, or `MISSING`, of all records.
    """
    codes, values, shares = by[taken.known].astype(np.int64) + 1, taken.values, taken.shares
    if len(values) < LEAST_TOLD or np.count_nonzero(shares) < 2:
        return False
    if _beyond(*_by_company(codes, taken, taken.every)) >= _NEARLY_ALL or _rises(codes, taken):
        return True
    told, chance, weight = _by_company(codes, taken, taken.most)
    if (told - chance).sum() >= _BEYOND_CHANCE and _beyond(told, chance, weight) >= _MOST:
        return True
    told, chance, _ = _by_company(codes, taken, taken.each)
    excess, possible = (np.bincount(values[taken.each], own) for own in (told - chance, 1.0 - chance))
    return bool(((excess >= _BEYOND_CHANCE) & (excess >= _NEARLY_ALL * possible)).any())


def _beyond(told: Values, chance: Values, weight: Values) -> float:
    """Return the share of values that are told, chance taken off; what is common is no secret and weighs little."""
    possible = float((weight * (1.0 - chance)).sum())
    return float((weight * (told - chance)).sum()) / possible if possible > 0 else 0.0


def _by_company(by: NDArray[np.int64], taken: Taken, rows: Places) -> tuple[Values, Values, Values]:
    """Return for `rows` whether others tell a record's value, how likely that is by chance, and its weight.

    Others are all that have its category of `by`. Where these are few, and there are as many categories as numbers or
    postcodes have, they may be one household's: then the next ones before and after tell, as the coordinates around a
    place are mostly of its region. Not to tell `by` is a category, too.
    """
    counts, values = np.bincount(by), taken.values
    share, others = taken.shares[values[rows]], counts[by[rows]] - 1
    needed = np.ceil((1.0 - _ERRORS * (1.0 - share)) * others)
    coded = len(by) >= _OF_CODES * np.count_nonzero(counts)
    company = (others > 0) if coded else (others >= _COMPANY)
    told = (company & (_alike(by, values, rows) - 1 >= needed)).astype(np.float64)
    chance = np.where(company, share**needed, 0.0)
    if not company.all():
        few = np.flatnonzero((counts <= (1 if coded else _COMPANY))[by])
        some = few[_scattered(len(few))[: 2 * _LOOKED_AT]] if len(few) > 2 * _LOOKED_AT else few
        between = _between(by, values, np.union1d(some, rows[~company]))[rows]
        told, chance = np.where(company, told, between), np.where(company, chance, share**2)
    return told, chance, 1.0 - share


def _between(by: NDArray[np.int64], values: NDArray[np.int64], rows: Places) -> Flags:
    """Return which records, of `rows`, have the value of the next ones of other categories before and after."""
    order = rows[np.argsort(by[rows], kind="stable")]
    own, first = values[order], np.flatnonzero(np.diff(by[order], prepend=-1))
    sizes = np.diff(first, append=len(order))
    before, after = np.repeat(first - 1, sizes), np.repeat(first + sizes, sizes)
    inside = (before >= 0) & (after < len(order))
    fits = np.zeros(len(values), dtype=bool)
    near = own[before] == own
    fits[order] = inside & near & (own[np.minimum(after, len(order) - 1)] == own)
    return fits


def _alike(by: NDArray[np.int64], values: NDArray[np.int64], rows: Places) -> NDArray[np.int64]:
    """Return for `rows` how many records agree in both."""
    pairs = by * (int(values.max()) + 1) + values
    if int(pairs.max()) < _MOST_CELLS:
        return np.asarray(np.bincount(pairs)[pairs[rows]])
    wanted = np.zeros(int(by.max()) + 1, dtype=bool)
    wanted[by[rows]] = True
    found = np.unique(pairs[rows])
    near = pairs[wanted[by]]
    place = np.minimum(np.searchsorted(found, near), len(found) - 1)
    counts = np.bincount(place[found[place] == near], minlength=len(found))
    return np.asarray(counts[np.searchsorted(found, pairs[rows])])


def _rises(by: NDArray[np.int64], taken: Taken) -> bool:
    """Return whether nearly all ranks of the values are those of the nearest categories in the order of `by`.

    So it is where both rise together, or one falls. One record speaks for a category, and to those of others alone:
    members of a household are near each other in any case.
    """
    rows = taken.every[by[taken.every] > 0]  # they come scattered
    _, first, category = np.unique(by[rows], return_index=True, return_inverse=True)
    records = len(rows)
    if len(first) < LEAST_TOLD:
        return False
    counts = np.bincount(taken.values[rows])
    ends, own = np.cumsum(counts), taken.values[rows]
    low, high = (ends - counts)[own] - _RANKS * records, ends[own] + _RANKS * records
    around = np.pad(((low + high) / 2.0)[first], 2, mode="reflect")
    near = np.sort([around[place : place + len(first)] for place in (0, 1, 3, 4)], axis=0)
    found = ((near[1] + near[2]) / 2.0)[category.reshape(-1)]
    told = ((found >= low) & (found <= high)).astype(np.float64)
    return _beyond(told, np.minimum((high - low) / records, 1.0), np.ones(records)) >= _NEARLY_ALL
