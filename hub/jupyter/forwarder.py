"""Inside a room: the package index at a port of the room's own loopback, because pip knows no UNIX sockets.

The port leads to the airlock's package index and nowhere else: questions are GETs, and their addresses lie below it.
It adds the room's token, so that the token stands in no setting and on no command line. Whatever runs in the room could
ask the airlock the same by itself; nothing here is a boundary.
"""

from __future__ import annotations

import http.client
import logging
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saferoom.hub.notebook.connection import Connection

HOST, PORT = "127.0.0.1", 3141
PREFIX = "/only-what-an-administrator-allowed-for-this-project"
"""Stands in the address so that pip says it: ``Looking in indexes: http://127.0.0.1:3141/only-what-...``."""
INDEX_URL = f"http://{HOST}:{PORT}{PREFIX}/simple/"
_BELOW = "/api/room/packages"
_PATH = re.compile(r"/(simple/([A-Za-z0-9._-]+/)?|files/[0-9a-f]{64}/[A-Za-z0-9._+!-]+)")
_PASSED = ("Content-Type", "Content-Length", "Retry-After", "Cache-Control")
_CHUNK_BYTES = 1 << 16
_log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """Passes one question on to the airlock, and its answer back, part by part."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def __init__(self, airlock: Callable[[], Connection], *options: object) -> None:
        self._airlock = airlock
        super().__init__(*options)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer as the airlock does."""
        path = self.path.removeprefix(PREFIX)
        if path == self.path or not _PATH.fullmatch(path):
            self.send_error(404)
            return
        airlock = self._airlock()
        wire = airlock.opened()
        headers = {"Authorization": f"token {airlock.token}", "Accept": self.headers.get("Accept", "*/*")}
        try:
            wire.request("GET", _BELOW + path, headers=headers)
            self._pass_on(wire.getresponse())
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            with suppress(OSError):
                self.send_error(503, "the airlock does not answer")
        finally:
            wire.close()

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name in _PASSED:
            if value := answer.headers.get(name):
                self.send_header(name, value)
        if answer.headers.get("Content-Length") is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            shutil.copyfileobj(answer, self.wfile, _CHUNK_BYTES)
        except (OSError, http.client.HTTPException):
            # The head is out already: only an end that comes too early can tell.
            self.close_connection = True
        if answer.length:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: a room's log is its own, and nobody asked."""


class Server(ThreadingHTTPServer):
    """Serves the room's own programs."""

    daemon_threads = True


@cache
def _own() -> Connection:
    # Not before somebody installs something: the client takes a moment to be read.
    from saferoom.hub.notebook.connection import Connection

    return Connection.from_environment()


def start(airlock: Callable[[], Connection] = _own, port: int = PORT) -> Server | None:
    """Listen from now on, in a thread that ends with the room's server; None where the port is taken."""
    try:
        server = Server((HOST, port), partial(Handler, airlock))
    except OSError as error:
        _log.warning("packages cannot be installed here: %s", error.strerror)
        return None
    Thread(target=server.serve_forever, name="packages", daemon=True).start()
    return server
