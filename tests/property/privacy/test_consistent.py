"""Tables that add up are the least-squares solution, and their margins of error are those of their noise."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.consistent import consistent
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import draw
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.privacy.shown import shown
from saferoom.disclosure.privacy.statistics import Ask, Over, aggregates_of, name_of
from saferoom.disclosure.queries.forms import Statistic

Array = np.ndarray[Any, Any]


def _margins(width: int) -> list[Over]:
    return [None, *(kept for n in range(width) for kept in combinations(range(width), n))]


def _adder(sizes: tuple[int, ...], over: Over) -> Array:
    """Return the matrix that adds a flat table up to a margin."""
    kept = range(len(sizes)) if over is None else over
    matrix: Array = np.ones((1, 1))
    for i, size in enumerate(sizes):
        matrix = np.kron(matrix, np.eye(size) if i in kept else np.ones((1, size)))
    return matrix


shapes = st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple)


@settings(max_examples=60, deadline=None)
@given(shapes, st.integers(0, 2**32 - 1), st.data())
def test_closed_form_is_the_weighted_least_squares_solution(
    sizes: tuple[int, ...], seed: int, data: st.DataObject
) -> None:
    margins = [None, *data.draw(st.lists(st.sampled_from(_margins(len(sizes))[1:] or [None]), unique=True))]
    margins = list(dict.fromkeys(margins))
    rng = np.random.default_rng(seed)
    adders = {over: _adder(sizes, over) for over in margins}
    scales = {over: float(rng.uniform(0.5, 20.0)) for over in margins}
    drawn = {over: rng.normal(100, 50, len(adder)) for over, adder in adders.items()}
    found = consistent(sizes, drawn, scales)

    weighted = np.vstack([adder / scales[over] for over, adder in adders.items()])
    target = np.concatenate([drawn[over] / scales[over] for over in margins])
    best = np.linalg.lstsq(weighted, target, rcond=None)[0]
    covariance = np.linalg.inv(weighted.T @ weighted)
    for over, adder in adders.items():
        assert found[over].values == pytest.approx(adder @ best, abs=1e-6)
        assert found[over].values == pytest.approx(adder @ found[None].values, abs=1e-6)
        assert np.sqrt(np.diag(adder @ covariance @ adder.T)) == pytest.approx(found[over].scale)
        assert found[over].scale <= scales[over] * (1 + 1e-9)


def _plan(ask: Ask, measure: PrivacyMeasure, scale: float) -> PrivacyPlan:
    drawn = tuple(Aggregate(one.kind, one.name, scale, one.bounds, over=one.over) for one in aggregates_of(ask))
    return PrivacyPlan(measure, "person_id", Contributions(), ask.cells, drawn)


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize("scale", [0.4, 1.0, 7.0])
def test_consistent_counts_are_within_their_margins_in_95_of_100_draws(measure: PrivacyMeasure, scale: float) -> None:
    ask = Ask(Statistic.FREQUENCY, shape=(3, 4), margins=True)
    plan = _plan(ask, measure, scale)
    truth = np.arange(12).reshape(3, 4)
    exact = {"count": truth, "count@0": truth.sum(1), "count@1": truth.sum(0), "count@": truth.sum()}
    assert set(exact) == {one.name for one in plan.aggregates}
    every = np.concatenate([exact[name_of("count", over)].reshape(-1) for over in ask.kept])
    hits = []
    for _ in range(400):
        noisy = {one.name: np.asarray(draw(plan, one, exact[one.name].reshape(-1).tolist())) for one in plan.aggregates}
        by_name = {one.name: one for one in shown(ask, plan, noisy)}
        assert list(by_name) == ["count", "count_clipped", "count_consistent"]
        column = by_name["count_consistent"]
        assert column.margins is not None
        hits.append(np.abs(column.values - every) <= column.margins)
    share = np.mean(hits, axis=0)
    # 400 draws: 95 % less six standard errors.
    assert share.min() >= 0.95 - 6 * math.sqrt(0.05 * 0.95 / 400)


def test_margins_of_a_table_each_have_a_share_of_their_own() -> None:
    ask = Ask(Statistic.FREQUENCY, shape=(2, 3, 4), margins=True)
    names = [one.name for one in aggregates_of(ask)]
    assert names[:4] == ["count", "count@0,1", "count@0,2", "count@1,2"]
    assert len(names) == 8
    assert all(one.kind is Kind.COUNT for one in aggregates_of(ask))
