"""Differencing: two releases whose populations differ by a few units tell these units' values by subtraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Part, UnitSets
from saferoom.disclosure.history.families import Family, Mask, Tick, near, with_margins
from saferoom.disclosure.history.memory import Memory, Release, aligned
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite


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
    unit: with A and B their units, 0 < ``|A xor B|`` < d is not allowed. Equal sets tell nothing new.
    """
    reach = policy.difference_units - 1
    collided: dict[int, dict[Cell, None]] = {}
    for part in contributors.parts:
        for sets in part.units:
            old = [
                (position, earlier)
                for position, release in enumerate(memory.releases)
                for earlier in _comparable(part, sets, release)
            ]
            if not old:
                continue
            new = _family(part.cells, sets.cells, tick)
            for position, (cells, earlier_sets) in old:
                released = _family(cells, aligned(earlier_sets, sets.keys), tick)
                close = near(new, released, reach, tick)
                found = dict.fromkeys(_named(part.cells, new, close, contributors.total))
                collided[position] = collided.get(position, {}) | found
    found_all = []
    for position, release in enumerate(memory.releases):
        if collided.get(position):
            exact = contributors.exact and release.contributors.exact
            severity = Verdict.FAIL if exact else Verdict.REVIEW
            found_all.append(_finding(release, tuple(collided[position]), severity, policy))
    return tuple(found_all)


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


def _finding(release: Release, cells: tuple[Cell, ...], severity: Verdict, policy: RiskAppetite) -> Finding:
    return Finding(
        rule="differencing",
        risk=Risk.DIFFERENCING,
        severity=severity,
        cells=cells,
        message=f"Subtracting this from the earlier release '{release.title}' tells about fewer than "
        f"{policy.difference_units} units, because the populations of the two differ by so few.",
        remedy="use the population of the earlier release, or one that differs by more units",
    )
