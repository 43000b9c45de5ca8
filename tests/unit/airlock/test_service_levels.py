"""Medians, percentiles and ages: what the queue and the public page say of waiting."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.service_levels import (
    BANDS,
    Decided,
    bands,
    by_lane,
    levels,
    median,
    moments,
    percentile,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_SECONDS = st.lists(st.integers(0, 10**7), min_size=1, max_size=60)


@given(_SECONDS)
def test_median_is_that_of_the_textbook(seconds: list[int]) -> None:
    assert median(sorted(seconds)) == statistics.median(seconds)


@given(_SECONDS, st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_percentile_is_the_smallest_value_that_the_share_does_not_exceed(seconds: list[int], share: float) -> None:
    found = percentile(sorted(seconds), share)
    assert found in seconds
    below = [value for value in seconds if value <= found]
    assert len(below) >= share * len(seconds) - 1e-6
    less = [value for value in seconds if value < found]
    assert len(less) < share * len(seconds)


def test_levels_are_by_month_and_lane_newest_first_and_people_alone_count_for_times() -> None:
    decisions = [
        Decided("2026-02", Lane.DECLARED, False, 100),
        Decided("2026-03", Lane.FILE, False, 300),
        Decided("2026-03", Lane.DECLARED, True, 1),
        Decided("2026-03", Lane.DECLARED, False, 50),
        Decided("2026-03", Lane.DECLARED, False, 70),
    ]
    found = [(x.month, x.lane, x.decisions, x.automatic, x.median_seconds, x.p95_seconds) for x in levels(decisions)]
    assert found == [
        ("2026-03", Lane.DECLARED, 3, 1, 60.0, 70.0),
        ("2026-03", Lane.FILE, 1, 0, 300.0, 300.0),
        ("2026-02", Lane.DECLARED, 1, 0, 100.0, 100.0),
    ]
    assert [(x.lane, x.decisions) for x in by_lane(decisions)] == [(Lane.DECLARED, 4), (Lane.FILE, 1)]


def test_month_of_automatic_releases_alone_has_no_times() -> None:
    (level,) = levels([Decided("2026-03", Lane.DECLARED, True, 1)])
    assert (level.median_seconds, level.p95_seconds) == (None, None)


@pytest.mark.parametrize("age", [timedelta(0), *BANDS, *(band - timedelta(seconds=1) for band in BANDS)])
def test_age_falls_into_exactly_one_band(age: timedelta) -> None:
    found = bands({Lane.FILE: (1, *(int(NOW - age <= moment) for moment in moments(NOW)))})
    (band,) = [one for one in found if one.requests]
    assert band.lane is Lane.FILE
    assert band.from_seconds <= age.total_seconds()
    assert band.to_seconds is None or age.total_seconds() < band.to_seconds
    assert len(found) == len(Lane) * (len(BANDS) + 1), "empty bands are named, too"


def test_nothing_that_waits_leaves_every_band_empty() -> None:
    assert {band.requests for band in bands({})} == {0}
