"""The airlock service as a process of its own; tests marked `live` have the hub start it.

It comes from a server of processes that has imported everything once (`tests.support.forked`).
"""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import httpx
from tests.support.airlock_server import PREFIX, Browser, Room, plain_transport
from tests.support.forked import Forked
from tests.support.stand_in_hub import StandInHub

from saferoom.hub import wiring
from saferoom.hub.home import Home, unix_url


@dataclass
class AirlockProcess:
    """Starts and ends the service on one home, with a stand-in hub that runs elsewhere."""

    home: Home
    hub: StandInHub
    log: Path
    process: Forked | None = None
    _open: list[httpx.Client] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The service's whole environment."""
        return {
            "PATH": os.environ["PATH"],
            "SAFEROOM_HOME": str(self.home.root),
            "SAFEROOM_DATABASE_URL": self.home.database_url,
            "JUPYTERHUB_SERVICE_NAME": "airlock",
            "JUPYTERHUB_SERVICE_URL": unix_url(self.home.socket("airlock-web")),
            **self.hub.environment,
        }

    def start(self, dies_at: str = "", chores_every: str = "") -> None:
        """Start the service and wait until both faces answer.

        It ends without a farewell when it reaches the step `dies_at` of a release. `chores_every` are the seconds
        between its chores, for tests that wait for them.
        """
        self.process = Forked(_serve, dies_at, chores_every, environment=self.environment, log=self.log)
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether both faces say that they are healthy."""
        if not all(_listens(self.home.socket(name)) for name in ("airlock", "airlock-web")):
            return False
        try:
            rooms = self._client(self.home.socket("airlock")).get("/health")
            pages = self._client(self.home.socket("airlock-web")).get(f"{PREFIX}health")
        except httpx.TransportError:
            return False
        return rooms.status_code == pages.status_code == 200

    def _client(self, path: Path) -> httpx.Client:
        client = httpx.Client(transport=plain_transport(path), base_url="http://airlock", timeout=60)
        self._open.append(client)
        return client

    def room(self, name: str, project: str) -> Room:
        """Return a client with the token of `name`'s room in `project`."""
        return Room(self._client(self.home.socket("airlock")), self.hub.room_token(name, project))

    def browser(self, name: str) -> Browser:
        """Return a browser signed in as `name`."""
        browser = Browser(self.home.socket("airlock-web"))
        self._open.append(browser.http)
        assert browser.sign_in(self.hub, name).status_code == 200
        return browser

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return how the service ended."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        """End everything that is left."""
        for client in self._open:
            client.close()
        if self.process is not None:
            self.end(signal.SIGKILL)
            self.process.close()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        try:
            channel.connect(str(path))
        except OSError:
            return False
    return True


def _serve(dies_at: str, chores_every: str) -> None:
    from saferoom.hub import housekeeping
    from saferoom.hub.web.__main__ import main

    if chores_every:
        housekeeping.EVERY_SECONDS = float(chores_every)
    if dies_at:
        _let_die(dies_at)
    main()


def _let_die(dies_at: str) -> None:
    """Let the airlock of this process kill itself at the step `dies_at`."""
    make = vars(wiring.Instance)["airlock"].func

    def checkpoint(name: str) -> None:
        if name == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    airlock = cached_property(lambda instance: replace(make(instance), checkpoint=checkpoint))
    airlock.__set_name__(wiring.Instance, "airlock")
    wiring.Instance.airlock = airlock  # type: ignore[assignment]
