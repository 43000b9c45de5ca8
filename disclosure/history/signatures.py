"""Fingerprints of sets of units, by which near sets are found among very many without comparing all pairs.

Vocabulary
----------
bucket
    Units are dealt into `BUCKETS` buckets by their positions, once and for all.
fingerprint
    Of a set in a bucket: the sum of the random-looking numbers of its units. Two sets that differ in fewer units than
    there are buckets agree in at least one bucket, and so in its fingerprint.

Notes
-----
Fingerprints of disjoint sets add up, so that those of a margin are the sums of its cells'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.bitmaps import sizes_of
from saferoom.disclosure.verdict import Label

BUCKETS = 16
_LARGEST_KEY = 2**62

Positions = NDArray[np.int64]
Prints = NDArray[np.uint64]


@dataclass(frozen=True)
class Signatures:
    """What is known of every set of a table, cells first, then margins.

    Attributes
    ----------
    levels, first : ndarray of int, shape (sets,)
        Which dimensions are totalled (bit i for dimension i), and the place of a cell that belongs to the margin.
    sizes : ndarray of int, shape (sets,)
        Units.
    prints : ndarray of uint64, shape (sets, buckets)
    """

    levels: Positions
    first: Positions
    sizes: Positions
    prints: Prints

    def __len__(self) -> int:
        return len(self.sizes)


def prints_of(sets: Sequence[BitMap]) -> Prints:
    """Return what is stored with a released table's cells, shape (cells, `BUCKETS` + 1).

    Each cell's fingerprints, and how many of its units are in a cell before it: where none is, the cells are disjoint
    and margins need no union.
    """
    sizes = sizes_of(sets)
    members, owner = members_of(sets), np.repeat(np.arange(len(sets)), sizes)
    prints = _summed(owner, members, len(sets), BUCKETS)
    seen = np.zeros(int(members.max(initial=-1)) + 1, dtype=bool)
    again = np.zeros(len(sets), dtype=np.int64)
    seen[members] = True
    if int(seen.sum()) < len(members):
        _, firsts = np.unique(members, return_index=True)
        repeated = np.ones(len(members), dtype=bool)
        repeated[firsts] = False
        again = np.bincount(owner[repeated], minlength=len(sets))
    return np.hstack([prints, again.astype(np.uint64)[:, None]])


def signatures_of(
    cells: Sequence[tuple[Label, ...]],
    sets: Sequence[BitMap],
    stored: Prints | None = None,
    *,
    margins: bool = True,
    buckets: int = BUCKETS,
) -> Signatures:
    """Return the signatures of every cell, and of every margin: the union of its cells' units.

    Parameters
    ----------
    stored : ndarray of uint64, optional
        What `prints_of` returned for `sets`, so that they need not be read.
    margins : bool
        Whether margins follow from the cells: counts and sums add up whether or not margins were asked for.
    """
    known = prints_of(sets) if stored is None or stored.shape[1] != BUCKETS + 1 else stored
    sizes, places, disjoint = sizes_of(sets), np.arange(len(sets)), not known[:, BUCKETS].any()
    prints = known[:, :BUCKETS]
    if buckets != BUCKETS:
        prints = _summed(np.repeat(places, sizes), members_of(sets), len(sets), buckets)
    inner = Signatures(np.zeros(len(sets), np.int64), places, sizes, prints)
    if not margins:
        return inner
    codes = codes_of(cells)
    parts = [inner]
    for level in range(1, 2 ** len(codes)):
        first, group = groups_of(_kept(codes, level), len(sets))
        if disjoint:
            totals = np.zeros((len(first), buckets), dtype=np.uint64)
            np.add.at(totals, group, prints)
            held = np.bincount(group, sizes, len(first)).astype(np.int64)
        else:
            key = np.unique((np.repeat(group, sizes) << 32) | members_of(sets))
            held = np.bincount(key >> 32, minlength=len(first))
            totals = _summed(key >> 32, key & 0xFFFFFFFF, len(first), buckets)
        parts.append(Signatures(np.full(len(first), level), first, held, totals))
    return joined(parts)


def joined(parts: Sequence[Signatures]) -> Signatures:
    """Return the signatures of several lists of sets as one."""
    return Signatures(
        np.concatenate([part.levels for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.prints for part in parts]),
    )


def _summed(owner: Positions, members: Positions, sets: int, buckets: int) -> Prints:
    keys = mix(members.astype(np.uint64))
    flat = owner * buckets + (keys % np.uint64(buckets)).astype(np.int64)
    sums = np.zeros(sets * buckets, dtype=np.uint64)
    np.add.at(sums, flat, mix(keys))
    return sums.reshape(sets, buckets)


def members_of(sets: Sequence[BitMap]) -> Positions:
    """Return the units of all sets, one set after the other."""
    arrays = [np.asarray(found.to_array(), dtype=np.int64) for found in sets]
    return np.concatenate([*arrays, np.zeros(0, dtype=np.int64)])


def group_at(cells: Sequence[tuple[Label, ...]], level: int) -> tuple[Positions, Positions]:
    """Return, of the margins of one level, a cell of each and every cell's margin, in the order of `signatures_of`."""
    return groups_of(_kept(codes_of(cells), level), len(cells))


def _kept(codes: Sequence[Positions], level: int) -> list[Positions]:
    return [column for i, column in enumerate(codes) if not level >> i & 1]


def codes_of(cells: Sequence[tuple[Label, ...]]) -> list[Positions]:
    """Return, per dimension, a number for every cell's category."""
    columns = []
    for i in range(len(cells[0]) if cells else 0):
        # 1, 1.0 and True are equal to Python, and different categories nowhere.
        places: dict[Label, int] = {}
        columns.append(np.array([places.setdefault(cell[i], len(places)) for cell in cells], dtype=np.int64))
    return columns


def groups_of(columns: Sequence[Positions], count: int) -> tuple[Positions, Positions]:
    """Return a member of every group of cells that agree in all columns, and every cell's group."""
    key = np.zeros(count, dtype=np.int64)
    size = 1
    for column in columns:
        width = int(column.max(initial=0)) + 1
        if size * width > _LARGEST_KEY:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            size = int(key.max(initial=0)) + 1
        key = key * width + column
        size *= width
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.astype(np.int64)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers over 64 bits (the finaliser of splitmix64; Steele, Lea and Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
