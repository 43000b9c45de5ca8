"""Attack: somebody who knows everybody but one person tells from 200,000 draws whether that person is there.

The exact numbers are those of two datasets, with and without a person who does the worst: too many rows, values far
beyond the bounds. The lower bound on the loss (99.99 % confidence, exact binomial intervals by Clopper and Pearson; one
half of the draws chooses what to look for, the other half tests it) must stay below what is claimed, and must rise
above it as soon as the mechanism is weakened. After M. Jagielski et al., "Auditing Differentially Private Machine
Learning", NeurIPS 2020.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, norm
from tests.support.neighbours import Neighbours, Row

from saferoom.disclosure.privacy import cells, items
from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.ingredients import COUNT, SUM
from saferoom.disclosure.privacy.noise import draw, draw_best, draw_cells, plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan, Threshold
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries.forms import Statistic

DRAWS = 200_000
FEWER = 10_000
"""Of what is drawn one by one, and of what is wrong by far."""
ALPHA = 1e-4
"""A bound that is wrong once in 20 runs would be a test that fails once in 20 runs."""
TWICE = Contributions(2, 2, 1)
"""Two rows of each person count, in one region."""
PURE, ZCDP = PrivacyMeasure.PURE, PrivacyMeasure.ZERO_CONCENTRATED
COUNTS = Ask(Statistic.FREQUENCY, shape=(3,))
TOTALS = Ask(Statistic.MEAN, (0.0, 10.0), shape=(3,))
MEDIANS = Ask(Statistic.MEDIAN, candidates=(0.0, 8.0), shape=(3,))
HOSTILE: tuple[Row, ...] = (("North", 1e9, 1.0),) * 6
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Neighbours:
    """Pairs of datasets."""
    return Neighbours(tmp_path_factory.mktemp("neighbours"))


def _plan(measure: PrivacyMeasure, value: Fraction, ask: Ask, name: str) -> PrivacyPlan:
    """Return a plan of one of the aggregates of `ask`."""
    (one,) = (one for one in aggregates_of(ask) if one.name == name)
    return calibrated(Budget(measure, value), "person_id", TWICE, ask.cells, [one])


def _least_loss(there: Array, gone: Array) -> float:
    """Return what epsilon is at least, as far as the draws prove it."""
    half = len(there) // 2
    best = (-math.inf, 0.0, 1)
    for edge in np.unique(np.quantile(np.r_[there[:half], gone[:half]], np.linspace(0.001, 0.999, 200))):
        for side in (1, -1):
            p, q = _share(side * there[:half] >= side * edge), _share(side * gone[:half] >= side * edge)
            score = math.log(p / q) - 6 * math.sqrt(1 / (half * p) + 1 / (half * q))
            best = max(best, (score, float(edge), side))
    _, edge, side = best
    low, high = _limits(side * there[half:] >= side * edge, side * gone[half:] >= side * edge)
    return math.log(low / high) if low > 0 else 0.0


def _least_rho(there: Array, gone: Array) -> float:
    """Return what rho is at least, if the noise is Gaussian.

    Nobody tells Gaussians apart better than by an event above some edge, of which normal quantiles give the distance
    mu, and rho is its half square: M. Nasr et al., "Tight Auditing of Differentially Private Machine Learning", USENIX
    Security 2023.
    """
    edge = math.ceil((np.median(there) + np.median(gone)) / 2)
    low, high = _limits(there >= edge, gone >= edge)
    return float(max(norm.ppf(low) - norm.ppf(high), 0.0) ** 2 / 2)


def _limits(hits: Array, others: Array) -> tuple[float, float]:
    """Return what the chances of an event are at least with the person, and at most without."""
    there, gone, draws = int(hits.sum()), int(others.sum()), len(hits)
    low = beta.ppf(ALPHA / 2, there, draws - there + 1) if there else 0.0
    high = beta.ppf(1 - ALPHA / 2, gone + 1, draws - gone) if gone < draws else 1.0
    return float(low), float(high)


def _share(hits: Array) -> float:
    return float((hits.sum() + 1) / (len(hits) + 1))


@cache
def _drawn(plan: PrivacyPlan, exact: int, draws: int) -> Array:
    return np.asarray(draw(plan, plan.aggregates[0], [exact] * draws))


def _audited(
    plan: PrivacyPlan, neighbours: Neighbours, ask: Ask, *, one_each: bool = False, draws: int = DRAWS
) -> float:
    """Return the lower bound on the loss of the first region's number: noise is drawn twice, and then moved."""
    name = plan.aggregates[0].name
    there = neighbours.numbers(ask, TWICE, HOSTILE, one_each=one_each)[name][0]
    gone = neighbours.numbers(ask, TWICE, (), one_each=one_each)[name][0]
    least = _least_loss if plan.measure is PURE else _least_rho
    return least(_drawn(plan, 1, draws) - 1 + int(there), _drawn(plan, 0, draws) + int(gone))


