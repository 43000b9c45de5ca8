"""Reading the bodies of uploads: few at once, each for a bounded time, so that slow senders keep nobody out."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.requests import Request

from saferoom.errors import BadInputError, TooManyError
from saferoom.ids import Username

_SECONDS = 120.0
_AT_ONCE = 16
_AT_ONCE_EACH = 3


class Intake:
    """Counts the uploads that are being read.

    Parameters
    ----------
    seconds : float
        Longest time for one body.
    at_once, at_once_each : int
        Most bodies that are read at the same time, of everybody and of one person.
    """

    def __init__(
        self, *, seconds: float = _SECONDS, at_once: int = _AT_ONCE, at_once_each: int = _AT_ONCE_EACH
    ) -> None:
        self._seconds = seconds
        self._most = at_once
        self._most_each = at_once_each
        self._reading: Counter[Username] = Counter()

    async def read(self, request: Request, who: Username) -> bytes:
        """Return the body that `who` sends."""
        if self._reading[who] >= self._most_each:
            raise TooManyError("you have several uploads under way; wait until one has finished")
        if self._reading.total() >= self._most:
            raise TooManyError("many files are being uploaded; try again in a minute")
        self._reading[who] += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await request.body()
        except TimeoutError:
            raise BadInputError(f"the file did not arrive within {self._seconds:.0f} seconds; send it again") from None
        finally:
            self._reading[who] -= 1
