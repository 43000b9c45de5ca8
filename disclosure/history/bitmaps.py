"""Many compressed bitmaps in one run of bytes; each is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Positions = NDArray[np.int64]
Members = NDArray[np.uint32]


class Bitmaps(Sequence[BitMap]):
    """Sets of positions, serialised one after the other (roaring's portable form).

    Parameters
    ----------
    data : bytes or memoryview
    starts : ndarray of int64, shape (sets + 1,)
        Where each bitmap begins in `data`, and the end.
    sizes : ndarray of int64, shape (sets,)
        How many positions each set has.
    """

    def __init__(self, data: bytes | memoryview, starts: Positions, sizes: Positions) -> None:
        if len(starts) != len(sizes) + 1 or starts[0] != 0 or starts[-1] != len(data) or (np.diff(starts) < 0).any():
            raise ValueError("the bitmaps are not where they are said to be")
        self.data = data
        self.starts = starts
        self.sizes = sizes

    @classmethod
    def of(cls, sets: Iterable[BitMap]) -> Bitmaps:
        """Return `sets` serialised."""
        parts, sizes = [], []
        for found in sets:
            parts.append(found.serialize())
            sizes.append(len(found))
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(np.int64)
        return cls(b"".join(parts), starts, np.array(sizes, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, place: int) -> BitMap: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[BitMap]: ...

    def __getitem__(self, place: int | slice) -> BitMap | Sequence[BitMap]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(*place.indices(len(self))))
        i = place + len(self) if place < 0 else place
        if not 0 <= i < len(self):
            raise IndexError(place)
        return BitMap.deserialize(bytes(self.data[self.starts[i] : self.starts[i + 1]]))

    def __iter__(self) -> Iterator[BitMap]:
        for i in range(len(self)):
            yield self[i]


def sizes_of(sets: Sequence[BitMap]) -> Positions:
    """Return how many positions each set has."""
    if isinstance(sets, Bitmaps):
        return sets.sizes
    return np.fromiter((len(found) for found in sets), dtype=np.int64, count=len(sets))


def flat(sets: Sequence[BitMap]) -> tuple[Positions, Members]:
    """Return where each set begins (and the end), and all positions, set by set in rising order."""
    starts = np.concatenate([[0], np.cumsum(sizes_of(sets))]).astype(np.int64)
    members = np.empty(int(starts[-1]), dtype=np.uint32)
    for i, found in enumerate(sets):
        members[starts[i] : starts[i + 1]] = found.to_array()
    return starts, members


def unflat(starts: Positions, members: Members, limit: int) -> tuple[BitMap, ...]:
    """Return the sets that `flat` wrote.

    They may come from a process that is not trusted, so that everything is looked at here before it is made a bitmap.

    Raises
    ------
    ValueError
        They are not in rising order, or a position is `limit` or more.
    """
    if not len(starts) or starts[0] != 0 or starts[-1] != len(members) or (np.diff(starts) < 0).any():
        raise ValueError("the sets are not where they are said to be")
    if len(members):
        rising = np.diff(members.astype(np.int64), prepend=-1) > 0
        rising[starts[:-1][starts[:-1] < len(members)]] = True
        if not rising.all() or int(members.max()) >= limit:
            raise ValueError("a set is not in rising order")
    ends = starts.tolist()
    return tuple(BitMap(members[a:b]) for a, b in pairwise(ends))
