"""Who is to be told, and when, that something ends.

Pure: what was sent is remembered elsewhere. Every message has a stable key, so that whoever sends them can tell what
was sent. A service that was off for a while sends the one message that is due now, not all it missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from saferoom.ids import Username
from saferoom.projects.approvals.model import Project
from saferoom.projects.people.entitlement import requirements
from saferoom.projects.people.model import Person, Role
from saferoom.projects.registry import Registry

STAGES_DAYS = (60, 30, 7, 1)
LONGEST_AFTER_DAYS = 14
"""What ended longer ago is news to nobody."""
_WATCHED_DAYS = 7
"""From here on those who can help are told as well."""


class Ends(StrEnum):
    """What ends."""

    ACCREDITATION = "accreditation"
    TRAINING = "training"
    PROJECT = "project"
    APPROVAL = "approval"


@dataclass(frozen=True)
class Deadline:
    """Something with a last day, and whom that concerns.

    Attributes
    ----------
    subject : str
        Whose or which, e.g. ``rosa/safe-researcher``; part of the message's key.
    words : str
        As a person reads it.
    watchers : tuple of Username
        Who is told besides in the last week and after the end.
    """

    ends: Ends
    subject: str
    words: str
    last_day: date
    to: tuple[Username, ...]
    watchers: tuple[Username, ...] = ()


@dataclass(frozen=True)
class Message:
    """One message to one person.

    Attributes
    ----------
    ends : Ends
        What ends.
    subject : str
        Whose or which, as in the deadline.
    """

    key: str
    to: Username
    title: str
    body: str
    ends: Ends
    subject: str


def due(deadlines: Iterable[Deadline], at: datetime) -> tuple[Message, ...]:
    """Return the messages that are due at `at`: 60, 30, 7 and 1 day before the end, and once after it."""
    today = at.astimezone(UTC).date()
    found: list[Message] = []
    for deadline in deadlines:
        left = (deadline.last_day - today).days
        stage = _stage(left)
        if stage is not None:
            told = deadline.to + (deadline.watchers if left <= _WATCHED_DAYS else ())
            found += [_message(deadline, stage, who, today) for who in dict.fromkeys(told)]
    return tuple(found)


def _stage(days_left: int) -> str | None:
    """Return the message that is due now, None when none is.

    Parameters
    ----------
    days_left : int
        Days from today to the last day; negative once it is over.
    """
    if days_left < 0:
        return "lapsed" if -days_left <= LONGEST_AFTER_DAYS else None
    return next((str(days) for days in sorted(STAGES_DAYS) if days_left <= days), None)


def _message(deadline: Deadline, stage: str, to: Username, today: date) -> Message:
    # The last day is part of the key: after a renewal everything is reminded of anew.
    key = f"{deadline.ends.value}:{deadline.subject}:{deadline.last_day}:{stage}:{to}"
    days = (deadline.last_day - today).days
    if stage == "lapsed":
        body = f"{deadline.words} ended on {deadline.last_day}."
        return Message(key, to, f"{deadline.words} has ended", body, deadline.ends, deadline.subject)
    when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    body = f"The last day of {deadline.words[0].lower()}{deadline.words[1:]} is {deadline.last_day}."
    return Message(key, to, f"{deadline.words} ends {when}", body, deadline.ends, deadline.subject)


def deadlines(registry: Registry, at: datetime) -> Iterator[Deadline]:
    """Yield everything that ends: what people's roles need, projects that run, approvals that hold."""
    administrators = tuple(one.username for one in registry.people_with(Role.ADMINISTRATOR))
    for person in registry.people():
        yield from _of_person(person, at, administrators)
    for project in registry.projects():
        yield from _of_project(registry, project)


def deadlines_of(registry: Registry, person: Person, at: datetime) -> Iterator[Deadline]:
    """Yield what ends for one person: what the roles need, and the projects with their data."""
    yield from _of_person(person, at, ())
    for project in registry.projects_of(person.username):
        yield from _of_project(registry, project)


def _of_person(person: Person, at: datetime, watchers: tuple[Username, ...]) -> Iterator[Deadline]:
    for name, words, last in requirements(person, at) if person.active else ():
        if last is not None:
            subject = f"{person.username}/{words.replace(' ', '-')}"
            whose = f"The {words} of {person.username}"
            yield Deadline(Ends(name), subject, whose, last, (person.username,), watchers)


def _of_project(registry: Registry, project: Project) -> Iterator[Deadline]:
    if not project.active:
        return
    members = tuple(sorted(Username(name) for name in project.members))
    if project.ends is not None:
        yield Deadline(Ends.PROJECT, project.slug, f"Project {project.slug}", project.ends, members)
    for approval in registry.approvals(project.slug):
        if approval.ended_at is None:
            words = f"The approval of {approval.dataset} for {project.slug}"
            subject = f"{project.slug}/{approval.dataset}"
            yield Deadline(Ends.APPROVAL, subject, words, approval.until, (*members, approval.granted_by))


def concerned(registry: Registry) -> tuple[Username, ...]:
    """Return who is told of every break-glass act: all administrators and data owners."""
    return tuple(one.username for role in (Role.ADMINISTRATOR, Role.DATA_OWNER) for one in registry.people_with(role))
