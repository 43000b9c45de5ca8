"""Puts the two faces together: routes, guards and the answers to errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from saferoom.errors import SaferoomError
from saferoom.hub.web.api.app import api_app
from saferoom.hub.web.api.errors import retry_after
from saferoom.hub.web.areas import AREAS
from saferoom.hub.web.room import api as room_api
from saferoom.hub.web.room import files as room_files
from saferoom.hub.web.room import linkage as room_linkage
from saferoom.hub.web.room import outbox as room_outbox
from saferoom.hub.web.room import packages as room_packages
from saferoom.hub.web.room import records as room_records
from saferoom.hub.web.room import snapshots as room_snapshots
from saferoom.hub.web.shell import sign_in
from saferoom.hub.web.shell.disks import disk_error
from saferoom.hub.web.shell.faces import bare_app
from saferoom.hub.web.shell.fields import Typed
from saferoom.hub.web.shell.forms import CONFIRM_FIELD, ROW_FIELD
from saferoom.hub.web.shell.guards import LimitBody, LogRequests, SecureHeaders
from saferoom.hub.web.shell.identity import CSRF_FIELD, SignInNeededError, Visitor, visitor_or_nobody
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import errors as texts
from saferoom.projects.airlock.uploads import LARGEST_BYTES

_ROOM_BODY_BYTES = 1 << 20
_LARGER_BODIES = {
    room_files.PATH: LARGEST_BYTES,
    room_outbox.PATH: LARGEST_BYTES,
    room_snapshots.PATH: room_snapshots.MOST_BYTES,
}
_FORM_BYTES = 256 << 10

_NO_WORDS = frozenset({CSRF_FIELD, CONFIRM_FIELD, ROW_FIELD, "version", "round", "choice", "password", "code"})
"""Fields that nobody writes words into, and those that are shown to nobody."""

health = APIRouter()


@health.get("/health")
async def healthy() -> Response:
    """Tell that the service is alive; whether its parts work is told to whoever watches (`saferoom.hub.watching`)."""
    return JSONResponse({"status": "ok"})


def _routes(router: APIRouter) -> list[APIRoute]:
    return [route for route in router.routes if isinstance(route, APIRoute)]


class _Static(StaticFiles):
    """Style, script and icon; the same for everybody, so browsers may keep them for a while."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "max-age=600"
        return response


def room_app(parts: Parts) -> FastAPI:
    """Return the rooms' API."""
    app = bare_app(
        parts,
        Middleware(LogRequests, face="rooms"),
        Middleware(LimitBody, most_bytes=_ROOM_BODY_BYTES, by_path=_LARGER_BODIES),
    )
    app.include_router(health)
    app.include_router(room_api.router)
    app.include_router(room_files.router)
    app.include_router(room_linkage.router)
    app.include_router(room_outbox.router)
    app.include_router(room_packages.router)
    app.include_router(room_records.router)
    app.include_router(room_snapshots.router)
    app.add_exception_handler(SaferoomError, _json_error)
    app.add_exception_handler(HTTPException, _json_error)
    app.add_exception_handler(OSError, disk_error(_json_error))
    return app


def page_app(parts: Parts) -> FastAPI:
    """Return the pages for people."""
    app = bare_app(
        parts,
        Middleware(LogRequests, face="pages"),
        Middleware(SecureHeaders),
        Middleware(LimitBody, most_bytes=_FORM_BYTES),
    )
    prefix = parts.hub.prefix.rstrip("/")
    app.state.news = {
        route.endpoint: area.news for area in AREAS for router in area.routers for route in _routes(router)
    }
    # Before the pages, with every one of which an address is compared in turn.
    app.mount(f"{prefix}/api/v1", api_app(parts))
    app.mount(f"{prefix}/static", _Static(directory=Path(__file__).parent / "static"))
    for router in (health, sign_in.router, *(router for area in AREAS for router in area.routers)):
        app.include_router(router, prefix=prefix)
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(SaferoomError, _page_error)
    app.add_exception_handler(HTTPException, _page_error)
    app.add_exception_handler(OSError, disk_error(_page_error))
    return app


def _said(error: Exception) -> tuple[int, str]:
    """Return the status and the sentence for `error`."""
    if isinstance(error, SaferoomError):
        return error.http_status, error.message
    status = error.status_code if isinstance(error, HTTPException) else 500
    return status, texts.SENTENCES.get(status, texts.NOT_POSSIBLE)


async def _json_error(_request: Request, error: Exception) -> Response:
    status, message = _said(error)
    headers = {"Cache-Control": "no-store", **retry_after(error)}
    return JSONResponse(
        {"error": {"code": texts.CODES.get(status, "error"), "message": message}}, status_code=status, headers=headers
    )


async def _page_error(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(f"{parts_of(request).hub.prefix}api/"):
        # An address with a line break in it does not get as far as the API's own answers.
        return await _json_error(request, error)
    status, message = _said(error)
    values = {
        "heading": texts.HEADINGS.get(status, texts.DEFECT),
        "message": message,
        "sign_in": status == 401,
        "typed": _typed(request),
    }
    return page(request, "shell/error.html", await _known(request, error), status=status, **values)


async def _known(request: Request, error: Exception) -> Visitor | None:
    """Return who is shown the error, so that the page has that person's bar.

    Pages that nobody has made were not asked who opens them; everywhere else that was settled before the error.
    """
    settled: Visitor | None = getattr(request.state, "visitor", None)
    if settled is None and request.method == "GET" and isinstance(error, HTTPException):
        return await visitor_or_nobody(request)
    return settled


def _typed(request: Request) -> list[tuple[str, str]]:
    """Return the words of a form that could not be taken, for their writer to keep."""
    fields: Typed = getattr(request.state, "typed", {})
    words = [(name, value) for name, values in fields.items() for value in values if name not in _NO_WORDS]
    return [(name.replace("_", " ").replace(".", " ").capitalize(), value) for name, value in words if value.strip()]


async def _sign_in(request: Request, error: Exception) -> Response:
    # Only a page that somebody opens can go round by the hub; a sent form or a page's own question cannot.
    opened = request.method == "GET" and request.headers.get("hx-request") is None
    return sign_in.depart(request) if opened else await _page_error(request, error)
