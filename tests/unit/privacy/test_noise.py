"""Losses, scales and thresholds agree with values measured with OpenDP 0.16.0 (`reference/dp.json`)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.privacy.aggregates import GRID, Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated, check_within, margin, needed
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import draw_cells, noise_accuracy, noise_margin, plan_loss, threshold_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan, Threshold
from saferoom.errors import BadInputError

ZCDP, PURE = PrivacyMeasure.ZERO_CONCENTRATED, PrivacyMeasure.PURE
COUNT = Aggregate(Kind.COUNT, "count", 1.0)
SUM = Aggregate(Kind.SUM, "sum", 1.0, Bounds.of_total(0.0, 9.0))
MEDIAN = Aggregate(Kind.QUANTILE, "p50", 1.0, fraction=(1, 2), candidates=(0.0, 1.0, 2.0))
ONE = Contributions()
contributions = st.builds(Contributions, st.integers(1, 12), st.integers(1, 6), st.integers(1, 6))
budgets = st.builds(
    Budget, st.sampled_from(PrivacyMeasure), st.fractions(Fraction(1, 10_000), 10, max_denominator=10_000)
)


def _scale(measure: PrivacyMeasure, value: Fraction, bounds: Contributions, *aggregates: Aggregate) -> list[float]:
    plan = calibrated(Budget(measure, value), "person_id", bounds, 4, aggregates)
    return [one.scale for one in plan.aggregates]


def test_scales_agree_with_opendps_own_tables() -> None:
    five = Contributions(5, 5, 1)
    assert _scale(PURE, Fraction(1), ONE, COUNT) == [1.0]
    assert _scale(PURE, Fraction(1), five, COUNT) == [5.0]
    assert _scale(ZCDP, Fraction(1, 10), five, COUNT) == pytest.approx([11.18034], rel=1e-6)
    assert _scale(ZCDP, Fraction(1, 10), Contributions(6, 2, 3), COUNT) == pytest.approx([7.745967], rel=1e-6)
    count, total = _scale(ZCDP, Fraction(1, 2), ONE, COUNT, SUM)
    assert count == pytest.approx(1.414214, rel=1e-6)
    assert total * SUM.bounds.step == pytest.approx(12.727922, rel=1e-6)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("measure", "value", "scale", "threshold"), [(PURE, Fraction(1), 1.0, 19), (ZCDP, Fraction(1, 10), 2.236068, 14)]
)
def test_thresholds_of_private_cells_agree_with_opendps(
    measure: PrivacyMeasure, value: Fraction, scale: float, threshold: int
) -> None:
    plan = calibrated(Budget(measure, value, Fraction(1, 10**8)), "person_id", ONE, 0, [COUNT])
    assert plan.aggregates[0].scale == pytest.approx(scale, rel=1e-6)
    assert plan.threshold == Threshold(threshold)
    assert 0 < plan_loss(plan).delta <= Fraction(1, 10**8)


@pytest.mark.parametrize(("measure", "accuracy"), [(PURE, 3.3756177665957137), (ZCDP, 3.0)])
def test_margins_of_error_agree_with_opendps(measure: PrivacyMeasure, accuracy: float) -> None:
    assert noise_accuracy(measure, 1.0, 0.05) == pytest.approx(accuracy)


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_margin_of_wide_noise_is_the_continuous_one(measure: PrivacyMeasure) -> None:
    wide = noise_accuracy(measure, 1e6, 0.05)
    continuous = 1e6 * (math.log(20) if measure is PURE else 1.959963984540054)
    assert continuous < wide < continuous + 3


@settings(max_examples=40, deadline=None)
@given(budgets, contributions, st.lists(st.sampled_from([COUNT, SUM, MEDIAN]), min_size=1, max_size=3, unique=True))
def test_plan_never_costs_more_than_its_budget(budget: Budget, bounds: Contributions, some: list[Aggregate]) -> None:
    plan = calibrated(budget, "person_id", bounds, 4, some)
    assert budget.value * Fraction(999_999, 1_000_000) <= plan_loss(plan).value <= budget.value
    assert PrivacyPlan.from_json(plan.to_json()) == plan


@given(contributions)
def test_worst_unit_keeps_its_bounds_and_nobody_is_worse(bounds: Contributions) -> None:
    worst = bounds.worst
    assert sum(worst) <= bounds.rows
    assert len(worst) <= bounds.cells
    assert max(worst) <= bounds.per_cell
    # Everybody else: the same rows spread over other cells, one by one.
    for start in range(1, bounds.per_cell + 1):
        left = bounds.rows
        other: list[int] = []
        while left and len(other) < bounds.cells:
            other.append(min(start, left))
            left -= other[-1]
        assert sum(one * one for one in other) <= bounds.l2**2 * (1 + 1e-12)
        assert sum(other) <= bounds.l1


def test_budget_for_a_wanted_margin_gives_that_margin() -> None:
    value = needed(ZCDP, ONE, [COUNT, SUM], 5.0)
    plan = calibrated(Budget(ZCDP, value), "person_id", ONE, 4, [COUNT, SUM])
    found = margin(plan, plan.aggregates[0])
    assert found is not None
    assert found <= 5.0
    assert margin(plan, plan.aggregates[1]) is not None
    quantile = calibrated(Budget(ZCDP, value), "person_id", ONE, 4, [MEDIAN])
    assert margin(quantile, quantile.aggregates[0]) is None


@pytest.mark.parametrize("wanted", [0.0, -1.0, math.nan, math.inf, 1e-30])
def test_wanted_margins_that_mean_nothing_are_refused(wanted: float) -> None:
    with pytest.raises(BadInputError, match="margin of error"):
        needed(ZCDP, ONE, [COUNT], wanted)


@pytest.mark.parametrize("value", [Fraction(0), Fraction(-1), Fraction(1, 10**40), Fraction(10**40)])
def test_absurd_budgets_are_refused(value: Fraction) -> None:
    with pytest.raises(BadInputError, match="budget"):
        calibrated(Budget(ZCDP, value), "person_id", ONE, 4, [COUNT])


def test_private_cells_need_a_delta_and_public_ones_none() -> None:
    with pytest.raises(BadInputError, match="delta"):
        calibrated(Budget(ZCDP, Fraction(1)), "person_id", ONE, 0, [COUNT])
    with pytest.raises(BadInputError, match="delta"):
        calibrated(Budget(ZCDP, Fraction(1), Fraction(1, 10)), "person_id", ONE, 4, [COUNT])


def test_plan_beyond_the_charge_is_refused() -> None:
    plan = calibrated(Budget(ZCDP, Fraction(1)), "person_id", ONE, 4, [COUNT])
    for less in (Budget(ZCDP, Fraction(1, 2)), Budget(PURE, Fraction(1))):
        with pytest.raises(BadInputError, match="does not fit"):
            check_within(plan, less)


def test_public_plan_draws_no_private_cells() -> None:
    with pytest.raises(ValueError, match="public"):
        draw_cells(calibrated(Budget(ZCDP, Fraction(1)), "person_id", ONE, 4, [COUNT]), {"a": 1})


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize("scale", [0.001, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("threshold", [1, 2, 5, 12])
def test_chance_that_a_person_alone_in_some_cells_appears_is_within_the_delta(
    measure: PrivacyMeasure, scale: float, threshold: int
) -> None:
    k = range(-400, 401)
    logs = [-abs(i) / scale if measure is PURE else -(i**2) / (2 * scale**2) for i in k]
    chances = [math.exp(one) for one in logs]
    bounds = Contributions(3, 1, 3)
    for contributions in (ONE, bounds):
        above = sum(chance for i, chance in zip(k, chances, strict=True) if contributions.largest + i > threshold)
        appears = 1 - (1 - above / sum(chances)) ** contributions.l0
        delta = threshold_loss(measure, contributions, scale, threshold)[1]
        assert appears <= float(delta) * (1 + 1e-9)
    plan = PrivacyPlan(measure, "person_id", ONE, 0, (replace(COUNT, scale=0.001),), Threshold(threshold))
    assert set(draw_cells(plan, {"at": threshold, "above": threshold + 1})) == {"above"}


@pytest.mark.parametrize("bounds", [Contributions(6, 2, 3), Contributions(5, 2, 2), Contributions(7, 3, 7)])
@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_private_cells_fit_their_budget_whatever_the_bounds(measure: PrivacyMeasure, bounds: Contributions) -> None:
    budget = Budget(measure, Fraction(1, 10), Fraction(1, 10**8))
    plan = calibrated(budget, "person_id", bounds, 0, [COUNT, SUM])
    loss = plan_loss(plan)
    assert budget.value * Fraction(99, 100) <= loss.value <= budget.value
    assert loss.delta <= budget.delta


@pytest.mark.parametrize("scale", [0.001, 0.0015, 0.005, 0.02])
@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_margin_of_hardly_any_noise_is_less_than_one(measure: PrivacyMeasure, scale: float) -> None:
    assert 0 < noise_accuracy(measure, scale, 0.05) <= 1.0


def test_private_cells_below_the_threshold_do_not_appear() -> None:
    plan = calibrated(Budget(ZCDP, Fraction(1, 10), Fraction(1, 10**8)), "person_id", ONE, 0, [COUNT])
    drawn = draw_cells(plan, {"many": 10_000, "one": 1})
    assert set(drawn) == {"many"}


def test_plans_that_mean_nothing_are_refused() -> None:
    threshold = Threshold(5)
    for cells, aggregates, limit in (
        (1, (COUNT, COUNT), None),
        (0, (SUM,), threshold),
        (0, (COUNT, replace(COUNT, name="count@0", over=(0,))), threshold),
        (1, (), None),
    ):
        with pytest.raises(ValueError, match="a"):
            PrivacyPlan(ZCDP, "person_id", ONE, cells, aggregates, limit)


def test_delta_below_what_any_threshold_reaches_is_refused() -> None:
    with pytest.raises(BadInputError, match="delta is too small"):
        calibrated(Budget(ZCDP, Fraction(1), Fraction(1, 10**18)), "person_id", ONE, 0, [COUNT])


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_margin_of_a_table_pays_for_cells_that_fall_together(measure: PrivacyMeasure) -> None:
    spread = Contributions(4, 1, 4)
    whole = replace(COUNT, name="count@", over=())
    plan = calibrated(Budget(measure, Fraction(1)), "person_id", spread, 8, [COUNT, whole])
    inner, total = plan.aggregates
    # One row in each of four cells has a Euclidean length of 2, and all four in one cell a length of 4.
    assert total.scale / inner.scale == pytest.approx(1.0 if measure is PURE else 2.0)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"measure": "renyi"},
        {"contributions": {"rows": 0, "per_cell": 1, "cells": 1}},
        {"cells": 0},
        {"cells": -1},
        {"cells": 1.5},
        {"threshold": 5},
        {"aggregates": []},
        {"aggregates": None},
    ],
)
def test_documents_that_are_no_plan_are_refused(change: dict[str, object]) -> None:
    plan = calibrated(Budget(ZCDP, Fraction(1)), "person_id", ONE, 4, [COUNT])
    with pytest.raises(BadInputError, match="plan"):
        PrivacyPlan.from_json({**plan.to_json(), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 0.0},
        {"scale": math.inf},
        {"kind": Kind.SUM},
        {"bounds": Bounds.of_total(0.0, 1.0)},
        {"fraction": (1, 2)},
        {"candidates": (2.0, 1.0)},
        {"middle": math.nan},
        {"kind": Kind.QUANTILE, "fraction": (1, 2)},
        {"kind": Kind.QUANTILE, "fraction": (2, 2), "candidates": (1.0, 2.0)},
        {"kind": Kind.QUANTILE, "fraction": (1, 2), "candidates": tuple(float(i) for i in range(1_001))},
        {"of": 2},
        {"over": (1, 0)},
        {"over": (-1,)},
    ],
)
def test_aggregates_that_fit_nothing_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a"):
        Aggregate(**{**vars(COUNT), **change})


@pytest.mark.parametrize(
    "pair", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (-1e16, 0.0), (0.0, 5e-324)]
)
def test_bounds_that_bound_nothing_are_refused(pair: tuple[float, float]) -> None:
    with pytest.raises(BadInputError) as caught:
        Bounds.of_mean(*pair)
    assert caught.value.field == "protect.bounds"


def test_no_value_within_bounds_is_beyond_the_grid() -> None:
    for bounds in (Bounds.of_mean(-3.0, 10.0), Bounds.of_total(-3.0, 10.0), Bounds.of_total(5.0, 10.0)):
        for value in (bounds.lower, bounds.upper):
            assert abs(round((value - bounds.origin) / bounds.step)) <= GRID


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.2, 7.5, 40.0])
@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_margin_is_the_least_whole_number_that_noise_is_within_in_95_of_100_draws(
    measure: PrivacyMeasure, scale: float
) -> None:
    reach = range(-2_000, 2_001)
    pure = measure is PrivacyMeasure.PURE
    weights = {x: math.exp(-abs(x) / scale) if pure else math.exp(-(x**2) / (2 * scale**2)) for x in reach}
    whole, margin = sum(weights.values()), noise_margin(measure, scale, 0.05)

    def within(most: float) -> float:
        return sum(weight for x, weight in weights.items() if abs(x) <= most) / whole

    assert within(margin) >= 0.95
    assert margin == 0 or within(margin - 1) < 0.95
