"""Who gets the next room: a waiting list in front of the rooms of one machine, or of a cluster.

Terms
-----
place
    The right to have one room, from its turn until the room has ended.
turn
    Persons take turns, as in start-time fair queueing: a person's second request stands in the second round, whoever
    asks for the first time stands in the round that is served now. So somebody who asks for fifty rooms at once, or
    asks and cancels again and again, is before nobody, and everybody's turn comes.

References
----------
Goyal, Vin, Cheng (1997), Start-time fair queueing, IEEE/ACM Transactions on Networking 5(5), section 2, with all
requests of equal length.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from saferoom.errors import TooManyError
from saferoom.hub.sandbox.spec import MEBIBYTE

_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class RoomLimits:
    """How many rooms there may be at once.

    Attributes
    ----------
    most : int or None
        Rooms of everybody together; None where only memory limits them.
    each : int
        Rooms that one person may have or wait for.
    starting : int
        Rooms that start at the same time: a start keeps a processor busy for seconds.
    waiting : int
        Requests on the list; more are refused.
    memory_bytes : int
        Memory that has to be free for one more room, beside what rooms that are starting will take.
    """

    most: int | None = None
    each: int = 10
    starting: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    waiting: int = 500
    memory_bytes: int = 512 * MEBIBYTE


@dataclass(eq=False)
class Place:
    """One person's place, or the wait for it."""

    person: str
    turn: int
    number: int
    given: asyncio.Event = field(default_factory=asyncio.Event)
    started: bool = False


class WaitingList:
    """Gives places in turn while there is room for more, all in the hub's one thread.

    Parameters
    ----------
    free_bytes : callable
        The memory of the machine that is really free now; None where it cannot be known, and then does not limit, as
        on a cluster, which finds a place for each room by itself.
    """

    def __init__(self, limits: RoomLimits, free_bytes: Callable[[], int | None] = lambda: None) -> None:
        self.limits = limits
        self._free_bytes = free_bytes
        self._waiting: list[Place] = []
        self._held: set[Place] = set()
        self._served = 0
        self._last: dict[str, int] = {}
        self._number = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> WaitingList:
        # JupyterHub copies its configuration; there is one list.
        return self

    def ask(self, person: str) -> Place:
        """Put `person` on the list once more.

        Raises
        ------
        TooManyError
            The person has, or waits for, as many as one may; or the list is full.
        """
        mine = sum(one.person == person for one in (*self._waiting, *self._held))
        if mine >= self.limits.each:
            raise TooManyError(f"You have {mine} rooms or wait for them, as many as one person may; stop one first.")
        if len(self._waiting) >= self.limits.waiting:
            raise TooManyError("Too many people wait for a room already; try again in a few minutes.", after=120)
        self._number += 1
        turn = max(self._served, self._last.get(person, 0)) + 1
        self._last[person] = turn
        place = Place(person, turn, self._number)
        self._waiting.append(place)
        self._waiting.sort(key=lambda one: (one.turn, one.number))
        self.serve()
        return place

    def taken(self, person: str) -> Place:
        """Return the place of a room that runs already: it is held, whatever the limits are now."""
        place = Place(person, self._served, 0, started=True)
        place.given.set()
        self._held.add(place)
        return place

    async def turn(self, place: Place) -> None:
        """Wait until `place` is given; whoever is cancelled while waiting is off the list."""
        try:
            while not place.given.is_set():
                # Memory gets free without anybody telling; the first of the list looks for all.
                await asyncio.wait([waited := asyncio.ensure_future(place.given.wait())], timeout=_LOOK_SECONDS)
                waited.cancel()
                if self._waiting and self._waiting[0] is place:
                    self.serve()
        except asyncio.CancelledError:
            self.leave(place)
            raise

    def up(self, place: Place) -> None:
        """Note that the room of `place` has started: another may start."""
        place.started = True
        self.serve()

    def leave(self, place: Place) -> None:
        """Give `place` back, or stop waiting for it; doing so twice does nothing."""
        self._held.discard(place)
        if place in self._waiting:
            self._waiting.remove(place)
        self.serve()

    def before(self, place: Place) -> int | None:
        """Return how many stand before `place`; None when it waits no longer."""
        return None if place not in self._waiting else self._waiting.index(place)

    def why(self) -> str:
        """Say in words for the waiting what is missing; it tells of nobody."""
        if self.limits.most is not None and len(self._held) >= self.limits.most:
            return "all rooms are in use"
        if self._starting() >= self.limits.starting:
            return "other rooms are starting just now"
        return "the machine has too little free memory for another room"

    async def news(self, place: Place) -> AsyncIterator[str]:
        """Tell the person of `place` where they stand, whenever that changes, until the place is given."""
        told = ""
        while (before := self.before(place)) is not None:
            others = "You are next" if not before else f"{before} before you"
            said = f"Waiting for a room: {others}, because {self.why()}. The room starts by itself."
            if said != told:
                told = said
                yield said
            await asyncio.sleep(_LOOK_SECONDS / 2)

    def counts(self) -> Counter[str]:
        """Return how many places are held, of these starting, and how many requests wait."""
        return Counter(held=len(self._held), starting=self._starting(), waiting=len(self._waiting))

    def serve(self) -> None:
        """Give places in turn while there is room for one more."""
        while self._waiting and self._room_for_one():
            place = self._waiting.pop(0)
            self._served = max(self._served, place.turn)
            self._held.add(place)
            place.given.set()
        if not self._waiting:
            # Nobody is kept waiting by anybody: rounds begin anew.
            self._last.clear()

    def _room_for_one(self) -> bool:
        starting = self._starting()
        if starting >= self.limits.starting or (self.limits.most is not None and len(self._held) >= self.limits.most):
            return False
        free = self._free_bytes()
        return free is None or free >= (starting + 1) * self.limits.memory_bytes

    def _starting(self) -> int:
        return sum(not one.started for one in self._held)
