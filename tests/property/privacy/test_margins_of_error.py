"""Margins of error of means, variances and lines hold in 95 of 100 draws, whatever the data; many draws say so."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import draw
from saferoom.disclosure.privacy.noisy import Shown
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.shown import shown
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries.forms import Statistic

Array = np.ndarray[Any, Any]
DRAWS = 2_000
# Six standard errors below: once in thousands of millions of runs.
LEAST = 0.95 - 6 * math.sqrt(0.05 * 0.95 / DRAWS)


def _exact(one: Aggregate, child: Array, parent: Array) -> int:
    """Return an exact number as `cells` computes it, from clamped values."""
    value = (child, parent)[one.of]
    if one.kind is Kind.COUNT:
        return len(child)
    assert one.bounds is not None
    if one.kind is Kind.SQUARES:
        value = (value - one.middle) ** 2
    if one.kind is Kind.PRODUCTS:
        value = (child - one.middle) * (parent - one.middle)
    return int(np.rint((value - one.bounds.origin) / one.bounds.step).sum())


def _columns(ask: Ask, budget: Budget, child: Array, parent: Array) -> dict[str, Shown]:
    """Return the columns of as many cells, all of the same people, as there are draws."""
    plan = calibrated(budget, "person_id", Contributions(), DRAWS, aggregates_of(ask))
    noisy = {
        one.name: np.asarray(draw(plan, one, [_exact(one, child, parent)] * DRAWS), dtype=np.int64)
        for one in plan.aggregates
    }
    return {one.name: one for one in shown(ask, plan, noisy)}


def _check(column: Shown, truth: float, *, told: bool | None) -> None:
    """Check the share of draws within their margins; `told` says whether all have one, None that it does not matter."""
    assert column.margins is not None
    known = np.isfinite(column.margins)
    assert told in (None, bool(known.all()))
    missed = np.abs(column.values[known] - truth) > column.margins[known]
    assert 1 - missed.sum() / DRAWS >= LEAST, column.name
    if known.sum() > DRAWS / 4:
        assert 1 - missed.mean() >= 0.95 - 6 * math.sqrt(0.05 * 0.95 / known.sum()), column.name


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize(("n", "loss", "told"), [(20, (1, 50), False), (60, (1, 2), None), (4000, (1, 10), True)])
@pytest.mark.parametrize("statistic", ["mean", "variance", "std"])
def test_margins_of_moments_hold(
    measure: PrivacyMeasure, n: int, loss: tuple[int, int], told: bool | None, statistic: str
) -> None:
    rng = np.random.default_rng(n)
    child = np.clip(rng.gamma(2.0, 12.0, n), 0, 100)
    ask = Ask(Statistic(statistic), (0.0, 100.0), shape=(DRAWS,))
    column = _columns(ask, Budget(measure, Fraction(*loss)), child, child)[statistic]
    truth = {"mean": child.mean(), "variance": child.var(ddof=1), "std": child.std(ddof=1)}[statistic]
    _check(column, float(truth), told=told)


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize("centre", [0.5, 0.15])
@pytest.mark.parametrize(("n", "loss", "told"), [(50, 0.1, False), (300, 1.0, None), (3000, 0.25, True)])
def test_margins_of_lines_hold(measure: PrivacyMeasure, centre: float, n: int, loss: float, told: bool | None) -> None:
    rng = np.random.default_rng(n)
    parent = np.clip(rng.normal(centre, 0.3, n), 0, 1)
    child = np.clip(0.34 + 0.32 * parent + rng.normal(0, 0.26, n), 0, 1)
    ask = Ask(Statistic.MOBILITY, shape=(DRAWS,), at=(0.25, 0.75))
    # About the same noise: as much as Laplace noise needs more.
    value = Fraction(loss) * (5 if measure is PrivacyMeasure.PURE else 1)
    columns = _columns(ask, Budget(measure, value), child, parent)
    slope, intercept = np.polyfit(parent, child, 1)
    truth = {"slope": slope, "intercept": intercept}
    truth |= {f"expected_rank_p{100 * p:g}": intercept + slope * p for p in ask.at}
    for name, expected in truth.items():
        _check(columns[name], float(expected), told=told)


def test_margins_are_not_needlessly_wide_where_the_noise_is_small() -> None:
    rng = np.random.default_rng(1)
    parent = rng.random(20_000)
    child = np.clip(0.34 + 0.32 * parent + rng.normal(0, 0.2, 20_000), 0, 1)
    budget = Budget(PrivacyMeasure.ZERO_CONCENTRATED, Fraction(1))
    columns = _columns(Ask(Statistic.MOBILITY, shape=(DRAWS,)), budget, child, parent)
    columns |= _columns(Ask(Statistic.MEAN, (0.0, 1.0), shape=(DRAWS,)), budget, child, parent)
    for name in ("slope", "expected_rank_p25", "mean"):
        margins = columns[name].margins
        assert margins is not None
        assert np.median(margins) <= 1.2 * 1.96 * columns[name].values.std()
