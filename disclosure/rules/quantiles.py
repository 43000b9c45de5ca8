"""Quantiles: enough units on both sides of, and between, the values that are published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers, Summary
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite


def quantile_bands(bands: Sequence[Sequence[Counts]], kinds: Sequence[str], policy: RiskAppetite) -> list[Hit]:
    """Judge how many units lie at or below, between, and at or above the published quantiles.

    Parameters
    ----------
    bands : per band and kind of unit, ndarray of int, units
        Both bounds belong to a band, so that values shared by many do not look rare.

    Notes
    -----
    Fewer than half the threshold in a band fails: the quantile is nearly an end of the distribution, a person's own
    value. Fewer than the threshold goes to a person: the neighbours of the value are few, but it is not an end.
    """
    hits = []
    for j, kind in enumerate(kinds):
        least = threshold_of(policy, kind)
        half = -(-least // 2)
        smallest = np.minimum.reduce([band[j] for band in bands])
        hits += hit_if(
            Hit(
                rule="quantile-band",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=smallest < half,
                message=f"Fewer than {half} distinct units ({kind}) lie on one side of a quantile or between two, "
                "so it is nearly one person's own value.",
                remedy=f"{BROADER}, leave out the outer quantiles, or {SUPPRESS}",
            )
        )
        hits += hit_if(
            Hit(
                rule="quantile-band",
                risk=Risk.LOW_COUNT,
                severity=Verdict.REVIEW,
                cells=(smallest >= half) & (smallest < least),
                message=f"Fewer than {least} distinct units ({kind}) lie on one side of a quantile or between two; "
                "those next to it learn something about each other.",
                remedy=f"{BROADER}, leave out the outer quantiles, {SUPPRESS}, or let an output checker decide",
            )
        )
    return hits


def equal_quantiles(
    fractions: Sequence[float], values: Sequence[Numbers], summary: Summary, policy: RiskAppetite
) -> list[Hit]:
    """Judge quantiles that are equal to each other, or to an end that may be known: most have that very value.

    Parameters
    ----------
    fractions : sequence of float
        Rising; of the rows or of their weight.
    values : per quantile, ndarray of float

    Notes
    -----
    Two equal quantiles say that all between them have the same value: of 0.05 and 0.95, nine in ten do. A quantile
    equal to the smallest value (nobody has less than nothing) says the same of all below it, one equal to the largest
    of all above. From the near-class share on that is told about everybody.
    """
    near = np.zeros(len(summary.n), dtype=bool)
    places = [*fractions]
    for i, low in enumerate(values):
        for j in range(i, len(values)):
            same: Mask = low == values[j]
            below = np.where(low == summary.low, 0.0, places[i])
            above = np.where(low == summary.high, 1.0, places[j])
            near |= same & (above - below >= policy.near_class_fraction - 1e-12)
    return hit_if(
        Hit(
            rule="near-class-quantiles",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            cells=near & (summary.low < summary.high),
            message="Equal quantiles, or one equal to a smallest or largest possible value, tell that nearly everybody "
            "in the cell has the very same value.",
            remedy=f"leave out the outer quantiles, {BROADER}, {SUPPRESS}, or let an output checker decide",
        )
    )
