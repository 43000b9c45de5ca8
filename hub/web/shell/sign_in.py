"""Signing in through the hub (OAuth 2 with state and PKCE) and out again."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saferoom.errors import ForbiddenError, UnauthenticatedError
from saferoom.hub.web.shell.guards import check_navigation
from saferoom.hub.web.shell.identity import SESSION_COOKIE, Visitor, entitled, session_secret, set_cookie, submitter
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.sessions import SIGN_IN_SECONDS, SignIn

router = APIRouter()
_STATE_COOKIE = "saferoom-sign-in-"
_COOKIE_LETTERS = 10


def depart(request: Request) -> Response:
    """Send the browser to the hub; it comes back to the page it asked for."""
    parts = parts_of(request)
    state = secrets.token_urlsafe(24)
    departure = parts.hub.departure(state)
    response = RedirectResponse(departure.url, status_code=303)
    sign_in = SignIn(state, departure.verifier, local_path(parts, request))
    set_cookie(response, parts, _cookie(state), parts.sign_ins.seal(sign_in), SIGN_IN_SECONDS)
    return response


def local_path(parts: Parts, request: Request) -> str:
    """Return the path and query the browser asked for, or the first page when that is not one of these pages."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    plain = urlsplit(target)
    if plain.scheme or plain.netloc or not target.startswith(parts.hub.prefix) or "\\" in target:
        return parts.hub.prefix
    return target


@router.get("/oauth_callback")
async def arrive(request: Request, code: str = "", state: str = "") -> Response:
    """Finish a sign-in that this browser started."""
    check_navigation(request)
    parts = parts_of(request)
    sign_in = parts.sign_ins.open(state, request.cookies.get(_cookie(state), ""))
    if sign_in is None or not code:
        raise UnauthenticatedError("this sign-in was not started here or took too long; start again")
    token = await parts.hub.token_for(code, sign_in.verifier)
    username = await parts.hub.visitor(token)
    await run_in_threadpool(entitled, parts, username)
    parts.sessions.end(session_secret(request))
    response = RedirectResponse(sign_in.next_path, status_code=303)
    set_cookie(response, parts, SESSION_COOKIE, parts.sessions.start(username, token))
    response.delete_cookie(_cookie(state), path=parts.hub.prefix, httponly=True, samesite="lax", secure=parts.secure)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, sent: tuple[Visitor, dict[str, str]] = Depends(submitter)) -> Response:
    """End this session and go on to the hub, which ends its own."""
    if sent[1]:
        raise ForbiddenError("this form is not one of these pages' forms")
    parts = parts_of(request)
    parts.sessions.end(session_secret(request))
    response = RedirectResponse(parts.hub.hub_prefix + "logout", status_code=303)
    response.delete_cookie(SESSION_COOKIE, path=parts.hub.prefix, httponly=True, samesite="lax", secure=parts.secure)
    return response


def _cookie(state: str) -> str:
    letters = "".join(c for c in state if c.isascii() and (c.isalnum() or c in "-_"))
    return _STATE_COOKIE + letters[:_COOKIE_LETTERS]
