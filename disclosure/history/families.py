"""Many sets of units at once, as arrays, and which of them are nearly the same.

Vocabulary
----------
family
    Sets of units, one after the other in one array of positions; every set is in rising order.
near
    Different, and apart by few units: ``0 < |A xor B| <= reach``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.verdict import Label

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]
Tick = Callable[[], None]
"""Called between steps; raises when time is up."""

SMALL = 200
"""Sets up to this size are compared by their overlaps, larger ones by what they share in each bucket."""
_CHUNK = 20_000_000
_LARGEST_KEY = 2**62


@dataclass(frozen=True)
class Family:
    """Sets of units.

    Attributes
    ----------
    starts : ndarray of int, shape (sets + 1,)
        Where each set begins in `members`, and the end.
    members : ndarray of int
        Positions of units.
    levels, cells : ndarray of int, shape (sets,)
        Of a table's margins: which dimensions are totalled, and a cell that belongs to the margin.
    """

    starts: Positions
    members: Positions
    levels: Positions
    cells: Positions

    @property
    def sizes(self) -> Positions:
        """How many units each set has."""
        return np.diff(self.starts)

    def chosen(self, keep: Mask) -> Family:
        """Return only some of the sets."""
        sizes = self.sizes
        members = self.members[np.repeat(keep, sizes)]
        starts = np.concatenate([[0], np.cumsum(sizes[keep])])
        return Family(starts, members, self.levels[keep], self.cells[keep])

    def set(self, place: int) -> Positions:
        """Return one set."""
        return self.members[self.starts[place] : self.starts[place + 1]]


def joined(families: Sequence[Family]) -> Family:
    """Return the sets of all families, which must speak of the same positions."""
    sizes = np.concatenate([family.sizes for family in families])
    return Family(
        np.concatenate([[0], np.cumsum(sizes)]),
        np.concatenate([family.members for family in families]),
        np.concatenate([family.levels for family in families]),
        np.concatenate([family.cells for family in families]),
    )


def with_margins(cells: Sequence[tuple[Label, ...]], sets: Sequence[Positions], tick: Tick) -> Family:
    """Return every cell's units, then every margin's: the union of its cells' units.

    Counts and sums add up whether or not margins were asked for, so that a table releases its margins too.
    """
    lengths = np.array([len(found) for found in sets], dtype=np.int64)
    members = np.concatenate([*sets, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    owner = np.repeat(np.arange(len(sets)), lengths)
    codes = codes_of(cells)
    span = int(members.max(initial=0)) + 1
    parts = [_level(0, np.arange(len(sets)), np.arange(len(sets)), owner, members, span)]
    for level in range(1, 2 ** len(codes)):
        tick()
        kept = [column for i, column in enumerate(codes) if not level >> i & 1]
        first, group = groups_of(kept, len(sets))
        parts.append(_level(level, first, group, owner, members, span))
    return joined(parts)


def _level(level: int, first: Positions, group: Positions, owner: Positions, members: Positions, span: int) -> Family:
    if len(members) == 0:
        key = members
    else:
        key = np.sort(group[owner] * span + members)
        key = key[np.concatenate([[True], np.diff(key) != 0])]
    starts = np.searchsorted(key, np.arange(len(first) + 1) * span)
    return Family(starts, key % span, np.full(len(first), level), first)


def codes_of(cells: Sequence[tuple[Label, ...]]) -> list[Positions]:
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


def near(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    """Say of every set of `new` whether it is near any set of `old`.

    Notes
    -----
    Three cases, each exact. Two sets with at most `reach` units together are near unless they are equal. Other near
    sets have units in common: of small ones all overlaps are counted, as a product of sparse matrices. Of large ones,
    units are dealt into ``reach + 1`` buckets; sets that differ in at most `reach` units agree in at least one bucket,
    so only sets whose fingerprint of a bucket is the same have to be compared.
    """
    found = _tiny(new, old, reach)
    sizes, limit = new.sizes, max(SMALL, 4 * reach)
    small = (sizes <= limit) & ~found
    found[small] = _overlapping(new.chosen(small), old.chosen(old.sizes <= limit + reach), reach, tick)
    large = sizes > limit
    found[large] = _bucketed(new.chosen(large), old.chosen(old.sizes > limit - reach), reach, tick)
    return found


def again(new: Family, old: Family, reach: int) -> Mask:
    """Say of every set of `new` with 1 to `reach` units whether the same set is in `old`."""
    sizes, old_sizes = new.sizes, old.sizes
    known = {
        tuple(old.set(place).tolist()) for place in np.flatnonzero((old_sizes > 0) & (old_sizes <= reach)).tolist()
    }
    answer = np.zeros(len(sizes), dtype=bool)
    for place in np.flatnonzero((sizes > 0) & (sizes <= reach)).tolist():
        answer[place] = tuple(new.set(place).tolist()) in known
    return answer


def _tiny(new: Family, old: Family, reach: int) -> Mask:
    by_size: dict[int, set[tuple[int, ...]]] = {}
    old_sizes, sizes = old.sizes.tolist(), new.sizes.tolist()
    for place in np.flatnonzero(old.sizes <= reach).tolist():
        # Two different sets of a size are enough: no third set equals both.
        found = by_size.setdefault(old_sizes[place], set())
        if len(found) < 2:
            found.add(tuple(old.set(place).tolist()))
    answer = np.zeros(len(sizes), dtype=bool)
    for place in np.flatnonzero(new.sizes <= reach).tolist():
        size = sizes[place]
        own = tuple(new.set(place).tolist())
        others = (known for other, known in by_size.items() if other + size <= reach)
        answer[place] = any(len(known) > 1 or own not in known for known in others)
    return answer


def _overlapping(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    answer = np.zeros(len(new.sizes), dtype=bool)
    if not len(new.members) or not len(old.members):
        return answer
    from scipy.sparse import csr_array

    units = int(max(new.members.max(), old.members.max())) + 1
    ones = np.ones(len(old.members), dtype=np.int32)
    across = csr_array((ones, old.members, old.starts), shape=(len(old.sizes), units)).T.tocsr()
    often = np.bincount(old.members, minlength=units)
    work = np.concatenate([[0], np.cumsum(often[new.members])])[new.starts]
    for start, end in _chunks(work):
        tick()
        part = slice(new.starts[start], new.starts[end])
        rows = np.ones(int(new.starts[end] - new.starts[start]), dtype=np.int32)
        pointers = new.starts[start : end + 1] - new.starts[start]
        shared = csr_array((rows, new.members[part], pointers), shape=(end - start, units)) @ across
        of_new = np.repeat(new.sizes[start:end], np.diff(shared.indptr))
        apart = of_new + old.sizes[shared.indices] - 2 * shared.data
        close = (apart > 0) & (apart <= reach)
        answer[start + np.repeat(np.arange(end - start), np.diff(shared.indptr))[close]] = True
    return answer


def _chunks(work: Positions) -> Iterator[tuple[int, int]]:
    """Cut sets into runs of bounded work; `work` is cumulated."""
    start = 0
    while start < len(work) - 1:
        end = int(np.searchsorted(work, work[start] + _CHUNK, side="right")) - 1
        end = max(end, start + 1)
        yield start, end
        start = end


def _bucketed(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    sizes, old_sizes = new.sizes, old.sizes
    answer = np.zeros(len(sizes), dtype=bool)
    if not len(sizes) or not len(old_sizes):
        return answer
    for bucket in range(reach + 1):
        tick()
        ours, theirs = fingerprints(new, bucket, reach + 1), fingerprints(old, bucket, reach + 1)
        order = np.argsort(theirs, kind="stable")
        ranked = theirs[order]
        left, right = np.searchsorted(ranked, ours), np.searchsorted(ranked, ours, side="right")
        for place in np.flatnonzero((right > left) & ~answer).tolist():
            others = order[left[place] : right[place]]
            others = others[np.abs(old_sizes[others] - sizes[place]) <= reach]
            own = new.set(place)
            answer[place] = any(_apart(own, old.set(other), reach) for other in others.tolist())
            tick()
    return answer


def _apart(one: Positions, other: Positions, reach: int) -> bool:
    if len(one) == len(other) and np.array_equal(one, other):
        return False
    return len(np.setxor1d(one, other, assume_unique=True)) <= reach


def fingerprints(family: Family, bucket: int, buckets: int) -> NDArray[np.uint64]:
    """Return a number per set that is the same whenever the same units of the bucket are in it."""
    mixed = _mixed(family.members)
    chosen = np.where(mixed % np.uint64(buckets) == bucket, _mixed(mixed.astype(np.int64)), np.uint64(0))
    return np.asarray(np.add.reduceat(chosen, family.starts[:-1]), dtype=np.uint64)


def _mixed(values: Positions) -> NDArray[np.uint64]:
    """Spread numbers over 64 bits (the finaliser of splitmix64; Steele, Lea and Flood 2014)."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
