"""What every page says the same way: signs, times, counts and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True)
class Sign:
    """A word with a look (see the style sheet's tags); the sign stands beside the word so that colour is not needed."""

    look: str
    sign: str
    words: str


def when(at: datetime) -> str:
    """Return a moment as a person reads it, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def day(at: date) -> str:
    """Return a day as a person reads it."""
    return f"{at.day} {at:%B %Y}"


def lasting(seconds: float | None) -> str:
    """Return how long something took, in the largest unit that gives at least two of it."""
    if seconds is None:
        return "–"
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return several(round(seconds), "second")


def several(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """Return `text` beginning with a capital and ending with a stop, as it stands alone on a page."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?:" else ".")
