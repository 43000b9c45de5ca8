"""Storage of people: every write happens in one transaction with its audit event."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock, parse
from saferoom.errors import NotFoundError, StaleVersionError
from saferoom.hub.store import people_rows as rows
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.people_search import find
from saferoom.hub.store.people_tables import DeputyRow, EmergencyRow, PersonRecordRow, PersonRow
from saferoom.hub.store.registry import SessionRegistry, read_person
from saferoom.hub.store.tables import DatasetRow, MemberRow, ProjectRow
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.notices.making import of_emergency
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.emergencies import Emergency, State
from saferoom.projects.people.model import Person
from saferoom.projects.people.records import Deputy, Dossier, Membership, Record
from saferoom.projects.people.reminders import concerned
from saferoom.projects.people.store import EndOf, HistoryLine, Search
from saferoom.signing import SigningKey

_STALE = "This was changed by somebody else meanwhile; look at it again, then repeat."


class PeopleReading:
    """One moment of the store; implements `saferoom.projects.people.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.registry = SessionRegistry(session)

    def dossier(self, username: Username) -> Dossier | None:
        row = self._session.get(PersonRow, username)
        if row is None:
            return None
        return Dossier(
            person=self.registry.person(username),
            version=row.version,
            records=tuple(rows.read_record(one) for one in reversed(row.records)),
            roles=tuple(rows.read_role(one) for one in reversed(row.roles)),
            memberships=self._memberships(username),
            owns=self._owned(username),
        )

    def search(self, search: Search, today: date) -> Paged[Person]:
        names, total = find(self._session, search, today)
        query = select(PersonRow).where(PersonRow.username.in_(names)).order_by(PersonRow.username)
        return Paged(tuple(read_person(row) for row in self._session.scalars(query)), total, search.cut)

    def record_of(self, id_: str) -> Record | None:
        row = self._session.get(PersonRecordRow, id_)
        return rows.read_record(row) if row else None

    def history(self, username: Username, cut: Cut) -> Paged[HistoryLine]:
        concerns = or_(AuditLinkRow.subject == f"person:{username}", AuditLinkRow.actor == username)
        query = select(AuditLinkRow).where(concerns).order_by(AuditLinkRow.seq.desc())
        lines = tuple(
            HistoryLine(parse(row.at), row.actor, row.action, row.subject, row.payload or {})
            for row in self._session.scalars(query.limit(cut.size).offset(cut.offset))
        )
        return Paged(lines, self._session.scalar(select(func.count()).where(concerns)) or 0, cut)

    def emergency(self, id_: str) -> Emergency | None:
        row = self._session.get(EmergencyRow, id_)
        return rows.read_emergency(row) if row else None

    def emergencies(
        self, username: Username | None = None, states: Collection[State] | None = None
    ) -> tuple[Emergency, ...]:
        query = select(EmergencyRow).order_by(EmergencyRow.opened_at.desc(), EmergencyRow.id)
        if username is not None:
            query = query.where(EmergencyRow.username == username)
        if states is not None:
            query = query.where(EmergencyRow.state.in_(sorted(states)))
        return tuple(rows.read_emergency(row) for row in self._session.scalars(query))

    def emergency_page(self, cut: Cut) -> Paged[Emergency]:
        query = select(EmergencyRow).order_by(EmergencyRow.opened_at.desc(), EmergencyRow.id)
        found = self._session.scalars(query.limit(cut.size).offset(cut.offset))
        total = self._session.scalar(select(func.count()).select_from(EmergencyRow)) or 0
        return Paged(tuple(rows.read_emergency(row) for row in found), total, cut)

    def deputies(self) -> tuple[Deputy, ...]:
        query = select(DeputyRow).where(DeputyRow.ended_at.is_(None)).order_by(DeputyRow.username, DeputyRow.named_at)
        return tuple(rows.read_deputy(row) for row in self._session.scalars(query))

    def _memberships(self, username: Username) -> tuple[Membership, ...]:
        query = (
            select(MemberRow, ProjectRow.title)
            .join(ProjectRow, ProjectRow.slug == MemberRow.project)
            .where(MemberRow.username == username)
            .order_by(MemberRow.since.desc(), MemberRow.project)
        )
        return tuple(
            Membership(ProjectSlug(row.project), title, row.since, row.ended_at)
            for row, title in self._session.execute(query)
        )

    def _owned(self, username: Username) -> tuple[DatasetName, ...]:
        query = select(DatasetRow.name).where(DatasetRow.owner == username).order_by(DatasetRow.name)
        return tuple(DatasetName(name) for name in self._session.scalars(query))


class PeopleTransaction(PeopleReading):
    """Reads and writes of one transaction; implements `saferoom.projects.people.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def lock(self, usernames: Iterable[Username]) -> None:
        # SQLite's transactions are alone from their start; elsewhere the rows keep the others waiting, in one order.
        query = select(PersonRow.username).where(PersonRow.username.in_(list(usernames))).order_by(PersonRow.username)
        self._session.execute(query.with_for_update()).all()

    def add_person(self, person: Person, by: str, at: datetime) -> None:
        rows.add_person(self._session, person, by, at)
        self._session.flush()

    def save_person(self, person: Person, version: int, by: str, at: datetime) -> None:
        row = self._session.get(PersonRow, person.username, with_for_update=True)
        if row is None or row.version != version:
            raise StaleVersionError(_STALE)
        rows.change_person(row, person, by, at)
        self._session.flush()

    def add_record(self, record: Record) -> None:
        self._session.add(rows.record_row(record))
        self._session.flush()
        self._session.expire_all()

    def end_records(self, ids: Sequence[str], end: EndOf) -> None:
        for id_ in ids:
            row = self._session.get(PersonRecordRow, id_)
            if row is None:
                raise NotFoundError("There is no such record.")
            row.ended_at, row.ended_by = end.at, end.by
            row.ending, row.end_reason = end.how.value, end.reason
        self._session.flush()

    def save_emergency(self, emergency: Emergency) -> Emergency:
        row = self._session.get(EmergencyRow, emergency.id, with_for_update=True)
        if row is None:
            row = EmergencyRow(id=emergency.id, version=0)
            self._session.add(row)
        if row.version != emergency.version:
            raise StaleVersionError(_STALE)
        rows.write_emergency(row, emergency)
        self._session.flush()
        tell(self._session, of_emergency(emergency, concerned(self.registry)))
        return rows.read_emergency(row)

    def save_deputy(self, deputy: Deputy) -> None:
        self._session.merge(DeputyRow(**vars(deputy)))
        self._session.flush()


class PeopleStore(TransactionStore[PeopleReading, PeopleTransaction]):
    """Gives out transactions; implements `saferoom.projects.people.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), PeopleReading, PeopleTransaction, _STALE)
