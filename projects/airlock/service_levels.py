"""How long requests take to be decided, how long those wait that are not, and what audits of the automatic route found.

The store gives one record per decision and per waiting request, each made from times that were written down when they
happened; nothing here reads a request.

Vocabulary
----------
decision
    The end of a round: approved, returned, or rejected. What its author took back is no decision. Where a review
    began again because something had changed meanwhile, the time counts from the author's submission all the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from saferoom.projects.airlock.model import Lane

BANDS = (timedelta(hours=1), timedelta(days=1), timedelta(days=3), timedelta(days=5))
"""Where one band of waiting times ends and the next begins."""


class Decided(NamedTuple):
    """One decision: in which month (``2026-03``, UTC), and how long it took, in seconds."""

    month: str
    lane: Lane
    automatic: bool
    seconds: int


@dataclass(frozen=True)
class Audited:
    """Of the automatic releases drawn in one month: how many, how many looked at, how many should not have left."""

    month: str
    drawn: int
    looked_at: int
    wrong: int


@dataclass(frozen=True)
class Level:
    """The service level of one lane in one month.

    Attributes
    ----------
    month : str
        ``2026-03``, by the day of the decision in UTC; empty where months are not told apart.
    automatic : int
        How many of `decisions` needed no person.
    median_seconds, p95_seconds : float
        From the author's submission to the decision, of those that a person decided; None where there is none.
    """

    month: str
    lane: Lane
    decisions: int
    automatic: int
    median_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True)
class Band:
    """How many requests of a lane wait, and have waited at least `from_seconds` and less than `to_seconds`."""

    lane: Lane
    from_seconds: float
    to_seconds: float | None
    requests: int


def levels(decisions: Iterable[Decided]) -> tuple[Level, ...]:
    """Return the service levels by month and lane, the newest month first."""
    found: dict[tuple[str, Lane], list[Decided]] = defaultdict(list)
    for decision in decisions:
        found[decision.month, decision.lane].append(decision)
    order = list(Lane)
    keys = sorted(found, key=lambda key: (key[0], -order.index(key[1])), reverse=True)
    return tuple(_level(key, found[key]) for key in keys)


def by_lane(decisions: Iterable[Decided]) -> tuple[Level, ...]:
    """Return the service level of each lane in which something was decided."""
    found: dict[Lane, list[Decided]] = defaultdict(list)
    for decision in decisions:
        found[decision.lane].append(decision)
    return tuple(_level(("", lane), found[lane]) for lane in Lane if lane in found)


def _level(key: tuple[str, Lane], decisions: Sequence[Decided]) -> Level:
    people = sorted(one.seconds for one in decisions if not one.automatic)
    return Level(
        month=key[0],
        lane=key[1],
        decisions=len(decisions),
        automatic=len(decisions) - len(people),
        median_seconds=median(people),
        p95_seconds=percentile(people, 0.95),
    )


def median(ordered: Sequence[float]) -> float | None:
    """Return the median of `ordered`, None when there is nothing.

    >>> median([1, 2, 10]), median([1, 3]), median([])
    (2.0, 2.0, None)
    """
    if not ordered:
        return None
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of `ordered` do not exceed (the nearest rank).

    References
    ----------
    Hyndman and Fan (1996), Sample quantiles in statistical packages, definition 1.

    >>> percentile(list(range(1, 101)), 0.95), percentile([7], 0.95), percentile([], 0.95)
    (95.0, 7.0, None)
    """
    if not ordered:
        return None
    rank = math.ceil(round(share * len(ordered), 9))
    return float(ordered[max(0, rank - 1)])


def moments(now: datetime) -> tuple[datetime, ...]:
    """Return until when a request was submitted that has waited for each of `BANDS`."""
    return tuple(now - band for band in BANDS)


def bands(waiting: Mapping[Lane, Sequence[int]]) -> tuple[Band, ...]:
    """Return how many requests wait by lane and age; every band is named, also an empty one.

    Parameters
    ----------
    waiting : mapping of Lane to sequence of int
        How many wait at all, and how many of them were submitted until each of `moments`.
    """
    edges = [0.0, *(band.total_seconds() for band in BANDS)]
    ends = [*edges[1:], None]
    found = []
    for lane in Lane:
        longer = [*waiting.get(lane, [0] * len(edges)), 0]
        found += [Band(lane, edges[n], ends[n], longer[n] - longer[n + 1]) for n in range(len(edges))]
    return tuple(found)
