"""How often one person may ask for what; counted in this process, in a moving window."""

from __future__ import annotations

from enum import Enum

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from saferoom.errors import TooManyError
from saferoom.ids import Username


class Rate(Enum):
    """What is counted, and how much of it is plenty."""

    CALLS = RateLimitItemPerMinute(300)
    EVALUATIONS = RateLimitItemPerMinute(60)
    REQUESTS = RateLimitItemPerHour(60)
    FILES = RateLimitItemPerHour(120)
    FILE_MEBIBYTES = RateLimitItemPerHour(512)


_WORDS = {
    Rate.CALLS: "calls to the airlock",
    Rate.EVALUATIONS: "evaluations",
    Rate.REQUESTS: "release requests",
    Rate.FILES: "files",
    Rate.FILE_MEBIBYTES: "MiB of files",
}


class Rates:
    """Counts per person."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, rate: Rate, username: Username, count: int = 1) -> None:
        """Count `count` of `rate` of `username`; raise `TooManyError` when there were too many lately."""
        item: RateLimitItem = rate.value
        if not self._limiter.hit(item, rate.name, username, cost=count):
            every = item.GRANULARITY.name
            raise TooManyError(
                f"more than {item.amount} {_WORDS[rate]} in one {every}; wait a little, nothing was lost"
            )
