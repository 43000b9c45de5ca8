"""How long decisions on release requests take, as the register tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.service_levels import Decided, Level, levels, median, percentile


@dataclass(frozen=True)
class Times:
    """Response times of one lane, or of all together (`lane` None), over the period that the register tells.

    Attributes
    ----------
    decisions, automatic : int
        How many there were, and how many of them needed no person.
    median_seconds, p95_seconds : float or None
        From the author's submission to the decision, of those that a person decided; None where there is none.
    """

    lane: Lane | None
    decisions: int
    automatic: int
    median_seconds: float | None
    p95_seconds: float | None

    def document(self) -> dict[str, Any]:
        """Return the times as a JSON-ready document."""
        return {
            "lane": self.lane.value if self.lane else "all",
            "decisions": self.decisions,
            "automatic": self.automatic,
            "median_seconds": self.median_seconds,
            "p95_seconds": self.p95_seconds,
        }


@dataclass(frozen=True)
class ResponseTimes:
    """The times of the whole period, of each lane in it, and by month."""

    overall: Times
    lanes: tuple[Times, ...]
    months: tuple[Level, ...]

    def document(self) -> dict[str, Any]:
        """Return the times as a JSON-ready document."""
        return {
            "overall": self.overall.document(),
            "lanes": [one.document() for one in self.lanes],
            "months": [{"month": level.month, **Times(*_parts(level)).document()} for level in self.months],
        }


def response_times(decisions: Iterable[Decided]) -> ResponseTimes:
    """Return the response times of `decisions`; lanes without a decision are left out."""
    found = tuple(decisions)
    lanes = [lane for lane in Lane if any(one.lane is lane for one in found)]
    return ResponseTimes(
        overall=_times(None, found),
        lanes=tuple(_times(lane, [one for one in found if one.lane is lane]) for lane in lanes),
        months=levels(found),
    )


def _times(lane: Lane | None, decisions: Iterable[Decided]) -> Times:
    found = tuple(decisions)
    people = sorted(one.seconds for one in found if not one.automatic)
    return Times(lane, len(found), len(found) - len(people), median(people), percentile(people, 0.95))


def _parts(level: Level) -> tuple[Lane, int, int, float | None, float | None]:
    return level.lane, level.decisions, level.automatic, level.median_seconds, level.p95_seconds
