"""Microaggregation: MDAV step by step, the same groups by boxes as by looking at everybody, blocks, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.microdata.perturbation.blocks import blocked
from saferoom.disclosure.microdata.perturbation.exchanges import improved
from saferoom.disclosure.microdata.perturbation.grouping import Points, error, information_loss, means, medians
from saferoom.disclosure.microdata.perturbation.mdav import Plain, grouped, mdav
from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, Method, microaggregate
from saferoom.disclosure.microdata.perturbation.remaining import Remaining
from saferoom.disclosure.microdata.perturbation.scaling import standardised, whitened
from saferoom.errors import BadInputError


def people(count: int, columns: int, seed: int = 1) -> Points:
    random = np.random.default_rng(seed)
    shared = random.normal(size=(count, 1))
    return np.exp(0.7 * shared + 0.7 * random.normal(size=(count, columns)))


def test_mdav_of_a_line_groups_the_far_ends_first() -> None:
    # mean 4.857..: 12 is farthest and takes 11 and 10; 0 is farthest from 12 and takes 1 and 2; 4 and 5 join none.
    points = np.array([0.0, 1, 2, 10, 11, 12, 4, 5, 6, 7])[:, None]
    groups = mdav(points, 3)
    assert groups.tolist() == [1, 1, 1, 0, 0, 0, 2, 2, 2, 2]


def test_mdav_of_fewer_than_two_groups_is_one_group() -> None:
    assert mdav(np.arange(5.0)[:, None], 3).tolist() == [0] * 5


def test_mdav_of_less_than_three_groups_takes_the_farthest_first() -> None:
    points = np.array([0.0, 1, 2, 3, 4, 50, 51])[:, None]
    assert mdav(points, 3).tolist() == [1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(("count", "columns", "k"), [(700, 1, 3), (900, 3, 3), (800, 6, 5), (650, 2, 10)])
def test_boxes_give_the_groups_of_looking_at_everybody(count: int, columns: int, k: int) -> None:
    points = standardised(people(count, columns))
    assert (grouped(Remaining(points), k) == grouped(Plain(points), k)).all()


def test_boxes_with_many_equal_records_keep_sizes_and_loss() -> None:
    points = np.repeat(np.random.default_rng(3).integers(0, 4, (200, 2)).astype(float), 3, axis=0)
    one, other = grouped(Remaining(points), 3), grouped(Plain(points), 3)
    assert np.bincount(one).min() >= 3
    assert np.bincount(one).max() <= 5
    assert error(points, one) == pytest.approx(error(points, other), rel=0.2)


@pytest.mark.parametrize("columns", [2, 6])
def test_blocks_with_exchanges_lose_at_most_two_percent_more_than_exact_mdav(columns: int) -> None:
    points = standardised(people(6_000, columns))
    exact = error(points, mdav(points, 3))
    found = improved(points, blocked(points, 3, block=512), 3)
    sizes = np.bincount(found)
    assert (sizes.min(), sizes.max() <= 5) == (3, True)
    assert error(points, found) <= 1.02 * exact


def test_blocks_alone_lose_more_which_exchanges_win_back() -> None:
    points = standardised(people(6_000, 5))
    alone = blocked(points, 3, block=512)
    assert error(points, improved(points, alone, 3)) < 0.93 * error(points, alone)


def test_exchanges_put_a_stray_record_back() -> None:
    points = np.array([0.0, 0.1, 9.0, 8.8, 8.9, 0.2])[:, None]
    assert improved(points, np.array([0, 0, 0, 1, 1, 1]), 3).tolist() == [0, 0, 1, 1, 1, 0]


def test_exchanges_of_one_group_change_nothing() -> None:
    groups = np.zeros(5, dtype=np.intp)
    assert improved(np.arange(5.0)[:, None], groups, 3) is groups


def test_information_loss_is_the_share_of_the_spread() -> None:
    values = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [7.0, 7.0]])
    changed = np.array([[2.0, 7.0], [2.0, 7.0], [6.0, 7.0], [6.0, 7.0]])
    assert information_loss(values, changed) == pytest.approx(100 * 4 / 20)
    assert information_loss(values[:, 1:], changed[:, 1:]) == 0.0


def test_means_with_weights_keep_weighted_totals() -> None:
    values, weights = people(40, 2), np.arange(1.0, 41.0)
    found = microaggregate(values, Manner(3), weights)
    assert found.values.T @ weights == pytest.approx(values.T @ weights)
    assert found.values.sum(axis=0) != pytest.approx(values.sum(axis=0))


def test_medians_let_an_outlier_show_in_nobody() -> None:
    values = np.array([[1.0], [2.0], [1000.0], [5.0], [6.0], [7.0], [8.0]])
    groups = np.array([0, 0, 0, 1, 1, 1, 1])
    assert medians(values, groups).ravel().tolist() == [2.0, 6.5]
    assert means(values, groups)[0, 0] > 300
    assert microaggregate(values, Manner(3, value="median")).values.max() < 500


def test_robust_distances_are_not_stretched_by_outliers() -> None:
    random = np.random.default_rng(5)
    values = random.normal(size=(400, 2))
    values[:4] *= 1e4
    plain, robust = standardised(values)[4:], whitened(values)[4:]
    assert plain.std() < 0.05
    assert robust.std() == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("by", ["mdav", "blocked", "robust", "component", "single", "order"])
def test_every_method_shares_records_among_k(by: Method) -> None:
    found = microaggregate(people(100, 3), Manner(4, by))
    counts = np.unique(found.values, axis=0, return_counts=True)[1]
    assert counts.min() >= 4
    assert found.smallest >= 4


def test_each_column_by_itself_shares_values_but_not_records() -> None:
    found = microaggregate(people(99, 3), Manner(3, "each"))
    assert all(np.unique(column, return_counts=True)[1].min() >= 3 for column in found.values.T)
    assert np.unique(found.values, axis=0, return_counts=True)[1].min() == 1


def test_records_that_miss_the_same_columns_are_grouped_among_themselves() -> None:
    values = people(30, 2)
    values[:5, 1] = np.nan
    found = microaggregate(values, Manner(3)).values
    assert (np.isnan(found) == np.isnan(values)).all()
    assert len(np.unique(found[:5, 0])) == 1
    assert found[:5, 0].mean() == pytest.approx(values[:5, 0].mean())


def test_fewer_than_k_with_the_same_missing_are_refused_by_count() -> None:
    values = people(30, 2)
    values[:2, 1] = np.nan
    with pytest.raises(BadInputError, match=r"only 2 records are in one stratum .* k = 3"):
        microaggregate(values, Manner(3))


def test_strata_share_no_groups() -> None:
    values, strata = people(40, 2), np.arange(40) % 2
    found = microaggregate(values, Manner(3), strata=strata).values
    for stratum in (0, 1):
        assert found[strata == stratum].mean(axis=0) == pytest.approx(values[strata == stratum].mean(axis=0))
    assert not {*found[strata == 0, 0]} & {*found[strata == 1, 0]}
