"""Attack: somebody who knows everybody but one person tells from 200,000 draws whether that person is there.

The lower bound on the loss (95 % confidence, exact binomial intervals by Clopper and Pearson; one half of the draws
chooses what to look for, the other half tests it) must stay below what is claimed, and must rise above it as soon as
the mechanism is weakened. After M. Jagielski et al., "Auditing Differentially Private Machine Learning", NeurIPS 2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from saferoom.disclosure.privacy.aggregates import GRID, Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import draw, draw_best, plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan

DRAWS = 200_000
ALPHA = 0.05
ONE = Contributions()
COUNT = Aggregate(Kind.COUNT, "count", 1.0)
SUM = Aggregate(Kind.SUM, "sum", 1.0, Bounds.of_mean(0.0, 10.0))
MEDIAN = Aggregate(Kind.QUANTILE, "p50", 1.0, fraction=(1, 2), candidates=(0.0, 1.0, 2.0))
PURE, ZCDP = PrivacyMeasure.PURE, PrivacyMeasure.ZERO_CONCENTRATED


def _plan(measure: PrivacyMeasure, value: Fraction, aggregate: Aggregate) -> PrivacyPlan:
    return calibrated(Budget(measure, value), "person_id", ONE, 1, [aggregate])


def _least_loss(there: np.ndarray[Any, Any], gone: np.ndarray[Any, Any]) -> float:
    """Return what epsilon is at least, as far as the draws prove it."""
    half = len(there) // 2
    best = (-math.inf, 0.0, 1)
    for edge in np.unique(np.quantile(np.r_[there[:half], gone[:half]], np.linspace(0.001, 0.999, 200))):
        for side in (1, -1):
            p, q = _share(side * there[:half] >= side * edge), _share(side * gone[:half] >= side * edge)
            score = math.log(p / q) - 2 * math.sqrt(1 / (half * p) + 1 / (half * q))
            best = max(best, (score, float(edge), side))
    _, edge, side = best
    hits = int((side * there[half:] >= side * edge).sum())
    others = int((side * gone[half:] >= side * edge).sum())
    low = beta.ppf(ALPHA / 2, hits, half - hits + 1) if hits else 0.0
    high = beta.ppf(1 - ALPHA / 2, others + 1, half - others) if others < half else 1.0
    return math.log(low / high) if low > 0 else 0.0


def _share(hits: np.ndarray[Any, Any]) -> float:
    return float((hits.sum() + 1) / (len(hits) + 1))


@cache
def _drawn(plan: PrivacyPlan, exact: int) -> np.ndarray[Any, Any]:
    return np.asarray(draw(plan, plan.aggregates[0], [exact] * DRAWS))


@pytest.mark.parametrize(("aggregate", "change"), [(COUNT, 1), (SUM, GRID)])
def test_attack_by_many_draws_learns_no_more_than_is_claimed(aggregate: Aggregate, change: int) -> None:
    plan = _plan(PURE, Fraction(1), aggregate)
    least = _least_loss(_drawn(plan, 10 * change + change), _drawn(plan, 10 * change))
    assert 0.8 < least <= plan_loss(plan).value


def test_attack_by_many_draws_on_gaussian_noise_learns_no_more_than_is_claimed() -> None:
    plan = _plan(ZCDP, Fraction(1, 2), COUNT)
    least = _least_loss(_drawn(plan, 11), _drawn(plan, 10))
    # rho zCDP is (rho + 2 sqrt(rho log(1/delta)), delta)-DP; the events found here have a chance far above delta.
    assert 0.8 < least <= 0.5 + 2 * math.sqrt(0.5 * math.log(1e4))


def test_attack_on_quantiles_learns_no_more_than_is_claimed() -> None:
    plan = _plan(PURE, Fraction(1), MEDIAN)
    one = plan.aggregates[0]
    draws = DRAWS // 10
    there = np.asarray([draw_best(plan, one, [5, 0, 1]) for _ in range(draws)])
    gone = np.asarray([draw_best(plan, one, [4, 1, 2]) for _ in range(draws)])
    assert _least_loss(there, gone) <= plan_loss(plan).value


def _half_the_scale(plan: PrivacyPlan) -> tuple[PrivacyPlan, int]:
    return replace(plan, aggregates=(replace(plan.aggregates[0], scale=plan.aggregates[0].scale / 2),)), 1


def _bound_ignored(plan: PrivacyPlan) -> tuple[PrivacyPlan, int]:
    return plan, 3


def _counted_twice(plan: PrivacyPlan) -> tuple[PrivacyPlan, int]:
    return plan, 2


@pytest.mark.parametrize("weaker", [_half_the_scale, _bound_ignored, _counted_twice])
def test_weakened_count_is_caught(weaker: Callable[[PrivacyPlan], tuple[PrivacyPlan, int]]) -> None:
    plan = _plan(PURE, Fraction(1), COUNT)
    weak, change = weaker(plan)
    assert _least_loss(_drawn(weak, 10 + change), _drawn(weak, 10)) > plan_loss(plan).value


def test_missing_clamp_is_caught() -> None:
    plan = _plan(PURE, Fraction(1), SUM)
    beyond = 4 * GRID
    assert _least_loss(_drawn(plan, beyond), _drawn(plan, 0)) > plan_loss(plan).value


def test_floating_point_noise_is_caught() -> None:
    # I. Mironov, "On Significance of the Least Significant Bits for Differential Privacy", CCS 2012: what was added to
    # 1 has lost the bits below 2^-53, what was added to 0 has kept them.
    noise = np.random.default_rng(7).laplace(0.0, 1.0, (2, DRAWS))

    def coarse(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray((values * 2.0**53) % 1 == 0, dtype=float)

    assert _least_loss(-coarse(0.0 + noise[0]), -coarse(1.0 + noise[1])) > 5.0
    # Ours are whole numbers: what comes out with somebody comes out without, too.
    plan = _plan(PURE, Fraction(1), COUNT)
    assert set(range(4, 18)) <= set(_drawn(plan, 11).tolist()) & set(_drawn(plan, 10).tolist())
