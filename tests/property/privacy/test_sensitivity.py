"""Whatever rows one unit has, the exact numbers change by no more than the plan's loss pays for."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.neighbours import REGIONS, Neighbours, Row

from saferoom.disclosure.privacy.aggregates import Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries.forms import Statistic

LIMITS = (0.0, 9.0)
ASKS = {
    "frequency": Ask(Statistic.FREQUENCY, shape=(3,), margins=True),
    "sum": Ask(Statistic.SUM, (2.0, 9.0), shape=(3,)),
    "std": Ask(Statistic.STD, LIMITS, shape=(3,)),
    "quantile": Ask(Statistic.QUANTILE, fractions=(0.5, 0.9), candidates=(0.0, 3.0, 8.0), shape=(3,), margins=True),
    "histogram": Ask(Statistic.HISTOGRAM, shape=(3,), edges=(2.0, 5.0)),
    "mobility": Ask(Statistic.MOBILITY, LIMITS, shape=(3,)),
    "bottom_half": Ask(Statistic.MOBILITY, LIMITS, shape=(3,), estimator="bottom_half"),
}
values = st.one_of(st.none(), st.sampled_from([math.nan, math.inf, -math.inf, 1e300, -1e300]), st.floats(-20, 20))
rows = st.tuples(st.sampled_from([*REGIONS, "Nowhere", None]), values, values)
hostile = st.lists(rows, min_size=1, max_size=8)
bounds = st.builds(Contributions, st.integers(1, 6), st.integers(1, 3), st.integers(1, 3))


def _spent(plan: PrivacyPlan, change: dict[str, Any]) -> float:
    """Return the loss that this change costs, by the mechanisms' own formulas."""
    total = 0.0
    pure = plan.measure is PrivacyMeasure.PURE
    for one in plan.aggregates:
        moved = np.abs(change[one.name].astype(float))
        if one.kind is Kind.QUANTILE:
            # Report noisy max of scores that move by s: 2 s / scale, of bounded range.
            losses = 2 * moved.max(axis=1) / one.scale
            total += float(losses.sum() if pure else (losses**2 / 8).sum())
        else:
            total += float(moved.sum() / one.scale if pure else (moved**2).sum() / (2 * one.scale**2))
    return total


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Neighbours:
    """Pairs of datasets."""
    return Neighbours(tmp_path_factory.mktemp("neighbours"))


@pytest.mark.parametrize("name", ASKS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile, bounds, st.sampled_from(PrivacyMeasure))
def test_one_unit_changes_no_more_than_the_loss_pays_for(
    neighbours: Neighbours, name: str, target: list[Row], limits: Contributions, measure: PrivacyMeasure
) -> None:
    ask, budget = ASKS[name], Budget(measure, Fraction(1, 2))
    plan = calibrated(budget, "person_id", limits, ask.cells, aggregates_of(ask))
    assert _spent(plan, neighbours.change(ask, limits, target)) <= float(budget.value) * (1 + 1e-9)


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_a_hostile_unit_uses_up_what_is_paid_for(neighbours: Neighbours, name: str, measure: PrivacyMeasure) -> None:
    """Otherwise the noise would be wider than it has to be, or the test above could not fail."""
    limits, budget = Contributions(2, 2, 1), Budget(measure, Fraction(1, 2))
    ask = ASKS[name]
    plan = calibrated(budget, "person_id", limits, ask.cells, aggregates_of(ask))
    corners = [(1e300, 1e300), (1e300, -1e300), (-1e300, 1e300), (-1e300, -1e300)]
    worst = max(_spent(plan, neighbours.change(ask, limits, [("North", *pair)] * 5)) for pair in corners)
    # A quantile's score moves by as much only for the fraction's rarer side.
    assert worst > float(budget.value) * (0.45 if name == "quantile" else 0.99)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile, bounds)
def test_one_unit_adds_no_more_private_cells_and_rows_than_delta_pays_for(
    neighbours: Neighbours, target: list[Row], limits: Contributions
) -> None:
    ask = Ask(Statistic.FREQUENCY, shape=None)
    there, gone = (neighbours.found(ask, limits, some) for some in (target, ()))
    assert set(gone) <= set(there)
    moved = [count - gone.get(key, 0) for key, count in there.items() if count != gone.get(key, 0)]
    assert len(moved) <= limits.l0
    assert sum(moved) <= limits.l1
    assert max(moved, default=0) <= limits.largest
