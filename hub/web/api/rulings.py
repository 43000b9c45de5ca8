"""What data owners and administrators decide about projects."""

from __future__ import annotations

from saferoom.hub.web.api.project_commands import OptionalTermsBody, ReasonBody, TermsBody, VersionBody
from saferoom.hub.web.api.project_documents import ProjectDone, done
from saferoom.hub.web.api.routing import Caller, On
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.life.parts import Actor

router = routes("decisions")
_DATA = "/projects/{slug}/data/{dataset}"
_AMENDMENT = "/projects/{slug}/amendments/{number}"


@router.post(f"{_DATA}/approve")
def approve(who: Caller, on: On, slug: str, dataset: str, command: TermsBody) -> ProjectDone:
    """Approve a dataset on these terms, as its data owner."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.approve(actor, name, DatasetName(dataset), command.terms, command.version))


@router.post(f"{_DATA}/decline")
def decline(who: Caller, on: On, slug: str, dataset: str, command: ReasonBody) -> ProjectDone:
    """Decline a dataset; the project may run with the others."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.decline(actor, name, DatasetName(dataset), command.reason, command.version))


@router.post(f"{_DATA}/return")
def ask_changes(who: Caller, on: On, slug: str, dataset: str, command: ReasonBody) -> ProjectDone:
    """Give a proposal back for changes before deciding about a dataset."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.ask_changes(actor, name, command.reason, DatasetName(dataset), command.version))


@router.post(f"{_DATA}/revise")
def revise(who: Caller, on: On, slug: str, dataset: str, command: TermsBody) -> ProjectDone:
    """Change the terms of an approval."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.revise(actor, name, DatasetName(dataset), command.terms, command.version))


@router.post(f"{_DATA}/confirm-refresh")
def confirm_refresh(who: Caller, on: On, slug: str, dataset: str, command: OptionalTermsBody) -> ProjectDone:
    """Confirm a breaking change of a dataset for a project."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.confirm_refresh(actor, name, DatasetName(dataset), command.terms, command.version))


@router.post(f"{_DATA}/end")
def end_approval(who: Caller, on: On, slug: str, dataset: str, command: ReasonBody) -> ProjectDone:
    """End an approval before its last day."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.end_approval(actor, name, DatasetName(dataset), command.reason, command.version))


@router.post("/projects/{slug}/confirm")
def confirm(who: Caller, on: On, slug: str, command: VersionBody) -> ProjectDone:
    """Confirm the people of a decided proposal, as an administrator; the project runs."""
    return done(on.lives.confirm(Actor.person(who), ProjectSlug(slug), command.version))


@router.post("/projects/{slug}/return")
def give_back(who: Caller, on: On, slug: str, command: ReasonBody) -> ProjectDone:
    """Give a proposal back for changes, as an administrator."""
    return done(on.lives.ask_changes(Actor.person(who), ProjectSlug(slug), command.reason, None, command.version))


@router.post("/projects/{slug}/decline")
def decline_people(who: Caller, on: On, slug: str, command: ReasonBody) -> ProjectDone:
    """Decline a proposal because of its people, as an administrator."""
    return done(on.lives.decline_people(Actor.person(who), ProjectSlug(slug), command.reason, command.version))


@router.post(f"{_AMENDMENT}/data/{{dataset}}/approve")
def approve_amendment(
    who: Caller, on: On, slug: str, number: int, dataset: str, command: OptionalTermsBody
) -> ProjectDone:
    """Agree to an amendment for a dataset."""
    actor, name, data = Actor.person(who), ProjectSlug(slug), DatasetName(dataset)
    return done(on.lives.approve_amendment(actor, name, number, data, command.terms, command.version))


@router.post(f"{_AMENDMENT}/data/{{dataset}}/decline")
def decline_amendment(who: Caller, on: On, slug: str, number: int, dataset: str, command: ReasonBody) -> ProjectDone:
    """Refuse an amendment for a dataset."""
    actor, name, data = Actor.person(who), ProjectSlug(slug), DatasetName(dataset)
    return done(on.lives.decline_amendment(actor, name, number, command.reason, data, command.version))


@router.post(f"{_AMENDMENT}/confirm")
def confirm_amendment(who: Caller, on: On, slug: str, number: int, command: VersionBody) -> ProjectDone:
    """Confirm the new people of an amendment, as an administrator."""
    return done(on.lives.confirm_amendment(Actor.person(who), ProjectSlug(slug), number, command.version))


@router.post(f"{_AMENDMENT}/decline")
def decline_new_people(who: Caller, on: On, slug: str, number: int, command: ReasonBody) -> ProjectDone:
    """Decline an amendment because of the people whom it brings in, as an administrator."""
    actor, name = Actor.person(who), ProjectSlug(slug)
    return done(on.lives.decline_amendment(actor, name, number, command.reason, None, command.version))
