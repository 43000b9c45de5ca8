"""The register's pages: what there is, how long decisions take, and how anybody can check it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.web.shell.identity import Visitor, visitor_or_nobody
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import REGISTER
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.public import public_page
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import register as texts
from saferoom.ids import ProjectSlug, ReleaseId, project_slug
from saferoom.projects.paging import Cut
from saferoom.projects.register.service import Register

router = APIRouter(prefix="/register")
Anybody = Annotated[Visitor | None, Depends(visitor_or_nobody)]
_NEWEST = Cut(1, 5)


@router.get("")
def overview(request: Request, who: Anybody) -> Response:
    """Show how many of everything there are, the newest releases, response times and the signed head."""
    register = _register(request)
    values = {
        "totals": register.totals(),
        "newest": register.releases(_NEWEST).items,
        "times": register.times(),
        "head": register.head(),
        "environment": parts_of(request).instance.registry.platform().environment,
    }
    return shown(request, who, "overview", values)


@router.get("/projects")
def projects(request: Request, who: Anybody) -> Response:
    """List the approved projects."""
    return shown(request, who, "projects", {"found": _register(request).projects(cut_of(request))})


@router.get("/projects/{slug}")
def project(request: Request, slug: str, who: Anybody) -> Response:
    """Show one approved project with its releases."""
    register, known = _register(request), _slug(slug)
    found = register.project(known)
    return shown(request, who, "project", {"item": found, "found": register.releases(cut_of(request), known)})


@router.get("/datasets")
def datasets(request: Request, who: Anybody) -> Response:
    """List the datasets."""
    listed = _register(request).entries()
    values = {"found": _register(request).datasets(cut_of(request)), "listed": listed}
    return shown(request, who, "datasets", values)


@router.get("/releases")
def releases(request: Request, who: Anybody) -> Response:
    """List the releases, the newest first."""
    return shown(request, who, "releases", {"found": _register(request).releases(cut_of(request))})


@router.get("/releases/{release_id}")
def release(request: Request, release_id: str, who: Anybody) -> Response:
    """Show one release, and how to check a bundle that claims to be it."""
    found = _register(request).release(ReleaseId(release_id[:100]))
    return shown(request, who, "release", {"item": found})


def _register(request: Request) -> Register:
    return parts_of(request).instance.public_register


def _slug(text: str) -> ProjectSlug:
    try:
        return project_slug(text)
    except BadInputError:
        raise NotFoundError("there is no such project in the register") from None


def shown(request: Request, who: Visitor | None, name: str, values: dict[str, Any]) -> Response:
    """Return a page of the register."""
    values |= {"states": texts.STATES, "lanes": texts.LANES, "causes": texts.CAUSES, "part": name}
    made = page(request, f"register/{name}.html", who, here=REGISTER.path, **values)
    return public_page(request, who, made)
