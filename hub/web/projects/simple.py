"""The simple deeds on a project: a page that asks, and what is done when it is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.projects import present
from saferoom.hub.web.projects.commands import tried
from saferoom.hub.web.projects.pages import Someone
from saferoom.hub.web.projects.sheets import SHEETS, Sheet
from saferoom.hub.web.shell.forms import Form, blank, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.ids import ProjectSlug
from saferoom.projects.life.model import Life
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import Action

router = APIRouter()
Sender = Annotated[Sent, Depends(sender)]


@router.get("/projects/{slug}/do/{deed}")
def ask(request: Request, slug: str, deed: str, who: Someone) -> Response:
    """Show what a deed means, and ask for what it needs."""
    sheet, life = _opened(request, who, slug, deed)
    return _shown(request, who, life, sheet, blank(sheet.model, sheet.labels, version=life.version))


@router.post("/projects/{slug}/do/{deed}")
async def do(request: Request, slug: str, deed: str, sent: Sender) -> Response:
    """Do it."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    sheet = _sheet(deed)
    form = read(sheet.model, sent.fields, sheet.labels)
    form, made = await tried(form, lambda command: (sheet.do(lives, actor, name, command), True))
    if made is None:
        return _shown(request, sent.who, lives.life(actor, name), sheet, form)
    return see(request, f"projects/{name}", sheet.done)


def _opened(request: Request, who: Visitor, slug: str, deed: str) -> tuple[Sheet, Life]:
    lives, actor = parts_of(request).instance.lives, Actor.person(who.username)
    sheet, view = _sheet(deed), lives.view(actor, ProjectSlug(slug))
    sheet.offered(view).enforce()
    return sheet, view.life


def _sheet(deed: str) -> Sheet:
    if deed not in SHEETS:
        raise NotFoundError("there is no such page")
    return SHEETS[deed]


def _shown(request: Request, who: Visitor, life: Life, sheet: Sheet, form: Form) -> Response:  # type: ignore[type-arg]
    instance = parts_of(request).instance
    values = {
        "life": life,
        "sheet": sheet,
        "people": [(name, name) for name in sorted(life.proposal.members) if name != life.lead],
        "standings": present.standings(instance, life) if sheet.people else (),
        "may_edit": sheet.action is Action.SUBMIT and form.status != 200,
    }
    return show(request, "projects/sheet.html", who, form, here=PROJECTS.path, **values)
