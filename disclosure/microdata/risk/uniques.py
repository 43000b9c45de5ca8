"""Minimal sample uniques: the smallest sets of told values that only one record of the sample has.

Who is unique on region and age is unique on region, age and sex as well; only the smallest sets count. A missing value
is no value that somebody could know, so it is part of no set, and such a record is not counted as having any value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING
from saferoom.disclosure.microdata.patterns import Patterns, Places
from saferoom.errors import BadInputError

MOST_VARIABLES = 30
MOST_SETS = 70_000
_DENSE = 1 << 16


@dataclass(frozen=True)
class MinimalUniques:
    """Who is unique on what.

    Attributes
    ----------
    variables : int
        Number of key variables, m.
    most : int
        The largest number of variables that was tried together.
    sets : tuple of tuple of int
        Sets of variables on which somebody is minimally unique.
    members : tuple of ndarray of int
        For each of `sets` the patterns (of a single record each) that are.
    """

    variables: int
    most: int
    sets: tuple[tuple[int, ...], ...]
    members: tuple[Places, ...]

    def of(self, pattern: int) -> list[tuple[int, ...]]:
        """Return the sets on which one pattern is minimally unique, small ones first."""
        own = [found for found, members in zip(self.sets, self.members, strict=True) if pattern in members]
        return sorted(own, key=lambda found: (len(found), found))


def minimal_uniques(found: Patterns, sizes: Sequence[int], most: int | None = None) -> MinimalUniques:
    """Find all minimal sample uniques of up to `most` variables.

    Parameters
    ----------
    sizes : sequence of int, length m
        Number of categories of each variable.
    most : int, optional
        All variables when left out.

    Raises
    ------
    BadInputError
        When there would be more sets of variables to try than can be.

    Notes
    -----
    Sets of variables are tried in an order in which every subset comes before the set, each by splitting the groups of
    one smaller set by one more variable. A record that is alone in its group is done with: it is unique on whatever is
    added, and disturbs nobody. Groups in which nobody is unique on all variables are dropped at once.

    References
    ----------
    Manning, Haglin, Keane (2008). A recursive search algorithm for statistical disclosure assessment. Data Mining and
    Knowledge Discovery 16, 165-196 (SUDA2; the definition is theirs, the search works on whole columns).
    """
    variables = found.rows.shape[1]
    most = variables if most is None else min(most, variables)
    if most < 1:
        raise BadInputError("the largest size of minimal sample uniques must be at least 1")
    _check_sets(variables, most)
    search = _Search(found, tuple(sizes), most)
    search.run()
    order = sorted(search.found, key=lambda one: (one.bit_count(), one))
    return MinimalUniques(
        variables, most, tuple(_places(one) for one in order), tuple(search.found[one] for one in order)
    )


def _check_sets(variables: int, most: int) -> None:
    from math import comb

    sets = sum(comb(variables, size) for size in range(1, most + 1))
    if variables > MOST_VARIABLES or sets > MOST_SETS:
        raise BadInputError(
            f"{variables} key variables have {sets:,} sets of up to {most}, too many to try; name fewer key variables "
            "or a smaller largest size"
        )


def _places(bits: int) -> tuple[int, ...]:
    return tuple(place for place in range(bits.bit_length()) if bits >> place & 1)


@dataclass
class _Group:
    """The records that are not yet unique on a set of variables, in groups of those who agree."""

    rows: Places
    number: Places
    groups: int


@dataclass
class _Search:
    patterns: Patterns
    sizes: tuple[int, ...]
    most: int
    found: dict[int, Places] = field(default_factory=dict)
    _unique: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """By set of variables, one bit per candidate: unique on this set."""

    def __post_init__(self) -> None:
        self._columns = [np.ascontiguousarray(self.patterns.rows[:, place]) for place in range(len(self.sizes))]
        self._counts = self.patterns.counts.astype(np.float64)
        self._candidates = np.flatnonzero(self.patterns.counts == 1)
        self._candidate = np.full(len(self.patterns), -1, dtype=np.int32)
        self._candidate[self._candidates] = np.arange(len(self._candidates), dtype=np.int32)

    def run(self) -> None:
        if not len(self._candidates):
            return
        everybody = np.arange(len(self.patterns))
        self._unique[0] = np.zeros((len(self._candidates) + 7) // 8, dtype=np.uint8)
        self._below(0, len(self.sizes), _Group(everybody, np.zeros_like(everybody), 1))

    def _below(self, known: int, lowest: int, group: _Group) -> None:
        for place in range(lowest):
            rest = self._with(known, place, group)
            if rest is not None and place:
                self._below(known | 1 << place, place, rest)

    def _with(self, known: int, place: int, group: _Group) -> _Group | None:
        """Split `group` by one more variable, note who is unique now, and return who is left to look at."""
        values = self._columns[place][group.rows]
        told = values != MISSING
        rows, number = group.rows, group.number
        if not told.all():
            rows, number, values = rows[told], number[told], values[told]
        if not len(rows):
            return None
        number, groups = _numbered(number * self.sizes[place] + values, group.groups * self.sizes[place])
        alone = np.bincount(number, self._counts[rows], groups)[number] == 1
        self._note(known, known | 1 << place, self._candidate[rows[alone]])
        if (known.bit_count() + 1) >= self.most:
            return None
        rows, number = rows[~alone], number[~alone]
        kept = np.zeros(groups, dtype=bool)
        kept[number[self._candidate[rows] >= 0]] = True
        inside = kept[number]
        if not inside.any():
            return None
        return _Group(rows[inside], (np.cumsum(kept) - 1)[number[inside]], int(kept.sum()))

    def _note(self, known: int, now: int, candidates: NDArray[np.int32]) -> None:
        flags = np.zeros(len(self._candidates), dtype=bool)
        flags[candidates] = True
        self._unique[now] = self._unique[known] | np.packbits(flags)
        minimal = candidates
        for subset in _one_less(known):
            if not len(minimal):
                return
            unique = self._at(subset | (now ^ known))
            minimal = minimal[(unique[minimal >> 3] >> (7 - (minimal & 7)) & 1) == 0]
        if len(minimal):
            self.found[now] = np.sort(self._candidates[minimal])

    def _at(self, variables: int) -> NDArray[np.uint8]:
        """Return who is unique on `variables`; where nobody was left to look at, it is who was unique before."""
        while variables not in self._unique:
            variables &= variables - 1
        return self._unique[variables]


def _one_less(variables: int) -> Iterator[int]:
    for place in _places(variables):
        yield variables ^ 1 << place


def _numbered(packed: Places, cells: int) -> tuple[Places, int]:
    """Number the distinct values without gaps, in any order."""
    if cells <= max(_DENSE, 4 * len(packed)):
        number = np.zeros(cells, dtype=np.intp)
        number[packed] = 1
        total = int(np.cumsum(number, out=number)[-1])
        return number[packed] - 1, total
    import pandas as pd

    codes, distinct = pd.factorize(packed)
    return codes, len(distinct)
