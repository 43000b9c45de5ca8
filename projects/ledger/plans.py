"""What a plan costs in the ledger's whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

from saferoom.disclosure.privacy.noise import plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.projects.ledger.losses import DELTA_PARTS, NANO, Loss


def cost_of(plan: PrivacyPlan) -> Loss:
    """Return what `plan` costs by OpenDP's own maps, each part rounded up, without any data.

    Epsilon is rho = epsilon^2 / 2 (M. Bun and T. Steinke, TCC 2016, proposition 1.4).
    """
    found = plan_loss(plan)
    rho = found.value**2 / 2 if plan.measure is PrivacyMeasure.PURE else found.value
    return Loss(_parts(rho, NANO), _parts(found.delta, DELTA_PARTS))


def _parts(value: Fraction, parts: int) -> int:
    return math.ceil(value * parts)
