"""How long the work may take, and telling how far it is.

Work without a limit of time can be limited by its amount instead, so that the same input gives the same answer on any
machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from saferoom.clock import Clock
from saferoom.disclosure.tables.additive import Progress

_FOR_THE_AUDIT = 0.3


class TimeUp(Exception):  # noqa: N818  (control of flow within this package, never seen outside)
    """The time is up."""


class Watch:
    """Stops the work when its time is up.

    Parameters
    ----------
    seconds : float or None
        None for as long as it takes.
    """

    def __init__(self, progress: Progress, clock: Clock | None, seconds: float | None) -> None:
        if seconds is not None and clock is None:
            raise ValueError("a time limit needs a clock")
        self._progress = progress
        self._clock = clock
        self._seconds = seconds
        self._end: datetime | None = None
        self._work = self._each = float("nan")
        if seconds is not None and clock is not None:
            self._end = clock.now() + timedelta(seconds=seconds)

    def limit(self, work: float, each: float) -> None:
        """Allow so much work from here on, unless there is a limit of time; `each` is that of one report.

        Work is counted in microseconds of an ordinary machine, roughly.
        """
        if self._seconds is None:
            self._work, self._each = work, each

    def spend(self, work: float) -> bool:
        """Count work that was done; says whether some is left."""
        self._work -= work
        return not self._work <= 0

    def report(self, what: str, share: float) -> None:
        """Tell how far the work is; raises `TimeUp` when the time is up, or the work that was allowed is done."""
        self._progress(what, share)
        if self.left() <= 0 or not self.spend(self._each):
            raise TimeUp

    def report_spare(self, what: str, share: float) -> None:
        """The same for work that can be left undone: it stops earlier, so that there is time for the audit."""
        self.report(what, share)
        if self._seconds is not None and self.left() <= _FOR_THE_AUDIT * self._seconds:
            raise TimeUp

    def left(self) -> float:
        """Return the seconds that are left; infinity without a limit."""
        if self._end is None or self._clock is None:
            return float("inf")
        return (self._end - self._clock.now()).total_seconds()
