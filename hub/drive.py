"""Drives a hub as a person's browser would: sign-in, rooms, code in a kernel. For the demonstration and the tests.

HTTP and WebSocket only, through the public address; nothing here has more rights than the person who signs in.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from saferoom.errors import (
    BadInputError,
    ForbiddenError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
)

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
_BY_STATUS = {
    400: BadInputError,
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    429: TooManyError,
}


@dataclass(frozen=True)
class Output:
    """What a piece of code gave back.

    Attributes
    ----------
    text : str
        Everything it printed.
    results : tuple of dict
        Displayed objects, each by MIME type.
    error : str
        Name and message of the exception that ended it; empty when none did.
    died : bool
        The kernel ended while the code ran.
    """

    text: str = ""
    results: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    died: bool = False

    @property
    def last(self) -> str:
        """The last displayed object as plain text."""
        return str(self.results[-1].get("text/plain", "")) if self.results else ""


class HubSession:
    """One person's session at the hub at `base_url`."""

    def __init__(self, base_url: str, timeout_seconds: float = 30.0) -> None:
        self.base_url = base_url.rstrip("/")
        self.username = ""
        self.http = httpx.Client(base_url=self.base_url, timeout=timeout_seconds, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; rooms keep running."""
        self.http.close()

    def sign_in(self, username: str, password: str, totp: str) -> None:
        """Sign in with the form.

        Raises
        ------
        UnauthenticatedError, ForbiddenError, TooManyError
            Refused, with the hub's sentence.
        """
        self.http.get("/hub/login")
        fields = {"username": username, "password": password, "totp": totp, "_xsrf": self.xsrf("/hub/")}
        # As a program, not as a page: the refusal then comes as a short text.
        answer = self.http.post("/hub/login", data=fields, follow_redirects=False)
        if answer.status_code != 302:
            raise _BY_STATUS.get(answer.status_code, UnavailableError)(_sentence(answer))
        self.username = username
        self.http.get("/hub/home").raise_for_status()

    def sign_out(self) -> None:
        """End the session."""
        self.http.get("/hub/logout")

    def xsrf(self, path: str) -> str:
        """Return the token against cross-site requests that belongs to `path`."""
        found = [
            cookie.value or "" for cookie in self.http.cookies.jar if (cookie.name, cookie.path) == ("_xsrf", path)
        ]
        return found[-1] if found else ""

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the hub's API as the signed-in person."""
        return self.http.request(method, f"/hub/api/{path}", headers={"X-XSRFToken": self.xsrf("/hub/")}, **options)

    def start_room(self, project: str) -> Room:
        """Start the room of `project`, wait until it answers, and enter it.

        Raises
        ------
        ForbiddenError, UnavailableError
            It was refused or did not start, with the hub's sentence.
        """
        path = f"users/{self.username}/servers/{project}"
        answer = self.api("POST", path)
        if answer.status_code not in (201, 202):
            raise _BY_STATUS.get(answer.status_code, UnavailableError)(_sentence(answer))
        deadline = time.monotonic() + _START_SECONDS
        while not self.running(project):
            if time.monotonic() > deadline:
                raise UnavailableError(f"the room {project} did not start in {_START_SECONDS:.0f} seconds")
            time.sleep(_PAUSE_SECONDS)
        room = self.room(project)
        # What an earlier server of this room left is worth nothing to the new one.
        for cookie in [one for one in self.http.cookies.jar if one.path == room.path]:
            self.http.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
        room.enter()
        return room

    def running(self, project: str) -> bool:
        """Tell whether the room of `project` is ready."""
        servers = self.api("GET", f"users/{self.username}").json().get("servers", {})
        return bool(servers.get(project, {}).get("ready"))

    def room(self, project: str) -> Room:
        """Enter a running room."""
        return Room(self, project)

    def stop_room(self, project: str) -> None:
        """Stop the room of `project` and wait until it is gone."""
        self.api("DELETE", f"users/{self.username}/servers/{project}")
        deadline = time.monotonic() + _STOP_SECONDS
        while self.api("GET", f"users/{self.username}").json().get("servers", {}).get(project):
            if time.monotonic() > deadline:
                raise UnavailableError(f"the room {project} did not stop in {_STOP_SECONDS:.0f} seconds")
            time.sleep(_PAUSE_SECONDS)


@dataclass
class Room:
    """A running room, seen through the proxy; its kernel is started at the first use."""

    session: HubSession
    project: str
    _kernel: str = field(default="", init=False)

    @property
    def path(self) -> str:
        """Where the room is, e.g. ``/user/rosa/mobility/``."""
        return f"/user/{quote(self.session.username)}/{quote(self.project)}/"

    def enter(self, anew: bool = False) -> None:
        """Let the room's server know who comes, as opening it in the browser does."""
        if anew or not self.session.xsrf(self.path):
            answer = self.session.http.get(self.path + "lab")
            if answer.status_code != 200:
                raise UnavailableError(f"the room {self.project} does not answer (status {answer.status_code})")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the room's server, e.g. ``request("GET", "api/status")``."""
        self.enter()
        answer = self._request(method, path, options)
        if answer.status_code == 403 and "_xsrf" in answer.text:
            # The token went stale, e.g. because the person signed in again; a browser would reload the page.
            self.enter(anew=True)
            answer = self._request(method, path, options)
        return answer

    def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        headers = {"X-XSRFToken": self.session.xsrf(self.path)}
        return self.session.http.request(method, self.path + path, headers=headers, **options)

    def write(self, path: str, text: str) -> None:
        """Save a text file in the project's workspace."""
        document = {"type": "file", "format": "text", "content": text}
        self.request("PUT", f"api/contents/{quote(path)}", json=document).raise_for_status()

    def execute(self, code: str, timeout_seconds: float = 120.0) -> Output:
        """Run `code` in the room's kernel and return what it gave back."""
        if not self._kernel:
            answer = self.request("POST", "api/kernels", json={"name": "python3"})
            answer.raise_for_status()
            self._kernel = str(answer.json()["id"])
        return self._execute(code, timeout_seconds)

    def restart(self) -> None:
        """Give up the kernel; the next code gets a new one."""
        kernel, self._kernel = self._kernel, ""
        if kernel:
            self.request("DELETE", f"api/kernels/{kernel}")

    def _execute(self, code: str, timeout_seconds: float) -> Output:
        try:
            channel = self._connect()
        except InvalidStatus as refusal:
            if refusal.response.status_code != 403:
                raise
            # As in `request`: the token may have gone stale.
            self.enter(anew=True)
            channel = self._connect()
        with channel:
            message = _message(code)
            channel.send(json.dumps(message))
            return _collect(channel, message["header"]["msg_id"], time.monotonic() + timeout_seconds)

    def _connect(self) -> ClientConnection:
        base = urlsplit(self.session.base_url)
        scheme = "wss" if base.scheme == "https" else "ws"
        cookies = [c for c in self.session.http.cookies.jar if self.path.startswith(c.path)]
        address = f"{scheme}://{base.netloc}{self.path}api/kernels/{self._kernel}/channels"
        return connect(
            f"{address}?_xsrf={quote(self.session.xsrf(self.path))}",
            additional_headers={"Cookie": "; ".join(f"{c.name}={c.value}" for c in cookies)},
            origin=Origin(f"{base.scheme}://{base.netloc}"),
            max_size=None,
            proxy=None,
        )


def _message(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "session": uuid.uuid4().hex,
        "username": "",
        "date": "",
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }


def _collect(channel: ClientConnection, request: str, deadline: float) -> Output:
    """Gather what answers `request` until both the kernel is idle again and the reply is there.

    Raises
    ------
    TimeoutError
        It is not over by `deadline`, on the monotonic clock.
    """
    text: list[str] = []
    results: list[Mapping[str, Any]] = []
    error = ""
    waiting = {"status", "execute_reply"}
    while waiting:
        message = json.loads(channel.recv(max(0.0, deadline - time.monotonic())))
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] in ("restarting", "dead"):
            return Output("".join(text), tuple(results), error or "the kernel ended", died=True)
        if message.get("parent_header", {}).get("msg_id") != request:
            continue
        if kind == "stream":
            text.append(content["text"])
        elif kind in ("execute_result", "display_data"):
            results.append(content["data"])
        elif kind == "error":
            error = f"{content['ename']}: {content['evalue']}"
        elif kind == "execute_reply" or (kind == "status" and content["execution_state"] == "idle"):
            waiting.discard(kind)
    return Output("".join(text), tuple(results), error)


def _sentence(answer: httpx.Response) -> str:
    """Return the hub's reason, from JSON or from the page."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        _, _, after = answer.text.partition('role="alert">')
        return after.partition("<")[0].strip() or f"the hub answered with status {answer.status_code}"
