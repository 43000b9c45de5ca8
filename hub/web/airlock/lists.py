"""The pages that list requests: one's own, those to check, to sign and to audit, and what has left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saferoom.digests import sha256
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.airlock.commands import StartForm
from saferoom.hub.web.shell.forms import blank
from saferoom.hub.web.shell.identity import Visitor, glancer, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import QUEUE, RELEASES, REQUESTS, SIGN_OFFS, start_for
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import airlock as words
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.lists import LAST_PAGE, Filters, Line, Order, Page, Paging
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.states import TURN, Party, State
from saferoom.projects.airlock.waiting import standing_of
from saferoom.projects.paging import Cut, Paged

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
Glance = Annotated[Visitor, Depends(glancer)]
SEEN = re.compile(r"[0-9a-z_]{1,64}")
STATE_WORDS: Mapping[str, Any] = {
    "states": words.STATES,
    "means": words.MEANS,
    "waiting_for": words.WAITING_FOR,
    "parties": words.PARTIES,
}
OWN_WORDS: Mapping[str, Any] = {
    **STATE_WORDS,
    "waiting_for": {**words.WAITING_FOR, Party.AUTHOR: words.YOU},
    "parties": {**words.PARTIES, Party.AUTHOR: words.YOU},
}
"""The same, for the request's author."""
_LEVELS_OVER = timedelta(days=30)
_Choice = TypeVar("_Choice", bound=StrEnum)
_Item = TypeVar("_Item")


@router.get("/")
def start(request: Request, who: Someone) -> Response:
    """Go to the first page that this person has a use for."""
    prefix = parts_of(request).hub.prefix
    return RedirectResponse(prefix + start_for(who.person.roles).path, status_code=303)


@router.get("/requests")
def my_requests(request: Request, who: Someone) -> Response:
    """Show the visitor's own requests."""
    instance = parts_of(request).instance
    state = _chosen(request, "state", State)
    filters = Filters(states=frozenset({state}) if state else None)
    found = instance.airlock.requests_page(who.username, filters, paging=_paging(request))
    values: dict[str, Any] = {
        "found": _paged(found),
        "chosen": state.value if state else "",
        "waits": standing_of,
        "projects": own_projects(instance, who.username),
        "form": blank(StartForm, words.DRAFT),
    }
    return page(request, "airlock/requests.html", who, here=REQUESTS.path, **values, **OWN_WORDS)


def own_projects(instance: Instance, person: Username) -> list[tuple[str, str]]:
    """Return the projects that somebody is a member of, as choices of a form."""
    found = instance.registry.projects_of(person)
    return [(project.slug, project.title) for project in found if person in project.members]


@router.get("/queue")
def queue(request: Request, who: Someone) -> Response:
    """Show the requests that wait for this output checker."""
    airlock = parts_of(request).instance.airlock
    filters, order = _filters(request), _chosen(request, "order", Order) or Order.LONGEST_WAITING
    found = airlock.queue_page(who.username, filters, order, _paging(request))
    now = parts_of(request).instance.clock.now()
    values: dict[str, Any] = {
        "found": _paged(found),
        "filters": filters,
        "filtered": filters != Filters(),
        "asked": request.query_params,
        "order": order,
        "orders": words.ORDERS,
        "ages": words.AGES,
        "turn": TURN,
        "verdicts": words.VERDICTS,
        "lanes": words.LANES,
        "waits": standing_of,
        "levels": airlock.levels_by_lane(now - _LEVELS_OVER),
        "samples": airlock.samples_page(who.username, Paging(1, 1)).total,
        "seen": _fingerprint(airlock.queue_page(who.username) if request.query_params else found),
        "fresh": False,
        "shortcuts": words.SHORTCUTS,
    }
    return page(request, "airlock/queue.html", who, here=QUEUE.path, **values, **STATE_WORDS)


@router.get("/queue/news")
def queue_news(request: Request, who: Glance, seen: str = "") -> Response:
    """Say whether the queue is still the one that was shown; no title and no name is told."""
    now = _fingerprint(parts_of(request).instance.airlock.queue_page(who.username))
    kept = seen if SEEN.fullmatch(seen) else ""
    return page(request, "airlock/queue_news.html", None, seen=kept, fresh=kept != now)


@router.get("/audits")
def audits(request: Request, who: Someone) -> Response:
    """Show the automatic releases that were drawn for an output checker to look at afterwards."""
    airlock = parts_of(request).instance.airlock
    found = airlock.samples_page(who.username, _paging(request))
    values: dict[str, Any] = {"found": _paged(found), "audited": airlock.audits_found(who.username)}
    return page(request, "airlock/audits.html", who, here=QUEUE.path, **values)


@router.get("/sign-offs")
def sign_offs(request: Request, who: Someone) -> Response:
    """Show the requests that wait for this data owner's signature."""
    found = parts_of(request).instance.airlock.sign_offs_page(who.username, _paging(request))
    values: dict[str, Any] = {
        "found": _paged(found),
        "waits": standing_of,
        "verdicts": words.VERDICTS,
        "lanes": words.LANES,
    }
    return page(request, "airlock/sign_offs.html", who, here=SIGN_OFFS.path, **values, **STATE_WORDS)


@router.get("/releases")
def releases(request: Request, who: Someone) -> Response:
    """Show what has left, as far as this person may know of it."""
    found = parts_of(request).instance.airlock.releases_page(who.username, paging=_paging(request))
    return page(request, "airlock/releases.html", who, here=RELEASES.path, found=_paged(found))


def _filters(request: Request) -> Filters:
    """Return what the address asks for; what it asks for in vain is left out."""
    asked = request.query_params
    state = _chosen(request, "state", State)
    age = asked.get("age", "")
    project = asked.get("project", "").strip()
    now = parts_of(request).instance.clock.now()
    return Filters(
        states=frozenset({state}) if state in TURN else None,
        project=ProjectSlug(project[:60]) if project else None,
        risk=_chosen(request, "risk", Verdict),
        lane=_chosen(request, "lane", Lane),
        before=now - timedelta(hours=int(age)) if age in words.AGES else None,
    )


def _chosen(request: Request, name: str, of: type[_Choice]) -> _Choice | None:
    given = request.query_params.get(name, "")
    return of(given) if given in set(of) else None


def _paging(request: Request) -> Paging:
    return Paging(min(cut_of(request).number, LAST_PAGE))


def _paged(found: Page[_Item]) -> Paged[_Item]:
    return Paged(tuple(found.items), found.total, Cut(found.paging.page, found.paging.size))


def _fingerprint(found: Page[Line]) -> str:
    lines = [f"{line.id} {line.version}" for line in found.items]
    return sha256("\n".join([str(found.total), *lines]).encode())[:16]
