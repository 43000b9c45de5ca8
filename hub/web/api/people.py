"""People: oneself, and for administrators everybody."""

from __future__ import annotations

from starlette.responses import Response

from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.people_documents import (
    FirstPassword,
    Me,
    Person,
    PersonDossier,
    PersonEvent,
    Record,
    dossier_document,
    event_document,
    own_document,
)
from saferoom.hub.web.api.repeats import TOLD_ONCE
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.people.password import give_password
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people.model import Role
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import (
    AccountForm,
    AccreditationForm,
    EndForm,
    PersonChange,
    PersonForm,
    TrainingForm,
)
from saferoom.projects.people.store import Only, Search

router = routes("people")
_LONGEST_SEARCH = 100


@router.get("/me")
def me(who: Caller, on: On) -> Me:
    """Show what is kept about the caller, what ends next, and whether the caller may sign in."""
    return own_document(on, on.people.own(who))


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
    return dossier_document(on, on.people.add(Actor.person(who), command))


@router.get("/people/{username}")
def person(who: Caller, on: On, username: str) -> PersonDossier:
    """Show everything kept about somebody."""
    return dossier_document(on, on.people.dossier(Actor.person(who), Username(username)))


@router.get("/people/{username}/history")
def history(who: Caller, on: On, username: str, page: PageNumber = 1) -> Listed[PersonEvent]:
    """List what happened to an account and by it, the newest first."""
    found = on.people.history(Actor.person(who), Username(username), Cut(page))
    return listed(found.map(event_document), PersonEvent)


@router.put("/people/{username}")
def edit(who: Caller, on: On, username: str, command: PersonChange) -> PersonDossier:
    """Change somebody's name, address or roles."""
    return dossier_document(on, on.people.edit(Actor.person(who), Username(username), command))


@router.post("/people/{username}/close")
def close(who: Caller, on: On, username: str, command: AccountForm) -> PersonDossier:
    """Close an account: out at once and everywhere."""
    return dossier_document(on, on.people.close(Actor.person(who), Username(username), command))


@router.post("/people/{username}/reopen")
def reopen(who: Caller, on: On, username: str, command: AccountForm) -> PersonDossier:
    """Open a closed account again."""
    return dossier_document(on, on.people.reopen(Actor.person(who), Username(username), command))


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


@router.post("/people/{username}/password")
def password(response: Response, who: Caller, on: On, username: str, _: Nothing) -> FirstPassword:
    """Give somebody a first password and a second factor, told this once; earlier ones no longer work."""
    response.headers["Cache-Control"] = TOLD_ONCE
    chosen, enrolment = give_password(on, Actor.person(who), Username(username))
    return FirstPassword(username=username, password=chosen, secret=enrolment.secret, uri=enrolment.uri)
