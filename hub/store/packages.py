"""Storage of wheels' records and of projects' lists: every write happens in one transaction with its audit event."""

from __future__ import annotations

from dataclasses import asdict

from packaging.utils import NormalizedName
from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.packages_tables import AllowanceRow, WheelRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import Digest, ProjectSlug
from saferoom.projects.packages.model import Allowance, Wheel
from saferoom.signing import SigningKey


class PackagesReading:
    """One moment of the store; implements `saferoom.projects.packages.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def wheels(self, project: ProjectSlug | None = None) -> tuple[Wheel, ...]:
        query = select(WheelRow).where(WheelRow.removed_at.is_(None)).order_by(WheelRow.name, WheelRow.file)
        if project is not None:
            listed = select(AllowanceRow.name).where(AllowanceRow.project == project, AllowanceRow.ended_at.is_(None))
            query = query.where(WheelRow.name.in_(listed))
        return tuple(_wheel(row) for row in self._session.scalars(query))

    def allowances(self, project: ProjectSlug | None = None) -> tuple[Allowance, ...]:
        query = select(AllowanceRow).where(AllowanceRow.ended_at.is_(None))
        query = query.order_by(AllowanceRow.project, AllowanceRow.name)
        if project is not None:
            query = query.where(AllowanceRow.project == project)
        return tuple(_allowance(row) for row in self._session.scalars(query))


class PackagesTransaction(PackagesReading):
    """Reads and writes of one transaction; implements `saferoom.projects.packages.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def keep(self, wheel: Wheel) -> None:
        self._session.merge(WheelRow(**asdict(wheel) | {"requires": list(wheel.requires)}))
        self._session.flush()

    def allow(self, allowance: Allowance) -> None:
        self._session.merge(AllowanceRow(**asdict(allowance)))
        self._session.flush()

    def allowance(self, project: ProjectSlug, name: NormalizedName) -> Allowance | None:
        row = self._session.get(AllowanceRow, (project, name))
        return _allowance(row) if row else None


class PackagesStore(TransactionStore[PackagesReading, PackagesTransaction]):
    """Gives out transactions; implements `saferoom.projects.packages.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), PackagesReading, PackagesTransaction)


def _wheel(row: WheelRow) -> Wheel:
    return Wheel(
        sha256=Digest(row.sha256),
        file=row.file,
        name=NormalizedName(row.name),
        version=row.version,
        size=row.size,
        requires=tuple(row.requires),
        requires_python=row.requires_python,
        added_at=row.added_at,
        added_by=row.added_by,
        removed_at=row.removed_at,
    )


def _allowance(row: AllowanceRow) -> Allowance:
    versions, at, by = row.versions, row.allowed_at, row.allowed_by
    return Allowance(ProjectSlug(row.project), NormalizedName(row.name), versions, at, by, row.ended_at)
