"""Whatever the data, a released curve tells of nobody: each count that follows from it is none or enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.statbarns.survival_steps import Demand, Steps, Ticks, gather_steps

LEAST = 10


def ticks_of(counts: list[list[tuple[int, int]]]) -> Ticks:
    """Return the ticks of strata with these numbers of events and censorings."""
    flat = [(place, i, e, c) for place, stratum in enumerate(counts) for i, (e, c) in enumerate(stratum)]
    stratum, index, events, censored = (np.array(column, dtype=np.int64) for column in zip(*flat, strict=True))
    nothing = np.zeros(len(flat))
    return Ticks(
        stratum=stratum,
        index=index,
        end=index.astype(float) + 1,
        moments=np.ones(len(flat), dtype=np.int64),
        events=events.astype(float),
        censored=censored.astype(float),
        kept=nothing + 1,
        hazard=nothing,
        greenwood=nothing,
        aalen=nothing,
        event_units=events[None, :],
        censored_units=censored[None, :],
    )


def told(ticks: Ticks, steps: Steps, place: int) -> tuple[list[float], list[float], float]:
    """Return what follows from one stratum's steps: events, censorings told, and those certainly left at the end."""
    mine = [i for i in range(len(steps)) if ticks.stratum[steps.last[i]] == place]
    events = [float(ticks.events[steps.first[i] : steps.last[i] + 1].sum()) for i in mine]
    removed = [float(steps.removed[i]) for i in mine]
    whole = float((ticks.events + ticks.censored)[ticks.stratum == place].sum())
    return events, removed, whole - sum(events) - sum(removed)


COUNTS = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 0, 1, 2, 9, 10, 40])), min_size=1, max_size=25),
    min_size=1,
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(COUNTS, st.booleans())
def test_every_count_that_follows_from_a_curve_is_none_or_enough(counts: Any, weighted: bool) -> None:
    ticks = ticks_of(counts)
    steps = gather_steps(ticks, Demand((LEAST,), (True,), weighted))
    for place in range(len(counts)):
        events, removed, left = told(ticks, steps, place)
        assert all(count >= LEAST for count in events)
        assert all(count == 0 or count >= LEAST for count in removed)
        assert not events or left >= LEAST


@settings(max_examples=200, deadline=None)
@given(COUNTS)
def test_steps_follow_each_other_without_gaps(counts: Any) -> None:
    ticks = ticks_of(counts)
    steps = gather_steps(ticks, Demand((LEAST,), (True,), weighted=False))
    for i in range(1, len(steps)):
        same = ticks.stratum[steps.last[i]] == ticks.stratum[steps.last[i - 1]]
        assert steps.first[i] == steps.last[i - 1] + 1 if same else steps.first[i] > steps.last[i - 1]


def test_enough_events_at_every_tick_are_not_gathered() -> None:
    ticks = ticks_of([[(12, 0)] * 8 + [(0, 50)]])
    assert gather_steps(ticks, Demand((LEAST,), (True,), weighted=False)).last.tolist() == list(range(8))
