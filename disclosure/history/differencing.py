"""Differencing: two releases whose populations differ by a few units tell these units' values by subtraction."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Part, UnitSets
from saferoom.disclosure.history.memory import Memory, Release, aligned, unions
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite


def differencing(contributors: Contributors, memory: Memory, policy: RiskAppetite) -> tuple[Finding, ...]:
    """Return a finding for every earlier release from which a difference of too few units can be derived.

    Notes
    -----
    Every cell and margin of the new table is compared with every cell and margin released before, for every kind of
    unit: with A and B their units, 0 < ``|A xor B|`` < d is not allowed. Equal sets tell nothing new. Because
    ``|A xor B|`` is at least the difference of their sizes, only sets of nearly the same size have to be compared.
    """
    reach = policy.difference_units - 1
    collided: dict[int, dict[Cell, None]] = {}
    for part in contributors.parts:
        for sets in part.units:
            new = [*unions(part.cells, sets.cells, contributors.total)]
            for position, release in enumerate(memory.releases):
                for earlier in release.contributors.parts:
                    if part.subjects & earlier.subjects:
                        cells = dict.fromkeys(_close(new, sets, earlier, reach))
                        collided[position] = collided.get(position, {}) | cells
    found = []
    for position, release in enumerate(memory.releases):
        if collided.get(position):
            exact = contributors.exact and release.contributors.exact
            severity = Verdict.FAIL if exact else Verdict.REVIEW
            found.append(_finding(release, tuple(collided[position]), severity, policy))
    return tuple(found)


def _close(new: Sequence[tuple[Cell, BitMap]], sets: UnitSets, old: Part, reach: int) -> Iterator[Cell]:
    """Yield the cells of a new table that differ by few units from any cell or margin of an old one."""
    for earlier in old.units:
        if earlier.unit != sets.unit:
            continue
        members = (found for _, found in unions(old.cells, aligned(earlier, sets.keys), ""))
        released = sorted(members, key=len)
        sizes = [len(found) for found in released]
        for cell, units in new:
            window = slice(bisect_left(sizes, len(units) - reach), bisect_right(sizes, len(units) + reach))
            if any(0 < units.symmetric_difference_cardinality(other) <= reach for other in released[window]):
                yield cell


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
