"""How often one person may ask for what; counted in this process, in a moving window."""

from __future__ import annotations

import math
import time
from enum import Enum

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from saferoom.errors import TooManyError
from saferoom.ids import Username


class Rate(Enum):
    """What is counted, and how much of it is plenty."""

    CALLS = RateLimitItemPerMinute(300)
    UNKNOWN_TOKENS = RateLimitItemPerMinute(120)
    EVALUATIONS = RateLimitItemPerMinute(60)
    REQUESTS = RateLimitItemPerHour(60)
    FILES = RateLimitItemPerHour(120)
    FILE_MEBIBYTES = RateLimitItemPerHour(512)
    PACKAGES = RateLimitItemPerMinute(600)
    PACKAGE_MEBIBYTES = RateLimitItemPerHour(8192)


_WORDS = {
    Rate.CALLS: "calls to the airlock",
    Rate.UNKNOWN_TOKENS: "calls with tokens that are not known here",
    Rate.EVALUATIONS: "evaluations",
    Rate.REQUESTS: "release requests",
    Rate.FILES: "files",
    Rate.FILE_MEBIBYTES: "MiB of files",
    Rate.PACKAGES: "questions to the package index",
    Rate.PACKAGE_MEBIBYTES: "MiB of packages",
}


class Rates:
    """Counts per person."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, rate: Rate, username: Username, count: int = 1) -> None:
        """Count `count` of `rate` of `username`; raise `TooManyError` when there were too many lately."""
        if not self._limiter.hit(rate.value, rate.name, username, cost=count):
            raise self._too_many(rate, username)

    def check(self, rate: Rate, who: str) -> None:
        """Raise as `spend` would, and count nothing."""
        if not self._limiter.test(rate.value, rate.name, who):
            raise self._too_many(rate, who)

    def note(self, rate: Rate, who: str) -> None:
        """Count one of `rate`, whether or not that is too many."""
        self._limiter.hit(rate.value, rate.name, who)

    def _too_many(self, rate: Rate, who: str) -> TooManyError:
        item: RateLimitItem = rate.value
        free_at = self._limiter.get_window_stats(item, rate.name, who).reset_time
        words = f"more than {item.amount} {_WORDS[rate]} in one {item.GRANULARITY.name}"
        return TooManyError(f"{words}; wait a little, nothing was lost", after=max(1, math.ceil(free_at - time.time())))
