"""What a charge consists of: the mechanisms that were drawn, for tighter accounting than the ledger's own.

The ledger adds up zCDP alone. What is said here changes no charge and refuses nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.noise import aggregate_loss, threshold_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan


class MechanismKind(StrEnum):
    """What is known of how a mechanism loses."""

    GAUSSIAN = "gaussian"
    """Gaussian noise; `loss` is its rho."""
    PURE = "pure"
    """Anything with pure differential privacy; `loss` is its epsilon."""


MOST_KEPT = 10_000
"""Under the widest bounds on contributions one quantile would be a million of them, in every charge."""


@dataclass(frozen=True)
class Mechanism:
    """One mechanism of a charge."""

    kind: MechanismKind
    loss: float


def mechanisms_of(plan: PrivacyPlan) -> tuple[Mechanism, ...]:
    """Return what `plan` draws; nothing where a part of it has no proven loss, or where it is too much to be kept."""
    if any(one.kind is Kind.OBSERVED for one in plan.aggregates):
        return ()
    found: list[Mechanism] = []
    for number, one in enumerate(plan.aggregates):
        if number == 0 and plan.threshold is not None:
            loss, _ = threshold_loss(plan.measure, plan.contributions, one.scale, plan.threshold.count)
        else:
            loss = aggregate_loss(plan.measure, plan.contributions, one)
        if plan.measure is PrivacyMeasure.PURE:
            found.append(Mechanism(MechanismKind.PURE, float(loss)))
        elif one.kind is Kind.QUANTILE:
            found.extend(_chosen(plan, one, float(loss)))
        else:
            found.append(Mechanism(MechanismKind.GAUSSIAN, float(loss)))
        if len(found) > MOST_KEPT:
            return ()
    return tuple(found)


def _chosen(plan: PrivacyPlan, aggregate: Aggregate, rho: float) -> list[Mechanism]:
    """Return the noisy maxima of the cells that one unit changes.

    Each is an exponential mechanism, of which epsilon-DP and epsilon^2 / 8 of zCDP hold: M. Cesar and R. Rogers,
    "Bounding, Concentrating, and Truncating: Unifying Privacy Loss Composition for Data Analytics", ALT 2021, lemma
    3.2. Cells share `rho` as the squares of the rows in them.
    """
    bounds = plan.contributions if aggregate.over is None else plan.contributions.together
    rows = bounds.worst
    squares = sum(one * one for one in rows)
    return [Mechanism(MechanismKind.PURE, math.sqrt(8 * rho / squares) * one) for one in rows]
