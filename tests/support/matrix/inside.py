"""The airlock service's application called in this process: real guards, sessions and decisions, no socket.

Only the question to the hub, whose token is this, is answered here.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from jupyterhub.services.auth import HubOAuth
from starlette.routing import Match, Mount
from starlette.types import Message, Scope
from tests.support.airlock_server import HOST, PREFIX
from tests.support.airlock_world import World
from tests.support.matrix.memory import Kept, Memory
from tests.support.stand_in_hub import AIRLOCK, SERVICE_TOKEN

from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.web.airlock import frames
from saferoom.hub.web.app import page_app
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.identity import SESSION_COOKIE
from saferoom.hub.web.shell.intake import Intake
from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.shell.rates import Rate, Rates
from saferoom.hub.web.shell.sessions import Sessions, SignIns
from saferoom.ids import EvaluationId, RequestId, Username, new_id
from saferoom.projects.tokens.model import LONGEST_DAYS, Token, digest_of
from saferoom.projects.tokens.model import Scope as TokenScope

API = f"{PREFIX}api/v1"
_NONCE = re.compile(rb'nonce(=|-|&#34;:)"?[\w-]+')
_STATE = re.compile(rb"state=[\w%.-]+|code_challenge=[\w%.-]+")


class KnowingHub(Hub):
    """Answers about the tokens it was given; what it says is judged by the hub's real reader."""

    def __init__(self) -> None:
        super().__init__(
            HubOAuth(
                api_url="http://hub.example/hub/api",
                api_token=SERVICE_TOKEN,
                oauth_client_id="service-airlock",
                base_url=PREFIX,
                access_scopes={AIRLOCK},
            )
        )
        self.models: dict[str, dict[str, Any]] = {}

    async def _model(self, token: str) -> Mapping[str, Any] | None:
        return self.models.get(token)


class Patience(Rates):
    """Counts nothing: how often somebody may ask is not what the matrix is about."""

    def spend(self, rate: Rate, username: Username, count: int = 1) -> None:
        pass

    def check(self, rate: Rate, who: str) -> None:
        pass

    def note(self, rate: Rate, who: str) -> None:
        pass


@dataclass(frozen=True)
class Answer:
    """What came back; what is new in every answer is taken out of the body."""

    status: int
    body: bytes = field(repr=False)
    place: bytes = b""


@dataclass(frozen=True)
class Caller:
    """Somebody with a browser that is signed in, and with a token for programs; a stranger has neither."""

    name: str
    cookie: str = ""
    csrf: str = ""
    token: str = ""


def _swifter(app: FastAPI) -> None:
    """Let routes remember which addresses are not theirs: the same ones are asked for by everybody."""
    for route in app.router.routes:
        setattr(route, "matches", _remembering(route.matches))  # noqa: B010 - in place of the method
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            _swifter(route.app)


def _remembering(matches: Callable[[Scope], tuple[Match, Scope]]) -> Callable[[Scope], tuple[Match, Scope]]:
    missed: set[tuple[str, str]] = set()

    def matched(scope: Scope) -> tuple[Match, Scope]:
        key = scope["method"], scope["path"]
        if key in missed:
            return Match.NONE, {}
        match, child = matches(scope)
        if match is Match.NONE:
            missed.add(key)
        return match, child

    return matched


