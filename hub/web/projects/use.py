"""The page of a project's versions and variables: what each refresh changed, and what the project never used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.minimisation import report_for, sees_use
from saferoom.hub.web.shell.identity import Visitor, visitor
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.view import View

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
FEW = 3
"""How many refreshes the project's own page shows."""


def of_project(instance: Instance, view: View) -> Mapping[str, Any]:
    """Return what a project's page says of refreshes, and whether the visitor is shown what was never used."""
    refreshes = instance.extract_records.refreshes(ProjectSlug(view.life.slug), FEW)
    return {"given": refreshes, "may_see_use": sees_use(view)}


@router.get("/projects/{slug}/use")
def use(request: Request, slug: str, who: Someone, since: str = "") -> Response:
    """Show what a project never used, and its refreshes."""
    instance, name = parts_of(request).instance, ProjectSlug(slug)
    view = instance.lives.view(Actor.person(who.username), name)
    return page(
        request,
        "projects/use.html",
        who,
        here=PROJECTS.path,
        life=view.life,
        found=report_for(instance, view, who.username, _day(since)),
        given=instance.extract_records.refreshes(name),
        since=since,
    )


def _day(text: str) -> date | None:
    """Return the day that `text` names, None where it names none.

    Raises
    ------
    BadInputError
        It is no day.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip()[:40])
    except ValueError:
        raise BadInputError("since: must be a day, as 2026-11-23") from None
