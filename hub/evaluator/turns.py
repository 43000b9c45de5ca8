"""Whose evaluation is next: a bounded number run, in order of arrival, and a bounded number wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from saferoom.errors import TooManyError
from saferoom.ids import Username


@dataclass(frozen=True)
class Taken:
    """How many turns are taken, and how many are waited for."""

    running: int
    waiting: int


class Turns:
    """Gives out turns.

    Parameters
    ----------
    at_once, waiting : int
        Most turns taken, and most waited for.
    waiting_each : int
        Most turns that one person has or waits for.
    what : str
        What the turns are for, as messages say it.
    """

    def __init__(self, at_once: int, waiting: int, waiting_each: int, what: str = "evaluations") -> None:
        self._what = what
        self._free = at_once
        self._most = at_once + waiting
        self._most_each = waiting_each
        self._present: dict[Username, int] = {}
        self._queue: list[object] = []
        self._changed = Condition()

    def counts(self) -> Taken:
        """Return how many there are at this moment."""
        with self._changed:
            waiting = len(self._queue)
            return Taken(sum(self._present.values()) - waiting, waiting)

    @contextmanager
    def turn(self, who: Username) -> Iterator[None]:
        """Wait for a turn of `who`, and give it back in the end."""
        with self._changed:
            self._arrive(who)
            ticket = object()
            self._queue.append(ticket)
            try:
                self._changed.wait_for(lambda: self._free > 0 and self._queue[0] is ticket)
                self._free -= 1
            except BaseException:
                self._leave(who)
                raise
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._leave(who)
                self._changed.notify_all()

    def _arrive(self, who: Username) -> None:
        if self._present.get(who, 0) >= self._most_each:
            raise TooManyError(f"you have several {self._what} under way; wait until one has finished")
        if sum(self._present.values()) >= self._most:
            raise TooManyError(f"many {self._what} are waiting; try again in a minute")
        self._present[who] = self._present.get(who, 0) + 1

    def _leave(self, who: Username) -> None:
        self._present[who] -= 1
        if not self._present[who]:
            del self._present[who]
