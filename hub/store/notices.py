"""Storage of notices and letters; `tell` (in `notices_rows`) writes them beside what they tell of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store import notices_rows as rows
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_tables import LetterRow, PreferenceRow, ToldRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import Username
from saferoom.projects.notices.model import Category, How, Letter, LetterState, Notice
from saferoom.projects.paging import Cut, Paged
from saferoom.signing import SigningKey

_WAITING = LetterState.WAITING.value


class NoticesReading:
    """One moment of the store; implements `saferoom.projects.notices.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def notices(self, to: Username, unread: bool, cut: Cut) -> Paged[Notice]:
        wanted = (ToldRow.to == to, ToldRow.read_at.is_(None)) if unread else (ToldRow.to == to,)
        query = select(ToldRow).where(*wanted).order_by(ToldRow.id.desc()).limit(cut.size).offset(cut.offset)
        total = self._session.scalar(select(func.count()).select_from(ToldRow).where(*wanted)) or 0
        return Paged(tuple(rows.read_notice(row) for row in self._session.scalars(query)), total, cut)

    def unread(self, to: Username) -> int:
        query = select(func.count()).select_from(ToldRow).where(ToldRow.to == to, ToldRow.read_at.is_(None))
        return self._session.scalar(query) or 0

    def notice(self, id_: int) -> Notice | None:
        row = self._session.get(ToldRow, id_)
        return rows.read_notice(row) if row else None

    def preferences(self, of: Username) -> Mapping[Category, How]:
        return rows.read_preferences(self._session.scalars(select(PreferenceRow).where(PreferenceRow.username == of)))

    def letter(self, id_: str) -> Letter | None:
        row = self._session.get(LetterRow, id_)
        return rows.read_letter(row, row.notices) if row else None

    def letters(self, state: LetterState | None, cut: Cut) -> Paged[Letter]:
        wanted = () if state is None else (LetterRow.state == state.value,)
        query = select(LetterRow).where(*wanted).order_by(LetterRow.created_at.desc(), LetterRow.id)
        found = self._session.scalars(query.limit(cut.size).offset(cut.offset))
        total = self._session.scalar(select(func.count()).select_from(LetterRow).where(*wanted)) or 0
        return Paged(tuple(rows.read_letter(row) for row in found), total, cut)

    def counts(self) -> Mapping[LetterState, int]:
        query = select(LetterRow.state, func.count()).group_by(LetterRow.state)
        return {LetterState(state): count for state, count in self._session.execute(query)}

    def due(self, at: datetime) -> bool:
        query = select(LetterRow.id).where(LetterRow.state == _WAITING, LetterRow.next_at <= at).limit(1)
        return self._session.scalar(query) is not None

    def gathering(self) -> tuple[Username, ...]:
        gathered = (ToldRow.how == How.DAILY.value, ToldRow.letter.is_(None))
        query = select(ToldRow.to).where(*gathered).distinct().order_by(ToldRow.to)
        return tuple(Username(name) for name in self._session.scalars(query))


class NoticesTransaction(NoticesReading):
    """Reads and writes of one transaction; implements `saferoom.projects.notices.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def tell(self, notices: Sequence[Notice]) -> int:
        return rows.tell(self._session, notices)

    def mark_read(self, to: Username, at: datetime, id_: int | None = None) -> int:
        wanted = [ToldRow.to == to, ToldRow.read_at.is_(None)]
        if id_ is not None:
            wanted.append(ToldRow.id == id_)
        found = self._session.scalars(select(ToldRow.id).where(*wanted)).all()
        self._session.execute(update(ToldRow).where(*wanted).values(read_at=at))
        return len(found)

    def prefer(self, of: Username, chosen: Mapping[Category, How]) -> None:
        for category, how in chosen.items():
            self._session.merge(PreferenceRow(username=of, category=category.value, how=how.value))

    def take(self, at: datetime, most: int, lease: timedelta) -> tuple[Letter, ...]:
        due = (LetterRow.state == _WAITING, LetterRow.next_at <= at)
        query = select(LetterRow).where(*due).order_by(LetterRow.next_at, LetterRow.id).limit(most)
        # On SQLite transactions are alone; elsewhere two senders pass each other by.
        taken = self._session.scalars(query.with_for_update(skip_locked=True)).all()
        for row in taken:
            row.next_at = at + lease
        self._session.flush()
        return tuple(rows.read_letter(row, row.notices) for row in taken)

    def save(self, letter: Letter) -> None:
        rows.write_letter(self._session.get_one(LetterRow, letter.id, with_for_update=True), letter)

    def digest(self, to: Username, day: date, at: datetime) -> bool:
        if self._session.scalar(select(LetterRow.id).where(LetterRow.to == to, LetterRow.day == day)) is not None:
            return False
        gathered = (ToldRow.to == to, ToldRow.how == How.DAILY.value, ToldRow.letter.is_(None))
        found = self._session.scalars(select(ToldRow).where(*gathered).order_by(ToldRow.id)).all()
        if not found:
            return False
        made = rows.letter_row(to, None, at, day)
        made.notices = list(found)
        self._session.add(made)
        self._session.flush()
        return True


class NoticesStore(TransactionStore[NoticesReading, NoticesTransaction]):
    """Gives out transactions; implements `saferoom.projects.notices.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), NoticesReading, NoticesTransaction)
