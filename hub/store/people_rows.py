"""People's rows made into records, and changes of a person made into rows."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, object_session

from saferoom.hub.store.people_tables import DeputyRow, EmergencyRow, PersonRecordRow, PersonRoleRow, PersonRow
from saferoom.hub.store.tokens_tables import TokenRow
from saferoom.ids import Username, new_id
from saferoom.projects.people.emergencies import Emergency, State
from saferoom.projects.people.model import Person, Power, Role
from saferoom.projects.people.records import (
    Accreditation,
    Deputy,
    Ending,
    HeldRole,
    Kind,
    Record,
    accredited_until,
    trained_until,
)
from saferoom.projects.tokens.model import Ending as Ended

_SHORT_BODY = "not recorded"
_SHORT_EVIDENCE = "Registered by its last day alone, with saferoom admin apply."
_REPLACED = "Replaced by what saferoom admin apply says."


def person_values(row: PersonRow) -> dict[str, Any]:
    """Return the fields of a `Person`: what the rows say, records that ended left out."""
    records = [read_record(one) for one in row.records]
    powers = [
        {"power": one.power, "since": one.opened_at, "until": one.until}
        for one in row.emergencies
        if one.state == State.OPEN.value
    ]
    return {
        "username": row.username,
        "display_name": row.display_name,
        "email": row.email,
        "roles": frozenset(role.role for role in row.roles if role.ended_at is None),
        "accreditation_expires": accredited_until(records),
        "trainings": trained_until(records),
        "active": row.active,
        "powers": tuple(powers),
    }


def read_record(row: PersonRecordRow) -> Record:
    """Return a record."""
    values = {field.name: getattr(row, field.name) for field in fields(Record)}
    ending = None if row.ending is None else Ending(row.ending)
    return Record(**values | {"kind": Kind(row.kind), "ending": ending, "username": Username(row.username)})


def record_row(record: Record) -> PersonRecordRow:
    """Return the row of a new record."""
    values = {field.name: getattr(record, field.name) for field in fields(Record)}
    return PersonRecordRow(**values | {"kind": record.kind.value, "ending": record.ending and record.ending.value})


def read_role(row: PersonRoleRow) -> HeldRole:
    """Return a role over a stretch of time."""
    return HeldRole(Role(row.role), row.since, row.granted_by, row.ended_at, row.ended_by)


def read_emergency(row: EmergencyRow) -> Emergency:
    """Return a break-glass act."""
    values = {field.name: getattr(row, field.name) for field in fields(Emergency)}
    return Emergency(**values | {"power": Power(row.power), "state": State(row.state)})


def write_emergency(row: EmergencyRow, emergency: Emergency) -> None:
    """Put a break-glass act into its row; its version counts on."""
    for field in fields(Emergency):
        setattr(row, field.name, getattr(emergency, field.name))
    row.power, row.state, row.version = emergency.power.value, emergency.state.value, emergency.version + 1


def read_deputy(row: DeputyRow) -> Deputy:
    """Return the naming of a deputy."""
    return Deputy(**{field.name: getattr(row, field.name) for field in fields(Deputy)})


def add_person(session: Session, person: Person, by: str, at: datetime) -> PersonRow:
    """Add the rows of somebody new."""
    row = PersonRow(
        username=person.username,
        display_name=person.display_name,
        email=person.email,
        active=person.active,
        version=1,
        roles=[_role(role, by, at) for role in sorted(person.roles)],
    )
    session.add(row)
    return row


def change_person(row: PersonRow, person: Person, by: str, at: datetime) -> None:
    """Write name, address, roles and whether the account is open; roles that go end, roles that come begin."""
    row.display_name, row.email, row.active = person.display_name, person.email, person.active
    row.version += 1
    held = {role.role: role for role in row.roles if role.ended_at is None}
    for name, role in held.items():
        if Role(name) not in person.roles:
            role.ended_at, role.ended_by = at, by
    row.roles += [_role(role, by, at) for role in sorted(person.roles) if role.value not in held]
    if not person.active:
        _end_tokens(row, by, at)


def _end_tokens(row: PersonRow, by: str, at: datetime) -> None:
    """End the API tokens of a closed account, so that none is good again when it is opened."""
    session = object_session(row)
    if session is not None:
        held = update(TokenRow).where(TokenRow.username == row.username, TokenRow.ending.is_(None))
        session.execute(held.values(ended_at=at, ended_by=by, ending=Ended.STANDING.value))


def write_last_days(row: PersonRow, person: Person, by: str, at: datetime) -> None:
    """Make the records say what `person`, given by last days alone, says; what differs is replaced."""
    records = [read_record(one) for one in row.records]
    if accredited_until(records) != person.accreditation_expires:
        _replace(row, (Kind.ACCREDITATION, Accreditation.FULL.value), person.accreditation_expires, (by, at))
    known = trained_until(records)
    for course in sorted({*known, *person.trainings}):
        if known.get(course) != person.trainings.get(course):
            _replace(row, (Kind.TRAINING, course.value), person.trainings.get(course), (by, at))


def _replace(row: PersonRow, what: tuple[Kind, str], expires: Any, who: tuple[str, datetime]) -> None:
    kind, type_ = what
    by, at = who
    ending = Ending.WITHDRAWN if expires is None else Ending.REPLACED
    for one in row.records:
        same = one.kind == kind.value and (kind is Kind.ACCREDITATION or one.type == type_)
        if same and one.ended_at is None:
            one.ended_at, one.ended_by, one.ending, one.end_reason = at, by, ending.value, _REPLACED
    if expires is None:
        return
    row.records.append(
        PersonRecordRow(
            id=new_id("record"),
            kind=kind.value,
            type=type_,
            body=_SHORT_BODY,
            granted=None,
            expires=expires,
            evidence=_SHORT_EVIDENCE,
            recorded_by=by,
            recorded_at=at,
        )
    )


def _role(role: Role, by: str, at: datetime) -> PersonRoleRow:
    return PersonRoleRow(role=role.value, since=at, granted_by=by)
