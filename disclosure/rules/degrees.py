"""Degrees of freedom: enough units beyond what is estimated."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.disclosure.queries.evidence import UnitEvidence
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite


def degrees_of_freedom(evidence: Sequence[UnitEvidence], estimated: int, policy: RiskAppetite) -> list[Hit]:
    """Fail when fewer residual degrees of freedom are left, counted in units and not in rows.

    Parameters
    ----------
    estimated : int
        Parameters that are estimated in each cell, e.g. 1 for a standard deviation (the mean).
    """
    least = policy.residual_degrees_of_freedom
    hits = []
    for counted in evidence:
        hits += hit_if(
            Hit(
                rule="degrees-of-freedom",
                risk=Risk.LOW_DEGREES_OF_FREEDOM,
                severity=Verdict.FAIL,
                cells=counted.units - estimated < least,
                message=f"Fewer than {least} residual degrees of freedom are left ({counted.kind}), so single values "
                "can be solved for from what is published.",
                remedy=f"{BROADER} or fewer parameters, or {SUPPRESS}",
            )
        )
    return hits
