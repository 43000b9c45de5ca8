"""The population stability index: never negative, nothing for the same, the same both ways, and noise stays noise."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.projects.catalogue.checks import drift

COUNTS = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=20)


@given(COUNTS)
def test_index_is_a_distance(pairs: list[tuple[int, int]]) -> None:
    before, after = (list(side) for side in zip(*pairs, strict=True))
    index = drift.psi(before, after)
    assert index >= -1e-9
    assert abs(index - drift.psi(after, before)) <= 1e-9 * (1 + abs(index))
    assert abs(drift.psi(before, before)) <= 1e-9


@settings(max_examples=40)
@given(st.integers(2, 12), st.integers(50, 5000), st.integers(50, 5000), st.integers(0, 2**31))
def test_samples_of_one_distribution_are_hardly_ever_beyond_the_noise(
    bins: int, before: int, after: int, seed: int
) -> None:
    dice = random.Random(seed)
    weights = [dice.uniform(1, 3) for _ in range(bins)]
    beyond = 0
    for _ in range(20):
        drawn = [dice.choices(range(bins), weights, k=size) for size in (before, after)]
        counts = [[side.count(one) for one in range(bins)] for side in drawn]
        beyond += drift.psi(*counts) > drift.noise(bins, before, after)
    assert beyond <= 4
