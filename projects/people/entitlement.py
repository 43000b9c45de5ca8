"""Who may sign in, check outputs, and enter which project: decisions with their reasons."""

from __future__ import annotations

from datetime import UTC, date, datetime

from saferoom.errors import NotFoundError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.people.model import Person, Role
from saferoom.projects.registry import Registry

_NEED_ACCREDITATION = frozenset({Role.RESEARCHER})
_NEED_TRAINING = frozenset({Role.RESEARCHER, Role.OUTPUT_CHECKER})


def may_sign_in(registry: Registry, username: Username, at: datetime) -> Decision:
    """Decide whether `username` may sign in at all.

    Researchers need a valid accreditation and training, output checkers valid training. Who holds several roles
    needs what each of them needs.
    """
    try:
        person = registry.person(username)
    except NotFoundError:
        return forbidden("unknown-person", "You are not registered here; ask the administrator.", "people.registered")
    return _standing(person, at)


def may_check(registry: Registry, username: Username, at: datetime) -> Decision:
    """Decide whether `username` may work as an output checker."""
    allowed = may_sign_in(registry, username, at)
    if allowed and Role.OUTPUT_CHECKER not in registry.person(username).roles:
        return forbidden("not-an-output-checker", "Only output checkers may do this.", "people.role")
    return allowed


def may_enter(registry: Registry, username: Username, project: ProjectSlug, at: datetime) -> Decision:
    """Decide whether `username` may open, or stay in, a room of `project`.

    The person is active and a researcher in good standing and a member; the project runs; at least one data owner's
    approval holds. To people who are not members it looks the same whether a project exists.
    """
    allowed = may_sign_in(registry, username, at)
    if not allowed:
        return allowed
    if Role.RESEARCHER not in registry.person(username).roles:
        return forbidden("not-a-researcher", "Only accredited researchers may enter a room.", "people.role")
    return _membership(registry, username, project, at)


def _standing(person: Person, at: datetime) -> Decision:
    if not person.active:
        return forbidden("inactive", "Your account is closed; ask the administrator.", "people.active")
    today = at.astimezone(UTC).date()
    needs = (
        ("accreditation", _NEED_ACCREDITATION, person.accreditation_expires),
        ("training", _NEED_TRAINING, person.training_expires),
    )
    for name, roles, expires in needs:
        decision = _valid(name, expires, today) if person.roles & roles else ALLOWED
        if not decision:
            return decision
    return ALLOWED


def _valid(name: str, expires: date | None, today: date) -> Decision:
    rule = f"people.{name}"
    if expires is None:
        return forbidden(f"{name}-missing", f"No {name} is recorded for you; ask the administrator.", rule)
    if today > expires:
        return forbidden(f"{name}-expired", f"Your {name} expired on {expires}; renew it to go on.", rule)
    return ALLOWED


def _membership(registry: Registry, username: Username, slug: ProjectSlug, at: datetime) -> Decision:
    project = next((found for found in registry.projects_of(username) if found.slug == slug), None)
    if project is None:
        return unknown("not-a-member", f"You are not a member of a project called {slug}.", "projects.member")
    if not project.active:
        return forbidden("project-closed", f"Project {slug} is closed.", "projects.active")
    if project.ended(at):
        return forbidden("project-ended", f"Project {slug} ended on {project.ends}.", "projects.ends")
    approvals = registry.approvals(slug)
    if not approvals:
        return forbidden("no-approval", f"No data owner has approved data for project {slug} yet.", "projects.approval")
    if not any(approval.live(at) for approval in approvals):
        return forbidden(
            "approvals-ended", f"Every approval of data for project {slug} has ended.", "projects.approval"
        )
    return ALLOWED
