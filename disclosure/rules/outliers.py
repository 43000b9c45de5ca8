"""Outliers: a number made of squares or higher powers is mostly about whoever is furthest away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Shares
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_SLACK = 1e-9
_QUANTILES = "quantiles or an interquartile range in its place"


def outliers(shares: Mapping[str, Shares], power: int, policy: RiskAppetite) -> list[Hit]:
    """Judge how much of a sum of powers comes from single units.

    Parameters
    ----------
    shares : mapping of kind of unit to Shares
        Of the distances (from the mean, or from zero) to the power `power`, summed per unit.

    Notes
    -----
    The second largest unit can take its own part off the sum; the root of what is left bounds the distance of the
    largest from above. With c1, c2 the largest parts and T the sum, the bound is within p % of the truth when

        T - c2 < c1 * (1 + p / 100) ** power

    which is the p% rule for power 1. That fails. Where the largest makes up the (1,k) rule's share of the sum without
    being so closely bounded, a person looks.
    """
    hits: list[Hit] = []
    share = min((rule.share_fraction for rule in policy.dominance if rule.n == 1), default=np.inf)
    reach = (1 + policy.p_percent / 100) ** power
    for kind, part in shares.items():
        first, second = part.top[:, 0], part.top[:, 1]
        with np.errstate(over="ignore"):  # infinite is as large as can be
            close = (first > 0) & (part.total - second < first * reach * (1 - _SLACK))
        mostly = (first > 0) & ~close & (first >= share * part.total * (1 - _SLACK))
        words = f"one unit ({kind}) that is far from all others"
        hits += hit_if(
            Hit(
                rule="outlier",
                risk=Risk.DOMINANCE,
                severity=Verdict.FAIL,
                cells=close,
                message=f"The number comes so much from {words} that, beside mean and count, it tells that unit's "
                f"value to within {policy.p_percent:g} %.",
                remedy=f"{BROADER}, {_QUANTILES}, or {SUPPRESS}",
            )
        )
        hits += hit_if(
            Hit(
                rule="outlier",
                risk=Risk.DOMINANCE,
                severity=Verdict.REVIEW,
                cells=mostly,
                message=f"The number comes mostly from {words}, so that, beside mean and count, it roughly tells that "
                "unit's value.",
                remedy=f"{BROADER}, {_QUANTILES}, {SUPPRESS}, or let an output checker decide",
            )
        )
    return hits


def few_differ(counts: Sequence[Sequence[Counts]], kinds: Sequence[str], policy: RiskAppetite) -> list[Hit]:
    """Fail a spread that few units make, because all others have the same value.

    Parameters
    ----------
    counts : per measure and kind of unit, ndarray of int, units
        Units with another value than the median.
    """
    hits: list[Hit] = []
    for j, kind in enumerate(kinds):
        least = threshold_of(policy, kind)
        few = np.logical_or.reduce([(found[j] > 0) & (found[j] < least) for found in counts])
        hits += hit_if(
            Hit(
                rule="few-differ",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=np.asarray(few),
                message=f"Fewer than {least} units ({kind}) have another value than all others in the cell, so a "
                "number about the spread tells about these few alone.",
                remedy=f"{BROADER}, a median in its place, or {SUPPRESS}",
            )
        )
    return hits


def few_values(counts: Sequence[Sequence[Counts]], kinds: Sequence[str], policy: RiskAppetite) -> list[Hit]:
    """Send moments of a measure with few different values to a person where one of the values is rare in a cell.

    Parameters
    ----------
    counts : per value and kind of unit, ndarray of int, units

    Notes
    -----
    With the mean and the lower moments there is one equation for each value, so how many have it can be solved for.
    """
    hits: list[Hit] = []
    for j, kind in enumerate(kinds):
        least = threshold_of(policy, kind)
        rare = np.logical_or.reduce([(found[j] > 0) & (found[j] < least) for found in counts])
        hits += hit_if(
            Hit(
                rule="implicit-table",
                risk=Risk.IMPLICIT_TABLE,
                severity=Verdict.REVIEW,
                cells=np.asarray(rare),
                message="The measure has so few different values that mean and moments together tell how many units "
                f"have each, and one of them is had by fewer than {least} ({kind}).",
                remedy="put rare values together with others (case when x >= 3 then 3 else x end), "
                f"{BROADER}, {SUPPRESS}, or let an output checker decide",
            )
        )
    return hits
