"""Differencing: two releases whose populations differ by a few units tell these units' values by subtraction."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Keys, UnitSets
from saferoom.disclosure.history.memory import Memory, Release, aligned, unions
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite


def differencing(contributors: Contributors, memory: Memory, policy: RiskAppetite) -> tuple[Finding, ...]:
    """Return a finding for every earlier release from which a difference of too few units can be derived.

    Notes
    -----
    Every cell and margin of the new table is compared with every cell and margin released before, for every kind of
    unit: with A and B their units, 0 < \\|A xor B\\| < d is not allowed. Equal sets tell nothing new. Because
    \\|A xor B\\| is at least \\| \\|A\\| - \\|B\\| \\|, only sets of nearly the same size have to be compared.
    """
    found = []
    for release in memory.releases:
        if not (release.contributors.subjects & contributors.subjects):
            continue
        cells: dict[Cell, None] = {}
        for sets in contributors.units:
            for earlier in release.contributors.units:
                if earlier.unit == sets.unit:
                    cells |= dict.fromkeys(
                        _close(contributors.cells, sets, release.contributors.cells, earlier, policy)
                    )
        if cells:
            exact = contributors.exact and release.contributors.exact
            found.append(_finding(release, tuple(cells), Verdict.FAIL if exact else Verdict.REVIEW, policy))
    return tuple(found)


def _close(
    cells: tuple[Cell, ...], new: UnitSets, old_cells: tuple[Cell, ...], old: UnitSets, policy: RiskAppetite
) -> Iterator[Cell]:
    keys: Keys = np.union1d(new.keys, old.keys)
    released = sorted(
        (len(members), i, members) for i, (_, members) in enumerate(unions(old_cells, aligned(old, keys)))
    )
    sizes = [size for size, _, _ in released]
    reach = policy.difference_units - 1
    for cell, members in unions(cells, aligned(new, keys)):
        size = len(members)
        window = released[bisect_left(sizes, size - reach) : bisect_right(sizes, size + reach)]
        if any(0 < _distance(members, other) <= reach for _, _, other in window):
            yield cell


def _distance(one: BitMap, other: BitMap) -> int:
    return int(one.symmetric_difference_cardinality(other))


def _finding(release: Release, cells: tuple[Cell, ...], severity: Verdict, policy: RiskAppetite) -> Finding:
    return Finding(
        rule="differencing",
        risk=Risk.DIFFERENCING,
        severity=severity,
        cells=cells,
        message=f"Subtracting this from the earlier release '{release.title}' tells about fewer than "
        f"{policy.difference_units} units: the populations of the two differ by so few.",
        remedy="use the population of the earlier release, or one that differs by more units",
    )
