"""The rooms' package index: the simple repository API (PEP 503, and PEP 691 as JSON) and the files, read-only.

Whose index it is comes from the room's token, never from the path: there is one address, and every project finds its
own packages there. What a project may not install answers as what does not exist, and is not looked for; what other
rooms fetch changes nothing here, not even how many may be fetched at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections import Counter
from typing import Any

from fastapi import APIRouter
from packaging.utils import canonicalize_name
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from saferoom.errors import NotFoundError, TooManyError
from saferoom.hub.web.room.api import Living
from saferoom.hub.web.shell.downloads import OCTETS
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.padded import PaddedJson
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.projects.packages.model import Shelf, Wheel

PATH = "/api/room/packages"
router = APIRouter(prefix=PATH, default_response_class=PaddedJson)
_JSON = "application/vnd.pypi.simple.v1+json"
_VERSION = "1.1"
_MEBIBYTE = 1 << 20
_AT_ONCE = 3
SECONDS = 600.0
"""Longest time that one file may take to be fetched."""


@router.get("")
async def offered(request: Request, who: Living) -> list[dict[str, Any]]:
    """List what the room's project may install."""
    shelf = await _shelf(request, who)
    return [
        {"name": name, "versions": list(dict.fromkeys(one.version for one in wheels))} for name, wheels in shelf.items()
    ]


@router.get("/simple/")
async def index(request: Request, who: Living) -> Response:
    """List the project's packages as an index does."""
    names = sorted(await _shelf(request, who))
    if _asks_for_json(request):
        return _json({"projects": [{"name": name} for name in names]})
    return _page("Packages", [(f"{name}/", name, "") for name in names])


@router.get("/simple/{name}/")
async def package(request: Request, name: str, who: Living) -> Response:
    """List the wheels of one of the project's packages."""
    wheels = (await _shelf(request, who)).get(canonicalize_name(name[:200]))
    if not wheels:
        raise _no_such_package()
    if _asks_for_json(request):
        versions = sorted({one.version for one in wheels})
        return _json({"name": wheels[0].name, "versions": versions, "files": [_entry(one) for one in wheels]})
    return _page(
        wheels[0].name, [(f"{_place(one)}#sha256={one.sha256}", one.file, one.requires_python) for one in wheels]
    )


@router.get("/files/{digest}/{file}")
async def fetch(request: Request, digest: str, file: str, who: Living) -> Response:
    """Hand out one of the project's wheels, part by part."""
    shelf = await _shelf(request, who)
    found = next((one for wheels in shelf.values() for one in wheels if (one.sha256, one.file) == (digest, file)), None)
    if found is None:
        raise _no_such_package()
    return _handed_out(parts_of(request), who, found)


async def _shelf(request: Request, who: Resident) -> Shelf:
    parts = parts_of(request)
    parts.rates.spend(Rate.PACKAGES, who.username)
    return await run_in_threadpool(parts.instance.packages.shelf, who.project)


def _handed_out(parts: Parts, who: Resident, wheel: Wheel) -> Response:
    path = parts.instance.wheel_files.path(wheel.sha256)
    if not path.is_file():
        raise _no_such_package()
    if parts.fetching[who] >= _AT_ONCE:
        raise TooManyError("this room fetches several packages already; wait until one has come", after=5)
    parts.rates.spend(Rate.PACKAGE_MEBIBYTES, who.username, 1 + wheel.size // _MEBIBYTE)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return _Counted(parts.fetching, who, path=path, media_type=OCTETS, headers=headers)


class _Counted(FileResponse):
    """A file that is sent for a bounded time, and counted while it is."""

    def __init__(self, counts: Counter[Resident], who: Resident, **options: Any) -> None:
        super().__init__(**options)
        self._counts, self._who = counts, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._counts[self._who] += 1
        try:
            # The server closes the connection of an answer that ends before it is whole.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await super().__call__(scope, receive, send)
        finally:
            self._counts[self._who] -= 1
            if not self._counts[self._who]:
                del self._counts[self._who]


def _entry(wheel: Wheel) -> dict[str, Any]:
    entry = {"filename": wheel.file, "url": _place(wheel), "hashes": {"sha256": wheel.sha256}, "size": wheel.size}
    return entry | ({"requires-python": wheel.requires_python} if wheel.requires_python else {})


def _place(wheel: Wheel) -> str:
    return f"../../files/{wheel.sha256}/{wheel.file}"


def _asks_for_json(request: Request) -> bool:
    return _JSON in request.headers.get("accept", "")


def _json(document: dict[str, Any]) -> Response:
    return PaddedJson({"meta": {"api-version": _VERSION}, **document}, media_type=_JSON, headers=_NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store"}


def _page(title: str, links: list[tuple[str, str, str]]) -> Response:
    def attribute(versions: str) -> str:
        return f' data-requires-python="{html.escape(versions)}"' if versions else ""

    lines = [
        f'<a href="{html.escape(to)}"{attribute(needs)}>{html.escape(words)}</a><br>' for to, words, needs in links
    ]
    head = f'<meta name="pypi:repository-version" content="1.0"><title>{html.escape(title)}</title>'
    body = "\n".join(["<!DOCTYPE html>", f"<html><head>{head}</head><body>", *lines, "</body></html>", ""])
    return Response(body, media_type="text/html", headers=_NOT_KEPT)


def _no_such_package() -> NotFoundError:
    return NotFoundError(
        "this project can install no such package; saferoom.packages() lists what it can, and administrators add to it"
    )
