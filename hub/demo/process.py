"""A real hub as a process of its own: started, waited for, and ended with everything it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.jupyter.programs import tethered

ADDRESS = "127.0.0.1"
FIRST_PORT = 8000
_PORTS = 50
_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.1
_HEALTH = ("/hub/health", "/services/airlock/health")


@dataclass(frozen=True)
class RunningHub:
    """A hub that answers."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"http://{ADDRESS}:{self.port}"

    def wait(self) -> int:
        """Wait until the hub ends by itself and return its exit status."""
        return self.process.wait()


@contextmanager
def running_hub(home: Home, port: int, options: Sequence[str] = ()) -> Iterator[RunningHub]:
    """Start the hub of `home` at `port`, yield it when hub and airlock answer, and end it afterwards.

    It ends with its rooms also where this process is killed. `options` are more words for ``saferoom hub``.

    Raises
    ------
    UnavailableError
        It ended, or did not answer in time; the message has the last line of its log.
    """
    log = home.hub / "demo.log"
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "hub"]
    command += ["--home", str(home.root), "--port", str(port), *options]
    with log.open("wb") as stream:
        # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the hub in order.
        process = subprocess.Popen(
            tethered(command), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
    hub = RunningHub(process, port, log)
    try:
        _until_ready(hub, home)
        yield hub
    finally:
        end(process)


def free_port(asked: int | None) -> int:
    """Return `asked` when it is free, or the first free port from `FIRST_PORT` when nothing was asked.

    Raises
    ------
    BadInputError
        The port is taken.
    """
    if asked is not None:
        if not _is_free(asked):
            raise BadInputError(f"port {asked} is taken by another program; choose another one with --port")
        return asked
    for port in range(FIRST_PORT, FIRST_PORT + _PORTS):
        if _is_free(port):
            return port
    raise BadInputError(
        f"ports {FIRST_PORT} to {FIRST_PORT + _PORTS - 1} are all taken; choose another one with --port"
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the proxy does, so that a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def any_port(asked: int | None) -> int:
    """Return `asked` when it is free, or any free port when nothing was asked."""
    if asked is not None:
        return free_port(asked)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _until_ready(hub: RunningHub, home: Home) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(base_url=hub.url, timeout=5.0, trust_env=False) as client:
        while True:
            if hub.process.poll() is not None:
                raise UnavailableError(f"the hub ended while it was starting: {_last_line(hub.log)}")
            # The airlock's own socket first: at the port another hub may answer that was quicker.
            if _listens(home.socket("airlock")) and all(_answers(client, path) for path in _HEALTH):
                return
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"the hub did not answer within {_START_SECONDS:.0f} seconds: {_last_line(hub.log)}"
                )
            time.sleep(_PAUSE_SECONDS)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _answers(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} (more in {log})"


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that has a session of its own politely, and where it does not listen, with all it started."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except BaseException as error:
        # It takes too long, or somebody pressed Ctrl-C again: the proxy, the airlock and the rooms die with the hub.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
