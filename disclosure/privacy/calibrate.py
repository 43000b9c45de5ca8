"""From a budget to scales, and from scales to margins of error; nothing here sees data.

The charge is split evenly between a plan's aggregates. Each scale is solved in closed form (the loss falls with the
scale, or with its square) from OpenDP's loss at scale 1, and then raised until OpenDP's own map is within the share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import aggregate_loss, noise_margin, plan_loss, threshold_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan, Threshold
from saferoom.errors import BadInputError

ALPHA = 0.05
"""Margins of error hold with a probability of at least 95 %."""
_LEAST_SCALE, _MOST_SCALE = 1e-3, 1e15
_MOST_TRIES = 64
_MOST_COUNT = 2**40
_PROBE = 1.0
_HAIR = 1e-9


@dataclass(frozen=True)
class Budget:
    """What a release may cost.

    Attributes
    ----------
    value : Fraction
        Rho under zCDP, epsilon under pure differential privacy.
    delta : Fraction
        For private cells; 0 otherwise.
    """

    measure: PrivacyMeasure
    value: Fraction
    delta: Fraction = Fraction(0)


def calibrated(
    budget: Budget,
    unit: str,
    contributions: Contributions,
    cells: int,
    aggregates: Sequence[Aggregate],
) -> PrivacyPlan:
    """Return the plan that costs at most `budget` and adds the least noise.

    Parameters
    ----------
    cells : int
        Of the table; 0 where they are private.
    aggregates : sequence of Aggregate
        Their scales do not count.

    Raises
    ------
    BadInputError
        The budget is nothing, or so small or large that no noise fits it; private cells without a delta.
    """
    if budget.value <= 0:
        raise BadInputError("the privacy budget of a release must be above 0", field="protect")
    if (cells == 0) != (budget.delta > 0):
        raise BadInputError(
            "cells that nobody knows of before need a delta above 0; cells from codelists need none",
            field="protect.delta",
        )
    share = budget.value / len(aggregates)
    observed = any(one.kind is Kind.OBSERVED for one in aggregates)
    if observed and (budget.measure is not PrivacyMeasure.PURE or contributions.l1 > 1):
        raise BadInputError(
            "the maximum-observed-sensitivity estimator needs epsilon instead of rho, and data with one row per unit",
            field="protect.estimator",
        )
    fitted = tuple(
        _fitted(budget.measure, _loss(budget, contributions, cells == 0 and not number), one, share)
        for number, one in enumerate(aggregates)
    )
    threshold = None if cells else _threshold(budget, contributions, fitted[0].scale)
    plan = PrivacyPlan(budget.measure, unit, contributions, cells, fitted, threshold)
    check_within(plan, budget)
    return plan


def check_within(plan: PrivacyPlan, budget: Budget) -> None:
    """Raise unless OpenDP's own maps say that `plan` costs at most `budget`."""
    loss = plan_loss(plan)
    if plan.measure is not budget.measure or loss.value > budget.value or loss.delta > budget.delta:
        raise BadInputError("the noise does not fit the privacy budget")


def margin(plan: PrivacyPlan, aggregate: Aggregate, alpha: float = ALPHA) -> float | None:
    """Return by how much a noisy number is off at most, in 95 of 100 draws, because of the noise.

    In rows for counts, in the measure's units for sums; None for quantiles and for observed sensitivities, whose
    error depends on the data.
    """
    if aggregate.fraction is not None:
        return None
    steps = noise_margin(plan.measure, aggregate.scale, alpha)
    return steps if aggregate.bounds is None else steps * aggregate.bounds.step


def needed(
    measure: PrivacyMeasure,
    contributions: Contributions,
    aggregates: Sequence[Aggregate],
    wanted: float,
    about: int = 0,
) -> Fraction:
    """Return the least budget with which the aggregate number `about` has a margin of error of at most `wanted`.

    Raises
    ------
    BadInputError
        `wanted` is no number above 0, or the aggregate is a quantile.
    """
    one = aggregates[about]
    if one.fraction is not None or not (math.isfinite(wanted) and wanted > 0):
        raise BadInputError("a wanted margin of error is a number above 0, of a count, a sum or a mean")
    steps = wanted if one.bounds is None else wanted / one.bounds.step
    low, high = _LEAST_SCALE, _MOST_SCALE
    if steps < 1:
        raise BadInputError("no privacy budget gives a margin of error as small as this one")
    for _ in range(_MOST_TRIES * 2):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if noise_margin(measure, middle, ALPHA) <= steps else (low, middle)
    # Margins move in whole steps: a hair below the edge, so that a scale found again from the budget is no wider.
    return aggregate_loss(measure, contributions, replace(one, scale=low * (1 - _HAIR))) * len(aggregates)


def _loss(budget: Budget, contributions: Contributions, private: bool) -> Callable[[Aggregate], Fraction]:
    """Return what says how much an aggregate costs; `private` for the count that finds private cells."""
    if private:
        return lambda one: threshold_loss(budget.measure, contributions, one.scale, _MOST_COUNT)[0]
    return lambda one: aggregate_loss(budget.measure, contributions, one)


def _fitted(
    measure: PrivacyMeasure, loss: Callable[[Aggregate], Fraction], one: Aggregate, share: Fraction
) -> Aggregate:
    probe = replace(one, scale=_PROBE * one.weight)
    ratio = float(loss(probe) / share)
    scale = probe.scale * (ratio if measure is PrivacyMeasure.PURE else math.sqrt(ratio))
    for _ in range(_MOST_TRIES):
        if not _LEAST_SCALE <= scale <= _MOST_SCALE:
            raise BadInputError("the privacy budget is too small or too large for any useful noise", field="protect")
        fitted = replace(one, scale=scale)
        if loss(fitted) <= share:
            return fitted
        scale = scale * (1 + 1e-12) + math.ulp(scale)
    raise BadInputError("no noise was found that fits the privacy budget", field="protect")


def _threshold(budget: Budget, contributions: Contributions, scale: float) -> Threshold:
    """Return the lowest threshold whose delta is within the budget's."""
    low, high = contributions.largest, _MOST_COUNT

    def fits(count: int) -> bool:
        return threshold_loss(budget.measure, contributions, scale, count)[1] <= budget.delta

    if not fits(high):
        raise BadInputError("the delta is too small for any threshold", field="protect.delta")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return Threshold(low)
