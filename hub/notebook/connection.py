"""HTTP to the airlock, over the room's UNIX socket or in a pod to its address, with the notebook server's own token.

The token alone says who asks and for which project; nothing here sends a name. The airlock trusts nothing else that
comes from a room, so changing this file from inside a room changes nothing but what its author sees.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from saferoom.hub.notebook.errors import RoomError

DEFAULT_SOCKET = "/run/airlock.sock"
# An evaluation has its own, shorter limit on the trusted side; this one only ends a wait for a dead server.
TIMEOUT_SECONDS = 300.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("airlock", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channel.settimeout(self.timeout)
        try:
            channel.connect(self._path)
        except BaseException:
            channel.close()
            raise
        self.sock = channel


def _open(airlock: str, timeout: float) -> http.client.HTTPConnection:
    if "://" not in airlock:
        return _UnixConnection(airlock, timeout)
    try:
        parts = urlsplit(airlock)
        if parts.scheme == "http" and parts.hostname and parts.port:
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    except ValueError:
        pass
    raise RoomError("SAFEROOM_AIRLOCK has to be a socket's path or http://HOST:PORT; stop the room and open it again")


@dataclass(frozen=True)
class Connection:
    """One way to the airlock: a socket's path or an address (``http://HOST:PORT``), and a token."""

    airlock: str
    token: str = field(repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    @classmethod
    def from_environment(cls) -> Connection:
        """Return the connection that the room's environment describes.

        Raises
        ------
        RoomError
            This is no room: there is no token.
        """
        airlock = os.environ.get("SAFEROOM_AIRLOCK", DEFAULT_SOCKET)
        token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
        if not token:
            raise RoomError("this works inside a room: sign in at the hub, open your project's room and run it there")
        return cls(airlock, token)

    def opened(self) -> http.client.HTTPConnection:
        """Return a connection on which one question can be asked."""
        return _open(self.airlock, self.timeout_seconds)

    def get(self, path: str) -> Any:
        """Return the JSON answer to a GET."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON answer to a POST of `body`."""
        return self._ask("POST", path, body)

    def send(self, path: str, data: bytes) -> Any:
        """Return the JSON answer to a POST of a file's bytes."""
        return self._ask("POST", path, data)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | bytes | None) -> Any:
        headers = {"Authorization": f"token {self.token}", "Accept": "application/json", "Connection": "close"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            content = body if isinstance(body, bytes) else encode(body)
        connection = self.opened()
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            data = response.read()
            return _answer(response.status, data)
        except (FileNotFoundError, ConnectionRefusedError):
            raise RoomError(
                "the airlock does not answer; it may be restarting. Try again in a minute, then tell the administrator"
            ) from None
        except TimeoutError:
            raise RoomError(
                f"the airlock gave no answer within {self.timeout_seconds:.0f} seconds; try again, or ask for less"
            ) from None
        except (OSError, http.client.HTTPException):
            raise RoomError(
                "the connection to the airlock broke off; look at saferoom.requests() before you try again"
            ) from None
        finally:
            connection.close()


def encode(body: Mapping[str, Any]) -> bytes:
    """Return `body` as JSON in one line."""
    try:
        return json.dumps(body, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError):
        raise RoomError("a query may only hold texts, numbers, truth values, lists and mappings of them") from None


def _plain(value: Any) -> Any:
    # NumPy's numbers know their plain value; nothing else is converted behind the author's back.
    item = getattr(value, "item", None)
    if item is None or getattr(value, "ndim", 1) != 0:
        raise TypeError("not a plain value")
    return item()


def _answer(status: int, data: bytes) -> Any:
    try:
        document = json.loads(data) if data else None
    except ValueError:
        document = None
    if 200 <= status < 300 and document is not None:
        return document
    raise _refusal(status, document)


_SENTENCES = {
    401: "this room's sign-in is no longer valid; stop the room at the hub's home page and open it again",
    403: "you may not do this here",
    404: "there is no such thing in this project, or you may not see it",
    409: "this is not possible in its present state",
    413: "this is too large to be sent to the airlock",
    422: "the airlock does not understand this request",
    429: "too many requests in a short time; wait a little and try again",
    503: "the airlock cannot do this right now; try again in a minute",
}


def _refusal(status: int, document: Any) -> RoomError:
    error = document.get("error") if isinstance(document, dict) else None
    code, message = "", ""
    if isinstance(error, dict):
        code, message = str(error.get("code") or ""), str(error.get("message") or "")
    standard = _SENTENCES.get(
        status, "the airlock met an error; look at saferoom.requests(), and tell the administrator"
    )
    if status == 401:
        return RoomError(standard, status=status, code=code)
    return RoomError(message or standard, status=status, code=code)
