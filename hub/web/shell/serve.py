"""One process, two faces: the rooms' API on its own socket, the pages behind the hub's proxy."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
import uvicorn
from starlette.types import ASGIApp

from saferoom.errors import UnavailableError
from saferoom.hub.web.shell.patience import ROOMS_PORT, PatientProtocol, allow_many_files

_log = structlog.get_logger()
_LOCK_SECONDS = 15.0
_GOODBYE_SECONDS = 20
_BACKLOG = 256
METRICS_PORT = "SAFEROOM_METRICS_PORT"
"""The setting that names the port of whoever watches."""
RECORDER_PORT = "SAFEROOM_RECORDER_PORT"
"""The setting that names the port at which the proxy of a cluster hands over what kernels are told to run."""
RECORDER_SECRET = "SAFEROOM_RECORDER_SECRET"  # noqa: S105 - a variable's name
_SECRET_LENGTH = 32
EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a pod, where the cluster's policies say who reaches it


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold `lock` while the block runs; two airlock services never work on one home.

    A service that was just told to stop gets a moment to finish. The kernel frees the lock of one that was killed.
    """
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UnavailableError("another airlock service is running on this home; stop it first") from None
                time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def unix_socket(path: Path, mode: int) -> socket.socket:
    """Listen on a UNIX socket at `path`; one that a killed service left behind is replaced."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(mode)
    listener.listen(_BACKLOG)
    return listener


def room_socket(path: Path) -> socket.socket:
    """Listen for rooms: on the socket at `path`, or in a pod at the port that ``SAFEROOM_ROOMS_PORT`` names.

    Raises
    ------
    UnavailableError
        What it names is no port, or is taken.
    """
    port = _port(ROOMS_PORT)
    return unix_socket(path, 0o666) if port is None else _tcp_socket(EVERYWHERE, port)


def recorder_socket(path: Path) -> socket.socket:
    """Listen for the proxy's record of inputs: on the socket at `path`, or in a pod at ``SAFEROOM_RECORDER_PORT``.

    Raises
    ------
    UnavailableError
        What it names is no port, or is taken.
    """
    port = _port(RECORDER_PORT)
    return unix_socket(path, 0o600) if port is None else _tcp_socket(EVERYWHERE, port)


def recorder_secret() -> str | None:
    """Return by what the recorder knows the proxy at ``SAFEROOM_RECORDER_PORT``; None at a socket, which is closed.

    Raises
    ------
    UnavailableError
        It is missing, or short enough to be guessed.
    """
    if RECORDER_PORT not in os.environ:
        return None
    secret = os.environ.get(RECORDER_SECRET, "")
    if len(secret) < _SECRET_LENGTH:
        raise UnavailableError(
            f"{RECORDER_SECRET} has to have {_SECRET_LENGTH} characters at least with {RECORDER_PORT}"
        )
    return secret


def watch_socket(path: Path) -> socket.socket:
    """Listen for whoever watches: on the socket at `path`, or at the port that ``SAFEROOM_METRICS_PORT`` names.

    The port is one of the loopback interface, which no room has; in a pod of every interface, where the cluster's
    policies say who reaches it.

    Raises
    ------
    UnavailableError
        What it names is no port, or is taken.
    """
    port = _port(METRICS_PORT)
    if port is None:
        return unix_socket(path, 0o600)
    return _tcp_socket(EVERYWHERE if ROOMS_PORT in os.environ else "127.0.0.1", port)


def _port(setting: str) -> int | None:
    named = os.environ.get(setting)
    if named is None:
        return None
    if not (named.isascii() and named.isdigit() and 0 < int(named) < 1 << 16):
        raise UnavailableError(f"{setting} must be a port, 1 to 65535")
    return int(named)


def _tcp_socket(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise UnavailableError(f"port {port} cannot be listened at: {error.strerror}") from None
    listener.listen(_BACKLOG)
    return listener


def page_socket(service_url: str) -> socket.socket:
    """Listen where the hub says its proxy will look: a UNIX socket, or a port.

    The port is one of the loopback interface; in a pod, which ``SAFEROOM_ROOMS_PORT`` says, of every interface.
    """
    parts = urlsplit(service_url)
    if parts.scheme == "http+unix" and parts.hostname:
        return unix_socket(Path(unquote(parts.hostname)), 0o600)
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost") and parts.port:
        return _tcp_socket("127.0.0.1", parts.port)
    if parts.scheme == "http" and parts.hostname == EVERYWHERE and parts.port and ROOMS_PORT in os.environ:
        return _tcp_socket(EVERYWHERE, parts.port)
    raise UnavailableError("JUPYTERHUB_SERVICE_URL must be an http+unix:// address or a port on 127.0.0.1")


class Server(uvicorn.Server):
    """A server that leaves signals to `serve`, which has two servers to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: ASGIApp) -> Server:
    """Return a server for `app`; it starts with `serve` and ends when `should_exit` is set."""
    # Forwarded headers are not believed: nothing here depends on the client's address, and any client can write them.
    return Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
            h11_max_incomplete_event_size=32 * 1024,
        )
    )


async def serve(faces: Mapping[socket.socket, ASGIApp], parent: int | None, name: str = "airlock") -> None:
    """Serve each app on its socket until a signal comes, or until the process `parent` is gone."""
    allow_many_files()
    servers = {listener: server(app) for listener, app in faces.items()}

    def stop() -> None:
        for running in servers.values():
            running.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    watch = asyncio.create_task(_watch(parent, stop))
    _log.info(f"{name} is open")
    try:
        await asyncio.gather(*(running.serve([listener]) for listener, running in servers.items()))
    finally:
        watch.cancel()
        _log.info(f"{name} is closed")


async def _watch(parent: int | None, stop: Callable[[], None]) -> None:
    """End with the hub that started this service: a killed hub cannot tell it to."""
    while parent is not None:
        await asyncio.sleep(1)
        if os.getppid() != parent:
            _log.warning("the hub is gone")
            stop()
            return
