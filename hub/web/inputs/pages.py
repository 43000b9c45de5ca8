"""The page of what was run in a project's rooms. Opening it is written into the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.web.inputs import present
from saferoom.hub.web.shell.identity import Visitor, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import PROJECTS, QUEUE
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.ids import Username
from saferoom.projects.inputs.service import LONGEST_SEARCH, Found
from saferoom.projects.inputs.store import Wanted

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]


@router.get("/projects/{slug}/inputs")
def inputs(request: Request, slug: str, who: Someone, q: str = "", person: str = "", before: str = "") -> Response:
    """Show what was run, the newest first, 50 on a page."""
    service, text = parts_of(request).instance.inputs, q.strip()[:LONGEST_SEARCH]
    wanted = Wanted(Username(person) if person else None, moment(before))
    found = service.look(who.username, slug, wanted, text, cut_of(request))
    own = found.sight.only is not None
    values: dict[str, Any] = {
        "found": found,
        "page": found.page.map(present.view),
        "own": own,
        "people": people(found),
        "asked": {"q": text, "person": "" if own else person, "before": wanted.before},
        "earlier": _earlier(found, {"q": text, "person": "" if own else person}),
    }
    return page(request, "inputs/list.html", who, here=PROJECTS.path if own else QUEUE.path, **values)


def moment(text: str) -> datetime | None:
    """Return the moment that an address names; None where it names none.

    Raises
    ------
    BadInputError
        It is no moment with its time zone.
    """
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        at = None
    if text and (at is None or at.tzinfo is None):
        raise BadInputError("'before' must be a day and time with its zone, such as 2026-03-02T09:00:00+00:00")
    return at


def people(found: Found) -> list[str]:
    """Return whom a checker may choose among."""
    return [] if found.sight.only is not None else sorted(found.project.members)


def _earlier(found: Found, asked: dict[str, str]) -> str:
    """Return how the address goes on to what a search has not read; empty when it read everything."""
    if found.read_to is None:
        return ""
    return urlencode({**asked, "before": found.read_to.isoformat()})
