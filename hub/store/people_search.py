"""Finding people in SQL: by part of a name, by role, by what lapsed or will; one page at a time."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from saferoom.hub.store.people_tables import PersonRecordRow, PersonRoleRow, PersonRow
from saferoom.projects.people.model import NEED_ACCREDITATION, NEED_TRAINING, Role, Training
from saferoom.projects.people.records import Kind
from saferoom.projects.people.store import SOON_DAYS, Only, Search


def find(session: Session, search: Search, today: date) -> tuple[list[str], int]:
    """Return the user names on the page asked for, in order, and how many there are on all pages.

    What lapsed is told from the records; a break-glass act that bridges it for hours does not hide it from this list.
    """
    conditions = _conditions(search, today)
    total = session.scalar(select(func.count()).select_from(PersonRow).where(*conditions)) or 0
    query = select(PersonRow.username).where(*conditions).order_by(PersonRow.username)
    return list(session.scalars(query.limit(search.cut.size).offset(search.cut.offset))), total


def _conditions(search: Search, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.text:
        columns = (PersonRow.username, PersonRow.display_name, PersonRow.email)
        found.append(or_(*(column.icontains(search.text, autoescape=True) for column in columns)))
    if search.role is not None:
        found.append(_holds(search.role))
    if search.only is Only.CLOSED:
        found.append(PersonRow.active.is_(False))
    elif search.only is Only.LAPSED:
        found += [PersonRow.active.is_(True), _lacks(today)]
    elif search.only is Only.SOON:
        found += [PersonRow.active.is_(True), ~_lacks(today), _lacks(today + timedelta(days=SOON_DAYS))]
    return found


def _holds(role: Role) -> ColumnElement[bool]:
    held = select(PersonRoleRow.id).where(
        PersonRoleRow.username == PersonRow.username, PersonRoleRow.role == role.value, PersonRoleRow.ended_at.is_(None)
    )
    return held.exists()


def _lacks(day: date) -> ColumnElement[bool]:
    """Tell whether some role needs what no record proves on `day`."""
    missing: list[ColumnElement[bool]] = [
        and_(_holds(role), ~_proved(Kind.ACCREDITATION, None, day)) for role in sorted(NEED_ACCREDITATION)
    ]
    missing += [and_(_holds(role), ~_proved(Kind.TRAINING, kind, day)) for role, kind in NEED_TRAINING.items()]
    return or_(false(), *missing)


def _proved(kind: Kind, course: Training | None, day: date) -> ColumnElement[bool]:
    proof = select(PersonRecordRow.id).where(
        PersonRecordRow.username == PersonRow.username,
        PersonRecordRow.kind == kind.value,
        PersonRecordRow.ended_at.is_(None),
        PersonRecordRow.expires >= day,
    )
    if course is not None:
        proof = proof.where(PersonRecordRow.type == course.value)
    return proof.exists()
