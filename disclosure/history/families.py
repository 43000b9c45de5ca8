"""Which of many sets of units are nearly the same, found without comparing all pairs.

Vocabulary
----------
family
    The sets behind one table: its cells and its margins.
near
    Different, and apart by few units: ``0 < |A xor B| <= reach``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.signatures import (
    BUCKETS,
    Positions,
    Prints,
    Signatures,
    group_at,
    joined,
    members_of,
    mix,
    signatures_of,
)
from saferoom.disclosure.verdict import Label

Mask = NDArray[np.bool_]
Tick = Callable[[], None]
"""Called between steps; raises when time is up."""

SMALL = 200
"""Sets up to this size are compared by their overlaps, larger ones by their fingerprints."""
_CHUNK = 20_000_000


@dataclass(frozen=True, eq=False)
class Family:
    """The sets behind a table.

    Attributes
    ----------
    cells : tuple of label tuples
        Of the listed cells.
    sets : sequence of BitMap
        Their units.
    margins : bool
        Whether margins follow from the listed cells; they are unions of these.
    stored : ndarray of uint64, optional
        What `signatures.prints_of` said of `sets`.
    """

    cells: tuple[tuple[Label, ...], ...]
    sets: Sequence[BitMap]
    margins: bool = True
    total: str = "All"
    stored: Prints | None = None
    _groups: dict[int, tuple[Positions, Positions]] = field(default_factory=dict)

    @cached_property
    def signatures(self) -> Signatures:
        """Of the cells, then of the margins."""
        return signatures_of(self.cells, self.sets, self.stored, margins=self.margins)

    @cached_property
    def whole(self) -> NDArray[np.uint64]:
        """A number per set that is the same for equal sets, and for no others (but for one chance in 2^64)."""
        prints = self.signatures.prints
        lanes = mix(np.arange(prints.shape[1], dtype=np.uint64))
        return np.asarray(mix(prints ^ lanes).sum(axis=1, dtype=np.uint64) + self.signatures.sizes.astype(np.uint64))

    def inner(self, place: int) -> Positions:
        """Return the places of the listed cells that make up a cell or margin."""
        level = int(self.signatures.levels[place])
        if level == 0:
            return np.array([place])
        if level not in self._groups:
            self._groups[level] = group_at(self.cells, level)
        _, group = self._groups[level]
        return np.flatnonzero(group == group[self.signatures.first[place]])

    def set(self, place: int) -> BitMap:
        """Return the units of a cell or margin."""
        if place < len(self.sets):
            return self.sets[place]
        union: BitMap = BitMap.union(*(self.sets[i] for i in self.inner(place).tolist()))
        return union

    def name(self, place: int) -> tuple[Label, ...]:
        """Return the labels of a cell or margin."""
        level, cell = int(self.signatures.levels[place]), self.cells[int(self.signatures.first[place])]
        return tuple(self.total if level >> i & 1 else label for i, label in enumerate(cell))


@dataclass(frozen=True)
class Pair:
    """A set of a new table and one of an earlier family.

    Attributes
    ----------
    place, family, other : int
        The set's place in the new family; which earlier family; the set's place there.
    apart : int
        Units in one of the two alone.
    """

    place: int
    family: int
    other: int
    apart: int


class Pool:
    """All sets of several earlier families, every different one once."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = families
        self._all = joined([found.signatures for found in families])
        lengths = [len(found.signatures) for found in families]
        self._family = np.repeat(np.arange(len(families)), lengths)
        self._place = np.concatenate([np.arange(length) for length in lengths])
        whole = np.concatenate([found.whole for found in families])
        self._order = np.argsort(whole, kind="stable")
        self._ranked = whole[self._order]
        self._starts = np.flatnonzero(np.concatenate([[True], self._ranked[1:] != self._ranked[:-1]]))
        self.first = self._order[self._starts]
        """For every different set, where it is for the first time."""
        self.whole = self._ranked[self._starts]
        self.sizes = self._all.sizes[self.first]
        self.prints = self._all.prints[self.first]

    def set(self, number: int) -> BitMap:
        """Return one of the different sets."""
        at = int(self.first[number])
        return self.families[int(self._family[at])].set(int(self._place[at]))

    def owners(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the family, and the place in it, wherever a set occurs; once per family."""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._order)
        seen = set()
        for at in self._order[self._starts[number] : end].tolist():
            family = int(self._family[at])
            if family not in seen:
                seen.add(family)
                yield family, int(self._place[at])

    def members(self, numbers: Positions) -> tuple[Positions, Positions]:
        """Return the units of some of the different sets, and where each begins (and the end)."""
        found = members_of([self.set(number) for number in numbers.tolist()])
        return found, np.concatenate([[0], np.cumsum(self.sizes[numbers])])

    def finer(self, buckets: int) -> Prints:
        """Return fingerprints in another number of buckets."""
        prints = joined([_finer(found, buckets) for found in self.families]).prints
        return np.asarray(prints[self.first])


def _finer(family: Family, buckets: int) -> Signatures:
    return signatures_of(family.cells, family.sets, family.stored, margins=family.margins, buckets=buckets)


def near(new: Family, pool: Pool, reach: int, tick: Tick) -> list[Pair]:
    """Return every pair of a set of `new` and a near one of `pool`.

    Notes
    -----
    Three cases, each exact. Two sets with at most `reach` units together are near unless they are equal. Other near
    sets have units in common: of small ones all overlaps are counted, as a product of sparse matrices. Of large ones,
    units are dealt into more than `reach` buckets; sets that differ in at most `reach` units agree in at least one
    bucket, so only sets with the same fingerprint in a bucket are compared, all at once by sorting.
    """
    sizes, limit = new.signatures.sizes, max(SMALL, 4 * reach)
    pairs = dict(_tiny(new, pool, reach))
    small = np.flatnonzero((sizes > 0) & (sizes <= limit))
    others = np.flatnonzero((pool.sizes > 0) & (pool.sizes <= limit + reach))
    pairs |= _overlapping(new, small, pool, others, reach, tick)
    large = np.flatnonzero(sizes > limit)
    pairs |= _bucketed(new, large, pool, np.flatnonzero(pool.sizes > limit - reach), reach, tick)
    return [
        Pair(place, family, other, apart)
        for (place, number), apart in sorted(pairs.items())
        for family, other in pool.owners(number)
    ]


def same(new: Family, pool: Pool) -> list[Pair]:
    """Return every pair of equal sets that are not empty."""
    at = np.searchsorted(pool.whole, new.whole)
    at[at == len(pool.whole)] = 0
    equal = (pool.whole[at] == new.whole) & (new.signatures.sizes > 0)
    return [
        Pair(place, family, other, 0)
        for place in np.flatnonzero(equal).tolist()
        for family, other in pool.owners(int(at[place]))
    ]


_Found = dict[tuple[int, int], int]
"""How far a set of the new family and a different set of the pool are apart."""


def _tiny(new: Family, pool: Pool, reach: int) -> Iterator[tuple[tuple[int, int], int]]:
    sizes, whole = new.signatures.sizes, new.whole
    # Two different sets of a size are enough: no third set equals both.
    known = {size: np.flatnonzero(pool.sizes == size)[:2].tolist() for size in range(reach + 1)}
    for place in np.flatnonzero(sizes <= reach).tolist():
        for size in range(reach - int(sizes[place]) + 1):
            for number in known[size]:
                if pool.whole[number] != whole[place]:
                    apart = len(new.set(place).symmetric_difference(pool.set(number)))
                    yield (place, number), apart


def _overlapping(new: Family, places: Positions, pool: Pool, numbers: Positions, reach: int, tick: Tick) -> _Found:
    found: _Found = {}
    if not len(places) or not len(numbers):
        return found
    from scipy.sparse import csr_array

    members, starts = pool.members(numbers)
    own = members_of([new.set(place) for place in places.tolist()])
    own_sizes, sizes = new.signatures.sizes[places], pool.sizes[numbers]
    own_starts = np.concatenate([[0], np.cumsum(own_sizes)])
    known, columns = np.unique(np.concatenate([own, members]), return_inverse=True)
    own, members = columns[: len(own)], columns[len(own) :]
    across = csr_array((np.ones(len(members), np.int32), members, starts), shape=(len(numbers), len(known))).T.tocsr()
    often = np.bincount(members, minlength=len(known))
    work = np.concatenate([[0], np.cumsum(often[own])])[own_starts]
    for start, end in _chunks(work):
        tick()
        part = own[own_starts[start] : own_starts[end]]
        pointers = own_starts[start : end + 1] - own_starts[start]
        shared = csr_array((np.ones(len(part), np.int32), part, pointers), shape=(end - start, len(known))) @ across
        row = start + np.repeat(np.arange(end - start), np.diff(shared.indptr))
        apart = own_sizes[row] + sizes[shared.indices] - 2 * shared.data
        for i in np.flatnonzero((apart > 0) & (apart <= reach)).tolist():
            found[int(places[row[i]]), int(numbers[shared.indices[i]])] = int(apart[i])
    return found


def _chunks(work: Positions) -> Iterator[tuple[int, int]]:
    """Cut sets into runs of bounded work; `work` is cumulated."""
    start = 0
    while start < len(work) - 1:
        end = int(np.searchsorted(work, work[start] + _CHUNK, side="right")) - 1
        end = max(end, start + 1)
        yield start, end
        start = end


def _bucketed(new: Family, places: Positions, pool: Pool, numbers: Positions, reach: int, tick: Tick) -> _Found:
    found: _Found = {}
    if not len(places) or not len(numbers):
        return found
    if reach < BUCKETS:
        ours, theirs = new.signatures.prints[places], pool.prints[numbers]
    else:
        ours, theirs = _finer(new, reach + 1).prints[places], pool.finer(reach + 1)[numbers]
    own_sizes, sizes = new.signatures.sizes[places], pool.sizes[numbers]
    seen: set[tuple[int, int]] = set()
    for bucket in range(reach + 1):
        tick()
        order = np.argsort(theirs[:, bucket], kind="stable")
        ranked = theirs[order, bucket]
        left = np.searchsorted(ranked, ours[:, bucket])
        right = np.searchsorted(ranked, ours[:, bucket], side="right")
        for i in np.flatnonzero(right > left).tolist():
            others = order[left[i] : right[i]]
            others = others[np.abs(sizes[others] - own_sizes[i]) <= reach]
            # As many buckets differ as units do, at most; equal sets differ in none.
            differ = (theirs[others] != ours[i]).sum(axis=1)
            for j in others[(differ > 0) & (differ <= reach)].tolist():
                if (i, j) in seen:
                    continue
                seen.add((i, j))
                tick()
                apart = new.set(int(places[i])).symmetric_difference_cardinality(pool.set(int(numbers[j])))
                if 0 < apart <= reach:
                    found[int(places[i]), int(numbers[j])] = apart
    return found
