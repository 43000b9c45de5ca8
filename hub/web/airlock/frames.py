"""Files in frames: what was read out of a file is shown in a document of its own, which can do nothing.

The document comes with a policy that gives it no script, no form and no address to load from, and with ``sandbox``, so
that to the browser it has an origin of its own: neither the page around it nor a room can read what is in it. It is
given out as the content of a frame alone (a browser says so, and no script can change that), and only for a key that
stands in this session's own page. A script in a room shares the pages' host, but never sees a page.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from saferoom.errors import ForbiddenError
from saferoom.hub.web.shell.guards import shown_in_frames
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.shell.sessions import Session
from saferoom.hub.web.texts import airlock as words
from saferoom.ids import EvaluationId, RequestId


def key(session: Session, request_id: RequestId, file: EvaluationId) -> str:
    """Return what opens the frame of one file, for one session; it is made of the secret that only its pages hold."""
    about = f"frame\n{request_id}\n{file}".encode()
    return hmac.new(session.csrf.encode(), about, hashlib.sha256).hexdigest()


def check_frame(request: Request, session: Session, request_id: RequestId, file: EvaluationId) -> None:
    """Refuse everything but a frame of this session's own page.

    Raises
    ------
    ForbiddenError
        The browser does not say that it fills a frame of a page of this host, or the key is not the page's.
    """
    headers, given = request.headers, request.query_params.get("key", "")
    framed = headers.get("sec-fetch-dest") == "iframe" and headers.get("sec-fetch-site") == "same-origin"
    ours = hmac.compare_digest(given.encode("utf-8", "replace"), key(session, request_id, file).encode())
    if not (framed and ours):
        raise ForbiddenError(words.FRAME_REFUSED)


def frame(request: Request, template: str, **values: Any) -> HTMLResponse:
    """Return a document for a frame."""
    shown_in_frames(request)
    return page(request, template, None, style=_style(), **values)


@cache
def _style() -> str:
    # In the document itself: from its origin of its own it could load nothing of ours.
    return (Path(__file__).parents[1] / "static" / "frame.css").read_text(encoding="utf-8")
