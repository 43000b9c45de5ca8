"""Differencing: two releases whose populations differ by a few units tell these units' values by subtraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.combinations import combined
from saferoom.disclosure.history.contributors import Cell, Contributors, Part, UnitSets
from saferoom.disclosure.history.equations import solved
from saferoom.disclosure.history.families import Family, Mask, Tick, again, joined, near, with_margins
from saferoom.disclosure.history.memory import Memory, Release, aligned
from saferoom.disclosure.history.sketches import close, crowded
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite

_Collisions = dict[int, dict[Cell, None]]
"""By the place of an earlier release, the cells that collide with it."""


def _never() -> None:
    """Time is never up."""


def differencing(
    contributors: Contributors, memory: Memory, policy: RiskAppetite, tick: Tick = _never
) -> tuple[Finding, ...]:
    """Return a finding for every earlier release from which a difference of too few units can be derived.

    Parameters
    ----------
    tick : callable
        Called between steps; raises when the time for the check is up, so that nothing is judged.

    Notes
    -----
    Every cell and margin of the new table is compared with every cell and margin released before, for every kind of
    unit: with A and B their units, 0 < ``|A xor B|`` < d is not allowed. Equal sets tell nothing new, unless a small
    count is rounded to two different bases: the ranges that two rounded numbers leave overlap in less than either. The
    new sets are also added to, and subtracted from, two earlier ones at a time, and the equations that all exact totals
    together are have no solution for so few (`equations`).
    """
    reach = policy.difference_units - 1
    collided: _Collisions = {}
    together: dict[Cell, None] = {}
    for part in contributors.parts:
        for sets in part.units:
            old = [
                (position, earlier)
                for position, release in enumerate(memory.releases)
                for earlier in _comparable(part, sets, release)
            ]
            if not old:
                continue
            keys = np.unique(np.concatenate([sets.keys, *(found.keys for _, (_, found) in old)]))
            new = _family(part.cells, aligned(sets, keys), tick)
            exactly: list[Family] = []
            for position, (cells, earlier_sets) in old:
                released = _family(cells, aligned(earlier_sets, keys), tick)
                if contributors.exact and memory.releases[position].contributors.exact:
                    exactly.append(released)
                close = near(new, released, reach, tick)
                if _is_rounded_anew(contributors, memory.releases[position].contributors):
                    close |= again(new, released, reach)
                found = dict.fromkeys(_named(part.cells, new, close, contributors.total))
                collided[position] = collided.get(position, {}) | found
            if exactly:
                released = joined(exactly)
                both = combined(new, released, reach, tick)
                if contributors.exact:
                    both |= solved(new, released, reach, tick)
                together |= dict.fromkeys(_named(part.cells, new, both, contributors.total))
    values = _values_apart(contributors, memory, reach, tick)
    found_all = [*_of_releases(contributors, memory, (collided, values), policy)]
    earlier = [sketch for release in memory.releases for sketch in release.contributors.sketches]
    if many := crowded(contributors.sketches, earlier, policy.residual_degrees_of_freedom):
        found_all.append(_crowded(tuple(many)))
    if together and not any(found.severity is Verdict.FAIL for found in found_all):
        found_all.append(_together(tuple(together), policy))
    return tuple(found_all)


def _of_releases(
    contributors: Contributors, memory: Memory, found: tuple[_Collisions, _Collisions], policy: RiskAppetite
) -> Iterator[Finding]:
    """Yield one finding per release: other people, or the same people with other values."""
    people, values = found
    for position, release in enumerate(memory.releases):
        severity = Verdict.FAIL if contributors.exact and release.contributors.exact else Verdict.REVIEW
        if people.get(position):
            yield _finding(release, tuple(people[position]), severity, policy)
        elif values.get(position):
            yield _same_people(release, tuple(values[position]), severity, policy)


def _values_apart(contributors: Contributors, memory: Memory, reach: int, tick: Tick) -> _Collisions:
    """Return, per earlier release, the cells to which all but a few units add the same as they did there."""
    found: _Collisions = {}
    for sketch in contributors.sketches:
        earlier = [
            (position, other)
            for position, release in enumerate(memory.releases)
            for other in release.contributors.sketches
            if (other.unit, other.reference) == (sketch.unit, sketch.reference)
        ]
        masks = close(sketch, [other for _, other in earlier], reach, tick)
        for (position, _), mask in zip(earlier, masks, strict=True):
            cells = (sketch.cells[place] for place in np.flatnonzero(mask).tolist())
            found.setdefault(position, {}).update(dict.fromkeys(cells))
    return found


def _is_rounded_anew(one: Contributors, other: Contributors) -> bool:
    return not one.exact and not other.exact and one.base != other.base


def _comparable(part: Part, sets: UnitSets, release: Release) -> Iterator[tuple[Sequence[Cell], UnitSets]]:
    """Yield what an earlier release says about the same subjects and the same kind of unit."""
    for earlier in release.contributors.parts:
        if part.subjects & earlier.subjects:
            for found in earlier.units:
                if found.unit == sets.unit:
                    yield earlier.cells, found


def _family(cells: Sequence[Cell], sets: Sequence[BitMap], tick: Tick) -> Family:
    return with_margins(cells, [np.asarray(found.to_array(), dtype=np.int64) for found in sets], tick)


def _named(cells: Sequence[Cell], family: Family, chosen: Mask, total: str) -> Iterator[Cell]:
    """Yield the labels of cells and margins."""
    for place in np.flatnonzero(chosen).tolist():
        level, cell = int(family.levels[place]), cells[int(family.cells[place])]
        yield tuple(total if level >> i & 1 else label for i, label in enumerate(cell))


def _together(cells: tuple[Cell, ...], policy: RiskAppetite) -> Finding:
    return Finding(
        rule="differencing",
        risk=Risk.DIFFERENCING,
        severity=Verdict.FAIL,
        cells=cells,
        message=f"Added to and subtracted from numbers released earlier, this tells about fewer than "
        f"{policy.difference_units} units: the populations cancel out but for so few.",
        remedy="use the populations of earlier releases, or ones that differ by more units",
    )


def _crowded(cells: tuple[Cell, ...]) -> Finding:
    return Finding(
        rule="many-numbers",
        risk=Risk.DIFFERENCING,
        severity=Verdict.REVIEW,
        cells=cells,
        message="So many different numbers were released about the same few people, made from the same things, that "
        "together they come close to being solved for every single value.",
        remedy="use broader categories, one of the numbers released before, or let an output checker decide",
    )


def _called(release: Release) -> str:
    return (
        "an earlier release of another project" if release.title is None else f"the earlier release '{release.title}'"
    )


def _same_people(release: Release, cells: tuple[Cell, ...], severity: Verdict, policy: RiskAppetite) -> Finding:
    return Finding(
        rule="differencing",
        risk=Risk.DIFFERENCING,
        severity=severity,
        cells=cells,
        message=f"Subtracting this from {_called(release)} tells about fewer than "
        f"{policy.difference_units} units: all others add the same to both, by the same rows or values.",
        remedy="use the rows and the measure of the earlier release, or ones that differ for more units",
    )


def _finding(release: Release, cells: tuple[Cell, ...], severity: Verdict, policy: RiskAppetite) -> Finding:
    return Finding(
        rule="differencing",
        risk=Risk.DIFFERENCING,
        severity=severity,
        cells=cells,
        message=f"Subtracting this from {_called(release)} tells about fewer than "
        f"{policy.difference_units} units, because the populations of the two differ by so few.",
        remedy="use the population of the earlier release, or one that differs by more units",
    )
