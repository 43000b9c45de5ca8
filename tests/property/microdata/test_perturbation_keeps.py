"""What perturbing methods keep, whatever the records: group sizes, means, margins, frequencies, other columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from saferoom.disclosure.microdata.perturbation.blocks import blocked
from saferoom.disclosure.microdata.perturbation.exchanges import improved
from saferoom.disclosure.microdata.perturbation.grouping import error
from saferoom.disclosure.microdata.perturbation.mdav import Plain, grouped, mdav
from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate
from saferoom.disclosure.microdata.perturbation.pram import invariant_pram
from saferoom.disclosure.microdata.perturbation.rank_swapping import rank_swapped
from saferoom.disclosure.microdata.perturbation.remaining import Remaining
from saferoom.disclosure.microdata.perturbation.shuffling import shuffled
from saferoom.disclosure.microdata.perturbation.transitions import drawn, invariant
from saferoom.disclosure.microdata.plans.steps import METHODS

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def tables(least: int = 6, most: int = 60) -> st.SearchStrategy[Any]:
    return st.tuples(st.integers(least, most), st.integers(1, 4)).flatmap(
        lambda shape: arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.5, -7.0]) | NUMBERS)
    )


@given(points=tables(), k=st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_mdav_groups_hold_from_k_to_twice_k_less_one(points: Any, k: int) -> None:
    for groups in (grouped(Plain(points), k), grouped(Remaining(points), k)):
        sizes = np.bincount(groups)
        assert sizes.min() >= k
        assert sizes.max() <= 2 * k - 1


@given(seed=st.integers(0, 10_000), k=st.integers(2, 7), block=st.integers(32, 90))
@settings(max_examples=25, deadline=None)
def test_blocks_and_exchanges_keep_group_sizes_and_never_lose_more(seed: int, k: int, block: int) -> None:
    points = np.round(np.random.default_rng(seed).lognormal(size=(400, 3)), 1)
    before = blocked(points, k, block)
    after = improved(points, before, k)
    for groups in (before, after):
        sizes = np.bincount(groups)
        assert sizes.min() >= k
        assert sizes.max() <= 2 * k - 1
    assert error(points, after) <= error(points, before) * (1 + 1e-9)
    assert (blocked(points, k, 400) == mdav(points, k)).all()


@given(values=tables(), k=st.integers(2, 5), by=st.sampled_from(["mdav", "robust", "component", "single", "each"]))
@settings(max_examples=60, deadline=None)
def test_microaggregation_keeps_means(values: Any, k: int, by: Any) -> None:
    found = microaggregate(values, Manner(k, by))
    assert found.values.mean(axis=0) == pytest.approx(values.mean(axis=0), rel=1e-9, abs=1e-6)
    for column in found.values.T:
        assert len(np.unique(np.round(column, 9))) <= len(values) // k


@given(size=st.integers(1, 9), least=st.floats(0, 1), share=st.floats(0, 1), seed=st.integers(0, 999), data=st.data())
@settings(max_examples=80, deadline=None)
def test_matrices_are_stochastic_and_invariant(size: int, least: float, share: float, seed: int, data: Any) -> None:
    counts = np.array(data.draw(st.lists(st.integers(0, 500), min_size=size, max_size=size)))
    matrix = drawn(size, least, np.random.default_rng(seed))
    kept = invariant(matrix, counts, share)
    for one in (matrix, kept):
        assert (one >= 0).all()
        assert one.sum(axis=1) == pytest.approx(np.ones(size))
    assert np.diagonal(matrix).min() >= least - 1e-12
    assert counts @ kept == pytest.approx(counts, abs=1e-6)


@given(codes=arrays.arrays(np.int32, st.integers(1, 80), elements=st.integers(-1, 5)), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_pram_publishes_only_categories_that_occur_and_repeats(codes: Any, seed: int) -> None:
    one, other = (invariant_pram(codes, 6, np.random.default_rng(seed), least=0.2) for _ in range(2))
    assert (one.codes == other.codes).all()
    assert ((one.codes < 0) == (codes < 0)).all()
    assert set(one.codes.tolist()) <= set(codes.tolist())


@given(
    values=arrays.arrays(np.float64, st.integers(1, 120), elements=st.sampled_from([1.0, 2.0, np.nan]) | NUMBERS),
    reach=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_rank_swapping_keeps_the_margin_and_the_reach(values: Any, reach: float, seed: int) -> None:
    order = rank_swapped(values, reach, np.random.default_rng(seed))
    assert (order[order] == np.arange(len(values))).all()
    assert (np.isnan(values[order]) == np.isnan(values)).all()
    there = np.sort(values[~np.isnan(values)])
    moved = values[order]
    farthest = max(1, int(reach * len(there)))
    for own, new in zip(values, moved, strict=True):
        if not np.isnan(own):
            least = np.searchsorted(there, own), np.searchsorted(there, own, side="right") - 1
            now = np.searchsorted(there, new), np.searchsorted(there, new, side="right") - 1
            assert max(now[0] - least[1], least[0] - now[1]) <= farthest


@given(values=tables(12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_shuffling_keeps_every_column_as_a_permutation(values: Any, seed: int) -> None:
    one, other = (shuffled(values, values[:, :1], np.random.default_rng(seed)) for _ in range(2))
    assert (np.sort(one, axis=0) == np.sort(values, axis=0)).all()
    assert (one == other).all()


STEPS: list[dict[str, Any]] = [
    {"method": "microaggregation", "columns": ("income", "hours"), "k": 3},
    {"method": "microaggregation", "columns": ("income",), "weight": "weight", "within": ("region",)},
    {"method": "pram", "columns": ("job", "region"), "least": 0.3},
    {"method": "pram", "columns": ("job",), "invariant": False},
    {"method": "rank_swapping", "columns": ("income", "day"), "reach": 0.2},
    {"method": "record_swapping", "areas": ("region",), "risk": ("job",), "like": (("sex",),)},
    {"method": "noise", "columns": ("income",), "kind": "additive", "size": 0.3},
    {"method": "shuffling", "columns": ("income", "hours"), "known": ("sex",)},
]


@given(step=st.sampled_from(STEPS), seed=st.integers(0, 99), arrow=st.booleans())
@settings(max_examples=60, deadline=None)
def test_step_changes_what_it_says_alone_and_repeats(step: dict[str, Any], seed: int, arrow: bool) -> None:
    import pyarrow as pa

    frame = people(seed)
    table: Any = pa.Table.from_pandas(frame) if arrow else frame
    method = METHODS[step["method"]]
    model: Any = method.model(**step)
    one, other = (method.apply(table, model, np.random.default_rng(seed)) for _ in range(2))
    pandas: list[Any] = [_as_pandas(made.frame) for made in (one, other)]
    pd.testing.assert_frame_equal(pandas[0], pandas[1])
    origin = _as_pandas(table)
    said = list(model.changes(()))
    pd.testing.assert_frame_equal(pandas[0].drop(columns=said), origin.drop(columns=said))
    assert list(pandas[0].columns) == list(frame.columns)
    differs = {name: int((pandas[0][name] != origin[name]).sum()) for name in said}
    assert dict(one.changed) == differs
    assert table.equals(pa.Table.from_pandas(people(seed)) if arrow else people(seed))


def _as_pandas(table: Any) -> Any:
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


def people(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    count = 60
    return pd.DataFrame(
        {
            "region": random.choice(["n", "s", "e"], count),
            "job": random.choice(["a", "b", "c", "d"], count),
            "sex": random.integers(0, 2, count),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, count), unit="D"),
            "income": random.lognormal(8, 1, count),
            "hours": random.integers(0, 60, count),
            "weight": random.uniform(1, 9, count),
        },
        index=random.permutation(count),
    )
