"""What people do who want a room, and those who only open pages meanwhile; each is a thread, as each has a browser."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from saferoom.errors import SaferoomError, UnavailableError
from saferoom.hub.bench.web_people import PASSWORD
from saferoom.hub.drive import HubSession

PAGES = {
    "sign-in": "/hub/login",
    "home": "/hub/home",
    "airlock": "/services/airlock/releases",
    "hub's health": "/hub/health",
    "airlock's health": "/services/airlock/health",
}
"""What is opened at a fixed rate, by name; the first without a session, as whoever comes sees it."""
PAGE_SECONDS = 1.0
LINE, ANSWER = "print(6 * 7)", "42"
_WAITING = re.compile(r"^Waiting for a room: (?:You are next|(\d+) before you), because (.+?)\.")
_SECONDS = 30.0
_PAUSE_SECONDS = 0.5


@dataclass
class Asking:
    """One person who wants a room, and what they were told.

    Attributes
    ----------
    told : list of (float, str)
        Every sentence of the page that waits, and when it came, on the monotonic clock.
    turn, ready, answered : float or None
        When it was their turn, when the room was there, and when a line of code was answered in it.
    refused : str
        The sentence with which the room was refused.
    """

    session: HubSession
    project: str
    told: list[tuple[float, str]] = field(default_factory=list)
    turn: float | None = None
    ready: float | None = None
    answered: float | None = None
    refused: str = ""

    def want(self, go: threading.Barrier, enough: threading.Event) -> None:
        """Press the button together with everybody else, wait as the page does, and run a line in the room."""
        go.wait()
        try:
            answer = self.session.http.get(f"/hub/spawn/{self.session.username}/{self.project}", timeout=_SECONDS * 4)
            if answer.status_code >= 400:
                self.refused = f"status {answer.status_code}"
                return
            while self.ready is None and not self.refused and not enough.is_set():
                self._listen(enough)
        except (httpx.HTTPError, SaferoomError, OSError) as error:
            # The hub that ends takes its connections with it.
            if not enough.is_set():
                self.refused = self.refused or f"{type(error).__name__} after the room was asked for"
            return
        while self.ready is not None and self.answered is None and not enough.is_set():
            # As JupyterLab does where a busy machine is late: it connects anew.
            with suppress(httpx.HTTPError, SaferoomError, OSError, WebSocketException):
                self._work()

    def waits(self) -> tuple[int, str] | None:
        """Return how many are before this person and why, as they were told last; None where they were told neither."""
        found = _WAITING.match(self.told[-1][1]) if self.told else None
        return (int(found[1] or 0), found[2]) if found else None

    def places(self) -> list[int]:
        """Return how many were before this person, each time that they were told."""
        return [int(found[1] or 0) for _, words in self.told if (found := _WAITING.match(words))]

    def server(self) -> Mapping[str, Any]:
        """Return what the hub says about the room."""
        servers = self.session.api("GET", f"users/{self.session.username}").json().get("servers", {})
        return dict(servers.get(self.project) or {})

    def _listen(self, enough: threading.Event) -> None:
        where = f"/hub/api/users/{self.session.username}/servers/{self.project}/progress"
        headers = {"Accept": "text/event-stream"}
        try:
            with self.session.http.stream("GET", where, headers=headers, timeout=_SECONDS) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        self._hear(json.loads(line[6:]))
                    if enough.is_set() or self.ready is not None or self.refused:
                        return
        except httpx.TransportError:
            # As a browser does: once more, a moment later.
            enough.wait(_PAUSE_SECONDS)

    def _hear(self, event: Mapping[str, Any]) -> None:
        now, words = time.monotonic(), str(event.get("message", ""))
        if words and (not self.told or self.told[-1][1] != words):
            self.told.append((now, words))
        if self.turn is None and event.get("progress", 0) >= 20:
            self.turn = now
        if event.get("failed"):
            self.refused = words or "failed"
        elif event.get("ready"):
            self.ready = now

    def _work(self) -> None:
        room = self.session.room(self.project)
        room.enter()
        if room.execute(LINE).text.strip() != ANSWER:
            raise UnavailableError("a room of the benchmark does not compute")
        self.answered = time.monotonic()


@dataclass(frozen=True)
class Answer:
    """One page that was opened: when it was due, on the monotonic clock, and how long after that it was there."""

    page: str
    due: float
    ms: float
    status: int


class Visits:
    """Opens every page once a second in a thread of its own, whatever the answer to the one before."""

    def __init__(self, session: HubSession) -> None:
        self.answers: list[Answer] = []
        self._cookies = session.http.cookies
        self._url = session.base_url
        self._over = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Visit until the block ends."""
        began = time.monotonic()
        threads = [
            threading.Thread(target=self._visit, args=(name, path, began + PAGE_SECONDS * number / len(PAGES)))
            for number, (name, path) in enumerate(PAGES.items())
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(_SECONDS + 5)

    def _visit(self, name: str, path: str, due: float) -> None:
        cookies = None if name == next(iter(PAGES)) else self._cookies
        with httpx.Client(base_url=self._url, cookies=cookies, timeout=_SECONDS, trust_env=False) as client:
            while not self._over.wait(max(0.0, due - time.monotonic())):
                try:
                    status = client.get(path, headers={"Sec-Fetch-Dest": "document"}).status_code
                except httpx.TransportError:
                    status = 0
                # From when it was due: whoever comes while an answer is late waits for it as well.
                self.answers.append(Answer(name, due, (time.monotonic() - due) * 1000, status))
                due += PAGE_SECONDS


def signed_in(url: str, username: str, one_time_code: Callable[[], str]) -> HubSession:
    """Return a session of somebody."""
    session = HubSession(url)
    try:
        session.sign_in(username, PASSWORD, one_time_code())
    except BaseException:
        session.close()
        raise
    return session
