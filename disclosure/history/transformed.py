"""Which earlier numbers are about mostly the same people by another measure, whatever it makes of each of them.

Sketches see numbers to which most people add the same. A smooth function can change everybody a little and one person a
lot: ``pay * exp(power(pay / 500000, 4))`` beside ``pay`` tells the pay of who has most, though hardly two shares agree.
So every earlier number of another measure of the same column is a candidate for the unit-level comparison (`measures`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from saferoom.disclosure.history.bitmaps import sizes_of
from saferoom.disclosure.history.cases import Case
from saferoom.disclosure.history.contributors import Cell, Contributors, Noise
from saferoom.disclosure.history.families import Family, Tick, same
from saferoom.disclosure.history.measures import ADDED_UP, PartlyAlike
from saferoom.disclosure.history.memory import Memory, Release
from saferoom.disclosure.history.signatures import members_of
from saferoom.disclosure.history.sketches import Sketch
from saferoom.disclosure.queries.relations import COUNT

_SAMPLE = 20_000
"""Units of which overlaps are estimated; up to this many they are counted."""
_HALF = 0.45
"""Share of the larger of two cells that is in both; a little less than half, because it is estimated."""
_MEASURE = ("statistic", "measure", "denominator", "weight", "options")


def transformed(
    cases: Sequence[Case], contributors: Contributors, memory: Memory, query: Mapping[str, Any], tick: Tick
) -> Iterator[PartlyAlike]:
    """Yield pairs of a new exact cell and an earlier one of mostly the same units, made by another measure.

    Parameters
    ----------
    query : mapping
        The new one, canonical.

    Notes
    -----
    Of another project's release the measure is not told. Its cells are compared where they hold exactly the same units,
    and left out where these add the same but for a factor, as their sketches say.
    """
    if contributors.noise is not Noise.NONE or query.get("statistic") not in ADDED_UP:
        return
    for case in cases:
        ours = _sketches(contributors, case.unit)
        wanted = set(_wanted(case, ours, memory, query))
        if not wanted:
            continue
        seen: set[tuple[Any, ...]] = set()
        for place, family, other in _pairs(case, wanted, memory, tick):
            position, old = case.releases[family], case.pool.families[family]
            release = memory.releases[position]
            key = (place, int(old.whole[other]), measure_of(release.query) if release.query else position)
            if key in seen:
                continue
            seen.add(key)
            cell, earlier = case.new.name(place), old.name(other)
            if not _agree(_at(ours, cell), _at(_sketches(release.contributors, case.unit), earlier)):
                yield PartlyAlike(position, case.unit, cell, earlier, 0)


def _wanted(case: Case, ours: Sequence[Sketch], memory: Memory, query: Mapping[str, Any]) -> Iterator[int]:
    """Yield the exact earlier families that are about one of the new table's columns, and may be by another measure."""
    about = frozenset().union(*(sketch.subjects for sketch in ours)) - {COUNT}
    for i, (position, noise) in enumerate(zip(case.releases, case.noises, strict=True)):
        release = memory.releases[position]
        theirs = _sketches(release.contributors, case.unit)
        if noise is Noise.NONE and any(sketch.subjects & about for sketch in theirs) and _differs(query, release):
            yield i


def _differs(query: Mapping[str, Any], release: Release) -> bool:
    if not release.query:
        return True
    return release.query.get("statistic") in ADDED_UP and measure_of(release.query)[1:] != measure_of(query)[1:]


def measure_of(query: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the statistic, and then what says by which measure it is computed."""
    return tuple(repr(query.get(name)) for name in _MEASURE)


def _pairs(case: Case, wanted: Collection[int], memory: Memory, tick: Tick) -> Iterator[tuple[int, int, int]]:
    """Yield the place of a new set, the earlier family, and the place of a set there that holds mostly the same."""
    for pair in same(case.new, case.pool):
        if pair.family in wanted:
            yield pair.place, pair.family, pair.other
    own = [i for i in sorted(wanted) if memory.releases[case.releases[i]].query]
    rare = _rarity([case.new, *(case.pool.families[i] for i in own)])
    for i in own:
        tick()
        for place, other in _overlapping(case.new, case.pool.families[i], rare):
            yield place, i, other


def _rarity(families: Sequence[Family]) -> int:
    units = max(int(sizes_of(family.sets).sum()) for family in families)
    return max(1, units // _SAMPLE)


def _overlapping(new: Family, old: Family, rare: int) -> Iterator[tuple[int, int]]:
    ours, theirs = _incidence(new, rare), _incidence(old, rare)
    width = max(ours.shape[1], theirs.shape[1])
    ours.resize((ours.shape[0], width))
    theirs.resize((theirs.shape[0], width))
    sizes, others = ours.sum(axis=1), theirs.sum(axis=1)
    shared = (ours @ theirs.T).tocoo()
    kept = shared.data >= _HALF * np.maximum(sizes[shared.row], others[shared.col])
    yield from zip(shared.row[kept].tolist(), shared.col[kept].tolist(), strict=True)


def _incidence(family: Family, rare: int) -> csr_array:
    """Return which sampled units are in which cell or margin."""
    members = members_of(family.sets).astype(np.int64)
    owner = np.repeat(np.arange(len(family.sets)), sizes_of(family.sets))
    kept = members % rare == 0
    columns: NDArray[np.int64] = members[kept] // rare
    width = int(columns.max(initial=0)) + 1
    cells = csr_array((np.ones(len(columns), dtype=np.int32), (owner[kept], columns)), shape=(len(family.sets), width))
    parts = [family.inner(place) for place in range(len(family.signatures))]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    inner = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    groups = csr_array((np.ones(len(inner), dtype=np.int32), inner, starts), shape=(len(parts), len(family.sets)))
    found = (groups @ cells).tocsr()
    found.data = np.minimum(found.data, 1)
    return found


def _sketches(contributors: Contributors, unit: str) -> list[Sketch]:
    return [sketch for sketch in contributors.sketches if sketch.unit == unit]


def _at(found: Sequence[Sketch], cell: Cell) -> set[tuple[int, bytes]]:
    """Return what the sketches say of a cell, each with its reference."""
    said = set()
    for sketch in found:
        if cell in sketch.cells:
            place = sketch.cells.index(cell)
            said.add((sketch.reference, sketch.elements[sketch.starts[place] : sketch.starts[place + 1]].tobytes()))
    return said


def _agree(ours: set[tuple[int, bytes]], theirs: set[tuple[int, bytes]]) -> bool:
    """Say whether units add the same to both but for a factor, in each column of the new one."""
    references = {reference for reference, _ in theirs}
    common = {one for one in ours if one[0] in references}
    return bool(common) and common <= theirs
