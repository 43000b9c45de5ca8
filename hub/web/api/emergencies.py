"""Break-glass acts, and who may break the glass in the administrators' place."""

from __future__ import annotations

from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.people_documents import (
    Deputy,
    Emergency,
    PersonDossier,
    dossier_document,
    emergency_document,
)
from saferoom.hub.web.api.project_commands import DeputyBody
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people.emergencies import EmergencyForm, ReviewForm
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import DeputyForm

router = routes("break-glass")


class Deputies(Document):
    """Everybody whose naming holds; few enough for one answer."""

    items: list[Deputy]


@router.get("/break-glass")
def emergencies(who: Caller, on: On, page: PageNumber = 1) -> Listed[Emergency]:
    """List break-glass acts, the newest first."""
    return listed(on.people.emergencies(Actor.person(who), Cut(page)), Emergency)


@router.post("/break-glass", status_code=201)
def break_glass(who: Caller, on: On, command: EmergencyForm) -> Emergency:
    """Give somebody else a power for hours; all administrators and data owners are told."""
    return emergency_document(on.people.break_glass(Actor.person(who), command))


@router.get("/break-glass/{emergency_id}")
def emergency(who: Caller, on: On, emergency_id: str) -> Emergency:
    """Show one break-glass act."""
    return emergency_document(on.people.emergency(Actor.person(who), emergency_id))


@router.post("/break-glass/{emergency_id}/end")
def end(who: Caller, on: On, emergency_id: str, _: Nothing) -> Emergency:
    """End a power before its time."""
    return emergency_document(on.people.end_emergency(Actor.person(who), emergency_id))


@router.post("/break-glass/{emergency_id}/review")
def review(who: Caller, on: On, emergency_id: str, command: ReviewForm) -> Emergency:
    """Judge a power that has ended, as an administrator who neither gave nor had it."""
    return emergency_document(on.people.review_emergency(Actor.person(who), emergency_id, command))


@router.get("/deputies")
def deputies(who: Caller, on: On) -> Deputies:
    """List those who may break the glass when no administrator can be reached."""
    return Deputies(items=[Deputy.model_validate(one) for one in on.people.deputies(Actor.person(who))])


@router.post("/people/{username}/deputy", status_code=201)
def name_deputy(who: Caller, on: On, username: str, command: DeputyBody) -> Deputy:
    """Name somebody as a deputy for emergencies."""
    form = DeputyForm.model_construct(username=Username(username), until=command.until)
    return Deputy.model_validate(on.people.name_deputy(Actor.person(who), form))


@router.post("/people/{username}/end-deputy")
def end_deputy(who: Caller, on: On, username: str, _: Nothing) -> PersonDossier:
    """End the naming of a deputy."""
    actor, about = Actor.person(who), Username(username)
    on.people.end_deputy(actor, about)
    return dossier_document(on, on.people.dossier(actor, about))
