"""Who may sign in, check outputs, and enter which project: decisions with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from saferoom.errors import NotFoundError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.people.model import NEED_ACCREDITATION, Person, Role, needed_training
from saferoom.projects.registry import Registry

_UNREGISTERED = forbidden("unknown-person", "You are not registered here; ask the administrator.", "people.registered")


def may_sign_in(registry: Registry, username: Username, at: datetime) -> Decision:
    """Decide whether `username` may sign in at all.

    Researchers need a valid accreditation and training, output checkers valid training. Who holds several roles
    needs what each of them needs.
    """
    try:
        person = registry.person(username)
    except NotFoundError:
        return _UNREGISTERED
    return standing(person, at)


def signed_in(registry: Registry, username: Username, at: datetime) -> Person:
    """Return `username` with the roles that count at `at`; raise when that person may not sign in.

    What a break-glass act gives for hours counts here, and nowhere after its end.
    """
    try:
        person = registry.person(username)
    except NotFoundError:
        _UNREGISTERED.enforce()
        raise
    standing(person, at).enforce()
    return person.model_copy(update={"roles": person.roles_at(at)})


def may_check(registry: Registry, username: Username, at: datetime) -> Decision:
    """Decide whether `username` may work as an output checker."""
    allowed = may_sign_in(registry, username, at)
    if allowed and Role.OUTPUT_CHECKER not in registry.person(username).roles_at(at):
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


def standing(person: Person, at: datetime) -> Decision:
    """Decide whether `person` may sign in at `at`."""
    if not person.active:
        return forbidden("inactive", "Your account is closed; ask the administrator.", "people.active")
    today = at.astimezone(UTC).date()
    for name, words, expires in requirements(person, at):
        decision = _valid(name, words, expires, None if person.reinstated(at) else today)
        if not decision:
            return decision
    return ALLOWED


def requirements(person: Person, at: datetime) -> Iterator[tuple[str, str, date | None]]:
    """Yield what the person's roles need: a word for the rule, a word for people, and its last day or None."""
    roles = person.roles_at(at)
    if roles & NEED_ACCREDITATION:
        yield "accreditation", "accreditation", person.accreditation_expires
    for kind in needed_training(roles):
        yield "training", f"{kind.value.replace('-', ' ')} training", person.trainings.get(kind)


def _valid(name: str, words: str, expires: date | None, today: date | None) -> Decision:
    """Decide about one requirement; without `today` a lapsed one counts, a missing one never does."""
    rule = f"people.{name}"
    if expires is None:
        return forbidden(f"{name}-missing", f"No {words} is recorded for you; ask the administrator.", rule)
    if today is not None and today > expires:
        return forbidden(f"{name}-expired", f"Your {words} expired on {expires}; renew it to go on.", rule)
    return ALLOWED


def _membership(registry: Registry, username: Username, slug: ProjectSlug, at: datetime) -> Decision:
    project = next((found for found in registry.projects_of(username) if found.slug == slug), None)
    if project is None:
        return unknown("not-a-member", f"You are not a member of a project called {slug}.", "projects.member")
    if not project.active:
        return forbidden("project-closed", f"Project {slug} is closed.", "projects.active")
    if project.paused:
        return forbidden("project-paused", f"Project {slug} is paused; its page says by whom.", "projects.paused")
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
