"""How long decisions on release requests take, as the register tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from saferoom.projects.airlock.service_levels import Decided, Level, by_lane, levels, median, percentile


@dataclass(frozen=True)
class Overall:
    """Response times of all lanes together.

    Attributes
    ----------
    decisions, automatic : int
        How many there were, and how many of them needed no person.
    median_seconds, p95_seconds : float or None
        From the author's submission to the decision, of those that a person decided; None where there is none.
    """

    decisions: int
    automatic: int
    median_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True)
class ResponseTimes:
    """The times of the whole period, of each lane with a decision in it, and by month."""

    overall: Overall
    lanes: tuple[Level, ...]
    months: tuple[Level, ...]

    def document(self) -> dict[str, Any]:
        """Return the times as a JSON-ready document."""
        return {
            "overall": _document(self.overall),
            "lanes": [{"lane": level.lane.value, **_document(level)} for level in self.lanes],
            "months": [{"month": level.month, "lane": level.lane.value, **_document(level)} for level in self.months],
        }


def _document(times: Overall | Level) -> dict[str, Any]:
    return {
        "decisions": times.decisions,
        "automatic": times.automatic,
        "median_seconds": times.median_seconds,
        "p95_seconds": times.p95_seconds,
    }


def response_times(decisions: Iterable[Decided]) -> ResponseTimes:
    """Return the response times of `decisions`."""
    found = tuple(decisions)
    people = sorted(one.seconds for one in found if not one.automatic)
    overall = Overall(len(found), len(found) - len(people), median(people), percentile(people, 0.95))
    return ResponseTimes(overall, by_lane(found), levels(found))
