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


_WORDS = {
    Rate.CALLS: "calls to the airlock",
    Rate.EVALUATIONS: "evaluations",
    Rate.REQUESTS: "release requests",
}


class Rates:
    """Counts per person."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, rate: Rate, username: Username) -> None:
        """Count one `rate` of `username`; raise `TooManyError` when there were too many lately."""
        item: RateLimitItem = rate.value
        if not self._limiter.hit(item, rate.name, username):
            every = item.GRANULARITY.name
            raise TooManyError(
                f"more than {item.amount} {_WORDS[rate]} in one {every}; wait a little, nothing was lost"
            )
