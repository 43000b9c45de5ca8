"""People as typed documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from saferoom.hub.web.api.documents import Document
from saferoom.hub.web.people import present
from saferoom.hub.wiring import Instance
from saferoom.projects.decision import Decision
from saferoom.projects.people.emergencies import Emergency as EmergencyRecord
from saferoom.projects.people.emergencies import State
from saferoom.projects.people.entitlement import standing
from saferoom.projects.people.model import Power, Role, Training
from saferoom.projects.people.records import Dossier, Ending, Kind
from saferoom.projects.people.reminders import Ends
from saferoom.projects.people.service import Own
from saferoom.projects.people.store import HistoryLine

_KEPT = ("person", "version", "records", "roles", "memberships", "owns")


class Person(Document):
    """Somebody, with what the records say today."""

    username: str
    display_name: str
    roles: Annotated[list[Role], BeforeValidator(sorted)]
    email: str | None
    accreditation_expires: date | None
    trainings: dict[Training, date]
    active: bool


class Record(Document):
    """Proof of an accreditation or a training."""

    id: str
    kind: Kind
    type: str
    """Of an accreditation how far it goes, of a training which."""
    body: str
    granted: date | None
    expires: date
    evidence: str
    recorded_by: str
    recorded_at: datetime
    ended_at: datetime | None
    ended_by: str
    ending: Ending | None
    end_reason: str


class HeldRole(Document):
    """One role over one stretch of time; `since` is null where it was held before roles had a history."""

    role: Role
    since: datetime | None
    granted_by: str
    ended_at: datetime | None
    ended_by: str


class Membership(Document):
    """A membership of a project."""

    project: str
    title: str
    since: datetime
    ended_at: datetime | None


class SignIn(Document):
    """Whether somebody may sign in, and why not."""

    allowed: bool
    code: str
    """A stable word, as ``accreditation-expired``; ``ok`` when allowed."""
    reason: str


class PersonDossier(Document):
    """Everything kept about one person."""

    person: Person
    version: int
    sign_in: SignIn
    password_set: bool
    records: list[Record]
    roles: list[HeldRole]
    memberships: list[Membership]
    owns: list[str]


class Emergency(Document):
    """One break-glass act."""

    id: str
    username: str
    power: Power
    reason: str
    opened_by: str
    opened_at: datetime
    until: datetime
    state: State
    ended_at: datetime | None
    ended_by: str
    reviewed_at: datetime | None
    reviewed_by: str
    justified: bool | None
    findings: str


class EndsNext(Document):
    """Something of the caller's that ends."""

    ends: Ends
    words: str
    last_day: date


class Me(PersonDossier):
    """What the caller sees about themselves."""

    next: list[EndsNext]
    """What ends, the soonest first."""
    emergencies: list[Emergency]
    """Break-glass acts that gave the caller a power."""


class Deputy(Document):
    """Somebody who may break the glass when no administrator can be reached."""

    username: str
    named_by: str
    named_at: datetime
    until: date


class PersonEvent(Document):
    """One event of the audit trail about a person, or caused by that person."""

    at: datetime
    actor: str
    action: str
    subject: str
    words: str
    details: list[str]
    """What it changed, and why."""


class FirstPassword(Document):
    """A first password and a second factor, told this once."""

    username: str
    password: str
    secret: str
    """Of the second factor, for an authenticator app."""
    uri: str


def dossier_document(on: Instance, dossier: Dossier) -> PersonDossier:
    """Return what is kept about somebody."""
    return PersonDossier.model_validate(_of(on, dossier, standing(dossier.person, on.clock.now())))


def own_document(on: Instance, own: Own) -> Me:
    """Return what somebody sees about themselves."""
    values = _of(on, own.dossier, own.decision)
    return Me.model_validate(values | {"next": own.next, "emergencies": own.emergencies})


def emergency_document(found: EmergencyRecord) -> Emergency:
    """Return a break-glass act."""
    return Emergency.model_validate(found)


def event_document(line: HistoryLine) -> PersonEvent:
    """Return an event in the words of the pages."""
    view = present.line_view(line)
    return PersonEvent(
        at=line.at,
        actor=line.actor,
        action=line.action,
        subject=line.subject,
        words=view.words,
        details=view.details,
    )


def _of(on: Instance, dossier: Dossier, decision: Decision) -> dict[str, Any]:
    enrolled = on.credentials.enrolled(dossier.person.username)
    return {name: getattr(dossier, name) for name in _KEPT} | {"sign_in": decision, "password_set": enrolled}
