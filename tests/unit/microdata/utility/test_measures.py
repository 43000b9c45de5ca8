"""Single measures of utility against their formulas, worked out by hand or by another library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.disclosure.microdata.utility.correlations import eigenvalue_loss, relations
from saferoom.disclosure.microdata.utility.losses import distances, lost
from saferoom.disclosure.microdata.utility.moments import moments
from saferoom.disclosure.microdata.utility.overlap import Overlap
from saferoom.disclosure.microdata.utility.shares import distance, joint_shares, overlap_of_shares, shares
from saferoom.disclosure.microdata.utility.variables import Variable, variables


def variable(before: pd.DataFrame, after: pd.DataFrame, name: str, *keys: str) -> Variable:
    found = variables(before, after, Compared(keys=keys, corresponding=True)).named(name)
    assert found is not None
    return found


def test_il1s_is_the_mean_distance_in_deviations_before() -> None:
    before, after = np.array([[1.0], [2.0], [3.0], [6.0]]), np.array([[1.0], [3.0], [3.0], [np.nan]])
    found = distances(before, after)
    assert found is not None
    unit = np.sqrt(2) * np.std([1, 2, 3, 6], ddof=1)
    assert found.il1s_sum == pytest.approx(1.0 / unit)
    assert found.il1s == pytest.approx(1.0 / unit / 3)
    assert found.relative == pytest.approx(0.5 / 3)
    assert found.values == 3


def test_columns_of_one_value_and_zeros_play_no_part() -> None:
    before = np.array([[5.0, 0.0], [5.0, 2.0], [5.0, 4.0]])
    found = distances(before, before + 1.0)
    assert found is not None
    assert found.values == 3
    assert found.relative == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert distances(np.full((3, 1), 5.0), np.full((3, 1), 6.0)) is None


def test_overlap_is_the_mean_share_of_both_intervals() -> None:
    reach = 1.959963984540054
    found = Overlap(
        np.array([0.0, 0.0, 0.0, 2.0]), np.array([1.0, 0.0, 99.0, 2.0]), np.ones(4), np.array([1, 2, 1, 0.0])
    )
    inside = (2 * reach - 1) / (2 * reach)
    assert found.overlaps == pytest.approx([inside, (1 + 0.5) / 2, -1.0, 1.0])
    assert found.differences == pytest.approx([1.0, 0.0, 99.0, 0.0])
    assert np.isnan(Overlap(np.array([np.nan]), np.zeros(1), np.ones(1), np.ones(1)).overlaps[0])


def test_moments_with_weights_are_those_of_survey_means() -> None:
    frame = people(400)
    pay, weights = frame["pay"].to_numpy(), frame["grossing"].to_numpy()
    found, plain = moments(pay, weights, 10), moments(pay, None, 10)
    assert found is not None
    assert plain is not None
    assert found.mean == pytest.approx(np.average(pay, weights=weights))
    assert plain.deviation == pytest.approx(pay.std(ddof=1))
    assert plain.error == pytest.approx(pay.std(ddof=1) / np.sqrt(400))
    assert found.error > plain.error * 0.9
    assert plain.quantiles[2] == pytest.approx(np.median(pay), rel=0.01)


def test_no_quantile_is_a_single_value_and_few_values_have_no_moments() -> None:
    values = np.arange(100.0) ** 2
    found = moments(values, None, 10)
    assert found is not None
    assert found.quantiles[0] == pytest.approx(np.mean(values[:10]))
    assert moments(values[:99], None, 10).quantiles == ()  # type: ignore[union-attr]
    assert moments(values[:9], None, 10) is None


def test_heavy_weights_at_the_end_leave_no_quantile_of_the_last_ones() -> None:
    weights = np.ones(200)
    weights[-3:] = 1e6
    found = moments(np.arange(200.0), weights, 10)
    assert found is not None
    assert found.quantiles == ()


def test_distances_of_shares_lie_between_nothing_and_one() -> None:
    half, other = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert distance(half, half).document() == {"total_variation": 0.0, "hellinger": 0.0}
    assert distance(half, other).total_variation == pytest.approx(0.5)
    assert distance(half, other).hellinger == pytest.approx(np.sqrt(0.5))
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])).document() == {"total_variation": 1.0, "hellinger": 1.0}


def test_shares_are_of_those_who_tell() -> None:
    codes = np.array([0, 1, 1, -1], dtype=np.int32)
    assert shares(codes, 2, None) == pytest.approx([1 / 3, 2 / 3])
    assert shares(codes, 2, np.array([2.0, 1.0, 1.0, 9.0])) == pytest.approx([0.5, 0.5])
    assert shares(np.full(3, -1, dtype=np.int32), 2, None) is None
    joint = joint_shares((codes, 2), (np.array([1, 1, -1, 0], dtype=np.int32), 2), None)
    assert joint == pytest.approx([0.0, 0.5, 0.0, 0.5])


def test_shares_of_categories_have_binomial_errors_and_rare_ones_have_none() -> None:
    codes = np.repeat(np.array([0, 1, 2], dtype=np.int32), [60, 35, 5])
    found = overlap_of_shares((codes, None), (codes, None), 3, 10)
    assert found.before == pytest.approx([0.6, 0.35])
    assert found.error_before == pytest.approx(np.sqrt(np.array([0.24, 0.2275]) / 99))


def test_eigenvalues_lose_what_the_definition_says() -> None:
    one, other = np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(2)
    assert eigenvalue_loss(one, other) == pytest.approx(0.5 / 1.5 + 0.5 / 0.5)
    assert eigenvalue_loss(np.ones((2, 2)), other) is None, "without full rank there is nothing to divide by"
    assert eigenvalue_loss(np.full((2, 2), np.nan), other) is None


def test_one_outlier_carries_eigenvalues_but_not_the_robust_ones() -> None:
    random = np.random.default_rng(2)
    before = random.normal(size=(300, 2)) @ np.array([[1.0, 0.4], [0.0, 1.0]])
    after = before.copy()
    after[0] = (80.0, -80.0)
    found = relations(("a", "b"), before, after, 10)
    assert found.eigenvalues is not None
    assert found.robust_eigenvalues is not None
    assert found.robust_eigenvalues < 0.1 * found.eigenvalues


def test_information_lost_is_the_variance_or_entropy_that_is_not_told() -> None:
    frame = people()
    assert lost(variable(frame, frame, "pay")) == 0.0
    assert lost(variable(frame, frame, "region")) == pytest.approx(0.0, abs=1e-12)
    after = noisy(frame, 1.0)
    squared = float(np.corrcoef(frame["pay"], after["pay"])[0, 1]) ** 2
    assert lost(variable(frame, after, "pay")) == pytest.approx(1 - squared)
    one = frame.assign(region="Everywhere")
    assert lost(variable(frame, one, "region")) == pytest.approx(1.0)
    hidden = frame.assign(region=frame["region"].where(frame.index % 4 > 0))
    assert lost(variable(frame, hidden, "region")) == pytest.approx(0.25)
    nothing = frame.assign(pay=np.nan)
    assert lost(variable(frame, nothing, "pay")) == 1.0


def test_a_constant_tells_nothing_that_could_be_lost() -> None:
    frame = people().assign(pay=1.5)
    assert lost(variable(frame, frame, "pay")) is None


def test_bands_of_numbers_lose_the_variance_within_them() -> None:
    frame = people()
    bands = frame.assign(age=(frame["age"] // 20 * 20).astype(str) + "s")
    found = variable(frame, bands, "age")
    assert found.kind == "recoded"
    assert len(np.unique(found.before)) == len(np.unique(found.after)) < 6
    share = lost(found)
    assert share is not None
    assert 0.3 < share < 0.9
