"""Whose token a call shows: counted before anything is looked up, then asked of the store, every time."""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import ForbiddenError, SaferoomError, UnauthenticatedError
from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import Digest, Username
from saferoom.projects.tokens.model import Holder, digest_of, looks_like_one
from saferoom.projects.tokens.service import UNKNOWN, may_do

_AUTHORIZATION = re.compile(r"(?:token|bearer) ([^\s]+)", re.IGNORECASE)
_MOST_REMEMBERED = 10_000
_EVERYBODY = "everybody"
_READING = frozenset({"GET", "HEAD"})


class Bearers:
    """Recognises tokens.

    Tokens that were good lately are remembered by their digests, only to count their calls before asking the store.
    All others share one limit: whoever tries tokens out is slowed down, and people who have good ones are not.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lately: OrderedDict[Digest, Username] = OrderedDict()
        self._lock = Lock()

    async def holder(self, request: Request) -> Holder:
        """Return whom the token of `request` stands for, when it is good for such a call.

        Cookies are not looked at, so no other site can call in somebody's name.
        """
        _check_program(request)
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            raise UnauthenticatedError("an API token is missing: send it as 'Authorization: Bearer srt_...'")
        secret = found.group(1)
        if not looks_like_one(secret):
            raise UnauthenticatedError(UNKNOWN)
        digest = digest_of(secret)
        known = self._count(digest)
        try:
            holder = await run_in_threadpool(self._parts.instance.tokens.holder, secret)
        except SaferoomError:
            self._forget(digest)
            if known is None:
                self._parts.rates.note(Rate.UNKNOWN_TOKENS, _EVERYBODY)
            raise
        if known is None:
            self._remember(digest, holder.username)
            self._parts.rates.spend(Rate.CALLS, holder.username)
        may_do(holder.scope, request.method in _READING).enforce()
        return holder

    def _count(self, digest: Digest) -> Username | None:
        """Count the call of a token that was good lately and return whose it was; else see that there is room."""
        with self._lock:
            known = self._lately.get(digest)
        if known is None:
            self._parts.rates.check(Rate.UNKNOWN_TOKENS, _EVERYBODY)
        else:
            self._parts.rates.spend(Rate.CALLS, known)
        return known

    def _remember(self, digest: Digest, username: Username) -> None:
        with self._lock:
            self._lately[digest] = username
            while len(self._lately) > _MOST_REMEMBERED:
                self._lately.popitem(last=False)

    def _forget(self, digest: Digest) -> None:
        with self._lock:
            self._lately.pop(digest, None)


def _check_program(request: Request) -> None:
    """Refuse what a browser sends: a script in a room's notebook shares the pages' origin and must not call."""
    if "sec-fetch-site" in request.headers or "origin" in request.headers:
        raise ForbiddenError("this API is for programs; a browser's page, and a script in it, cannot use it")
