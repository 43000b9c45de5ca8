"""Storage of projects' lives: every write happens in one transaction with its audit event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import StaleVersionError
from saferoom.hub.store import life_lists as lists
from saferoom.hub.store import life_rows as rows
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.life_tables import DatasetVersionRow, LifeRow
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.changes import Change
from saferoom.projects.life.model import Life, Told
from saferoom.projects.life.store import DatasetVersion, Entry, Left, Line, Selection
from saferoom.projects.notices.making import of_life
from saferoom.projects.paging import Cut, Paged
from saferoom.signing import SigningKey

_STALE = "somebody else changed this project meanwhile; nothing was overwritten, open it again"


class LifeReading:
    """One moment of the store; implements `saferoom.projects.life.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def life(self, slug: ProjectSlug) -> Life | None:
        row = self._session.get(LifeRow, slug)
        return rows.read_life(row) if row else None

    def versions(self, dataset: DatasetName) -> tuple[DatasetVersion, ...]:
        query = select(DatasetVersionRow).where(DatasetVersionRow.dataset == dataset)
        found = self._session.scalars(query.order_by(DatasetVersionRow.number))
        return tuple(rows.read_version(row) for row in found)

    def listing(self, selection: Selection, cut: Cut) -> Paged[Line]:
        return lists.listing(self._session, selection, cut)

    def history(self, slug: ProjectSlug, datasets: Sequence[DatasetName], cut: Cut) -> Paged[Entry]:
        return lists.history(self._session, slug, datasets, cut)

    def releases(self, slug: ProjectSlug, cut: Cut) -> Paged[Left]:
        return lists.releases(self._session, slug, cut)

    def proposals(self, lead: Username) -> int:
        return lists.proposals(self._session, lead)


class LifeTransaction(LifeReading):
    """Reads and writes of one transaction; implements `saferoom.projects.life.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog, clock: Clock) -> None:
        super().__init__(session)
        self._log = log
        self._clock = clock

    def add(self, life: Life, event: Event) -> Life:
        row = LifeRow(slug=life.slug, version=0)
        self._session.add(row)
        return self._finish(row, life, event)

    def save(self, life: Life, event: Event, told: Sequence[Told] = ()) -> Life:
        row = self._session.get(LifeRow, life.slug, with_for_update=True)
        if row is None or row.version != life.version:
            raise StaleVersionError(_STALE)
        after = self._finish(row, life, event)
        tell(self._session, of_life(told, life.slug, after.version, event.action, self._clock.now()))
        return after

    def write(self, change: Change, actor: str) -> None:
        writer = RegistryWriter(self._session, self._log, self._clock.now(), actor, direct=False)
        writer.write(change)

    def _finish(self, row: LifeRow, life: Life, event: Event) -> Life:
        row.version += 1
        rows.write_life(row, life)
        self._log.record(event)
        self._session.flush()
        return rows.read_life(row)


class LifeStore(TransactionStore[LifeReading, LifeTransaction]):
    """Gives out transactions; implements `saferoom.projects.life.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__(
            (database, clock, key), LifeReading, lambda session, log: LifeTransaction(session, log, clock), _STALE
        )
