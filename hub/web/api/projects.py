"""Projects: the lists, one of them, and what its lead and its people do."""

from __future__ import annotations

from typing import Any

from saferoom.hub.web.api.commands import AmendBody, EditBody, ReasonBody, VersionBody
from saferoom.hub.web.api.documents import Document, Listed, ProjectDone, ProjectLine, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import ProjectSlug
from saferoom.projects.life.document import life_document
from saferoom.projects.life.model import Life, Proposal
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import State
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut

router = routes("projects")
_LONGEST_SEARCH = 100


class Project(Document):
    """Everything about a project, for those whom it concerns."""

    slug: str
    state: State
    origin: str
    lead: str | None
    version: int
    round: int
    reason: str
    since: str
    created_at: str
    updated_at: str
    submitted_at: str | None
    proposal: dict[str, Any]
    rulings: list[dict[str, Any]]
    amendments: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    seal: dict[str, Any] | None
    waiting: list[dict[str, Any]]
    """Who has to act, what for, and since when."""


def done(life: Life) -> ProjectDone:
    """Return where a project is after a deed."""
    return ProjectDone(slug=life.slug, state=life.state.value, version=life.version)


@router.get("/projects")
def projects(
    who: Caller, on: On, q: str = "", state: State | None = None, waiting: bool = False, page: PageNumber = 1
) -> Listed[ProjectLine]:
    """List the projects that concern the caller."""
    states = None if state is None else frozenset({state})
    selection = Selection(waiting=waiting, states=states, text=q.strip()[:_LONGEST_SEARCH])
    return listed(on.lives.mine(Actor.person(who), selection, Cut(page)), ProjectLine)


@router.get("/projects/{slug}")
def project(who: Caller, on: On, slug: str) -> Project:
    """Show one project."""
    view = on.lives.view(Actor.person(who), ProjectSlug(slug))
    return Project.model_validate(life_document(view.life, view.waiting()))


@router.post("/projects", status_code=201)
def propose(who: Caller, on: On, command: Proposal) -> ProjectDone:
    """Keep the draft of a proposal, which the caller leads."""
    return done(on.lives.propose(Actor.person(who), command))


@router.put("/projects/{slug}/proposal")
def edit(who: Caller, on: On, slug: str, command: EditBody) -> ProjectDone:
    """Change a proposal that may be changed."""
    return done(on.lives.edit(Actor.person(who), ProjectSlug(slug), command.proposal, command.version))


@router.post("/projects/{slug}/submit")
def submit(who: Caller, on: On, slug: str, command: VersionBody) -> ProjectDone:
    """Submit a proposal to its data owners."""
    return done(on.lives.submit(Actor.person(who), ProjectSlug(slug), command.version))


@router.post("/projects/{slug}/withdraw")
def withdraw(who: Caller, on: On, slug: str, command: VersionBody) -> ProjectDone:
    """Withdraw a proposal for good."""
    return done(on.lives.withdraw(Actor.person(who), ProjectSlug(slug), command.version))


@router.post("/projects/{slug}/amendments")
def amend(who: Caller, on: On, slug: str, command: AmendBody) -> ProjectDone:
    """Ask for changes of a running project."""
    return done(on.lives.amend(Actor.person(who), ProjectSlug(slug), command.change, command.why, command.version))


@router.post("/projects/{slug}/amendments/{number}/withdraw")
def withdraw_amendment(who: Caller, on: On, slug: str, number: int, command: VersionBody) -> ProjectDone:
    """Take an amendment back."""
    return done(on.lives.withdraw_amendment(Actor.person(who), ProjectSlug(slug), number, command.version))


@router.post("/projects/{slug}/pause")
def pause(who: Caller, on: On, slug: str, command: ReasonBody) -> ProjectDone:
    """Pause a project."""
    return done(on.lives.pause(Actor.person(who), ProjectSlug(slug), command.reason, command.version))


@router.post("/projects/{slug}/resume")
def resume(who: Caller, on: On, slug: str, command: VersionBody) -> ProjectDone:
    """Lift the caller's hold; the project runs again once no other is left."""
    return done(on.lives.lift(Actor.person(who), ProjectSlug(slug), command.version))


@router.post("/projects/{slug}/close")
def close(who: Caller, on: On, slug: str, command: ReasonBody) -> ProjectDone:
    """Close a project for good."""
    return done(on.lives.close(Actor.person(who), ProjectSlug(slug), command.reason, command.version))
