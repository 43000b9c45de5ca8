"""Pages that show projects: the lists, one project, its history, and its certificate."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.projects import present
from saferoom.hub.web.projects.sheets import SHEETS
from saferoom.hub.web.projects.use import of_project
from saferoom.hub.web.shell.downloads import attached
from saferoom.hub.web.shell.identity import Visitor, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import projects as texts
from saferoom.ids import ProjectSlug
from saferoom.projects.airlock.lists import Paging
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import State
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut
from saferoom.projects.people.model import Role

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
_LONGEST_SEARCH = 100
_NEWEST = 10


@router.get("/projects")
def projects(request: Request, who: Someone, q: str = "", state: str = "", waiting: str = "") -> Response:
    """Show the projects that concern the visitor, 50 on a page."""
    instance, actor, text = parts_of(request).instance, Actor.person(who.username), q.strip()[:_LONGEST_SEARCH]
    lives, owns = instance.lives, Role.DATA_OWNER in who.person.roles
    states = frozenset({State(state)}) if state in set(State) else None
    found = lives.mine(actor, Selection(waiting=waiting == "yes", states=states, text=text), cut_of(request))
    return page(
        request,
        "projects/list.html",
        who,
        here=PROJECTS.path,
        found=found.map(present.line_view),
        asked={"q": text, "state": state if states else "", "waiting": waiting == "yes"},
        states=texts.STATES,
        can_propose=lives.can_propose(actor),
        to_sign=instance.airlock.sign_offs_page(who.username, Paging(size=1)).total if owns else 0,
    )


@router.get("/projects/{slug}")
def project(request: Request, slug: str, who: Someone) -> Response:
    """Show everything about a project to those whom it concerns."""
    instance, actor, name = parts_of(request).instance, Actor.person(who.username), ProjectSlug(slug)
    view = instance.lives.view(actor, name)
    deeds = [(path, sheet.title, sheet.look) for path, sheet in SHEETS.items() if sheet.offered(view)]
    return page(
        request,
        "projects/project.html",
        who,
        here=PROJECTS.path,
        deeds=deeds,
        lines=instance.lives.history(view, Cut(1, _NEWEST)).items,
        releases=instance.lives.released(view, Cut(1, _NEWEST)),
        inputs=instance.inputs.may_look(who.username, name),
        budget=instance.budgets.can_see(who.username, AccountId(AccountKind.PROJECT, name)),
        **of_project(instance, view),
        **present.ProjectPage(instance, view).values(),
    )


@router.get("/projects/{slug}/history")
def history(request: Request, slug: str, who: Someone) -> Response:
    """Show what the audit trail knows of a project, 50 events on a page."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(who.username), ProjectSlug(slug)
    view = lives.view(actor, name)
    found = lives.history(view, cut_of(request))
    return page(request, "projects/history.html", who, here=PROJECTS.path, life=view.life, found=found)


@router.get("/projects/{slug}/certificate")
def certificate(request: Request, slug: str, who: Someone) -> Response:
    """Hand out the signed certificate of the workspace's deletion."""
    life = parts_of(request).instance.lives.life(Actor.person(who.username), ProjectSlug(slug))
    if life.seal is None or life.seal.certificate is None:
        raise NotFoundError("there is no certificate: the workspace of this project was not deleted")
    return attached(json.dumps(dict(life.seal.certificate)), f"{life.slug}-deletion.json", "application/json")
