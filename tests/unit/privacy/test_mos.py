"""The maximum observed sensitivity gives its authors' numbers (`reference/dp.json`) on their own example."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.support.observed_cells import CELLS

from saferoom.disclosure.privacy.aggregates import Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.cells import Rows, public_cells
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.mos import CORNERS, Sums, infused, observed, sensitivity
from saferoom.disclosure.privacy.noise import draw_unit, plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.privacy.release import release
from saferoom.disclosure.privacy.shown import quoted
from saferoom.disclosure.privacy.statistics import OBSERVED, Ask, aggregates_of
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

Array = np.ndarray[Any, Any]
P25 = 0.25
FIRST = (
    # slope, theta, standard error, local sensitivity
    (0.5755272562715709, 0.36301573262031306, 0.011663136269566906, 0.01850888472556922),
    (0.6385722050030898, 0.3338964104357907, 0.013877619733776983, 0.02230658821704573),
    (0.5946015395872543, 0.3646755916163472, 0.019708944121308337, 0.032045818689903305),
    (0.6395798322010542, 0.34941176183158185, 0.014376656478996604, 0.024241522686792083),
    (0.5785422980438035, 0.35573224568237327, 0.012440935776973567, 0.015292961223281498),
)
ASK = Ask(Statistic.MOBILITY, shape=(2,), estimator=OBSERVED)


def _sums(rows: Any) -> Sums:
    return Sums(*np.asarray(rows, dtype=np.float64).T)


def _theta(sums: Sums) -> Array:
    return sums.expected(P25)


def test_values_of_the_authors_example_are_reproduced() -> None:
    sums = _sums(CELLS)
    assert len(CELLS) == 111
    assert observed(sums, _theta) == pytest.approx(2.970233455612398, rel=1e-8)
    assert observed(sums, lambda one: one.slope) == pytest.approx(7.500786396961527, rel=1e-7)
    local = sensitivity(sums, _theta)
    found = zip(sums.slope, _theta(sums), sums.error(P25), local, strict=True)
    for cell, expected in zip(found, FIRST, strict=False):
        assert cell == pytest.approx(expected, rel=1e-6)
    assert _theta(sums).mean() == pytest.approx(0.35081278063074706, rel=1e-7)
    assert _theta(sums).std(ddof=1) == pytest.approx(0.021496775444207663, rel=1e-6)


@pytest.mark.parametrize(
    ("epsilon", "expected"),
    [(1, 0.0378485299955326), (2, 0.00946213249888315), (4, 0.0023655331247207875), (8, 0.0005913832811801969)],
)
def test_mean_squared_error_is_the_authors(epsilon: int, expected: float) -> None:
    sums = _sums(CELLS)
    noised, error = infused(sums, P25, epsilon, np.ones(len(CELLS)))
    assert np.mean((noised - _theta(sums)) ** 2) == pytest.approx(expected, rel=1e-7)
    assert error**2 == pytest.approx(sums.error(P25) ** 2 + (noised - _theta(sums)) ** 2)


def test_sensitivity_is_that_of_regressions_with_one_more_person() -> None:
    rng = np.random.default_rng(2)
    for n in (3, 8, 60):
        x, y = rng.random(n), rng.random(n)
        sums = _sums([(n, x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())])
        slope, intercept = np.polyfit(x, y, 1)
        theta = intercept + P25 * slope
        assert _theta(sums) == pytest.approx(theta)
        left = ((y - intercept - slope * x) ** 2).sum() / (n - 2)
        error = math.sqrt(left * (1 / n + (P25 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()))
        assert sums.error(P25) == pytest.approx(error)
        changes = []
        for corner in CORNERS:
            slope, intercept = np.polyfit(np.append(x, corner[0]), np.append(y, corner[1]), 1)
            changes.append(abs(intercept + P25 * slope - theta))
        assert sensitivity(sums, _theta) == pytest.approx(max(changes))


def test_cells_without_a_line_tell_nothing_and_do_not_count() -> None:
    two, flat = (2, 1.0, 1.0, 0.6, 0.5, 0.6), (5, 2.5, 2.0, 1.25, 1.0, 0.9)
    sums = _sums([CELLS[0], two, flat, (0, 0, 0, 0, 0, 0)])
    theta, error = infused(sums, P25, 1.0, np.zeros(4))
    assert np.isfinite(theta).tolist() == np.isfinite(error).tolist() == [True, False, False, False]
    assert observed(sums, _theta) == pytest.approx(observed(_sums([CELLS[0]]), _theta))
    assert observed(_sums([two]), _theta) == 0.0


def test_unit_noise_has_mean_0_and_variance_1_and_is_never_drawn_twice() -> None:
    drawn = draw_unit(40_000)
    assert abs(drawn.mean()) < 6 / 200
    assert drawn.var() == pytest.approx(1.0, abs=6 * math.sqrt(5 / 40_000))
    assert not np.array_equal(drawn, draw_unit(40_000))


def test_loss_in_name_is_what_was_asked_for_and_count_and_estimates_share_it() -> None:
    plan = calibrated(Budget(PrivacyMeasure.PURE, Fraction(4)), "person_id", Contributions(), 2, aggregates_of(ASK))
    assert plan.observed
    assert [one.kind for one in plan.aggregates] == [Kind.COUNT, Kind.OBSERVED]
    assert [one.scale for one in plan.aggregates] == [0.5, 0.5]
    assert plan_loss(plan).value == 4
    assert PrivacyPlan.from_json(plan.to_json()) == plan
    names = [one.name for one in quoted(ASK, plan)]
    assert names == ["count", "expected_rank_p25", "expected_rank_p25_se"]


@pytest.mark.parametrize(
    ("measure", "bounds"),
    [(PrivacyMeasure.ZERO_CONCENTRATED, Contributions()), (PrivacyMeasure.PURE, Contributions(2, 2, 1))],
)
def test_what_the_estimator_has_no_noise_for_is_refused(measure: PrivacyMeasure, bounds: Contributions) -> None:
    with pytest.raises(BadInputError, match="epsilon instead of rho, and data with one row per unit"):
        calibrated(Budget(measure, Fraction(1)), "person_id", bounds, 2, aggregates_of(ASK))
    plan = calibrated(Budget(PrivacyMeasure.PURE, Fraction(1)), "person_id", Contributions(), 2, aggregates_of(ASK))
    forged = {**plan.to_json(), "measure": measure.value, "contributions": vars(bounds)}
    with pytest.raises(BadInputError, match="no plan"):
        PrivacyPlan.from_json(forged)


def test_ranks_beyond_0_and_1_and_private_cells_are_refused() -> None:
    with pytest.raises(BadInputError, match="between 0 and 1"):
        aggregates_of(Ask(Statistic.MOBILITY, shape=(2,), estimator=OBSERVED, at=(1.0,)))
    with pytest.raises(BadInputError, match="catalogue"):
        aggregates_of(Ask(Statistic.MOBILITY, shape=None, estimator=OBSERVED))


@pytest.mark.parametrize("width", [1.0, 100.0])
def test_release_is_the_estimate_give_or_take_its_noise(tmp_path: Path, width: float) -> None:
    path = tmp_path / "people.parquet"
    duckdb.execute(
        f"""COPY (SELECT i AS person_id, ['f', 'm'][1 + i % 2] AS sex, (i * 104729 % 1009) / 1009.0 * {width} AS parent,
        0.3 * {width} + 0.4 * parent + ((i * 31) % 11 - 5) / 100.0 * {width} AS child FROM range(4000) t(i))
        TO '{path}' (FORMAT parquet)"""
    )
    truth = duckdb.execute(
        f"SELECT regr_intercept(child, parent) + 0.25 * {width} * regr_slope(child, parent) FROM '{path}' "
        "GROUP BY sex ORDER BY sex"
    ).fetchall()
    ask = Ask(Statistic.MOBILITY, (0.0, width), shape=(3,), estimator=OBSERVED)
    document = {"statistic": "mobility", "by": ["sex"], "measure": "child", "options": {"parent": "parent"}}
    with Engine([Source("people", path, ("person_id",), {"sex": ("f", "m", "x")})], Limits(threads=1)) as engine:
        plan = make_plan(parse_query(document), engine.relations)
        rows = Rows(plan, language.reference(plan.units[0]), Contributions(), one_each=True)
        budget = Budget(PrivacyMeasure.PURE, Fraction(400))
        drawn = calibrated(budget, "person_id", Contributions(), 3, aggregates_of(ask))
        table = release(engine, rows, public_cells([("f", "m", "x")]), ask, drawn, budget)
    count, theta, error = table.columns
    assert count.values == pytest.approx([2000, 2000, 0], abs=2)
    assert theta.values[:2] == pytest.approx([row[0] for row in truth], abs=2e-4 * width)
    assert np.isnan(theta.values[2])
    assert theta.margins is None
    # Two digits: standard errors hold exact numbers.
    assert all(float(f"{one:.2g}") == pytest.approx(one, rel=1e-4) for one in error.values[:2].tolist())
