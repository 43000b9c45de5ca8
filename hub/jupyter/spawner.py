"""The spawner: one sandboxed room per person and project, for as long as the person may be in it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyterhub.spawner import Spawner, SpawnException
from traitlets import Instance

from saferoom.errors import SaferoomError
from saferoom.hub.jupyter import rooms
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.sandbox import Limits, Running, start
from saferoom.projects.decision import Decision, unknown

_NO_PROJECT = unknown("no-project", "A room belongs to a project: start it from your home page.", "rooms.project")
# How long a room may go on while the registry cannot be asked.
_UNCONFIRMED_SECONDS = 40.0
_WATCH_SECONDS = 0.1


class RoomSpawner(Spawner):  # type: ignore[misc]
    """Starts, watches and ends rooms.

    A room lives no longer than the hub: without the hub nobody would watch whether its person may still be in it.
    """

    desk = Instance(Desk, config=True)
    limits = Instance(Limits, args=(), config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._running: Running | None = None
        self._lease: Lease | None = None
        self._confirmed = 0.0

    @property
    def place(self) -> rooms.Place:
        """Where this room is on the machine."""
        return rooms.Place(self.desk.home, self.user.name, self.name)

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
        try:
            self._lease = await asyncio.to_thread(self.desk.extracts, self.name)
            uid = self.desk.identity(self.name)
            self.place.prepare(uid)
            self._running = self._launch(self._lease.folder, uid)
        except SaferoomError as error:
            await self._give_back()
            self.log.error("The room %s was not started: %s", self._log_name, error.message)
            raise SpawnException(f"The room cannot be started: {error.message}.", reason="sandbox") from error
        self._confirmed = time.monotonic()
        await self._until_ready(self._running)
        await asyncio.to_thread(self.desk.note_start, self.user.name, self.name)
        # JupyterHub would append a port to the address of a socket.
        self.server.connect_url = self.place.url
        return self.place.url

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
            while not (await asyncio.wait({answer}, timeout=_WATCH_SECONDS))[0]:
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

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell the waiting person how far the start is."""
        yield {"progress": 20, "message": "Checking the project's data against its signed manifest, and opening it"}
        while self._running is None:
            await asyncio.sleep(_WATCH_SECONDS)
        yield {"progress": 50, "message": "Starting JupyterLab in its sandbox"}

    async def poll(self) -> int | None:
        """Return None while the room runs and its person may be in it; otherwise it has ended, or ends now."""
        if self._running is None:
            return 0
        status = self._running.poll()
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
            await asyncio.to_thread(self.desk.withdraw_extracts, self.name)
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
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.stop)
            await self._give_back()
            self.place.clear()
            await asyncio.to_thread(self.desk.note_end, self.user.name, self.name, decision)

    async def _give_back(self) -> None:
        """Let the plain extracts go; the last room of the project has them removed."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await asyncio.to_thread(lease.close)

    def get_state(self) -> dict[str, Any]:
        """Return nothing to remember: rooms do not outlive the hub."""
        return {}


def _unconfirmed() -> Decision:
    return Decision(
        allowed=False,
        code="unconfirmed",
        reason="Your room was ended because your membership could not be confirmed; try again in a minute.",
        rule="rooms.confirmed",
    )


async def _answers(socket: Path, path: str) -> bool:
    """Ask the room's server for its version. The connection waits in the queue until the server accepts."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        return (await reader.readline()).startswith(b"HTTP/1.")
    finally:
        writer.close()
