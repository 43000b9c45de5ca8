"""Bins are safe whatever the data and the edges; shares and ratios keep their bounds."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tests.support.statistics_lab import Lab

from saferoom.disclosure.statbarns.bins import bin_labels, even_edges, merged, nice_step, series_edges
from saferoom.disclosure.verdict import Verdict

COUNTS = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=8).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 40))
)


@given(COUNTS, st.integers(3, 30))
def test_merged_bins_hold_the_threshold_or_are_one(counts: np.ndarray, least: int) -> None:
    wanted = np.full(counts.shape[0], least)
    kept = merged(counts, wanted)
    parts = np.split(counts, [edge + 1 for edge in kept], axis=2)
    sums = np.stack([part.sum(axis=2) for part in parts], axis=2)
    assert (sums.sum(axis=2) == counts.sum(axis=2)).all()
    assert not kept or (sums >= least).all()


@given(COUNTS, st.integers(3, 30))
def test_safe_bins_stay_as_they_are(counts: np.ndarray, least: int) -> None:
    assert merged(counts + least, np.full(counts.shape[0], least)) == tuple(range(counts.shape[2] - 1))


@given(st.floats(1e-12, 1e12))
def test_nice_step_is_at_least_as_wide_and_not_much_wider(width: float) -> None:
    step = nice_step(width)
    assert width * (1 - 1e-6) <= step <= 2.5 * width * (1 + 1e-6)
    assert f"{step:e}"[0] in "125"


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(2, 200), st.booleans())
def test_edges_rise_and_lie_within(low: float, width: float, bins: int, whole: bool) -> None:
    high = low + width
    slack = 1e-6 * max(abs(low), abs(high), 1)
    for edges in (even_edges(low, high, bins, whole), series_edges(low, high)):
        assert list(edges) == sorted(set(edges))
        assert all(low - slack <= edge <= high + slack for edge in edges)
        assert len(set(bin_labels(edges))) == len(edges) + 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 400),
    shape=st.sampled_from(["flat", "heavy", "tied", "negative"]),
    bins=st.one_of(st.none(), st.integers(2, 60), st.lists(st.integers(-50, 200), min_size=2, max_size=9, unique=True)),
)
def test_histogram_that_passes_shows_the_threshold_in_every_bin(
    tmp_path: Path, seed: int, count: int, shape: str, bins: int | list[int] | None
) -> None:
    rng = random.Random(seed)
    draws: dict[str, Callable[[], float]] = {
        "flat": lambda: rng.uniform(0, 100),
        "heavy": lambda: rng.paretovariate(0.7),
        "tied": lambda: float(rng.choice([0, 0, 0, 5, 17])),
        "negative": lambda: rng.gauss(-20, 30),
    }
    rows = [{"person_id": i // 2, "x": draws[shape](), "g": rng.choice("ab")} for i in range(count)]
    options = {"options": {"bins": sorted(bins) if isinstance(bins, list) else bins}} if bins else {}
    judged = Lab(tmp_path).check({"statistic": "histogram", "measure": "x", "by": ["g"], **options}, rows)
    units = judged.evidence["units"]["person_id"]
    assert judged.verdict is Verdict.FAIL or min(units) >= 10


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=40), scale=st.floats(0.01, 1e4))
def test_gini_lies_between_nothing_and_everything_at_any_scale(
    tmp_path: Path, values: list[float], scale: float
) -> None:
    rows = [{"person_id": i, "x": x, "y": x * scale} for i, x in enumerate(values)]
    lab = Lab(tmp_path)
    one, other = (lab.check({"statistic": "gini", "measure": name}, rows).table.rows[0][0] for name in "xy")
    if one is None or other is None:
        assert not any(values) or not any(x * scale for x in values)
    else:
        assert -1e-9 <= float(one) <= 1 + 1e-9
        assert abs(float(one) - float(other)) < 1e-6
