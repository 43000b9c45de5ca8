"""Deeds on accounts and records: registering, changing, accrediting, training, closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from saferoom.audit import Event
from saferoom.errors import BadInputError, NotFoundError, StaleVersionError, WrongStateError
from saferoom.ids import DatasetName, Username
from saferoom.projects.administration.changes import compare
from saferoom.projects.people import rules
from saferoom.projects.people.entitlement import standing
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.parts import NOBODY, Parts
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.records import (
    AccountForm,
    AccreditationForm,
    Deputy,
    DeputyForm,
    Dossier,
    EndForm,
    Kind,
    PersonChange,
    PersonForm,
    Record,
    TrainingForm,
)
from saferoom.projects.people.store import EndOf, Transaction

LONGEST_DEPUTY_DAYS = 366


def add(parts: Parts, actor: Actor, form: PersonForm) -> Dossier:
    """Register somebody new."""
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.ADD)
        if tx.dossier(form.username) is not None:
            said = f"Somebody is registered as {form.username} already; choose another user name."
            raise BadInputError(said, field="username")
        person = Person(**{name: getattr(form, name) for name in PersonForm.model_fields})
        _check(person, ())
        tx.add_person(person, actor.name, parts.now())
        tx.record(_event(actor, "person.added", form.username, _changes(None, person)))
        return parts.found(tx, form.username)


def edit(parts: Parts, actor: Actor, username: Username, change: PersonChange) -> Dossier:
    """Change somebody's name, address or roles."""
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.EDIT, username)
        before = parts.found(tx, username)
        values = {name: getattr(change, name) for name in PersonChange.model_fields if name != "version"}
        after = before.person.model_copy(update=values)
        _check_last_administrator(tx, before.person, after)
        _save(parts, tx, actor, (before, after, change.version), "person.changed")
        return parts.found(tx, username)


def close(parts: Parts, actor: Actor, username: Username, form: AccountForm) -> Dossier:
    """Close an account: out at once and everywhere, and not forgotten."""
    return _switch(parts, actor, username, form, active=False)


def reopen(parts: Parts, actor: Actor, username: Username, form: AccountForm) -> Dossier:
    """Open a closed account again."""
    return _switch(parts, actor, username, form, active=True)


def record_accreditation(parts: Parts, actor: Actor, username: Username, form: AccreditationForm) -> Record:
    """Write down an accreditation."""
    return _record(parts, actor, (username, Kind.ACCREDITATION, form.level.value), form)


def record_training(parts: Parts, actor: Actor, username: Username, form: TrainingForm) -> Record:
    """Write down a training."""
    return _record(parts, actor, (username, Kind.TRAINING, form.course.value), form)


def end_record(parts: Parts, actor: Actor, id_: str, form: EndForm) -> Record:
    """End a record before its last day."""
    with parts.store.transaction() as tx:
        found = tx.record_of(id_)
        # Who may not know of a person does not learn of that person's records.
        parts.allow(tx, actor, Action.END_RECORD, found.username if found else None)
        if found is None:
            raise NotFoundError("There is no such record.")
        if found.ended_at is not None:
            raise WrongStateError(f"This record was ended on {found.ended_at.date()} by {found.ended_by}.")
        end = EndOf(parts.now(), actor.name, form.ending, form.reason)
        tx.end_records([id_], end)
        payload = {"record": id_, "ending": form.ending.value, "reason": form.reason}
        tx.record(_event(actor, f"{found.kind.value}.ended", found.username, payload))
    return replace(found, ended_at=end.at, ended_by=end.by, ending=end.how, end_reason=end.reason)


def name_deputy(parts: Parts, actor: Actor, form: DeputyForm) -> Deputy:
    """Name somebody who may break the glass when no administrator can be reached."""
    username, until = form.username, form.until
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.NAME_DEPUTY, username)
        person = parts.found(tx, username).person
        if not standing(person, parts.now()):
            raise WrongStateError(f"{username} may not sign in now, so could not break the glass; settle that first.")
        if Role.ADMINISTRATOR in person.roles:
            raise WrongStateError("An administrator can break the glass already and needs no naming.")
        if not parts.today() <= until <= parts.today() + timedelta(days=LONGEST_DEPUTY_DAYS):
            said = f"The last day must be between today and {LONGEST_DEPUTY_DAYS} days from now."
            raise BadInputError(said, field="until")
        if any(one.username == username and one.live(parts.now()) for one in tx.deputies()):
            raise WrongStateError(f"{username} is a deputy already; end that naming first.")
        named = Deputy(parts.ids("deputy"), username, actor.name, parts.now(), until)
        tx.save_deputy(named)
        tx.record(_event(actor, "deputy.named", username, {"until": str(until)}))
    return named


