"""The sets of a new and of earlier tables as one system of equations, and systems of a part of a long history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.signatures import Positions

_CORE = 4
"""One in so many sets of a part are those of the most related releases, which are in all parts."""


@dataclass(frozen=True, eq=False)
class System:
    """The different cells of a new and of earlier tables.

    Attributes
    ----------
    sets : list of BitMap
        First those of the new table that no earlier one has.
    new : list of int
        The place in the new family of each such set.
    old : list of pairs of int
        The first earlier family that has the set, and the place there.
    shared : ndarray of bool, shape (sets,)
        Which the new table has too.
    families : list of ndarray of int
        Per earlier family, which sets it has.
    related : ndarray of int, shape (families,)
        How many cells and margins each earlier family has in common with the new one.
    """

    sets: list[BitMap]
    new: list[int]
    old: list[tuple[int, int]]
    shared: NDArray[np.bool_]
    families: list[Positions]
    related: Positions

    @property
    def tables(self) -> Positions:
        """The earlier family each set is of, -1 for the new one."""
        return np.array([-1] * len(self.new) + [number for number, _ in self.old], dtype=np.int64)


def system_of(new: Family, old: Sequence[Family], finer: Sequence[bool] | None = None) -> System:
    """Return the different cells that are not empty; margins that follow from cells tell nothing more.

    Parameters
    ----------
    finer : sequence of bool, optional
        Per earlier family, whether the new table tells more of a set than it does, though the set is the same.
    """
    fresh: dict[int, int] = {}
    for place in range(len(new.sets)):
        if new.signatures.sizes[place]:
            fresh.setdefault(int(new.whole[place]), place)
    numbers: dict[int, int] = {}
    known: list[tuple[int, int]] = []
    families: list[Positions] = []
    for number, family in enumerate(old):
        cells = np.flatnonzero(family.signatures.sizes[: len(family.sets)])
        has = []
        for place, whole in zip(cells.tolist(), family.whole[cells].tolist(), strict=True):
            if finer and finer[number] and whole in fresh:
                continue
            if numbers.setdefault(whole, len(known)) == len(known):
                known.append((number, place))
            has.append(numbers[whole])
        families.append(np.array(has, dtype=np.int64))
    own = [place for whole, place in fresh.items() if whole not in numbers]
    sets = [new.sets[place] for place in own] + [old[number].sets[place] for number, place in known]
    shared = np.array([True] * len(own) + [whole in fresh for whole in numbers], dtype=bool)
    related = np.array([_in_common(new, family) for family in old], dtype=np.int64)
    return System(sets, own, known, shared, [len(own) + has for has in families], related)


def _in_common(one: Family, other: Family) -> int:
    ours, theirs = (family.whole[family.signatures.sizes > 0] for family in (one, other))
    return int(np.isin(ours, theirs).sum())


def parts(system: System, kept: Positions, most: int) -> Iterator[System]:
    """Yield systems of the new table and of some earlier ones, until every earlier one was among them.

    Parameters
    ----------
    kept : ndarray of int
        The sets to take.
    most : int
        Sets that a system should have at most; tables are not cut.

    Notes
    -----
    The earlier tables with most cells and margins in common with the new one are in all parts. What the new table has
    of earlier ones is in all of them as well, so that it is not taken for its own.
    """
    takes = np.zeros(len(system.sets), dtype=bool)
    takes[kept] = True
    first = len(system.new)
    core = system.shared & takes
    order = np.argsort(-system.related, kind="stable").tolist()
    while order and system.related[order[0]]:
        grown = _with(core, system.families[order[0]], takes)
        if grown[first:].sum() > most // _CORE:
            break
        core, order = grown, order[1:]
    # A new table that has more cells than a part should have gets parts of twice its own size.
    room = max(most, 2 * int(core.sum()))
    part, alone = core, True
    for number in order:
        grown = _with(part, system.families[number], takes)
        if grown.sum() > room and not alone:
            yield only(system, part)
            grown = _with(core, system.families[number], takes)
        part, alone = grown, False
    yield only(system, part)


def _with(chosen: NDArray[np.bool_], more: Positions, takes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = chosen.copy()
    grown[more] = True
    return grown & takes


def only(system: System, chosen: NDArray[np.bool_]) -> System:
    """Return the system of some of the sets."""
    first = len(system.new)
    numbers = np.flatnonzero(chosen).tolist()
    return System(
        sets=[system.sets[i] for i in numbers],
        new=[system.new[i] for i in numbers if i < first],
        old=[system.old[i - first] for i in numbers if i >= first],
        shared=system.shared[chosen],
        families=[],
        related=np.zeros(0, dtype=np.int64),
    )
