"""What the caller was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Path

from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Document, Listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.texts import notices as texts
from saferoom.projects.notices import model
from saferoom.projects.notices.model import Category, ChoiceForm, How, Subject
from saferoom.projects.paging import Cut
from saferoom.projects.people.permissions import Actor

router = routes("notices")


class Notice(Document):
    """One thing that the caller was told."""

    id: int
    category: Category
    title: str
    body: str
    subject: Subject
    about: str
    """The id of the request, project, emergency or person; empty for the own standing."""
    at: datetime
    read_at: datetime | None


class Read(Document):
    """How many notices were marked as read."""

    count: int


class Preferences(Document):
    """How the e-mail of each category comes; security notices always at once."""

    requests: How
    work: How
    projects: How
    ends: How
    security: How


@router.get("/notices")
def notices(who: Caller, on: On, unread: bool = False, page: PageNumber = 1) -> Listed[Notice]:
    """List what the caller was told, the newest first."""
    found = on.notices.mine(Actor.person(who), Cut(page), unread=unread)
    following = page + 1 if page < found.pages else None
    items = [_shown(one) for one in found.items]
    return Listed[Notice](items=items, page=page, pages=found.pages, total=found.total, next=following)


@router.post("/notices/read")
def read_all(who: Caller, on: On, _: Nothing) -> Read:
    """Mark everything as read."""
    return Read(count=on.notices.read_all(Actor.person(who)))


@router.get("/notices/preferences")
def preferences(who: Caller, on: On) -> Preferences:
    """Show how the caller is told by e-mail."""
    return _chosen(on.notices.preferences(Actor.person(who)))


@router.put("/notices/preferences")
def choose(who: Caller, on: On, command: ChoiceForm) -> Preferences:
    """Choose how to be told by e-mail; it counts for what happens from now on."""
    return _chosen(on.notices.choose(Actor.person(who), command.chosen()))


@router.post("/notices/{notice_id}/read")
def read(who: Caller, on: On, notice_id: Annotated[int, Path(ge=1, lt=10**18)], _: Nothing) -> Notice:
    """Mark one notice as read."""
    return _shown(on.notices.read(Actor.person(who), notice_id))


def _chosen(found: Mapping[Category, How]) -> Preferences:
    return Preferences.model_validate({category.value: how for category, how in found.items()})


def _shown(notice: model.Notice) -> Notice:
    said = texts.said(notice)
    return Notice(
        id=notice.id,
        category=notice.category,
        title=said.title,
        body=said.body,
        subject=notice.about.subject,
        about=notice.about.id,
        at=notice.at,
        read_at=notice.read_at,
    )
