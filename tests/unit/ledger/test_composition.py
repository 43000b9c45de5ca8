"""Tighter accounting: against formulas, and never below what the mechanisms certainly lose."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from saferoom.disclosure.privacy.aggregates import Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.projects.ledger.composition import Composed, composed, epsilon_of
from saferoom.projects.ledger.losses import epsilon_at
from saferoom.projects.ledger.mechanisms import Mechanism, MechanismKind, mechanisms_of

DELTA = 5e-7
_GAUSSIAN, _PURE = MechanismKind.GAUSSIAN, MechanismKind.PURE


def _analytic(rho: float, delta: float) -> float:
    """Return the exact epsilon of Gaussian noise: B. Balle and Y.-X. Wang, ICML 2018, theorem 8."""
    shift = math.sqrt(2 * rho)

    def excess(epsilon: float) -> float:
        left, right = shift / 2 - epsilon / shift, -shift / 2 - epsilon / shift
        return float(norm.cdf(left) - math.exp(epsilon) * norm.cdf(right) - delta)

    return float(brentq(excess, 0, 100))


@pytest.mark.parametrize("rho", [0.001, 0.05, 0.5, 3.0])
def test_gaussian_noise_is_composed_exactly_and_below_the_ledgers_own_number(rho: float) -> None:
    many = composed([Mechanism(_GAUSSIAN, rho / 8)] * 8)
    found = epsilon_of(many, DELTA)
    assert found == pytest.approx(_analytic(rho, DELTA), rel=5e-3, abs=5e-3)
    assert _analytic(rho, DELTA) - 1e-6 <= found <= epsilon_at(round(rho * 1e9), DELTA)


@pytest.mark.parametrize(("epsilon", "times"), [(0.1, 1), (1.0, 3), (0.25, 200), (3.0, 2)])
def test_pure_mechanisms_never_lose_more_than_their_sum(epsilon: float, times: int) -> None:
    found = epsilon_of(composed([Mechanism(_PURE, epsilon)] * times), DELTA)
    assert 0 < found <= epsilon * times * 1.011 + 0.01
    if times == 1:
        assert found == pytest.approx(epsilon, rel=0.02)


def test_many_small_pure_mechanisms_lose_less_than_their_sum() -> None:
    assert epsilon_of(composed([Mechanism(_PURE, 0.05)] * 400), DELTA) < 10


def test_nothing_loses_nothing() -> None:
    assert epsilon_of(composed([]), DELTA) == 0.0
    assert composed([]) == Composed()


def test_epsilons_are_rounded_up_and_counted() -> None:
    parts = [Mechanism(_PURE, value) for value in (0.1, 0.1, 0.12345, 7.0, 0.0)]
    found = composed(parts).pure
    assert [times for _, times in found] == [2, 1, 1]
    assert [epsilon for epsilon, _ in found] == pytest.approx([0.1, 0.124, 7.0])
    assert all(rounded >= exact for (rounded, _), exact in zip(found, (0.1, 0.12345, 7.0), strict=True))


def _plan(measure: PrivacyMeasure, aggregates: tuple[Aggregate, ...], contributions: Contributions) -> PrivacyPlan:
    return calibrated(Budget(measure, Fraction(1, 10)), "person_id", contributions, 8, aggregates)


COUNT = Aggregate(Kind.COUNT, "count", 1.0)
TOTAL = Aggregate(Kind.SUM, "total", 1.0, Bounds.of_mean(0, 10))
MEDIAN = Aggregate(Kind.QUANTILE, "median", 1.0, fraction=(1, 2), candidates=(1.0, 2.0, 3.0))


MARGIN = replace(MEDIAN, name="all median", over=())
OBSERVED = Aggregate(Kind.OBSERVED, "observed", 1.0, fraction=(1, 4))


@pytest.mark.parametrize("contributions", [Contributions(), Contributions(5, 2, 3)])
@pytest.mark.parametrize("aggregates", [(COUNT,), (COUNT, TOTAL), (MEDIAN,), (MEDIAN, MARGIN)])
@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_mechanisms_of_a_plan_lose_what_the_plan_loses(
    measure: PrivacyMeasure, aggregates: tuple[Aggregate, ...], contributions: Contributions
) -> None:
    plan = _plan(measure, aggregates, contributions)
    found = mechanisms_of(plan)
    if measure is PrivacyMeasure.PURE:
        assert {one.kind for one in found} == {_PURE}
        assert sum(one.loss for one in found) == pytest.approx(float(plan_loss(plan).value))
        return
    rho = sum(one.loss if one.kind is _GAUSSIAN else one.loss**2 / 8 for one in found)
    assert rho == pytest.approx(float(plan_loss(plan).value))
    assert {one.kind for one in found} == {_PURE if MEDIAN in aggregates else _GAUSSIAN}


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_count_over_private_cells_loses_what_it_does_beside_its_delta(measure: PrivacyMeasure) -> None:
    budget = Budget(measure, Fraction(1, 10), Fraction(1, 10**8))
    plan = calibrated(budget, "person_id", Contributions(), 0, (COUNT, TOTAL))
    loss = sum(one.loss for one in mechanisms_of(plan))
    assert loss == pytest.approx(float(plan_loss(plan).value))


def test_plan_with_a_part_of_no_proven_loss_consists_of_nothing_known() -> None:
    plan = PrivacyPlan(PrivacyMeasure.PURE, "person_id", Contributions(), 8, (COUNT, OBSERVED))
    assert mechanisms_of(plan) == ()


def test_noise_of_both_kinds_is_composed() -> None:
    gaussian, pure = Mechanism(_GAUSSIAN, 0.05), Mechanism(_PURE, 0.5)
    alone = [epsilon_of(composed([one]), DELTA) for one in (gaussian, pure)]
    both = epsilon_of(composed([gaussian, pure]), DELTA)
    assert max(alone) < both <= sum(alone) + 0.01
