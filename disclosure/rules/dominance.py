"""Dominance: nobody's contribution can be worked out closely from a total."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers, Shares, Summary, UnitEvidence
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_SLACK = 1e-9


def most_needed(policy: RiskAppetite) -> int:
    """Return how many of the largest contributions the rules look at."""
    return max([2, *(rule.n for rule in policy.dominance)])


def dominance(evidence: Sequence[UnitEvidence], policy: RiskAppetite) -> list[Hit]:
    """Apply the (n,k) and p% rules to the contributions of whole units.

    Notes
    -----
    Contributions are absolute values. (n,k): the n largest make up less than share k of the total. p%: what remains
    after the two largest is at least p % of the largest, else the second largest can estimate the largest that well.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, section 4.2.
    """
    hits = []
    for counted in evidence:
        hits += _of(counted.contributions, counted.kind, "contribution", policy)
    return hits


def weight_dominance(evidence: Sequence[UnitEvidence], policy: RiskAppetite) -> list[Hit]:
    """Apply the same rules to weights, or to how many rows each unit has: a mean is nearly the heaviest unit's own."""
    hits = []
    for counted in evidence:
        hits += _of(counted.weights, counted.kind, "weight or number of rows", policy)
    return hits


def _of(shares: Shares, kind: str, what: str, policy: RiskAppetite) -> list[Hit]:
    top, total = shares.top, shares.total
    if top.shape[1] == 0:
        return []
    hits = []
    positive = total > 0
    # Totals beyond the largest number hide who makes them up: what is not known is taken for dominated.
    beyond = np.isposinf(total)
    for rule in policy.dominance:
        largest = _sum(top[:, : rule.n])
        hits += hit_if(
            Hit(
                rule=f"dominance-{rule.n}",
                risk=Risk.DOMINANCE,
                severity=Verdict.FAIL,
                cells=positive & (beyond | (largest >= rule.share_fraction * total * (1 - _SLACK))),
                message=f"By {what}, {rule.share_fraction:.0%} or more of the cell comes from the {_number(rule.n)} "
                f"({kind}), so the number nearly tells their own.",
                remedy=f"{BROADER}, or {SUPPRESS}",
            )
        )
    remainder = np.where(beyond, 0.0, total) - np.where(beyond, 0.0, _sum(top[:, :2]))
    hits += hit_if(
        Hit(
            rule="p-percent",
            risk=Risk.DOMINANCE,
            severity=Verdict.FAIL,
            cells=positive & (remainder < policy.p_percent / 100 * top[:, 0] * (1 - _SLACK)),
            message=f"The second largest ({kind}) can take its own {what} off the number and so estimate the largest "
            f"to within {policy.p_percent:g} %.",
            remedy=f"{BROADER}, or {SUPPRESS}",
        )
    )
    return hits


def _number(n: int) -> str:
    return "largest unit" if n == 1 else f"{n} largest units"


def one_outlier(summary: Summary, variance: Numbers, policy: RiskAppetite) -> list[Hit]:
    """Send a spread to a person that comes mostly from one value far from all others: with the mean it tells it."""
    share = min((rule.share_fraction for rule in policy.dominance if rule.n == 1), default=1.0)
    furthest = np.maximum(summary.high - summary.mean, summary.mean - summary.low) ** 2
    squares = np.maximum(summary.n - 1, 0) * variance
    return hit_if(
        Hit(
            rule="outlier",
            risk=Risk.DOMINANCE,
            severity=Verdict.REVIEW,
            cells=(squares > 0) & (furthest >= share * squares * (1 - _SLACK)),
            message=f"{share:.0%} or more of the spread comes from the one value furthest from the mean, so that "
            "spread and mean together nearly tell it.",
            remedy=f"{BROADER}, an interquartile range in its place, {SUPPRESS}, or let an output checker decide",
        )
    )


def all_equal(low: Numbers, high: Numbers) -> list[Hit]:
    """Fail a cell in which everybody has the same value: the number is then each member's own."""
    return hit_if(
        Hit(
            rule="no-variation",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.FAIL,
            cells=np.asarray(low == high),
            message="Everybody in the cell has the same value, so the number is every member's own value.",
            remedy=f"{BROADER}, or {SUPPRESS}",
        )
    )


def _sum(values: Numbers) -> Numbers:
    """Add up each row; sums beyond the largest number are infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values.sum(axis=1), dtype=np.float64)
