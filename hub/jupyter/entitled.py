"""Rooms live as long as their person may be in them, whoever makes them: a sandbox here, a pod on a cluster.

`EntitledSpawner` asks the desk before a room starts and at every look afterwards, has people wait for their turn, ends
what nobody may use any more, tells people why, and writes both into the audit trail. What makes rooms adds how one is
opened, looked at and closed.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABCMeta, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from jupyterhub.spawner import Spawner, SpawnException
from traitlets import Instance, default

from saferoom.errors import SaferoomError, TooManyError
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.listeners import Listeners, News
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.jupyter.room_terms import Room
from saferoom.hub.jupyter.waiting import Place, RoomLimits, WaitingList
from saferoom.projects.decision import Decision, unknown

_NO_PROJECT = unknown("no-project", "A room belongs to a project: start it from your home page.", "rooms.project")
# How long a room may go on while the registry cannot be asked.
_UNCONFIRMED_SECONDS = 40.0
WATCH_SECONDS = 0.1
WAIT_SECONDS = 1800.0
"""How long a person waits for their turn."""


class _Abstract(type(Spawner), ABCMeta):  # type: ignore[misc]
    """What has traits, and methods that must be there before there is one of it."""


class EntitledSpawner(Spawner, metaclass=_Abstract):  # type: ignore[misc]
    """Starts, watches and ends rooms of whoever may be in them."""

    desk = Instance(Desk, config=True)
    waiting = Instance(WaitingList, config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held = False
        """There may be a room, or a part of one."""
        self._noted = False
        """Its start is in the audit trail, and its end is not."""
        self._given: Place | None = None
        """The place of the room, or the wait for it."""
        self._listeners = Listeners()
        self._attempt = 0
        self._confirmed = time.monotonic()
        self._ending = asyncio.Lock()

    @default("waiting")
    def _no_others(self) -> WaitingList:
        return WaitingList(RoomLimits())

    @property
    def room(self) -> Room:
        """Whose room of which project."""
        return Room(self.user.name, self.name)

    @abstractmethod
    async def _open_room(self) -> str:
        """Make the room, and return its address once its server runs."""

    @abstractmethod
    async def _room_status(self) -> int | None:
        """Return None while the room runs, else its exit status."""

    @abstractmethod
    async def _close_room(self) -> None:
        """End the room with everything in it; also one that is only half made."""

    @abstractmethod
    def _steps(self) -> AsyncIterator[News]:
        """Yield how far the start is, in percent, with a sentence for who waits, once it is their turn."""

    async def _refresh(self) -> None:
        """Bring what a running room is given up to date."""

    async def start(self) -> str:
        """Start the room and return its address once it answers; `user_options` are ignored.

        Raises
        ------
        tornado.web.HTTPError
            The person may not enter, or the room cannot be started; with the sentence to show.
        """
        decision = await asyncio.to_thread(self.desk.may_enter, self.user.name, self.name) if self.name else _NO_PROJECT
        if not decision:
            raise refused(decision)
        self._attempt += 1
        attempt, self._held = self._attempt, True
        try:
            given = await self._turn()
            url = await self._open_room()
            self._still_wanted(attempt)
            self.waiting.up(given)
        except BaseException as error:
            # A later attempt has a room of its own, which is not this one's to end.
            if attempt == self._attempt:
                await self._end()
            if not isinstance(error, SaferoomError):
                raise
            self.log.error("The room %s was not started: %s", self._log_name, error.message)
            raise SpawnException(f"The room cannot be started: {error.message}.", reason="sandbox") from error
        self._confirmed = time.monotonic()
        await asyncio.to_thread(self.desk.note_start, self.user.name, self.name)
        self._noted = True
        return url

    async def _turn(self) -> Place:
        """Wait until there is a place for this room, and return it; whoever stops waiting gives it back."""
        if self._given is not None:
            self.waiting.leave(self._given)
        try:
            given = self._given = self.waiting.ask(self.user.name)
        except TooManyError as error:
            raise refused(_full(error)) from None
        if given.given.is_set():
            return given
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self.waiting.turn(given)
        except TimeoutError:
            minutes = f"{WAIT_SECONDS / 60:.0f}"
            raise SpawnException(f"No room got free in {minutes} minutes; start it again.", reason="waited") from None
        # Much may have changed since they asked.
        decision = await asyncio.to_thread(self.desk.may_enter, self.user.name, self.name)
        if not decision:
            raise refused(decision)
        return given

    def _still_wanted(self, attempt: int) -> None:
        if attempt == self._attempt and not self._held:
            # It was told to stop while it was starting: what came to be afterwards is ended, too.
            self._held = True
        elif attempt == self._attempt:
            return
        raise SpawnException("The room was stopped while it was starting; start it again.", reason="stopped")

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell the waiting person how far the start is."""
        async for percent, message in self._listeners.told(self._news()):
            yield {"progress": percent, "message": message}

    async def _news(self) -> AsyncIterator[News]:
        while self._given is None:
            await asyncio.sleep(WATCH_SECONDS)
        async for words in self.waiting.news(self._given):
            yield 5, words
        async for news in self._steps():
            yield news

    async def poll(self) -> int | None:
        """Return None while the room runs and its person may be in it; otherwise it has ended, or ends now."""
        if not self._held:
            return 0
        if self._given is not None and not self._given.given.is_set():
            # It waits for its turn; there is nothing to look at.
            return None
        status = await self._room_status()
        if status is not None:
            await self._end()
            return status
        decision = await self._entitled()
        if decision is None or decision:
            return None
        self.log.warning("Ending the room %s: %s", self._log_name, decision.code)
        await self._end(decision)
        return 0

    async def _entitled(self) -> Decision | None:
        """Return whether the person may stay; None when this cannot be known just now, which is not held for long."""
        try:
            decision = await asyncio.to_thread(self.desk.may_enter, self.user.name, self.name)
            await self._refresh()
        except Exception as error:
            # Whatever it is: not knowing must not keep a room open.
            if time.monotonic() - self._confirmed < _UNCONFIRMED_SECONDS:
                self.log.warning("The registry did not answer: %s", type(error).__name__)
                return None
            return _unconfirmed()
        if decision:
            self._confirmed = time.monotonic()
        return decision

    async def stop(self, now: bool = False) -> None:  # noqa: ARG002
        """End the room with everything in it."""
        await self._end()

    async def _end(self, decision: Decision | None = None) -> None:
        async with self._ending:
            if self._held:
                # What cannot be closed stays held, and is closed at the next look.
                await self._close_room()
                self._held = False
                # Whoever is next gets a room where there is one less.
                given, self._given = self._given, None
                if given is not None:
                    self.waiting.leave(given)
            if self._noted:
                self._noted = False
                await asyncio.to_thread(self.desk.note_end, self.user.name, self.name, decision)


def take_turns(c: Any, section: Any, waiting: WaitingList, start_seconds: float) -> None:
    """Set on JupyterHub's configuration that rooms wait for their turn; `section` is their spawner's part of `c`."""
    section.waiting = waiting
    section.start_timeout = int(WAIT_SECONDS + start_seconds) + 30
    # The list is the limit: JupyterHub's own would refuse whoever asks last, and tell nobody where they stand.
    c.JupyterHub.concurrent_spawn_limit = 0
    c.JupyterHub.active_server_limit = 0


def _full(error: TooManyError) -> Decision:
    return Decision(allowed=False, code="too-many-rooms", reason=error.message, rule="rooms.limits", error=TooManyError)


def _unconfirmed() -> Decision:
    return Decision(
        allowed=False,
        code="unconfirmed",
        reason="Your room was ended because your membership could not be confirmed; try again in a minute.",
        rule="rooms.confirmed",
    )
