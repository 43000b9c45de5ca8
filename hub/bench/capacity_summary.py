"""What became of the requests for rooms of the `capacity` benchmark, and whether everybody was treated as promised."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

SLACK_SECONDS = 1.5
"""Who asked, or whose turn came, within this time of another counts as at the same moment: people are told their turn
twice a second, while a start keeps the processors busy."""
STATES = ("running", "starting", "waiting", "untold", "refused", "lost")
_EXAMPLES = 3
_BAD = ("untold", "refused", "lost")


@dataclass(frozen=True)
class Request:
    """One person's request, when the time was over.

    Attributes
    ----------
    asked : str
        When the hub began with it, ISO 8601 to the microsecond; nothing when it knows of none.
    pending : bool
        The hub says that it is on the way.
    waits : (int, str) or None
        How many are before the person and why, as they were told last.
    places : tuple of int
        How many were before them, each time that they were told.
    turn, ready, answered : float or None
        When it was their turn, the room was there, and a line was answered in it; seconds on the monotonic clock.
    refused : str
        The sentence with which it was refused.
    """

    asked: str
    pending: bool
    waits: tuple[int, str] | None = None
    places: tuple[int, ...] = ()
    turn: float | None = None
    ready: float | None = None
    answered: float | None = None
    refused: str = ""

    def answered_by(self, when: float | None) -> Request:
        """Return the same request with when its line was answered."""
        return replace(self, answered=when)

    @property
    def state(self) -> str:
        """One of `STATES`; `untold` waits and does not know where and why, `lost` is nowhere."""
        if self.refused:
            return "refused"
        if self.ready is not None:
            return "running"
        if not self.pending:
            return "lost"
        if self.turn is not None:
            return "starting"
        return "waiting" if self.waits else "untold"


def summary(requests: Sequence[Request], began: float) -> dict[str, Any]:
    """Return how many requests are in each state, what the waiting were told, how long it took, and what is unfair.

    Returns
    -------
    dict
        One number for each of `STATES`; ``silent``, rooms that are there and did not answer the line; ``told``, each
        sentence's reason and the places told with it; ``seconds`` until rooms were ready; ``passed``, pairs of which
        who asked later had their turn earlier; ``moved_back``, people who were told a worse place than before, and the
        places that some of them were told.
    """
    states = Counter(one.state for one in requests)
    silent = sum(one.state == "running" and one.answered is None for one in requests)
    told: dict[str, list[int]] = {}
    for one in requests:
        if one.state == "waiting" and one.waits:
            told.setdefault(one.waits[1], []).append(one.waits[0])
    back = [one.places for one in requests if list(one.places) != sorted(one.places, reverse=True)]
    order = {"passed": passed(requests), "moved_back": len(back)}
    return {
        **{state: states[state] for state in STATES},
        "silent": silent,
        "told": {why: sorted(places) for why, places in told.items()},
        "most_before": max((max(one.places) for one in requests if one.places), default=0),
        "refusals": sorted({one.refused for one in requests if one.refused}),
        "seconds_until_ready": _times([one.ready - began for one in requests if one.ready is not None]),
        "seconds_until_answered": _times([one.answered - began for one in requests if one.answered is not None]),
        "order": order,
        "moved_back_places": [list(places) for places in back[:_EXAMPLES]],
        "fair": not any(states[state] for state in _BAD) and not silent and not any(order.values()),
    }


def passed(requests: Sequence[Request]) -> int:
    """Return how many pairs there are of which who asked later, by the hub's clock, had their turn earlier."""
    timed = [(_seconds(one.asked), one.turn) for one in requests if one.asked]
    return sum(
        first + SLACK_SECONDS < second and later is not None and (turn is None or later + SLACK_SECONDS < turn)
        for first, turn in timed
        for second, later in timed
    )


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()


def _times(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {
        "first": round(min(seconds), 1),
        "median": round(statistics.median(seconds), 1),
        "last": round(max(seconds), 1),
    }
