"""People: oneself, and for administrators everybody."""

from __future__ import annotations

from datetime import date, datetime

from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people.model import Role, Training
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import (
    AccountForm,
    AccreditationForm,
    Dossier,
    EndForm,
    Ending,
    Kind,
    PersonChange,
    PersonForm,
    TrainingForm,
)
from saferoom.projects.people.store import Only, Search

router = routes("people")
_LONGEST_SEARCH = 100


class Person(Document):
    """Somebody, with what the records say today."""

    username: str
    display_name: str
    roles: list[Role]
    email: str | None
    accreditation_expires: date | None
    trainings: dict[Training, date]
    active: bool


class Record(Document):
    """Proof of an accreditation or a training."""

    id: str
    kind: Kind
    type: str
    body: str
    granted: date | None
    expires: date
    evidence: str
    recorded_at: datetime
    ended_at: datetime | None
    ending: Ending | None
    end_reason: str


class Membership(Document):
    """A membership of a project."""

    project: str
    title: str
    since: datetime
    ended_at: datetime | None


class PersonDossier(Document):
    """Everything kept about one person."""

    person: Person
    version: int
    records: list[Record]
    memberships: list[Membership]
    owns: list[str]


def _shown(dossier: Dossier) -> PersonDossier:
    return PersonDossier.model_validate(dossier)


@router.get("/me")
def me(who: Caller, on: On) -> PersonDossier:
    """Show what is kept about the caller."""
    return _shown(on.people.own(who).dossier)


@router.get("/people")
def people(
    who: Caller, on: On, q: str = "", role: Role | None = None, only: Only | None = None, page: PageNumber = 1
) -> Listed[Person]:
    """Look for people, as an administrator."""
    search = Search(q.strip()[:_LONGEST_SEARCH], role, only, Cut(page))
    return listed(on.people.search(Actor.person(who), search), Person)


@router.post("/people", status_code=201)
def add(who: Caller, on: On, command: PersonForm) -> PersonDossier:
    """Register somebody new."""
    return _shown(on.people.add(Actor.person(who), command))


@router.get("/people/{username}")
def person(who: Caller, on: On, username: str) -> PersonDossier:
    """Show everything kept about somebody."""
    return _shown(on.people.dossier(Actor.person(who), Username(username)))


@router.put("/people/{username}")
def edit(who: Caller, on: On, username: str, command: PersonChange) -> PersonDossier:
    """Change somebody's name, address or roles."""
    return _shown(on.people.edit(Actor.person(who), Username(username), command))


@router.post("/people/{username}/close")
def close(who: Caller, on: On, username: str, command: AccountForm) -> PersonDossier:
    """Close an account: out at once and everywhere."""
    return _shown(on.people.close(Actor.person(who), Username(username), command))


@router.post("/people/{username}/reopen")
def reopen(who: Caller, on: On, username: str, command: AccountForm) -> PersonDossier:
    """Open a closed account again."""
    return _shown(on.people.reopen(Actor.person(who), Username(username), command))


@router.post("/people/{username}/accreditations", status_code=201)
def accredit(who: Caller, on: On, username: str, command: AccreditationForm) -> Record:
    """Write down an accreditation."""
    return Record.model_validate(on.people.accredit(Actor.person(who), Username(username), command))


@router.post("/people/{username}/trainings", status_code=201)
def train(who: Caller, on: On, username: str, command: TrainingForm) -> Record:
    """Write down a training."""
    return Record.model_validate(on.people.train(Actor.person(who), Username(username), command))


@router.post("/records/{record_id}/end")
def end_record(who: Caller, on: On, record_id: str, command: EndForm) -> Record:
    """End a record before its last day."""
    return Record.model_validate(on.people.end_record(Actor.person(who), record_id, command))
