"""What every request passes before any page or call sees it, and what every answer carries.

The rooms of a person are served from the same origin as these pages, so a script in a notebook's output counts as
"same origin" to a browser. Three things keep it out: pages answer top-level navigations only (Sec-Fetch-Dest), they
cannot be framed, and they cut the tie to the window that opened them (Cross-Origin-Opener-Policy). What files hold is
shown in frames of our pages, which have an origin of their own (`saferoom.hub.web.airlock.frames`). A hub with one
subdomain per person removes the shared origin altogether.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saferoom.errors import BadInputError, ForbiddenError
from saferoom.hub.watching import counts
from saferoom.hub.web.shell.logs import where

_log = structlog.get_logger()
_NONCE = "csp_nonce"
_FRAMES = "shown_in_frames"


class TooLargeError(BadInputError):
    """A body is larger than this service reads (HTTP 413)."""

    http_status = 413


class TooSlowError(BadInputError):
    """A body took longer than this service waits (HTTP 408)."""

    http_status = 408


class LogRequests:
    """Writes one line per request, and answers with a plain sentence when a defect gets this far."""

    def __init__(self, app: ASGIApp, face: str) -> None:
        self._app = app
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 0, time.monotonic()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:
            _log.error("defect", face=self._face, **where(error))
            if not status:
                await _sorry(note, self._face)
        finally:
            # The route's template, not the path: a path is what the asker wrote.
            route = getattr(scope.get("route"), "path", None)
            took = time.monotonic() - started
            counts.answered(self._face, status, took, known=route is not None)
            _log.info(
                "request", face=self._face, method=scope["method"], route=route, status=status, ms=round(took * 1000)
            )


async def _sorry(send: Send, face: str) -> None:
    words = "something went wrong here; nothing was released. The administrator finds the error in the service's log"
    body, kind = f"{words}.".encode(), b"text/plain; charset=utf-8"
    if face == "rooms":
        body, kind = json.dumps({"error": {"code": "defect", "message": words}}).encode(), b"application/json"
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class LimitBody:
    """Refuses bodies above `most_bytes` before they are read, and while they are read when they did not say.

    Parameters
    ----------
    by_path : mapping of str to int
        Paths that read another number of bytes. They are given `long` seconds.
    seconds, long : float
        How long a body may take to arrive.
    """

    seconds = 30.0
    long = 150.0

    def __init__(self, app: ASGIApp, most_bytes: int, by_path: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._most = most_bytes
        self._by_path = dict(by_path or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        most = self._by_path.get(scope["path"], self._most)
        end = time.monotonic() + (self.long if scope["path"] in self._by_path else self.seconds)
        seen, complete = 0, False

        async def limited() -> Message:
            nonlocal seen, complete
            # Raised where the body is read, so that the face's own error answer is given.
            if declared.isdigit() and int(declared) > most:
                raise _too_large(most)
            try:
                # What comes after the body is the end of the connection, which may take its time.
                async with asyncio.timeout(None if complete else max(0.0, end - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise TooSlowError("the request did not arrive in time; send it again") from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if seen > most:
                    raise _too_large(most)
            return message

        await self._app(scope, limited, send)


def _too_large(most: int) -> TooLargeError:
    size = f"{most // 2**20} MiB" if most > 2**20 else f"{most // 1024} KiB"
    return TooLargeError(f"the request is larger than the {size} that are read here")


class SecureHeaders:
    """Adds the headers that keep pages from being framed, sniffed, cached or made to run foreign script."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = scope.setdefault("state", {})[_NONCE] = secrets.token_urlsafe(16)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                framed = scope["state"].get(_FRAMES, False) and message["status"] == 200
                for name, value in (_HEADERS | _FRAME_HEADERS if framed else _HEADERS).items():
                    headers[name] = value
                # "Not modified" leaves the browser with the page it has, and that page's nonce with it.
                if message["status"] != 304:
                    policy = _FRAME_POLICY if framed else _POLICY
                    headers["Content-Security-Policy"] = policy.format(nonce=nonce)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, secured)


# Scripts and styles run by nonce, not by origin: the origin is shared with the rooms. `same-origin` sends no referrer
# to other sites; `no-referrer` would also blank the Origin header of our own forms, which is checked below.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a file holds, shown inside a page: it runs and loads nothing, and has an origin of its own.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_FRAME_HEADERS = {"X-Frame-Options": "SAMEORIGIN"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    # Rooms' pages carry `same-origin` (the proxy sees to it). Where this value is unknown it counts as none, and the
    # two differ all the same: a room that opens one of these pages holds no handle to it.
    "Cross-Origin-Opener-Policy": "noopener-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def nonce_of(request: Request) -> str:
    """Return the nonce that this answer's scripts and styles carry."""
    nonce: str = request.scope["state"][_NONCE]
    return nonce


def shown_in_frames(request: Request) -> None:
    """Let this answer be shown in a frame of our pages, under a policy by which it can do nothing.

    Whoever calls this has made sure that one of our own pages asks.
    """
    request.scope["state"][_FRAMES] = True


def check_navigation(request: Request) -> None:
    """Refuse to show a page to a script, a frame or an image; browsers say who asks, other clients say nothing."""
    destination = request.headers.get("sec-fetch-dest", "document")
    if destination != "document":
        counts.signal(counts.Signal.SCRIPTED_PAGE)
        raise ForbiddenError("this page opens in a window of its own only")


def check_own_form(request: Request) -> None:
    """Refuse a form that did not come from these pages (the session's token is checked besides)."""
    check_navigation(request)
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    own = urlsplit(origin).netloc == request.headers.get("host")
    # A page may hide its origin ("null") by its referrer policy, but never how far away it is. Browsers that do not
    # say how far must name the origin.
    if site not in (None, "same-origin") or not (own or (site == "same-origin" and origin in ("", "null"))):
        counts.signal(counts.Signal.FOREIGN_FORM)
        raise ForbiddenError("the form was sent from another site, or the browser hides where it came from")
