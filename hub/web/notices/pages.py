"""What somebody was told, and how they want to be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.shell.forms import Form, attempt, filled, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, glancer, sender, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import notices as texts
from saferoom.hub.web.texts.notices import Said
from saferoom.ids import RequestId
from saferoom.projects.notices.model import Category, ChoiceForm, Notice, Subject
from saferoom.projects.notices.permissions import Action
from saferoom.projects.notices.service import NO_NOTICE
from saferoom.projects.people.permissions import Actor

HERE = "notices"
_NUMBER = re.compile(r"[0-9]{1,18}")
router = APIRouter(prefix="/notices")
Someone = Annotated[Visitor, Depends(visitor)]
Sender = Annotated[Sent, Depends(sender)]
Glance = Annotated[Visitor, Depends(glancer)]
_CHOSEN = {category.value: texts.CATEGORIES[category] for category in Category}


@dataclass(frozen=True)
class NoticeView:
    """A notice as the list shows it.

    Attributes
    ----------
    about : str
        The title of the request it is about, for people who may see that request; letters never have it.
    """

    id: int
    said: Said
    category: str
    at: datetime
    unread: bool
    about: str


@router.get("")
def notices(request: Request, who: Someone, only: str = "") -> Response:
    """Show what the visitor was told, 50 on a page, the newest first."""
    instance, actor = parts_of(request).instance, Actor.person(who.username)
    service = instance.notices
    found = service.mine(actor, cut_of(request), unread=only == "unread")
    asked = {RequestId(one.about.id) for one in found.items if one.about.subject is Subject.REQUEST}
    titles = instance.airlock.titles(who.username, asked)
    return page(
        request,
        "notices/list.html",
        who,
        here=HERE,
        found=found.map(lambda notice: _view(notice, titles.get(RequestId(notice.about.id), ""))),
        only_unread=only == "unread",
        can_view_letters=service.can(actor, Action.VIEW_LETTERS),
    )


@router.get("/bell")
def bell(request: Request, who: Glance) -> Response:
    """Say how many notices wait, for a page that asks by itself; what they say is not told."""
    count = parts_of(request).instance.notices.count(who.username)
    return page(request, "notices/bell_now.html", None, count=count)


@router.get("/choose")
def choice(request: Request, who: Someone) -> Response:
    """Show how the visitor is told by e-mail."""
    return _shown(request, who, _in_force(request, who))


@router.post("/choose")
async def choose(request: Request, sent: Sender) -> Response:
    """Choose how to be told by e-mail."""
    service, actor = parts_of(request).instance.notices, Actor.person(sent.who.username)
    form, made = await attempt(
        read(ChoiceForm, sent.fields, _CHOSEN), lambda command: service.choose(actor, command.chosen())
    )
    if made is None:
        return await run_in_threadpool(_shown, request, sent.who, form)
    return see(request, "notices/choose", "notices-chosen")


@router.post("/read")
async def read_all(request: Request, sent: Sender) -> Response:
    """Mark everything as read."""
    await run_in_threadpool(parts_of(request).instance.notices.read_all, Actor.person(sent.who.username))
    return see(request, "notices", "notices-read")


@router.post("/{notice_id}/read")
async def read_one(request: Request, notice_id: str, sent: Sender) -> Response:
    """Mark one notice as read."""
    await _read(request, sent, notice_id)
    return see(request, "notices", "notice-read")


@router.post("/{notice_id}/open")
async def open_(request: Request, notice_id: str, sent: Sender) -> Response:
    """Mark one notice as read and go to what it is about."""
    return see(request, texts.path(await _read(request, sent, notice_id)))


async def _read(request: Request, sent: Sent, notice_id: str) -> Notice:
    if _NUMBER.fullmatch(notice_id) is None:
        raise NotFoundError(NO_NOTICE)
    service = parts_of(request).instance.notices
    return await run_in_threadpool(service.read, Actor.person(sent.who.username), int(notice_id))


def _view(notice: Notice, title: str) -> NoticeView:
    words = texts.CATEGORIES[notice.category].words
    return NoticeView(notice.id, texts.said(notice), words, notice.at, notice.read_at is None, title)


def _in_force(request: Request, who: Visitor) -> Form[ChoiceForm]:
    now = parts_of(request).instance.notices.preferences(Actor.person(who.username))
    return filled({name: now[Category(name)] for name in ChoiceForm.model_fields}, ChoiceForm, _CHOSEN)


def _shown(request: Request, who: Visitor, form: Form[ChoiceForm]) -> Response:
    return show(
        request,
        "notices/choose.html",
        who,
        form,
        here=HERE,
        fields=list(ChoiceForm.model_fields),
        options=[(how.value, words) for how, words in texts.HOWS.items()],
        settled=texts.CATEGORIES[Category.SECURITY],
        settled_words=texts.SETTLED,
        address=who.person.email,
    )
