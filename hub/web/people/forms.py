"""The forms about people: what is shown, and what is done when one is sent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.web.people import present
from saferoom.hub.web.people.pages import Someone
from saferoom.hub.web.people.password import give_password
from saferoom.hub.web.people.sheets import END, NEW, SHEETS, Sheet
from saferoom.hub.web.shell.forms import Form, attempt, blank, filled, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.navigation import PEOPLE
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.ids import Username
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.records import (
    DeputyForm,
    Dossier,
    EndForm,
    PersonForm,
)
from saferoom.projects.people.service import People

router = APIRouter()
Sender = Annotated[Sent, Depends(sender)]


@router.get("/new-person")
def new_person(request: Request, who: Someone) -> Response:
    """Show the form for somebody new."""
    parts_of(request).instance.people.can(Actor.person(who.username), Action.ADD).enforce()
    return _shown(request, who, NEW, blank(NEW.model, NEW.labels))


@router.post("/new-person")
async def add_person(request: Request, sent: Sender) -> Response:
    """Register somebody."""
    service, actor = parts_of(request).instance.people, Actor.person(sent.who.username)
    await run_in_threadpool(_enforce, service, actor, NEW, None)
    form, made = await attempt(read(PersonForm, sent.fields, NEW.labels), lambda command: service.add(actor, command))
    if made is None:
        return _shown(request, sent.who, NEW, form)
    return see(request, f"people/{made.person.username}", NEW.done)


@router.get("/people/{username}/{deed}")
def begin(request: Request, username: str, deed: str, who: Someone) -> Response:
    """Show the form of a deed on somebody."""
    sheet, dossier = _opened(parts_of(request), who, _sheet(deed), username)
    form = filled(sheet.begin(dossier), sheet.model, sheet.labels)
    return _shown(request, who, sheet, form, dossier)


@router.post("/people/{username}/password")
async def password(request: Request, username: str, sent: Sender) -> Response:
    """Give somebody a first password and a second factor, and show both this once."""
    if sent.fields:
        raise BadInputError("the form was not understood; reload the page and send it again")
    parts, actor, about = parts_of(request), Actor.person(sent.who.username), Username(username)
    chosen, enrolment = await run_in_threadpool(give_password, parts.instance, actor, about)
    return page(request, "people/password.html", sent.who, here=PEOPLE.path, password=chosen, enrolment=enrolment)


@router.post("/people/{username}/end-deputy")
async def end_deputy(request: Request, username: str, sent: Sender) -> Response:
    """End the naming of a deputy."""
    service, about = parts_of(request).instance.people, Username(username)
    await run_in_threadpool(service.end_deputy, Actor.person(sent.who.username), about)
    return see(request, f"people/{about}", "deputy-ended")


@router.post("/people/{username}/end-tokens")
async def end_tokens(request: Request, username: str, sent: Sender) -> Response:
    """End every API token of somebody."""
    service, about = parts_of(request).instance.tokens, Username(username)
    await run_in_threadpool(service.end_all, Actor.person(sent.who.username), about)
    return see(request, f"people/{about}", "tokens-ended")


@router.post("/people/{username}/{deed}")
async def do(request: Request, username: str, deed: str, sent: Sender) -> Response:
    """Do what the form of a deed says."""
    parts, actor = parts_of(request), Actor.person(sent.who.username)
    sheet, dossier = await run_in_threadpool(_opened, parts, sent.who, _sheet(deed), username)
    service, about = parts.instance.people, dossier.person.username
    if sheet.model is DeputyForm and sent.fields.get("username") != (about,):
        raise BadInputError("the form was not understood; reload the page and send it again")

    def now() -> Form[Any]:
        return filled(sheet.begin(service.dossier(actor, about)), sheet.model, sheet.labels)

    form, made = await attempt(
        read(sheet.model, sent.fields, sheet.labels), lambda command: sheet.do(service, actor, about, command), now
    )
    if made is None:
        return _shown(request, sent.who, sheet, form, dossier)
    return see(request, f"people/{about}", sheet.done)


@router.get("/people/{username}/records/{record_id}")
def record(request: Request, username: str, record_id: str, who: Someone) -> Response:
    """Show the form that ends a record."""
    _, dossier = _opened(parts_of(request), who, END, username)
    return _shown(request, who, END, blank(END.model, END.labels), dossier, **_one(request, dossier, record_id))


@router.post("/people/{username}/records/{record_id}")
async def end_record(request: Request, username: str, record_id: str, sent: Sender) -> Response:
    """End a record."""
    service, actor = parts_of(request).instance.people, Actor.person(sent.who.username)
    _, dossier = await run_in_threadpool(_opened, parts_of(request), sent.who, END, username)
    shown = _one(request, dossier, record_id)
    form, made = await attempt(
        read(EndForm, sent.fields, END.labels), lambda command: service.end_record(actor, record_id, command)
    )
    if made is None:
        return _shown(request, sent.who, END, form, dossier, **shown)
    return see(request, f"people/{dossier.person.username}", END.done)


def _sheet(deed: str) -> Sheet:
    if deed not in SHEETS:
        raise NotFoundError("there is no such page")
    return SHEETS[deed]


def _opened(parts: Parts, who: Visitor, sheet: Sheet, username: str) -> tuple[Sheet, Dossier]:
    """Return the sheet with the person it is about, to somebody who may do the deed."""
    service, actor, about = parts.instance.people, Actor.person(who.username), Username(username)
    _enforce(service, actor, sheet, about)
    return sheet, service.dossier(actor, about)


def _enforce(service: People, actor: Actor, sheet: Sheet, about: Username | None) -> None:
    service.can(actor, sheet.action, about).enforce()


def _one(request: Request, dossier: Dossier, record_id: str) -> dict[str, Any]:
    found = next((one for one in dossier.records if one.id == record_id), None)
    if found is None:
        raise NotFoundError("there is no such record")
    return {"record": present.record_view(found, parts_of(request).instance.clock.now())}


def _shown(
    request: Request, who: Visitor, sheet: Sheet, form: Form[Any], dossier: Dossier | None = None, **values: Any
) -> Response:
    name = dossier.person.display_name if dossier else ""
    shown = {"record": None} | values
    return show(
        request, "people/form.html", who, form, here=PEOPLE.path, sheet=sheet, title=sheet.title.format(name=name),
        person=dossier.person if dossier else None, **shown,
    )  # fmt: skip
