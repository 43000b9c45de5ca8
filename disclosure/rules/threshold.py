"""The threshold rule: a cell describes at least so many distinct units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, UnitEvidence
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

LOWEST = 3
"""Whatever a policy says about one kind of unit: with two units, each learns the other's value."""


def threshold_of(policy: RiskAppetite, kind: str) -> int:
    """Return the fewest units of `kind` in a released cell.

    >>> threshold_of(RiskAppetite(threshold_per_unit={"school_id": 1}), "school_id")
    3
    """
    return max(policy.threshold_per_unit.get(kind, policy.threshold_units), LOWEST)


def threshold(evidence: Sequence[UnitEvidence], policy: RiskAppetite) -> list[Hit]:
    """Fail every cell with fewer units with a non-missing measure than the threshold, for every kind of unit."""
    hits = []
    for counted in evidence:
        least = threshold_of(policy, counted.kind)
        hits += hit_if(
            Hit(
                rule="threshold",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=counted.units < least,
                message=f"A cell describes fewer than {least} distinct units ({counted.kind}): whoever knows that "
                "somebody is in it learns that person's values nearly or exactly, and members learn each other's.",
                remedy=f"{BROADER} so that every cell has at least {least} distinct {counted.kind}, or {SUPPRESS}",
            )
        )
    return hits


def population(units: Counts, inner: Mask, kind: str, policy: RiskAppetite) -> list[Hit]:
    """Send a table to a person that as a whole describes fewer units than the policy's smallest population.

    Parameters
    ----------
    units : ndarray of int, units
        Distinct units per cell; those in several cells count in each.
    """
    if policy.population_units == 0 or units[inner].sum() >= policy.population_units:
        return []
    return [
        Hit(
            rule="small-population",
            risk=Risk.LOW_COUNT,
            severity=Verdict.REVIEW,
            message=f"The whole table describes fewer than {policy.population_units} distinct units ({kind}): whoever "
            "knows most of them can work out the others.",
            remedy="use a wider filter, or let an output checker decide",
        )
    ]


def few_nonzero(evidence: Sequence[UnitEvidence], policy: RiskAppetite) -> list[Hit]:
    """Fail a total or mean that only few units add anything to: everybody else's zero hides nobody."""
    hits = []
    for counted in evidence:
        least = threshold_of(policy, counted.kind)
        hits += hit_if(
            Hit(
                rule="threshold-nonzero",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=(counted.nonzero > 0) & (counted.nonzero < least),
                message=f"Only few units ({counted.kind}) add anything but zero, so the number tells about these few "
                "alone; a total of zeros and ones is a count of them.",
                remedy=f"{BROADER}, or {SUPPRESS}",
            )
        )
    return hits


def two_values(low: Sequence[Counts], high: Sequence[Counts], kinds: Sequence[str], policy: RiskAppetite) -> list[Hit]:
    """Judge a measure with two values as the frequency table it is: both sides reach the threshold and near class.

    Parameters
    ----------
    low, high : per kind of unit, ndarray of int, units
        How many units of each cell have the lower and the higher value.
    """
    hits = []
    for few, many, kind in zip(low, high, kinds, strict=True):
        least = threshold_of(policy, kind)
        smaller = np.minimum(few, many)
        hits += hit_if(
            Hit(
                rule="implicit-table",
                risk=Risk.IMPLICIT_TABLE,
                severity=Verdict.FAIL,
                cells=(smaller > 0) & (smaller < least),
                message="The measure has two values only (a curve of a column: few) in the cell, so that "
                f"the number is a count in disguise, and one of the counts is below {least} distinct units ({kind}).",
                remedy=f"{BROADER}, or {SUPPRESS}",
            )
        )
        share = np.maximum(few, many) / np.maximum(few + many, 1)
        hits += hit_if(
            Hit(
                rule="implicit-near-class",
                risk=Risk.CLASS_DISCLOSURE,
                severity=Verdict.REVIEW,
                cells=(smaller > 0) & (share >= policy.near_class_fraction),
                message="The measure has two values only and nearly everybody in the cell has the same one, so "
                "membership of the cell nearly tells a person's value.",
                remedy=f"shares of {policy.near_class_fraction:.0%} and more always go to an output checker under this "
                f"risk appetite; {BROADER} where that brings the share down, or {SUPPRESS}",
            )
        )
    return hits
