"""Quantiles: enough units on both sides of, and between, the values that are published."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.disclosure.queries.evidence import Counts
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
    for band in bands:
        for units, kind in zip(band, kinds, strict=True):
            least = threshold_of(policy, kind)
            half = -(-least // 2)
            hits += hit_if(
                Hit(
                    rule="quantile-band",
                    risk=Risk.LOW_COUNT,
                    severity=Verdict.FAIL,
                    cells=units < half,
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
                    cells=(units >= half) & (units < least),
                    message=f"Fewer than {least} distinct units ({kind}) lie on one side of a quantile or between two; "
                    "those next to it learn something about each other.",
                    remedy=f"{BROADER}, leave out the outer quantiles, {SUPPRESS}, or let an output checker decide",
                )
            )
    return hits
