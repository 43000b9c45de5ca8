"""Turning templates into pages. Everything is escaped; templates hold no script and no style of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from saferoom.hub.web import words
from saferoom.hub.web.guards import nonce_of
from saferoom.hub.web.identity import Visitor
from saferoom.hub.web.parts import parts_of
from saferoom.projects.people.model import Person, Role

_FOLDER = Path(__file__).parent

_environment = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"when": words.when, "ago": words.ago, "sentence": words.sentence}


@dataclass(frozen=True)
class Link:
    """One entry of the navigation bar."""

    path: str
    words: str


REQUESTS = Link("requests", "My requests")
QUEUE = Link("queue", "Output checking")
RELEASES = Link("releases", "Releases")


def links_for(person: Person) -> list[Link]:
    """Return the pages that `person` has a use for."""
    wanted = ((Role.OUTPUT_CHECKER, QUEUE), (Role.RESEARCHER, REQUESTS))
    return [*(link for role, link in wanted if role in person.roles), RELEASES]


def page(request: Request, template: str, visitor: Visitor | None, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return the page that `template` makes of `values`."""
    parts = parts_of(request)
    context = {
        "prefix": parts.hub.prefix,
        "hub_prefix": parts.hub.hub_prefix,
        "nonce": nonce_of(request),
        "visitor": visitor,
        "links": links_for(visitor.person) if visitor else [],
        "here": "",
        "news": words.NEWS.get(request.query_params.get("done", ""), ""),
        "now": parts.instance.clock.now(),
        **values,
    }
    return HTMLResponse(_environment.get_template(template).render(context), status_code=status)
