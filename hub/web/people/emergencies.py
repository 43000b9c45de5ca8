"""Break-glass pages: what is in force, what waits for review, and the forms to open, end and review."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub.web.people.forms import Sender
from saferoom.hub.web.people.pages import Someone
from saferoom.hub.web.shell.forms import Form, attempt, blank, read, show
from saferoom.hub.web.shell.identity import Visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import BREAK_GLASS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import people as texts
from saferoom.projects.people import breaking_glass, emergencies
from saferoom.projects.people.emergencies import Emergency, EmergencyForm, ReviewForm, Step
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.service import People

router = APIRouter(prefix="/break-glass")
_OPEN = {"here": BREAK_GLASS.path, "powers": texts.POWERS}


@router.get("")
def emergency_list(request: Request, who: Someone) -> Response:
    """Show every break-glass act, newest first, and who may break the glass."""
    service, actor = parts_of(request).instance.people, Actor.person(who.username)
    return page(
        request,
        "people/emergencies.html",
        who,
        here=BREAK_GLASS.path,
        found=service.emergencies(actor, cut_of(request)),
        deputies=service.deputies(actor),
        can_open=service.can(actor, Action.BREAK_GLASS),
        powers=texts.SHORT_POWERS,
        states=texts.STATES,
    )


@router.get("/new")
def begin(request: Request, who: Someone) -> Response:
    """Show the form that breaks the glass."""
    _enforce(parts_of(request).instance.people, who)
    username = request.query_params.get("for", "")[:30]
    form = blank(EmergencyForm, texts.EMERGENCY, username=username, hours=1)
    return show(request, "people/break_glass.html", who, form, **_OPEN)


@router.post("/new")
async def open_(request: Request, sent: Sender) -> Response:
    """Break the glass."""
    service, actor = parts_of(request).instance.people, Actor.person(sent.who.username)
    await run_in_threadpool(_enforce, service, sent.who)
    form, made = await attempt(
        read(EmergencyForm, sent.fields, texts.EMERGENCY), lambda command: service.break_glass(actor, command)
    )
    if made is None:
        return show(request, "people/break_glass.html", sent.who, form, **_OPEN)
    return see(request, f"break-glass/{made.id}", "glass-broken")


@router.get("/{emergency_id}")
def one(request: Request, emergency_id: str, who: Someone) -> Response:
    """Show one break-glass act, with what can be done now."""
    found = parts_of(request).instance.people.emergency(Actor.person(who.username), emergency_id)
    return _shown(request, who, found, blank(ReviewForm, texts.REVIEW))


@router.post("/{emergency_id}/end")
async def end(request: Request, emergency_id: str, sent: Sender) -> Response:
    """End a break-glass act before its time."""
    service, actor = parts_of(request).instance.people, Actor.person(sent.who.username)
    ended = await run_in_threadpool(service.end_emergency, actor, emergency_id)
    return see(request, f"break-glass/{ended.id}", "emergency-ended")


@router.post("/{emergency_id}/review")
async def review(request: Request, emergency_id: str, sent: Sender) -> Response:
    """Judge a break-glass act afterwards."""
    service, actor = parts_of(request).instance.people, Actor.person(sent.who.username)
    found = await run_in_threadpool(service.emergency, actor, emergency_id)
    form, made = await attempt(
        read(ReviewForm, sent.fields, texts.REVIEW),
        lambda command: service.review_emergency(actor, emergency_id, command),
    )
    if made is None:
        return await run_in_threadpool(_shown, request, sent.who, found, form)
    return see(request, f"break-glass/{made.id}", "emergency-reviewed")


def _enforce(service: People, who: Visitor) -> None:
    service.can(Actor.person(who.username), Action.BREAK_GLASS).enforce()


def _shown(request: Request, who: Visitor, found: Emergency, form: Form[Any]) -> Response:
    parts, actor = parts_of(request), Actor.person(who.username)
    service, now = parts.instance.people, parts.instance.clock.now()
    may_end, may_review = (service.can(actor, one) for one in (Action.END_EMERGENCY, Action.REVIEW_EMERGENCY))
    return show(
        request,
        "people/emergency.html",
        who,
        form,
        here=BREAK_GLASS.path,
        item=found,
        state=texts.STATES[found.state],
        powers=texts.POWERS,
        judgements=[(value.value, words) for value, words in texts.JUDGEMENTS.items()],
        can_end=may_end and emergencies.can(found, Step.END, now),
        can_review=may_review and breaking_glass.may_review(actor, found) and emergencies.can(found, Step.REVIEW, now),
        can_view_person=service.can(actor, Action.VIEW, found.username),
    )
