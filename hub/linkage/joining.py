"""Records put together pair by pair, the surest first, onto groups that exist already.

Where a source's records have at most one partner each, two groups that both have a record of it are not joined; nor are
two of which somebody decided that records in them are not of the same entity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
NO_SOURCE = -1
"""The source of a record that competes with no other."""


class Groups:
    """Groups of records, which are numbered from 0.

    Parameters
    ----------
    start : array of int
        Of each record: the group it is in at first, any whole number.
    sources : array of int
        Of each record: its source, where a group may have one record of it at most; else `NO_SOURCE`.
    """

    def __init__(self, start: Numbers, sources: Numbers) -> None:
        self._labels, first = np.unique(start, return_inverse=True)
        self._first = first.astype(np.int64)
        self._sources = sources
        self._order = np.argsort(self._first, kind="stable")
        self._bounds = np.searchsorted(self._first[self._order], np.arange(len(self._labels) + 1))
        self._above: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._held: dict[int, set[int]] = {}
        self.apart: dict[int, set[int]] = {}

    def keep_apart(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Never join groups that hold the two records of a pair."""
        for left, right in pairs:
            self.apart.setdefault(left, set()).add(right)
            self.apart.setdefault(right, set()).add(left)

    def join(self, pairs: Iterable[tuple[int, int]]) -> int:
        """Join the groups of each pair's records, in the order of the pairs; return how many were not joined."""
        refused = 0
        for left, right in pairs:
            one, other = self._root(left), self._root(right)
            if one == other:
                continue
            if self._compete(one, other):
                refused += 1
                continue
            if len(self._of(one)) < len(self._of(other)):
                one, other = other, one
            self._above[other] = one
            self._held[one] |= self._held.pop(other)
            self._members[one] += self._members.pop(other)
        return refused

    def result(self) -> Numbers:
        """Return of each record the group it is in now, numbered from 0."""
        final = np.arange(len(self._labels))
        for group in self._above:
            final[group] = self._top(group)
        return np.asarray(final[self._first], dtype=np.int64)

    def _root(self, record: int) -> int:
        return self._top(int(self._first[record]))

    def _top(self, group: int) -> int:
        path = []
        while group in self._above:
            path.append(group)
            group = self._above[group]
        for passed in path:
            self._above[passed] = group
        return group

    def _of(self, group: int) -> list[int]:
        """Return a group's records; those that no pair names are never listed."""
        if group not in self._members:
            members = self._order[self._bounds[group] : self._bounds[group + 1]].tolist()
            self._members[group] = members
            self._held[group] = {int(self._sources[n]) for n in members} - {NO_SOURCE}
        return self._members[group]

    def _compete(self, one: int, other: int) -> bool:
        mine, theirs = self._of(one), self._of(other)
        if self._held[one] & self._held[other]:
            return True
        if not self.apart:
            return False
        return self._decided(mine, theirs) or self._decided(theirs, mine)

    def _decided(self, mine: Collection[int], theirs: Collection[int]) -> bool:
        held = set(theirs)
        return any(self.apart.get(record, set()) & held for record in mine)
