"""Noise and losses agree with the values measured and published elsewhere (`reference/dp.json`).

Scales and thresholds are in `test_noise`, the example of the maximum observed sensitivity is in `test_mos`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from tests.support.observed_cells import CELLS

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.mos import Sums, infused
from saferoom.disclosure.privacy.noise import aggregate_loss, draw, noise_accuracy, plan_loss
from saferoom.disclosure.privacy.noisy import step_of
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.privacy.shown import shown
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries.forms import Statistic

PURE, ZCDP = PrivacyMeasure.PURE, PrivacyMeasure.ZERO_CONCENTRATED
ONE, THREE = Contributions(), Contributions(3, 3, 1)
COUNT = Aggregate(Kind.COUNT, "count", 2.0)
CHOICE = Aggregate(Kind.QUANTILE, "p50", 1.0, fraction=(1, 2), candidates=(0.0, 1.0))
LARGE = np.asarray([cell for cell in CELLS if cell[0] >= 20], dtype=np.float64)
"""Cells of 20 people or more, for which errors were measured."""


@pytest.mark.parametrize(
    ("measure", "bounds", "one", "loss"),
    [
        (PURE, ONE, COUNT, 0.5),
        (ZCDP, ONE, COUNT, 0.125),
        (PURE, ONE, CHOICE, 2.0),
        (ZCDP, ONE, CHOICE, 0.5),
    ],
)
def test_losses_are_those_of_opendps_maps(
    measure: PrivacyMeasure, bounds: Contributions, one: Aggregate, loss: float
) -> None:
    assert float(aggregate_loss(measure, bounds, one)) == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize(
    ("measure", "bounds", "times", "loss"),
    [(ZCDP, ONE, 2, 0.25), (ZCDP, THREE, 2, 2.25), (PURE, ONE, 3, 1.5)],
)
def test_losses_of_several_numbers_add_up_as_in_opendps_composition(
    measure: PrivacyMeasure, bounds: Contributions, times: int, loss: float
) -> None:
    several = tuple(replace(COUNT, name=f"count{i}") for i in range(times))
    assert float(plan_loss(PrivacyPlan(measure, "person_id", bounds, 1, several)).value) == pytest.approx(loss)


def test_noise_of_a_mean_is_no_wider_than_opendps() -> None:
    # Measured with OpenDP's Context API: 200,088.8 for the sum (of floats, from 0), 2 for the count.
    ask = Ask(Statistic.MEAN, (0.0, 1e5))
    plan = calibrated(Budget(PURE, Fraction(1)), "person_id", ONE, ask.cells, aggregates_of(ask))
    count, total = plan.aggregates
    assert count.scale == 2.0
    assert total.scale * step_of(total) == pytest.approx(1e5)


def test_margins_of_error_are_the_closed_forms() -> None:
    for scale in (0.5, 1.0, 3.0, 200.0):
        laplace = scale * math.log(2 / (0.05 * (math.exp(1 / scale) + 1))) + 1
        assert noise_accuracy(PURE, scale, 0.05) == pytest.approx(laplace)
        assert NormalDist().inv_cdf(0.975) * scale < noise_accuracy(ZCDP, scale, 0.05) + 0.5
    assert noise_accuracy(ZCDP, 1.0, 0.05) == 3.0
    assert noise_accuracy(PURE, 1.0, 0.05) == pytest.approx(3.3756177665957137)


@pytest.mark.parametrize(("measure", "deviation"), [(PURE, 2.799177768214361), (ZCDP, 2.0)])
def test_noise_is_as_wide_as_its_theory(measure: PrivacyMeasure, deviation: float) -> None:
    plan = PrivacyPlan(measure, "person_id", ONE, 1, (COUNT,))
    drawn = np.asarray(draw(plan, COUNT, [0] * 20_000))
    # Five standard errors of a standard deviation (a Laplace's fourth moment is 6 times its squared variance).
    assert drawn.std() == pytest.approx(deviation, rel=5 * math.sqrt(5 / 4 / 20_000))
    assert abs(drawn.mean()) < 5 * deviation / math.sqrt(20_000)


@pytest.mark.parametrize(("epsilon", "error"), [(1, 0.0687), (4, 0.0172), (8, 0.0086)])
def test_error_of_the_maximum_observed_sensitivity_in_small_areas_is_as_measured(epsilon: int, error: float) -> None:
    sums = Sums(*LARGE.T)
    noised, _ = infused(sums, 0.25, epsilon, np.ones(len(LARGE)))
    assert np.sqrt(np.mean((noised - sums.expected(0.25)) ** 2)) == pytest.approx(error, abs=5e-5)


@pytest.mark.parametrize(("epsilon", "median"), [(1, 0.0718), (4, 0.0202), (8, 0.0101)])
def test_error_of_noisy_lines_in_small_areas_is_no_more_than_measured(epsilon: int, median: float) -> None:
    ask = Ask(Statistic.MOBILITY, shape=(len(LARGE),))
    plan = calibrated(Budget(PURE, Fraction(epsilon)), "person_id", ONE, ask.cells, aggregates_of(ask))
    truth = Sums(*LARGE.T).expected(0.25)
    errors: list[Any] = []
    for _ in range(5):
        noisy = {
            one.name: np.asarray(draw(plan, one, np.rint(exact / step_of(one)).astype(int).tolist()))
            for one, exact in zip(plan.aggregates, _from_the_middle(), strict=True)
        }
        expected = next(one for one in shown(ask, plan, noisy) if one.name == "expected_rank_p25").values
        errors.append(np.abs(np.clip(np.nan_to_num(expected, nan=0.5), 0, 1) - truth))
    assert np.median(np.concatenate(errors)) < median


def _from_the_middle() -> tuple[Any, ...]:
    """Return the exact sums of the large cells as they are drawn: of distances from 1/2, squares less their middle."""
    n, x, y, xx, xy, _ = LARGE.T
    return n, y - n / 2, x - n / 2, xx - x + n / 4 - n / 8, xy - x / 2 - y / 2 + n / 4
