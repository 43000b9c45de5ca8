"""Laws of measures of utility: nothing is lost by nothing, order does not matter, weights are records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.utility import Compared, compare, propensity
from saferoom.disclosure.microdata.utility.moments import moments
from saferoom.disclosure.microdata.utility.overlap import Overlap
from saferoom.disclosure.microdata.utility.shares import distance, overlap_of_shares

PAIRED = Compared(corresponding=True)
few = settings(max_examples=12, deadline=None)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    size = draw(st.integers(30, 120))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    frame = pd.DataFrame(
        {"a": random.integers(0, 4, size), "b": random.choice(list("xyz"), size), "c": random.normal(size=size)}
    )
    gaps = random.random(size) < draw(st.sampled_from([0.0, 0.3]))
    return frame.assign(c=frame["c"].mask(gaps), b=frame["b"].mask(gaps))


@few
@given(frames())
def test_the_same_records_lose_nothing(frame: pd.DataFrame) -> None:
    report = compare(frame, frame.copy(), PAIRED)
    document = report.document()
    assert report.lost == pytest.approx(0.0, abs=1e-9)
    for one in document["columns"].values():
        assert one["distance"]["total_variation"] == 0.0
        assert one["overlap"] is None or one["overlap"]["overlap"] in (None, pytest.approx(1.0))
    assert document["propensity"]["main"]["pmse"] == pytest.approx(0.0, abs=1e-9)


@few
@given(frames(), st.integers(0, 1_000))
def test_the_order_of_records_does_not_matter(frame: pd.DataFrame, seed: int) -> None:
    after = frame.assign(c=frame["c"] * 1.5, a=frame["a"].clip(upper=2))
    order = np.random.default_rng(seed).permutation(len(frame))
    one, other = compare(frame, after, PAIRED), compare(frame.iloc[order], after.iloc[order], PAIRED)
    assert one.lost == pytest.approx(other.lost, abs=1e-9)
    assert one.propensity.main.pmse == pytest.approx(other.propensity.main.pmse, abs=1e-7)
    apart = compare(frame, after.iloc[order])
    assert [c.distance for c in apart.columns] == [c.distance for c in one.columns] or one.columns[0].told is False


@few
@given(frames())
def test_shares_lost_and_distances_lie_between_nothing_and_all(frame: pd.DataFrame) -> None:
    random = np.random.default_rng(len(frame))
    shuffled = pd.DataFrame({name: random.permutation(frame[name].to_numpy()) for name in frame.columns})
    report = compare(frame, shuffled, PAIRED)
    for one in report.columns:
        assert one.lost is not None
        assert -1e-12 <= one.lost <= 1 + 1e-12
        if one.distance is not None:
            assert 0.0 <= one.distance.total_variation <= 1.0
    assert 0.0 <= report.propensity.pairs.pmse <= 0.25 + 1e-9


shares = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6)


@given(shares, shares)
def test_hellinger_and_total_variation_bound_each_other(one: list[float], other: list[float]) -> None:
    size = min(len(one), len(other))
    p, q = np.array(one[:size]) / sum(one[:size]), np.array(other[:size]) / sum(other[:size])
    found = distance(p, q)
    assert found.hellinger**2 <= found.total_variation + 1e-12
    assert found.total_variation <= np.sqrt(2) * found.hellinger + 1e-12
    assert distance(q, p) == found


numbers = st.floats(-100, 100)


@given(numbers, numbers, st.floats(0.01, 10), st.floats(0.01, 10))
def test_overlap_is_symmetric_and_at_most_whole(one: float, other: float, error: float, second: float) -> None:
    def of(a: float, b: float, c: float, d: float) -> float:
        return float(Overlap(np.array([a]), np.array([b]), np.array([c]), np.array([d])).overlaps[0])

    assert of(one, other, error, second) == pytest.approx(of(other, one, second, error))
    assert -1.0 <= of(one, other, error, second) <= 1.0 + 1e-12


@given(st.lists(st.tuples(numbers, st.integers(1, 4)), min_size=12, max_size=40))
def test_a_weight_counts_as_so_many_records(pairs: list[tuple[float, int]]) -> None:
    values, weights = np.array([v for v, _w in pairs]), np.array([float(w) for _v, w in pairs])
    weighted, repeated = moments(values, weights, 10), moments(np.repeat(values, weights.astype(int)), None, 10)
    assert weighted is not None
    assert repeated is not None
    assert weighted.mean == pytest.approx(repeated.mean, abs=1e-9)
    codes = (values > 0).astype(np.int32)
    own = overlap_of_shares((codes, weights), (np.repeat(codes, weights.astype(int)), None), 2, 1)
    assert own.before == pytest.approx(own.after)


def test_tables_drawn_from_the_original_have_a_ratio_of_one() -> None:
    frame, random = people(1_500), np.random.default_rng(8)
    found = [propensity(frame, frame.iloc[random.integers(0, 1_500, 1_500)]) for _ in range(12)]
    for ratios in ([one.main.ratio or 0.0 for one in found], [one.pairs.ratio or 0.0 for one in found]):
        assert 0.8 < float(np.mean(ratios)) < 1.25


def test_more_noise_is_never_more_useful() -> None:
    frame = people(800)
    reports = [compare(frame, noisy(frame, size), PAIRED) for size in (0.05, 0.2, 0.8)]
    for told in (
        [one.lost or 0.0 for one in reports],
        [one.distances.il1s if one.distances else 0.0 for one in reports],
        [one.propensity.pairs.ratio or 0.0 for one in reports],
    ):
        assert told == sorted(told)
        assert told[0] < told[2]
