"""Who is asking, checked anew at every request: with the hub first, then with the registry."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import ForbiddenError, SaferoomError, UnauthenticatedError
from saferoom.hub.watching.counts import Signal, signal
from saferoom.hub.web.shell.bodies import plain_form, read_fields
from saferoom.hub.web.shell.guards import check_navigation, check_own_form
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.sessions import Session
from saferoom.ids import Username
from saferoom.projects.people.entitlement import may_enter, signed_in
from saferoom.projects.people.model import Person
from saferoom.projects.tokens.model import PREFIX

SESSION_COOKIE = "saferoom-airlock"
CSRF_FIELD = "csrf"
_AUTHORIZATION = re.compile(r"token ([^\s]+)")


class SignInNeededError(UnauthenticatedError):
    """Nobody is signed in with this browser (any more)."""


@dataclass(frozen=True)
class Visitor:
    """A person with a browser, signed in and still entitled."""

    person: Person
    session: Session

    @property
    def username(self) -> Username:
        """The person's user name."""
        return self.person.username


def sent_token(request: Request) -> str:
    """Return the token that a program sent; empty when there is none."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    return found.group(1) if found else ""


async def resident(request: Request) -> Resident:
    """Return who asks from which project's room; refuse people whose entitlement to that project has ended."""
    token = sent_token(request)
    if not token:
        signal(Signal.UNKNOWN_TOKEN)
        raise UnauthenticatedError("the room's token is missing: send it as 'Authorization: token ...'")
    if token.startswith(PREFIX):
        signal(Signal.FOREIGN_TOKEN)
        # Not even asked about: it was made for programs outside, and the hub never gave it out.
        raise ForbiddenError("an API token opens nothing here, only the room's own does; take it out of the room")
    parts = parts_of(request)
    who = await _resident(parts, token)
    try:
        await run_in_threadpool(_check_may_enter, parts, who)
    except ForbiddenError:
        signal(Signal.NOT_ENTITLED)
        raise
    return who


async def _resident(parts: Parts, token: str) -> Resident:
    """Ask the hub whose room's a token is; what is none is counted."""
    try:
        return await parts.hub.resident(token)
    except UnauthenticatedError:
        signal(Signal.UNKNOWN_TOKEN)
        raise
    except ForbiddenError:
        signal(Signal.FOREIGN_TOKEN)
        raise


def _check_may_enter(parts: Parts, who: Resident) -> None:
    may_enter(parts.instance.registry, who.username, who.project, parts.instance.clock.now()).enforce()


async def visitor(request: Request) -> Visitor:
    """Return who opens a page in a window of its own."""
    check_navigation(request)
    who = await _visitor(request, touch=True)
    request.state.visitor = who
    return who


async def visitor_or_nobody(request: Request) -> Visitor | None:
    """Return who opens a page that everybody may see; None for somebody who is not signed in, and for scripts."""
    try:
        return await visitor(request)
    except SaferoomError:
        return None


async def glancer(request: Request) -> Visitor:
    """Return whose page asks for a line of news by itself; this keeps no session awake and shows no data."""
    return await _visitor(request, touch=False)


async def framed_visitor(request: Request) -> Visitor:
    """Return whose page fills a frame; that it is a frame of that page, the handler has to check."""
    return await _visitor(request, touch=False)


@dataclass(frozen=True)
class Sent:
    """A form from one of this person's own pages."""

    who: Visitor
    fields: dict[str, tuple[str, ...]]


async def sender(request: Request) -> Sent:
    """Return who sends which form, once it is sure that the form came from this person's own page."""
    check_own_form(request)
    # Read first, so that what was typed can be shown again even to somebody whose session has ended.
    fields = request.state.typed = await read_fields(request)
    who = await _visitor(request, touch=True)
    tokens = fields.pop(CSRF_FIELD, ())
    if len(tokens) != 1 or not who.session.accepts(tokens[0]):
        raise ForbiddenError("this form is out of date; go back, reload the page and send it again")
    request.state.visitor = who
    return Sent(who, fields)


async def submitter(request: Request) -> tuple[Visitor, dict[str, str]]:
    """Return who sends which plain form, of which no field comes twice; as `sender`."""
    sent = await sender(request)
    return sent.who, plain_form(sent.fields)


async def _visitor(request: Request, *, touch: bool) -> Visitor:
    parts = parts_of(request)
    secret = session_secret(request)
    session = (parts.sessions.find(secret) if touch else parts.sessions.peek(secret)) if secret else None
    if session is None:
        raise SignInNeededError("you are not signed in, or your session has ended; sign in again")
    try:
        username = await parts.hub.visitor(session.token)
    except UnauthenticatedError:
        parts.sessions.end(secret)
        raise SignInNeededError("your session has ended; sign in again") from None
    if username != session.username:
        parts.sessions.end(secret)
        raise SignInNeededError("your session belongs to somebody else; sign in again")
    return Visitor(await run_in_threadpool(entitled, parts, username), session)


def entitled(parts: Parts, username: Username) -> Person:
    """Return the person called `username`; raise unless that person may still use this instance."""
    return signed_in(parts.instance.registry, username, parts.instance.clock.now())


def session_secret(request: Request) -> str:
    """Return the session cookie's value; empty when there is none, or more than one.

    A script in a room shares the host and could lay a second cookie of the same name over the first.
    """
    values = [value for name, value in _cookies(request) if name == SESSION_COOKIE]
    return values[0] if len(values) == 1 else ""


def _cookies(request: Request) -> list[tuple[str, str]]:
    pairs = []
    for header in request.headers.getlist("cookie"):
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            pairs.append((name, value))
    return pairs


def set_cookie(response: Response, parts: Parts, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie that only these pages get and no script reads."""
    response.set_cookie(
        name, value, max_age=seconds, path=parts.hub.prefix, httponly=True, samesite="lax", secure=parts.secure
    )
