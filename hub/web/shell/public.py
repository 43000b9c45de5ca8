"""Answers that everybody may have: kept by browsers for a minute, and asked for again by what they were."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from saferoom.digests import sha256
from saferoom.hub.web.shell.guards import nonce_of
from saferoom.hub.web.shell.identity import Visitor

_KEEP = "public, max-age=60"


def public_page(request: Request, who: Visitor | None, page: HTMLResponse) -> Response:
    """Return `page` so that it may be kept, unless it has somebody's name and forms on it."""
    page.headers["Vary"] = "Cookie"
    if who is not None:
        return page
    # The nonce is new with every answer and says nothing about the page.
    return _keep(request, page, bytes(page.body).replace(nonce_of(request).encode(), b""))


def public_document(request: Request, data: bytes, media_type: str) -> Response:
    """Return a document that may be kept."""
    return _keep(request, Response(data, media_type=media_type), data)


def _keep(request: Request, response: Response, content: bytes) -> Response:
    tag = f'W/"{sha256(content)[:32]}"'
    response.headers["Cache-Control"] = _KEEP
    response.headers["ETag"] = tag
    asked = request.headers.get("if-none-match", "")
    if tag in (part.strip() for part in asked.split(",")):
        kept = {name: response.headers[name] for name in ("Cache-Control", "ETag", "Vary") if name in response.headers}
        return Response(status_code=304, headers=kept)
    return response
