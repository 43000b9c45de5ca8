"""The spawner on one machine: one sandboxed room per person and project."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SpawnException
from traitlets import Instance

from saferoom.hub.jupyter import rooms
from saferoom.hub.jupyter.entitled import WATCH_SECONDS, EntitledSpawner
from saferoom.hub.jupyter.room_terms import STARTING
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.sandbox import Limits, Running, start

START_SECONDS = 120.0
"""How long a room whose turn it is may take to start."""


class RoomSpawner(EntitledSpawner):
    """Makes rooms of sandboxes.

    A room lives no longer than the hub: without the hub nobody would watch whether its person may still be in it.
    """

    limits = Instance(Limits, args=(), config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._running: Running | None = None
        self._lease: Lease | None = None

    @property
    def place(self) -> rooms.Place:
        """Where this room is on the machine."""
        return rooms.Place(self.desk.home, self.user.name, self.name)

    async def _open_room(self) -> str:
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._make_room()
        except TimeoutError:
            raise SpawnException(
                f"The room did not start within {START_SECONDS:.0f} seconds: the machine is very busy. Start it again "
                "in a few minutes.",
                reason="timeout",
            ) from None

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

    def get_state(self) -> dict[str, Any]:
        """Return nothing to remember: rooms do not outlive the hub."""
        return {}


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
