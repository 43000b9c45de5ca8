"""A program that calls the HTTP API with a token of its own person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from tests.support.airlock_server import HOST, PREFIX, Service, plain_transport
from tests.support.stand_in_hub import AIRLOCK

from saferoom.hub.wiring import Instance
from saferoom.ids import Username, new_id
from saferoom.projects.tokens.model import LONGEST_DAYS, Scope, Token, digest_of


@dataclass(frozen=True)
class Client:
    """Calls below ``/api/v1/``."""

    http: httpx.Client
    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Call with the token; `body` goes as JSON."""
        sent = ({"Authorization": f"token {self.token}"} if self.token else {}) | headers
        return self.http.request(method, f"{PREFIX}api/v1/{path}", json=body, headers=sent)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.call("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.call("PUT", path, body, **headers)


def model_of(name: str, **changes: Any) -> dict[str, Any]:
    """Return what the hub says of a token that `name` made there, which opens nothing here."""
    scopes = [AIRLOCK, f"access:servers!user={name}", f"read:users!user={name}"]
    return {"kind": "user", "name": name, "session_id": None, "token_id": "a1", "scopes": scopes} | changes


def given_token(instance: Instance, name: str, scope: Scope = Scope.ACT, days: int = LONGEST_DAYS) -> tuple[Token, str]:
    """Write a token of `name` into the store, without proof, event or notice; return it with its secret."""
    now, secret = instance.clock.now(), instance.tokens.draw()
    token = Token(new_id("token"), Username(name), "a script", scope, now, now + timedelta(days=days))
    with instance.tokens.store.transaction() as tx:
        tx.add(token, digest_of(secret))
    return token, secret


def client(airlock: Service, name: str, scope: Scope = Scope.ACT) -> Client:
    """Return a program of `name`."""
    return with_token(airlock, given_token(airlock.world.instance, name, scope)[1])


def with_token(airlock: Service, token: str) -> Client:
    """Return a program with any token."""
    http = httpx.Client(transport=plain_transport(airlock.pages), base_url=f"http://{HOST}", timeout=30)
    airlock._open.append(http)
    return Client(http, token)


def said(answer: httpx.Response, status: int = 200) -> Any:
    """Return what a call was answered, which must be with `status`."""
    assert answer.status_code == status, answer.text
    return answer.json()
