"""Differencing: two releases whose populations differ by a few units tell these units' values by subtraction."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np

from saferoom.disclosure.history.contributors import Cell, Contributors, Keys, Part
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
    found = []
    for release in memory.releases:
        cells = dict.fromkeys(_close(contributors, release.contributors, policy.difference_units - 1))
        if cells:
            exact = contributors.exact and release.contributors.exact
            found.append(_finding(release, tuple(cells), Verdict.FAIL if exact else Verdict.REVIEW, policy))
    return tuple(found)


def _close(new: Contributors, old: Contributors, reach: int) -> Iterator[Cell]:
    for part in new.parts:
        for earlier in old.parts:
            if part.subjects & earlier.subjects:
                yield from _close_cells(part, new.total, earlier, reach)


def _close_cells(new: Part, total: str, old: Part, reach: int) -> Iterator[Cell]:
    for sets in new.units:
        for earlier in old.units:
            if earlier.unit != sets.unit:
                continue
            keys: Keys = np.union1d(sets.keys, earlier.keys)
            members = (found for _, found in unions(old.cells, aligned(earlier, keys), ""))
            released = sorted(members, key=len)
            sizes = [len(found) for found in released]
            for cell, units in unions(new.cells, aligned(sets, keys), total):
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
