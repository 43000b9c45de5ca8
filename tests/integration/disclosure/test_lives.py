"""Survival, transitions and mobility: the numbers beside statsmodels, scipy and pandas on the same rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from tests.support.statistics_lab import Lab, Row, rules

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError

SURVIVAL: dict[str, Any] = {"statistic": "survival", "options": {"time": "months", "event": "died"}}
MOBILITY: dict[str, Any] = {"statistic": "mobility", "measure": "child", "by": ["region"]}


def lives(count: int = 4_000, seed: int = 5) -> pd.DataFrame:
    """Return people with times under observation, incomes of two generations, and classes of two years."""
    rng = np.random.default_rng(seed)
    time, censoring = rng.exponential(60, count), rng.uniform(0, 120, count)
    parent = rng.lognormal(10, 0.6, count)
    origin = rng.choice(["high", "low", "middle"], count)
    return pd.DataFrame(
        {
            "person_id": np.arange(count) + 1_000,
            "household_id": np.arange(count) // 2 + 50_000,
            "region": rng.choice(list("NSEW"), count),
            "sex": rng.choice(["F", "M"], count),
            "days": np.minimum(time, censoring),
            "months": np.ceil(np.minimum(time, censoring)).astype(int),
            "died": time <= censoring,
            "parent": np.round(parent, -2),
            "child": np.round(np.exp(0.4 * np.log(parent) + 0.6 * rng.normal(10, 0.7, count)), -2),
            "origin": origin,
            "destination": np.where(rng.random(count) < 0.5, origin, rng.choice(["high", "low", "middle"], count)),
            "grossing": np.round(rng.uniform(50, 150, count), 1),
        }
    )


def records(frame: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return lives()


@pytest.fixture(scope="module")
def rows(frame: pd.DataFrame) -> list[Row]:
    return records(frame)


def test_kaplan_meier_without_gathering_equals_statsmodels(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    judged = lab.check(SURVIVAL, rows)
    assert judged.verdict is Verdict.PASS
    wanted = SurvfuncRight(frame.months, frame.died.astype(int)).summary()
    first = [row for row in judged.table.rows if row[0] <= 15]  # type: ignore[operator]
    assert len(first) == 15
    for time, at_risk, events, survival, _, _ in first:
        line = wanted.loc[time]
        assert (at_risk, events) == (line["num at risk"], line["num events"])
        assert survival == pytest.approx(line["Surv prob"], abs=1e-10)


def test_kaplan_meier_over_several_times_is_the_estimate_at_the_steps_end(
    lab: Lab, frame: pd.DataFrame, rows: list[Row]
) -> None:
    judged = lab.check({**SURVIVAL, "options": {"time": "days", "event": "died"}}, rows)
    assert judged.verdict is Verdict.PASS
    wanted = SurvfuncRight(frame.days, frame.died.astype(int))
    assert len(judged.table.rows) > 30
    for time, _, events, survival, lower, upper in judged.table.rows:
        place = int(np.searchsorted(wanted.surv_times, float(str(time)), side="right")) - 1
        exact, error = wanted.surv_prob[place], wanted.surv_prob_se[place]
        assert survival == pytest.approx(exact, abs=6e-5)
        theta = 1.959963984540054 * error / (exact * abs(np.log(exact)))
        assert (lower, upper) == pytest.approx((exact ** np.exp(theta), exact ** np.exp(-theta)), abs=6e-5)
        assert int(str(events)) >= 10


def test_no_single_time_of_an_exit_is_shown(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    judged = lab.check({**SURVIVAL, "by": ["sex"], "options": {"time": "days", "event": "died"}}, rows)
    assert not {row[1] for row in judged.table.rows} & set(frame.days.tolist())


def test_nelson_aalen_without_gathering_equals_the_sum_of_hazards(
    lab: Lab, frame: pd.DataFrame, rows: list[Row]
) -> None:
    options = {"time": "months", "event": "died", "estimator": "nelson_aalen"}
    judged = lab.check({**SURVIVAL, "options": options}, rows)
    wanted = SurvfuncRight(frame.months, frame.died.astype(int)).summary()
    hazard = (wanted["num events"] / wanted["num at risk"]).cumsum()
    for time, _, _, cumulative, lower, upper in judged.table.rows[:15]:
        assert cumulative == pytest.approx(hazard.loc[time], abs=1e-10)
        assert lower < cumulative < upper  # type: ignore[operator]


def test_life_table_equals_the_actuarial_one(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    bounds = [0, 12, 24, 48, 72]
    options = {"time": "days", "event": "died", "estimator": "life_table", "intervals": bounds}
    judged = lab.check({**SURVIVAL, "options": options}, rows)
    assert judged.verdict is Verdict.PASS
    survival = 1.0
    for (low, high), row in zip(pairwise(bounds), judged.table.rows, strict=True):
        entering = int((frame.days >= low).sum())
        inside = (frame.days >= low) & (frame.days < high)
        died, censored = int((inside & frame.died).sum()), int((inside & ~frame.died).sum())
        survival *= 1 - died / (entering - censored / 2)
        assert row[:3] == (high, entering, died)
        assert row[3] == pytest.approx(survival)


def test_weighted_curve_equals_a_weighted_product(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    judged = lab.check({**SURVIVAL, "weight": "grossing"}, rows)
    assert judged.verdict is Verdict.PASS
    wanted = SurvfuncRight(frame.months, frame.died.astype(int), freq_weights=frame.grossing)
    for time, _, _, survival, *_ in judged.table.rows[:15]:
        assert survival == pytest.approx(wanted.surv_prob[list(wanted.surv_times).index(time)], abs=1e-10)


def test_few_censored_do_not_end_the_curve_and_cannot_be_told(lab: Lab) -> None:
    early = [{"person_id": i, "months": 1 + i % 20, "died": True} for i in range(600)]
    ends = [{"person_id": 5_000 + i, "months": 24, "died": False} for i in range(400)]
    lost = [{"person_id": 9_000 + i, "months": 3 + i, "died": False} for i in range(4)]
    judged, without = lab.check(SURVIVAL, [*early, *ends, *lost]), lab.check(SURVIVAL, [*early, *ends])
    assert judged.verdict is Verdict.PASS
    at_risk = [int(str(row[1])) for row in judged.table.rows]
    events = [int(str(row[2])) for row in judged.table.rows]
    assert len(at_risk) == 20
    assert np.diff(at_risk).tolist() == [-count for count in events[:-1]]
    for row, other in zip(judged.table.rows, without.table.rows, strict=True):
        assert row[3] == pytest.approx(other[3], abs=0.01)


def test_bounds_of_time_are_where_the_curve_has_its_steps(lab: Lab, rows: list[Row]) -> None:
    options = {"time": "days", "event": "died", "intervals": [6, 12, 18, 24]}
    assert [row[0] for row in lab.check({**SURVIVAL, "options": options}, rows).table.rows] == [6, 12, 18, 24]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time": "months - 5"}, "options.time: must not be negative"),
        ({"event": "months"}, "options.event: must be true or false"),
        ({"event": "sex"}, "must be a number"),
        ({"estimator": "life_table"}, "options.intervals: a life table needs"),
        ({"estimator": "weibull"}, "options.estimator"),
    ],
)
def test_survival_options_that_do_not_fit_are_refused_in_words(
    lab: Lab, rows: list[Row], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        lab.check({**SURVIVAL, "options": {"time": "months", "event": "died", **changes}}, rows[:200])


def test_transition_shares_equal_pandas(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    judged = lab.check({"statistic": "transition", "by": ["origin", "destination", "sex"]}, rows)
    assert judged.verdict is Verdict.PASS
    wanted = pd.crosstab([frame.origin, frame.sex], frame.destination, normalize="index")
    assert len(judged.table.rows) == 18
    for origin, destination, sex, count, share in judged.table.rows:
        assert share == pytest.approx(wanted.to_dict("index")[origin, sex][destination])
        both = (frame.origin == origin) & (frame.destination == destination) & (frame.sex == sex)
        assert count == both.sum()


def test_rounded_transitions_have_shares_of_the_rounded_counts(lab: Lab, rows: list[Row]) -> None:
    query = {"statistic": "transition", "by": ["origin", "destination"], "protect": {"method": "round"}}
    judged = lab.check(query, rows)
    assert judged.protected is not None
    counts: dict[Any, int] = {}
    for origin, _, count, _ in judged.protected.rows:
        assert int(str(count)) % 5 == 0
        counts[origin] = counts.get(origin, 0) + int(str(count))
    for origin, _, count, share in judged.protected.rows:
        assert share == pytest.approx(int(str(count)) / counts[origin])


def test_mobility_equals_scipy_on_percentile_ranks(lab: Lab, frame: pd.DataFrame, rows: list[Row]) -> None:
    judged = lab.check({**MOBILITY, "options": {"parent": "parent", "at": [0.25, 0.75]}}, rows)
    assert judged.verdict is Verdict.PASS
    assert judged.table.columns == ("region", "slope", "intercept", "expected_rank_p25", "expected_rank_p75")
    x, y = ((frame[name].rank() - 0.5) / len(frame) for name in ("parent", "child"))
    for region, slope, intercept, low, high in judged.table.rows:
        fitted = stats.linregress(x[frame.region == region], y[frame.region == region])
        assert (slope, intercept) == pytest.approx((fitted.slope, fitted.intercept))
        assert low == pytest.approx(fitted.intercept + 0.25 * fitted.slope)
        assert high == pytest.approx(fitted.intercept + 0.75 * fitted.slope)


def test_weighted_mobility_equals_repeated_rows(lab: Lab, frame: pd.DataFrame) -> None:
    part = frame.head(600).assign(times=lambda f: f.person_id % 3 + 1)
    judged = lab.check({**MOBILITY, "options": {"parent": "parent"}, "weight": "times"}, records(part))
    repeated = part.loc[part.index.repeat(part.times)]
    x, y = ((repeated[name].rank() - 0.5) / len(repeated) for name in ("parent", "child"))
    for region, slope, intercept, _ in judged.table.rows:
        fitted = stats.linregress(x[repeated.region == region], y[repeated.region == region])
        assert (slope, intercept) == pytest.approx((fitted.slope, fitted.intercept))


def test_missing_measures_take_no_part_in_ranks(lab: Lab, frame: pd.DataFrame) -> None:
    gaps = frame.assign(parent=frame.parent.where(frame.person_id % 5 > 0))
    known = frame[frame.person_id % 5 > 0]
    query = {**MOBILITY, "options": {"parent": "parent"}}
    with_gaps = lab.check(query, records(gaps.astype(object).where(gaps.notna(), None)))
    assert with_gaps.table == lab.check(query, records(known)).table
    assert not rules(with_gaps)
