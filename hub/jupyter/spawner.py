"""The spawner on one machine: one sandboxed room per person and project."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SpawnException
from traitlets import Instance, default

from saferoom.errors import TooManyError
from saferoom.hub.jupyter import rooms
from saferoom.hub.jupyter.entitled import WATCH_SECONDS, EntitledSpawner
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.jupyter.room_terms import STARTING
from saferoom.hub.jupyter.waiting import Place, RoomLimits, WaitingList
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.sandbox import Limits, Running, start
from saferoom.hub.sandbox.memory import free_bytes
from saferoom.projects.decision import Decision

WAIT_SECONDS = 1800.0
START_SECONDS = 60.0
"""How long a person waits for their turn, and how long a room whose turn it is may take to start."""


class RoomSpawner(EntitledSpawner):
    """Makes rooms of sandboxes.

    A room lives no longer than the hub: without the hub nobody would watch whether its person may still be in it.
    """

    limits = Instance(Limits, args=(), config=True)
    waiting = Instance(WaitingList, config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._running: Running | None = None
        self._lease: Lease | None = None
        self._given: Place | None = None

    @default("waiting")
    def _no_others(self) -> WaitingList:
        return WaitingList(RoomLimits(), free_bytes)

    @property
    def place(self) -> rooms.Place:
        """Where this room is on the machine."""
        return rooms.Place(self.desk.home, self.user.name, self.name)

    async def _open_room(self) -> str:
        given = await self._turn()
        async with asyncio.timeout(START_SECONDS):
            address = await self._make_room()
        self.waiting.up(given)
        return address

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

    async def _make_room(self) -> str:
        self._lease = await self._opened()
        uid = self.desk.identity(self.name)
        self.place.prepare(uid)
        self._running = self._launch(self._lease.folder, uid)
        await self._until_ready(self._running)
        # JupyterHub would append a port to the address of a socket.
        self.server.connect_url = self.place.url
        return self.place.url

    async def _opened(self) -> Lease:
        opening = asyncio.ensure_future(asyncio.to_thread(self.desk.extracts, self.name))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # A thread goes on; what it opens is for nobody.
            opening.add_done_callback(_close_unused)
            raise

    def _launch(self, extracts: Path, uid: int | None) -> Running:
        # In the hub's main thread: the kernel ends a sandbox together with the thread that started it.
        place = self.place
        environment = rooms.environment(place, self.get_env(), Path(sys.prefix))
        with place.listen() as listener, place.log.open("wb") as log:
            environment[rooms.LISTENER] = str(listener.fileno())
            return start(
                rooms.sandbox(place, extracts, uid, environment, self.limits),
                [str(Path(sys.prefix) / "bin" / "python"), "-P", "-m", "saferoom.hub.jupyter.room"],
                pass_fds=(listener.fileno(),),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    async def _until_ready(self, running: Running) -> None:
        answer = asyncio.ensure_future(_answers(self.place.socket, self.server.base_url + "api"))
        try:
            while not (await asyncio.wait({answer}, timeout=WATCH_SECONDS))[0]:
                if running.poll() is not None:
                    break
            if running.poll() is not None or not answer.result():
                # Only the sandbox's own programs write here, before any code of the researcher's runs.
                said = self.place.log.read_text(errors="replace").strip().splitlines()[-1:]
                self.log.error("The room %s ended while starting: %s", self._log_name, "".join(said) or "no message")
                raise SpawnException(
                    "The room ended while it was starting; the administrator finds the reason in the hub's log.",
                    reason="sandbox",
                )
        finally:
            answer.cancel()

    async def _steps(self) -> AsyncIterator[tuple[int, str]]:
        while self._given is None:
            await asyncio.sleep(WATCH_SECONDS)
        async for words in self.waiting.news(self._given):
            yield 5, words
        yield 20, "Checking the project's data against its signed manifest, and opening it"
        while self._running is None:
            await asyncio.sleep(WATCH_SECONDS)
        yield 50, STARTING

    async def _room_status(self) -> int | None:
        # Without a process the extracts are still being opened.
        return self._running.poll() if self._running else None

    async def _refresh(self) -> None:
        await asyncio.to_thread(self.desk.withdraw_extracts, self.name)

    async def _close_room(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.stop)
            self.place.clear()
        # The last room of the project has the plain extracts removed.
        lease, self._lease = self._lease, None
        if lease is not None:
            await asyncio.to_thread(lease.close)
        given, self._given = self._given, None
        if given is not None:
            self.waiting.leave(given)

    def get_state(self) -> dict[str, Any]:
        """Return nothing to remember: rooms do not outlive the hub."""
        return {}


def take_turns(c: Any, limits: RoomLimits) -> None:
    """Set on JupyterHub's configuration that rooms wait for their turn."""
    c.RoomSpawner.waiting = WaitingList(limits, free_bytes)
    c.RoomSpawner.start_timeout = int(WAIT_SECONDS + START_SECONDS) + 30
    # The list is the limit: JupyterHub's own would refuse whoever asks last, and tell nobody where they stand.
    c.JupyterHub.concurrent_spawn_limit = 0
    c.JupyterHub.active_server_limit = 0


def _full(error: TooManyError) -> Decision:
    return Decision(allowed=False, code="too-many-rooms", reason=error.message, rule="rooms.limits", error=TooManyError)


def _close_unused(opening: asyncio.Future[Lease]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def _answers(socket: Path, path: str) -> bool:
    """Ask the room's server for its version. The connection waits in the queue until the server accepts."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        return (await reader.readline()).startswith(b"HTTP/1.")
    finally:
        writer.close()
