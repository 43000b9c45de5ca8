"""Risk of perturbed numbers: intervals, outliers, record linkage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.microdata.risk.intervals import interval_disclosed, outlying_disclosed, rank_disclosed
from saferoom.disclosure.microdata.risk.nearest import linked_by_distance, linked_by_rank
from saferoom.disclosure.microdata.risk.outlying import robust_distances, robust_scales
from saferoom.disclosure.microdata.risk.perturbed import perturbed_risk
from saferoom.errors import BadInputError


def cloud(records: int = 2000) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    random = np.random.default_rng(11)
    points = random.normal(size=(records, 2)) @ np.array([[2.0, 1.0], [0.0, 3.0]])
    return np.asarray(points, dtype=np.float64)


def table(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> pd.DataFrame:
    return pd.DataFrame(points, columns=["income", "savings"])


def test_unchanged_numbers_give_everything_away() -> None:
    found = perturbed_risk(table(cloud()), table(cloud()), ["income", "savings"])
    assert (found.interval, found.rank_interval, found.outlying) == (1.0, 1.0, 1.0)
    assert (found.linked_by_distance, found.linked_by_rank) == (1.0, 1.0)
    assert found.outlying_weighted == pytest.approx(1.0)


def test_exchanged_numbers_give_away_as_much_as_chance() -> None:
    points = cloud()
    found = perturbed_risk(table(points), table(np.random.default_rng(2).permutation(points)), ["income", "savings"])
    assert found.linked_by_distance < 0.003
    assert found.interval < 0.02


def test_intervals_are_shares_of_the_perturbed_spread() -> None:
    original = np.array([[0.0], [10.0], [20.0], [30.0]])
    masked = np.array([[0.0], [10.5], [21.0], [30.0]])
    spread = masked.std(ddof=1)
    assert interval_disclosed(original, masked, 0.6 / spread).tolist() == [True, True, False, True]
    assert interval_disclosed(original[:1], masked[:1]).tolist() == [True]


def test_rank_intervals_do_not_depend_on_the_scale() -> None:
    original = np.exp(np.arange(100.0))[:, None]
    masked = np.roll(original, 4)
    assert rank_disclosed(original, masked, 0.05).sum() == 96
    assert rank_disclosed(original, masked, 0.03).sum() == 0


def test_groups_of_three_equal_records_link_one_in_three() -> None:
    points = np.sort(cloud(300), axis=0)
    groups = np.repeat(points.reshape(100, 3, 2).mean(axis=1), 3, axis=0)
    found = linked_by_distance(points, groups)
    assert found.tried == 300
    assert 0.2 < found.share <= 1 / 3 + 1e-9


def test_large_files_are_tried_at_even_distances() -> None:
    points = cloud(1000)
    found = linked_by_distance(points, points, most=300)
    assert (found.tried, found.share) == (250, 1.0)


def test_rank_linkage_sees_through_what_keeps_the_order() -> None:
    points = cloud(400)
    assert linked_by_rank(points, np.sign(points) * points**4 + 1e-9 * points).share == 1.0
    assert linked_by_distance(points, np.sign(points) * points**4).share < 0.9


def test_outliers_do_not_hide_each_other_from_robust_distances() -> None:
    points = cloud()
    points[:300] += 100.0
    distances = robust_distances(points)
    assert distances[:300].min() > 3 * distances[300:].max()
    plain = points - points.mean(axis=0)
    classical = np.sqrt(np.einsum("ij,jk,ik->i", plain, np.linalg.inv(np.cov(plain, rowvar=False)), plain))
    assert classical[:300].min() < classical[300:].max()


def test_robust_distances_of_normal_points_are_mahalanobis_distances() -> None:
    points = cloud(20_000)
    covariance = np.array([[2.0, 1.0], [0.0, 3.0]]).T @ np.array([[2.0, 1.0], [0.0, 3.0]])
    expected = np.sqrt(np.einsum("ij,jk,ik->i", points, np.linalg.inv(covariance), points))
    assert robust_distances(points) == pytest.approx(expected, rel=0.1, abs=0.1)


def test_columns_of_few_or_one_value_have_scales_and_distances() -> None:
    random = np.random.default_rng(4)
    points = np.column_stack([np.repeat([0.0, 5.0], [95, 5]), np.full(100, 7.0), random.normal(size=100)])
    scales = robust_scales(points)
    assert scales[0] > 0
    assert scales[1] == 0
    assert np.isfinite(robust_distances(points)).all()
    assert robust_distances(points[:, 1:2]).tolist() == [0.0] * 100
    assert outlying_disclosed(points[:, 1:2], points[:, 1:2]).weighted == 1.0


def test_outliers_need_more_change_than_records_in_the_middle() -> None:
    points = cloud()
    points[0] = [1000.0, 1000.0]
    masked = points + 1.0
    found = outlying_disclosed(points, masked)
    assert found.disclosed[0]
    assert found.disclosed.mean() < 0.01
    assert found.alone[0]
    assert not interval_disclosed(points[1:], masked[1:]).any()


def test_records_among_near_ones_are_not_alone() -> None:
    points = np.repeat(cloud(50), 4, axis=0)
    found = outlying_disclosed(points, points)
    assert found.disclosed.all()
    assert not found.alone.any()


def test_records_without_all_numbers_are_left_out_and_counted() -> None:
    points = table(cloud(100))
    points.loc[3, "income"] = np.nan
    found = perturbed_risk(points, table(cloud(100)), ["income", "savings"])
    assert (found.records, found.left_out) == (99, 1)


def test_tables_that_cannot_be_compared_are_refused() -> None:
    points = table(cloud(10))
    with pytest.raises(BadInputError, match="10 records and the perturbed file 9"):
        perturbed_risk(points, points.iloc[:9], ["income"])
    with pytest.raises(BadInputError, match="name at least one"):
        perturbed_risk(points, points, [])
    with pytest.raises(BadInputError, match="'income' must hold numbers"):
        perturbed_risk(points, points.assign(income="a lot"), ["income"])
    left, right = points.copy(), points.copy()
    left.loc[:4, "income"] = np.nan
    right.loc[5:, "savings"] = np.nan
    with pytest.raises(BadInputError, match="no record has a number in all of income, savings"):
        perturbed_risk(left, right, ["income", "savings"])