def end_deputy(parts: Parts, actor: Actor, username: Username) -> None:
    """End the naming of a deputy."""
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.END_DEPUTY, username)
        live = [one for one in tx.deputies() if one.username == username and one.live(parts.now())]
        if not live:
            raise WrongStateError(f"{username} is no deputy.")
        for one in live:
            tx.save_deputy(replace(one, ended_at=parts.now(), ended_by=actor.name))
        tx.record(_event(actor, "deputy.ended", username, {}))


def _switch(parts: Parts, actor: Actor, username: Username, form: AccountForm, *, active: bool) -> Dossier:
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.REOPEN if active else Action.CLOSE, username)
        before = parts.found(tx, username)
        if before.person.active == active:
            raise WrongStateError(f"The account of {username} is {'open' if active else 'closed'} already.")
        after = before.person.model_copy(update={"active": active})
        _check_last_administrator(tx, before.person, after)
        action = "person.reopened" if active else "person.closed"
        _save(parts, tx, actor, (before, after, form.version), action, form.reason)
        return parts.found(tx, username)


def _save(
    parts: Parts,
    tx: Transaction,
    actor: Actor,
    change: tuple[Dossier, Person, int],
    action: str,
    reason: str = "",
) -> None:
    before, after, version = change
    if before.version != version:
        raise StaleVersionError(
            f"{before.person.username} was changed by somebody else meanwhile; look at the person again, then repeat."
        )
    _check(after, before.owns)
    if before.person == after:
        return
    tx.save_person(after, version, actor.name, parts.now())
    payload = _changes(before.person, after) | ({"reason": reason} if reason else {})
    tx.record(_event(actor, action, after.username, payload))


def _record(
    parts: Parts, actor: Actor, what: tuple[Username, Kind, str], form: AccreditationForm | TrainingForm
) -> Record:
    username, kind, type_ = what
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.RECORD, username)
        if tx.dossier(username) is None:
            raise NotFoundError(NOBODY)
        if form.granted > parts.today():
            raise BadInputError("The day it was granted is in the future; record it when it holds.", field="granted")
        made = Record(
            id=parts.ids("record"),
            username=username,
            kind=kind,
            type=type_,
            body=form.body,
            granted=form.granted,
            expires=form.expires,
            evidence=form.evidence,
            recorded_by=actor.name,
            recorded_at=parts.now(),
        )
        tx.add_record(made)
        payload = {"record": made.id, "type": type_, "body": form.body, "expires": str(form.expires)}
        tx.record(_event(actor, f"{kind.value}.recorded", username, payload))
    return made


def _check(person: Person, owned: Sequence[DatasetName]) -> None:
    for said in rules.problems(person, owned):
        raise BadInputError(said, field="roles")


def _check_last_administrator(tx: Transaction, before: Person, after: Person) -> None:
    """Keep one administrator: without any, only the machine's operator could let people in again."""
    still = after.active and Role.ADMINISTRATOR in after.roles
    if still or not before.active or Role.ADMINISTRATOR not in before.roles:
        return
    tx.lock(one.username for one in tx.registry.people_with(Role.ADMINISTRATOR))
    if len(tx.registry.people_with(Role.ADMINISTRATOR)) <= 1:
        raise WrongStateError(f"{before.username} is the last administrator; register another one first.")


def _changes(before: Person | None, after: Person) -> dict[str, object]:
    change = compare("person", after.username, before, after)
    return {"changes": [one.document() for one in change.differences] if change else []}


def _event(actor: Actor, action: str, username: Username, payload: Mapping[str, object]) -> Event:
    return Event(actor.name, action, f"person:{username}", payload)
