"""Leaves have enough units, donors come from their leaf, and categories are ordered by what they tell."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.tree import DecisionTreeRegressor

from saferoom.disclosure.microdata.synthetic.described import Role
from saferoom.disclosure.microdata.synthetic.leaves import Leaves
from saferoom.disclosure.microdata.synthetic.margin import Margin
from saferoom.disclosure.microdata.synthetic.predictors import Column, ordering, scores
from saferoom.disclosure.microdata.synthetic.units import Units


@pytest.mark.parametrize("each", [1, 3, 40])
def test_every_leaf_has_enough_units_whatever_the_records(each: int) -> None:
    random = np.random.default_rng(each)
    rows = 1_200
    made = random.random((rows, 2)).astype(np.float32)
    unit = random.integers(0, rows // each, rows)
    units = Units.of(pa.table({"u": unit}), ["u"])
    tree = DecisionTreeRegressor(min_samples_leaf=10, random_state=1).fit(made, random.random(rows)).tree_
    leaves = Leaves.of(tree, made, np.arange(rows), units, 10, random)
    home = leaves.home[tree.apply(made)]
    assert min(len(set(unit[home == node])) for node in np.unique(home)) >= 10
    assert len(np.unique(home)) > 1
    donors, where = leaves.draw(made, rows, random)
    assert (home[donors] == where).all()
    assert (where == home).all()


def category(codes: np.ndarray[tuple[int], np.dtype[np.int32]], size: int) -> Column:
    labels = pa.array([f"c{i}" for i in range(size)])
    counts = np.bincount(codes, minlength=size + 1)
    return Column(Margin("x", Role.CATEGORY, pa.string(), codes, counts, labels=labels), codes)


def test_categories_are_ordered_by_the_mean_of_what_is_predicted() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 300, 30_000).astype(np.int32)
    height = random.permutation(300)
    order = ordering(category(codes, 300), (height[codes] + random.normal(size=30_000))[:, None])
    assert (np.argsort(order[:300]) == np.argsort(height)).all()


def test_many_classes_become_a_few_scores_that_tell_them_apart() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 100, 30_000).astype(np.int32)
    other = ((codes % 10) * 2 + (random.random(30_000) < 0.1)).astype(np.int32)
    found = scores(category(codes, 100), [category(other, 21)])
    assert found.shape == (30_000, 3)
    group = codes % 10
    between = np.array([found[group == one].mean(axis=0) for one in range(10)]).std(axis=0)
    within = np.array([found[group == one].std(axis=0) for one in range(10)]).mean(axis=0)
    assert (between > 5 * within).all()


def test_kernels_keep_the_spread_within_leaves() -> None:
    random = np.random.default_rng(1)
    ranks = random.random(20_000)
    units = Units.of(pa.table({"x": ranks}), [])
    leaves = Leaves.of(None, np.empty((20_000, 0), np.float32), np.arange(20_000), units, 10, random)
    donors, where = leaves.draw(None, 20_000, random)
    found = leaves.kernels(ranks, 0.0005).smoothed(ranks[donors], where, random)
    assert found.std() == pytest.approx(ranks.std(), rel=0.05)
    assert not np.isin(found, ranks).any()
