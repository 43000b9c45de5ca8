"""Turning templates into pages. Everything is escaped; templates hold no script and no style of their own."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from saferoom.hub.web.shell.guards import nonce_of
from saferoom.hub.web.shell.identity import Visitor
from saferoom.hub.web.shell.lists import pages_at
from saferoom.hub.web.shell.navigation import entries
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.texts import catalogue, common
from saferoom.projects.people.model import Role

TEMPLATES = Path(__file__).parents[1] / "templates"

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "when": common.when,
    "day": common.day,
    "ago": common.ago,
    "lasting": common.lasting,
    "sentence": common.sentence,
    "purposes": catalogue.purposes,
    "nations": catalogue.nations,
    "isoday": catalogue.isoday,
}


def page(request: Request, template: str, visitor: Visitor | None, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return the page that `template` makes of `values`; ``here`` among them is the path of the bar's current entry."""
    parts = parts_of(request)
    roles: Collection[Role] = visitor.person.roles if visitor else ()
    # Each area has its own words for what was done: two areas may use the same word.
    said = request.app.state.news.get(request.scope.get("endpoint"), {})
    context = {
        "prefix": parts.hub.prefix,
        "hub_prefix": parts.hub.hub_prefix,
        "nonce": nonce_of(request),
        "visitor": visitor,
        "links": entries(roles, values.get("here", ""), parts.hub.prefix, parts.hub.hub_prefix),
        "news": said.get(request.query_params.get("done", ""), ""),
        "emergencies_now": parts.instance.people.banner(visitor.person) if visitor else (),
        "unread": parts.instance.notices.count(visitor.username) if visitor else 0,
        "pages_at": pages_at(request),
        "now": parts.instance.clock.now(),
        **values,
    }
    return HTMLResponse(_environment.get_template(template).render(context), status_code=status)


def see(request: Request, path: str, done: str = "") -> Response:
    """Send the browser on to the page at `path` after a deed; ``done`` is a word of the area's news.

    `path` holds ids and names that were found in the store, and nothing else of the sender's making.
    """
    prefix = parts_of(request).hub.prefix
    return RedirectResponse(f"{prefix}{path}{f'?done={done}' if done else ''}", status_code=303)
