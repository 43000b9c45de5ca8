"""Intervals and tests of shares: published values, and what must hold between them."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.projects.linkage.intervals import (
    Share,
    Stratum,
    clopper_pearson,
    difference,
    holm,
    p_value,
    part,
    stratified,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_of_newcombe_1998_table_one_agrees(successes: int, trials: int, low: float, high: float) -> None:
    found = wilson(successes, trials)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_difference_of_newcombe_1998_examples_agrees(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(one, other)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(81, 263, 0.2527, 0.3676), (0, 20, 0.0, 0.1684), (20, 20, 0.8316, 1.0)]
)
def test_clopper_pearson_of_published_examples_agrees(successes: int, trials: int, low: float, high: float) -> None:
    found = clopper_pearson(successes, trials)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_stratified_of_one_stratum_is_wilson() -> None:
    assert stratified([Stratum(1e9, 0.3, 100)]).low == pytest.approx(wilson(30, 100).low)
    assert stratified([Stratum(1e9, 0.3, 100)]).high == pytest.approx(wilson(30, 100).high)


def test_stratified_of_a_stratum_seen_whole_leaves_nothing_to_chance() -> None:
    assert stratified([Stratum(40, 0.25, 40)]) == Share(0.25, 0.25, 0.25)


def test_stratified_over_drawn_samples_covers_the_truth() -> None:
    rng = np.random.default_rng(3)
    sizes, shares, seen = (5000, 800, 200), (0.99, 0.8, 0.3), (60, 60, 60)
    truth = sum(n * p for n, p in zip(sizes, shares, strict=True)) / sum(sizes)
    covered = 0
    for _ in range(400):
        hits = [rng.binomial(n, p) for n, p in zip(seen, shares, strict=True)]
        found = stratified([Stratum(size, hit / 60, 60) for size, hit in zip(sizes, hits, strict=True)])
        covered += found.low <= truth <= found.high
    assert covered >= 370


def test_part_of_nothing_missed_is_everything() -> None:
    assert part(wilson(90, 100), 100, None, 0) == Share(1.0, 1.0, 1.0)


def test_part_of_nothing_found_is_nothing() -> None:
    assert part(Share(0, 0, 0.1), 50, wilson(5, 10), 10).value == 0


@pytest.mark.parametrize("missed", [0, 1, 20, 60])
def test_part_lies_within_its_interval_and_within_the_corners(missed: int) -> None:
    found, lost = wilson(950, 1000), wilson(missed, 100)
    share = part(found, 1000, lost, 100)
    worst = found.low * 1000 / (found.low * 1000 + lost.high * 100)
    best = found.high * 1000 / (found.high * 1000 + lost.low * 100)
    assert worst - 1e-9 <= share.low <= share.value <= share.high <= best + 1e-9


def test_holm_of_many_true_hypotheses_raises_few_alarms() -> None:
    rng = np.random.default_rng(5)
    alarms = sum(min(holm(list(rng.random(50)))) < 0.05 for _ in range(400))
    assert alarms <= 32


def test_p_value_of_equal_shares_is_one_and_of_apart_is_small() -> None:
    assert p_value((5, 10), (50, 100)) == pytest.approx(1)
    assert p_value((10, 10), (100, 100)) == 1
    assert p_value((900, 1000), (980, 1000)) < 1e-9


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_share_of_impossible_counts_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="trials"):
        wilson(successes, trials)
    with pytest.raises(ValueError, match="trials"):
        clopper_pearson(successes, trials)