class Inside:
    """The application over a world, and everybody who calls it; `begin` makes the world as it was at first."""

    def __init__(self, world: World, evaluator: Any, people: Iterable[str]) -> None:
        self.world, self.hub, self._people = world, KnowingHub(), tuple(people)
        self._file = world.instance.home.database_url.removeprefix("sqlite:///")
        self._watch = sqlite3.connect(self._file, check_same_thread=False)
        self.memory = Memory(world.instance.database, self.version)
        clock = world.instance.clock
        self.parts = Parts(
            instance=world.instance,
            hub=self.hub,
            evaluator=evaluator,
            rates=Patience(),
            sessions=Sessions(clock),
            sign_ins=SignIns(clock),
            screener=Screener(world.instance),
            intake=Intake(),
        )
        self.app: FastAPI = page_app(self.parts)
        _swifter(self.app)
        self._at = world.clock.now()
        self.callers = self._signed_in()
        self.nowhere: dict[tuple[str, str], Answer] = {}
        """What those whom nothing concerns are told of what does not exist, by who asks and for what."""
        self._first = self.keep(), self.callers, self.nowhere

    def close(self) -> None:
        """Let go of the store."""
        self._watch.close()

    def begin(self) -> None:
        """Put everything back to what it was at first, the time included."""
        kept, self.callers, self.nowhere = self._first
        self.restore(kept)
        self.world.clock.advance(self._at - self.world.clock.now())

    def admit(self) -> None:
        """Sign everybody in anew where so much time has gone by that sessions and tokens have ended."""
        if self.world.clock.now() != self._at:
            self.callers, self.nowhere = self._signed_in(), {}

    def _signed_in(self) -> dict[str, Caller]:
        service, now = self.world.instance.tokens, self.world.clock.now()
        found = {}
        with service.store.transaction() as tx:
            for name in self._people:
                secret, until = service.draw(), now + timedelta(days=LONGEST_DAYS)
                # Used just now, so that its next use is not worth noting.
                token = Token(new_id("token"), Username(name), "a script", TokenScope.ACT, now, until, used_at=now)
                tx.add(token, digest_of(secret))
                found[name] = self._caller(name, secret)
        return found

    def _caller(self, name: str, secret: str) -> Caller:
        hub_token = f"browser-token-of-{name}"
        self.hub.models[hub_token] = {"kind": "user", "name": name, "session_id": "s", "scopes": [AIRLOCK]}
        cookie = self.parts.sessions.start(Username(name), hub_token)
        session = self.parts.sessions.peek(cookie)
        assert session is not None
        return Caller(name, f"{SESSION_COOKIE}={cookie}", session.csrf, secret)

    def frame_key(self, who: Caller, request: str, file: str) -> str:
        """Return what the frames of `who`'s own page of a request send; a stranger has no page to take it from."""
        session = self.parts.sessions.peek(who.cookie.partition("=")[2])
        return frames.key(session, RequestId(request), EvaluationId(file)) if session else ""

    # What is asked

    async def page(
        self, who: Caller, method: str, path: str, fields: Mapping[str, Any] | None = None, frame: bool = False
    ) -> Answer:
        """Open a page, or send a form of one, as a browser does."""
        headers = {"cookie": who.cookie} if who.cookie else {}
        headers["sec-fetch-dest"] = "iframe" if frame else "document"
        headers["sec-fetch-site"] = "same-origin"
        body = b""
        if method == "POST":
            headers |= {"origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"}
            body = urlencode({"csrf": who.csrf, **(fields or {})}, doseq=True).encode()
        return await self._ask(method, PREFIX.rstrip("/") + path, headers, body)

    async def call(self, who: Caller, method: str, path: str, document: Any = None) -> Answer:
        """Call the API."""
        headers = {"authorization": f"token {who.token}"} if who.token else {}
        body = b""
        if method in ("POST", "PUT"):
            headers["content-type"] = "application/json"
            body = json.dumps({} if document is None else document).encode()
        return await self._ask(method, API + path, headers, body)

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = path.partition("?")
        pairs = [(b"host", HOST.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": pairs,
            "client": ("127.0.0.1", 1),
            "server": (HOST, 80),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        said = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        place = next((value for name, value in start["headers"] if name == b"location"), b"")
        return Answer(start["status"], _NONCE.sub(b"nonce", said), _STATE.sub(b"", place))

    # What it changed

    def version(self) -> int:
        """Return a number that is another one after anybody has written to the store."""
        row: tuple[int] = self._watch.execute("PRAGMA data_version").fetchone()
        return row[0]

    def keep(self) -> Kept:
        """Return the store as it is now, for `restore`."""
        kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self._file)) as store:
            store.backup(kept)
        return kept

    def restore(self, kept: Kept) -> None:
        """Put the store back to what it was when it was kept."""
        with closing(sqlite3.connect(self._file)) as store:
            kept.backup(store)
        self.memory.back(kept)
