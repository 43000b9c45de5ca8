"""A real hub with real rooms, started once for all live tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pyotp
import pytest
from tests.support.processes import below

if TYPE_CHECKING:
    from saferoom.hub.drive import HubSession, Room
    from saferoom.hub.home import Home
    from saferoom.hub.wiring import Instance

_READY_SECONDS = 60.0
_MODULE = "saferoom.hub.cli.main"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class HubProcess:
    """``saferoom hub`` as a process of its own."""

    home: Home
    port: int
    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.home.root.parent / "hub.log"

    def start(self) -> None:
        """Start it and wait until it and the airlock answer."""
        command = [*self.before, sys.executable, "-P", "-m", _MODULE, "hub"]
        command += ["--home", str(self.home.root), "--port", str(self.port), *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the hub did not start:\n" + self.log.read_text()[-4000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            pages = [httpx.get(f"{self.url}{path}", trust_env=False) for path in ("/hub/login", "/services/airlock/")]
            # The proxy answers 404 for what the hub has not yet told it of.
            return all(page.status_code in (200, 303) for page in pages) and self.home.socket("airlock").exists()
        return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it and wait."""
        if self.process is not None and self.process.poll() is None:
            # Not what stands before it: that would end and leave the hub behind.
            (hub, *_) = [one for one in below(self.process.pid, itself=True) if _MODULE in _words(one)]
            hub.send_signal(how)
            self.process.wait(30)
            if hub.is_running():
                hub.wait(30)


def _words(process: psutil.Process) -> list[str]:
    """Return how a process was started; nothing of one that has ended and is not yet waited for."""
    try:
        return list(process.cmdline()[:4])
    except psutil.Error:
        return []


@dataclass
class Live:
    """The running instance and people's sessions in it."""

    hub: HubProcess
    instance: Instance
    _sessions: dict[str, HubSession] = field(default_factory=dict)
    _rooms: dict[tuple[str, str], Room] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        """The instance's home."""
        return self.hub.home

    @property
    def url(self) -> str:
        """Where people reach the hub."""
        return self.hub.url

    def fresh_code(self, username: str) -> str:
        """Return a one-time code that works, even when one was used a moment ago."""
        from tests.support.live_world import PASSWORD, SECRET

        from saferoom.ids import Username

        self.instance.credentials.set_password(Username(username), PASSWORD, totp_secret=SECRET)
        return pyotp.TOTP(SECRET).now()

    def sign_in(self, username: str) -> HubSession:
        """Return a new session of `username`."""
        from tests.support.live_world import PASSWORD

        from saferoom.hub.drive import HubSession

        session = HubSession(self.url)
        try:
            session.sign_in(username, PASSWORD, self.fresh_code(username))
        except BaseException:
            session.close()
            raise
        return session

    def session(self, username: str) -> HubSession:
        """Return the shared session of `username`."""
        if username not in self._sessions:
            self._sessions[username] = self.sign_in(username)
        return self._sessions[username]

    def room(self, username: str, project: str) -> Room:
        """Return the shared room of `username` in `project`, started when it does not run."""
        session = self.session(username)
        if not session.running(project):
            self._rooms[username, project] = session.start_room(project)
        return self._rooms.setdefault((username, project), session.room(project))

    def restart_hub_by_force(self) -> None:
        """Kill the hub as a crash would, start it again; people have to sign in anew."""
        self.hub.stop(signal.SIGKILL)
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        self._rooms.clear()
        self.hub.start()

    def close(self) -> None:
        """Close sessions, end the hub."""
        for session in self._sessions.values():
            session.close()
        self.hub.stop()
        self.instance.close()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub with two projects, several people and their rooms; see `tests.support.live_world`."""
    from tests.support import live_world

    # Below /tmp itself: sockets have short paths.
    folder = tmp_path_factory.mktemp("live")
    home = live_world.home_at(folder)
    instance = live_world.build(home)
    hub = HubProcess(home, free_port())
    running = Live(hub, instance)
    try:
        hub.start()
        yield running
    finally:
        running.close()


def as_root() -> bool:
    """Tell whether these tests, and so the hub, run as root."""
    return os.getuid() == 0