@pytest.mark.parametrize(("ask", "name"), [(COUNTS, COUNT), (TOTALS, SUM)])
def test_attack_by_many_draws_learns_no_more_than_is_claimed(neighbours: Neighbours, ask: Ask, name: str) -> None:
    plan = _plan(PURE, Fraction(1), ask, name)
    assert 0.8 < _audited(plan, neighbours, ask) <= plan_loss(plan).value == 1


def test_attack_by_many_draws_on_gaussian_noise_learns_no_more_than_is_claimed(neighbours: Neighbours) -> None:
    plan = _plan(ZCDP, Fraction(1, 8), COUNTS, COUNT)
    assert 0.08 < _audited(plan, neighbours, COUNTS) <= plan_loss(plan).value


def test_attack_on_quantiles_learns_no_more_than_is_claimed_and_half_the_scale_is_caught(
    neighbours: Neighbours,
) -> None:
    plan = _plan(PURE, Fraction(2), MEDIANS, "p50")
    one = plan.aggregates[0]
    there, gone = (neighbours.numbers(MEDIANS, TWICE, rows)["p50"][0].tolist() for rows in (HOSTILE, ()))

    def least(scale: float) -> float:
        weak = replace(one, scale=scale)
        drawn = [np.asarray([draw_best(plan, weak, scores) for _ in range(FEWER)]) for scores in (there, gone)]
        return max(_least_loss(*drawn), _least_loss(*drawn[::-1]))

    claimed = plan_loss(plan).value
    assert 1 < least(one.scale) <= claimed
    assert least(one.scale / 2) > claimed


def test_attack_on_private_cells_sees_somebody_alone_no_more_often_than_delta() -> None:
    plan = PrivacyPlan(PURE, "person_id", TWICE, 0, (Aggregate(Kind.COUNT, COUNT, 2.0),), Threshold(8))
    delta = float(plan_loss(plan).delta)
    # Drawn with a threshold one below, so that both can be told apart from the same draws.
    lower = replace(plan, threshold=Threshold(7))
    shown = np.asarray(list(draw_cells(lower, {str(i): TWICE.largest for i in range(DRAWS)}).values()))

    def at_least(times: int) -> float:
        return float(beta.ppf(ALPHA, times, DRAWS - times + 1))

    assert at_least(int((shown > 8).sum())) <= delta
    # Shown from the threshold on, as OpenDP does it: more often than its own delta.
    assert at_least(int((shown >= 8).sum())) > delta


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_half_the_scale_is_caught(neighbours: Neighbours, measure: PrivacyMeasure) -> None:
    plan = _plan(measure, Fraction(1), COUNTS, COUNT)
    weak = replace(plan, aggregates=(replace(plan.aggregates[0], scale=plan.aggregates[0].scale / 2),))
    assert _audited(weak, neighbours, COUNTS, draws=FEWER) > plan_loss(plan).value


def test_ignored_contribution_bounds_are_caught(neighbours: Neighbours) -> None:
    plan = _plan(PURE, Fraction(1), COUNTS, COUNT)
    assert _audited(plan, neighbours, COUNTS, one_each=True) > plan_loss(plan).value


def test_neighbouring_rows_counted_twice_are_caught(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(PURE, Fraction(1), COUNTS, COUNT)
    once = vars(cells.Rows)["sql"].fget
    twice = property(lambda rows: f"(SELECT * FROM {once(rows)} x UNION ALL SELECT * FROM {once(rows)} y)")
    monkeypatch.setattr(cells.Rows, "sql", twice)
    assert _audited(plan, neighbours, COUNTS) > plan_loss(plan).value


def test_missing_clamp_is_caught(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(PURE, Fraction(1), TOTALS, SUM)
    steps = items._steps

    def unclamped(one: Any, limits: Any) -> str:
        low, high = items.as_double(limits.lower), items.as_double(limits.upper)
        clamped = steps(one, limits)
        found = clamped.replace("least(greatest(", "((").replace(f", {low})", ")").replace(f", {high})", ")")
        assert found != clamped
        return found

    monkeypatch.setattr(items, "_steps", unclamped)
    assert _audited(plan, neighbours, TOTALS) > plan_loss(plan).value


def test_floating_point_noise_is_caught() -> None:
    # I. Mironov, "On Significance of the Least Significant Bits for Differential Privacy", CCS 2012: what was added to
    # 1 has lost the bits below 2^-53, what was added to 0 has kept them.
    noise = np.random.default_rng(7).laplace(0.0, 1.0, (2, DRAWS))

    def coarse(values: Array) -> Array:
        return np.asarray((values * 2.0**53) % 1 == 0, dtype=float)

    assert _least_loss(-coarse(0.0 + noise[0]), -coarse(1.0 + noise[1])) > 5.0
    # Ours are whole numbers: what comes out with somebody comes out without, too.
    plan = _plan(PURE, Fraction(1), COUNTS, COUNT)
    assert set(range(-6, 8)) <= set(_drawn(plan, 1, DRAWS).tolist()) & set(_drawn(plan, 0, DRAWS).tolist())
    assert _drawn(plan, 1, DRAWS).dtype == np.int64
    assert abs(_drawn(plan, 1, DRAWS).mean() - 1) < 0.05
