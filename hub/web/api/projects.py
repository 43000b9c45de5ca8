"""Projects: the lists, one of them, and what its lead and its people do."""

from __future__ import annotations

from datetime import date

from saferoom.errors import NotFoundError
from saferoom.hub.minimisation import report_for
from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.project_commands import AmendBody, EditBody, LeadBody, ReasonBody, VersionBody
from saferoom.hub.web.api.project_documents import (
    Envelope,
    NewVersion,
    Project,
    ProjectDone,
    ProjectEvent,
    ProjectLine,
    ProjectRelease,
    ProjectUse,
    UnusedVariables,
    done,
    project_document,
)
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import ProjectSlug
from saferoom.projects.life.model import Proposal
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import State
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut

router = routes("projects")
_LONGEST_SEARCH = 100


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
    return project_document(on.lives.view(Actor.person(who), ProjectSlug(slug)))


@router.get("/projects/{slug}/history")
def history(who: Caller, on: On, slug: str, page: PageNumber = 1) -> Listed[ProjectEvent]:
    """List what the audit trail knows of a project, the newest first."""
    view = on.lives.view(Actor.person(who), ProjectSlug(slug))
    return listed(on.lives.history(view, Cut(page)), ProjectEvent)


@router.get("/projects/{slug}/use")
def use(who: Caller, on: On, slug: str, since: date | None = None) -> ProjectUse:
    """Show which approved variables no query of a project named, and which new versions it was given."""
    name = ProjectSlug(slug)
    found = report_for(on, on.lives.view(Actor.person(who), name), who, since)
    return ProjectUse(
        datasets=[UnusedVariables.model_validate(one) for one in found],
        refreshes=[NewVersion.model_validate(one) for one in on.extract_records.refreshes(name)],
    )


@router.get("/projects/{slug}/releases")
def releases(who: Caller, on: On, slug: str, page: PageNumber = 1) -> Listed[ProjectRelease]:
    """List what left a project, the newest first."""
    view = on.lives.view(Actor.person(who), ProjectSlug(slug))
    return listed(on.lives.released(view, Cut(page)), ProjectRelease)


@router.get("/projects/{slug}/certificate")
def certificate(who: Caller, on: On, slug: str) -> Envelope:
    """Fetch the signed certificate of the workspace's deletion."""
    seal = on.lives.life(Actor.person(who), ProjectSlug(slug)).seal
    if seal is None or seal.certificate is None:
        raise NotFoundError("there is no certificate: the workspace of this project was not deleted")
    return Envelope.model_validate(seal.certificate)


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


@router.post("/projects/{slug}/hand-over")
def hand_over(who: Caller, on: On, slug: str, command: LeadBody) -> ProjectDone:
    """Give a project another lead."""
    return done(on.lives.hand_over(Actor.person(who), ProjectSlug(slug), command.lead, command.version))


@router.post("/projects/{slug}/seal")
def seal(who: Caller, on: On, slug: str, _: Nothing) -> ProjectDone:
    """Seal the workspace of a closed project now, in place of waiting for it."""
    return done(on.lives.seal(Actor.person(who), ProjectSlug(slug)))


@router.post("/projects/{slug}/delete")
def delete(who: Caller, on: On, slug: str, command: VersionBody) -> ProjectDone:
    """Destroy the sealed workspace after its retention; a certificate of it is signed."""
    return done(on.lives.delete(Actor.person(who), ProjectSlug(slug), command.version))
