"""Pages that show people: the list, one person, the audit trail of one, and everybody's own standing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub.web.people import present
from saferoom.hub.web.shell.identity import Visitor, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import PEOPLE, STANDING
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import people as texts
from saferoom.ids import Username
from saferoom.projects.people.model import Role
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.store import Only, Search

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
_Word = TypeVar("_Word", bound=StrEnum)
_LONGEST_SEARCH = 100
_NEWEST_LINES = 10


@router.get("/people")
def people(request: Request, who: Someone, q: str = "", role: str = "", only: str = "") -> Response:
    """Show the people that are looked for, 50 on a page."""
    parts, text = parts_of(request), q.strip()[:_LONGEST_SEARCH]
    search = Search(text, _word(Role, role), _word(Only, only), cut_of(request))
    found = parts.instance.people.search(Actor.person(who.username), search)
    now = parts.instance.clock.now()
    return page(
        request,
        "people/list.html",
        who,
        here=PEOPLE.path,
        found=found.map(lambda person: present.person_view(person, now)),
        search=search,
        roles=texts.ROLES,
        only=texts.ONLY,
    )


@router.get("/people/{username}")
def person(request: Request, username: str, who: Someone) -> Response:
    """Show everything kept about somebody."""
    parts, actor, about = parts_of(request), Actor.person(who.username), Username(username)
    service = parts.instance.people
    dossier = service.dossier(actor, about)
    deputy = next((one for one in service.deputies(actor) if one.username == about), None)
    lines = service.history(actor, about).items[:_NEWEST_LINES]
    values = present.dossier_values(parts, dossier)
    can_edit = service.can(actor, Action.EDIT, about)
    api_tokens = [one.token for one in parts.instance.tokens.of(actor, about).items if one.ending is None]
    return page(
        request,
        "people/person.html",
        who,
        here=PEOPLE.path,
        deputy=deputy,
        lines=[present.line_view(line) for line in lines],
        can_edit=can_edit,
        api_tokens=api_tokens,
        **values,
    )


@router.get("/people/{username}/history")
def history(request: Request, username: str, who: Someone) -> Response:
    """Show what happened to an account and by it, 50 events on a page."""
    service = parts_of(request).instance.people
    found = service.history(Actor.person(who.username), Username(username), cut_of(request))
    return page(
        request,
        "people/history.html",
        who,
        here=PEOPLE.path,
        username=username,
        found=found.map(present.line_view),
    )


@router.get("/standing")
def standing(request: Request, who: Someone) -> Response:
    """Show the visitor's own roles, records and what ends next."""
    parts = parts_of(request)
    service, now = parts.instance.people, parts.instance.clock.now()
    own = service.own(who.username)
    values = present.dossier_values(parts, own.dossier)
    return page(
        request,
        "people/standing.html",
        who,
        here=STANDING.path,
        next=own.next,
        ends=texts.ENDS,
        today=now.date(),
        emergencies=own.emergencies,
        powers=texts.SHORT_POWERS,
        states=texts.STATES,
        may_break_glass=service.can(Actor.person(who.username), Action.VIEW_EMERGENCIES),
        **values,
    )


def _word(kind: type[_Word], text: str) -> _Word | None:
    """Return the word of an enum that `text` is; None for anything else, which filters nothing."""
    return kind(text) if text in set(kind) else None
