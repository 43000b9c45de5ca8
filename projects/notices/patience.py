"""How long a letter is tried: again after a while, each time a longer one, and not for ever."""

from __future__ import annotations

from datetime import timedelta

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 720, 720))
"""Between one try and the next."""
LONGEST = timedelta(days=3)
"""A letter that waits longer is not news any more; it is given up, and an administrator sees it."""
LEASE = timedelta(minutes=5)
"""Whoever takes a letter to send it has it for so long; after a crash it is free again and sent once more."""


def pause(tries: int) -> timedelta | None:
    """Return how long to wait after the try number `tries` (from 1); None when it was the last one."""
    return PAUSES[tries - 1] if tries <= len(PAUSES) else None
