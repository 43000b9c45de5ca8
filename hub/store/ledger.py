"""Storage of privacy budgets: a charge, its debits and its audit event are one transaction.

Cost: one row of `ledger_charges` and one update per account, whatever was charged before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.ledger_people import PeopleReading, limit_row, read_mechanisms, write_mechanisms
from saferoom.hub.store.ledger_tables import AccountRow, ChargeRow, DebitRow
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import DatasetName, Digest, ProjectSlug, Username
from saferoom.projects.ledger.alerts import Alert
from saferoom.projects.ledger.limits import Limit
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import CHARGED, Account, AccountId, AccountKind, Charge, ChargeState, Wanted
from saferoom.projects.notices.making import of_alerts
from saferoom.projects.paging import Cut, Paged
from saferoom.signing import SigningKey

_ROW = AccountRow.__table__.c
_DEBIT = (
    update(AccountRow.__table__)  # type: ignore[arg-type]
    .where(_ROW.kind == bindparam("of"), _ROW.name == bindparam("named"))
    .values(
        rho_spent=_ROW.rho_spent + bindparam("more_rho"),
        delta_spent=_ROW.delta_spent + bindparam("more_delta"),
    )
)


class LedgerReading(PeopleReading):
    """One moment of the store; implements `saferoom.projects.ledger.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def account(self, id_: AccountId) -> Account:
        row = self._session.get(AccountRow, (id_.kind.value, id_.name))
        return Account(id_) if row is None else _account(row)

    def charge(self, id_: str) -> Charge | None:
        row = self._session.get(ChargeRow, id_)
        return None if row is None else self._read(row)

    def by_key(self, project: ProjectSlug, key: str) -> Charge | None:
        row = self._session.scalar(select(ChargeRow).where(ChargeRow.project == project, ChargeRow.key == key))
        return None if row is None else self._read(row)

    def charges(self, account: AccountId, cut: Cut) -> Paged[Charge]:
        debits = (DebitRow.kind == account.kind.value, DebitRow.name == account.name)
        query = select(ChargeRow).join(DebitRow, DebitRow.charge == ChargeRow.id).where(*debits)
        found = self._session.scalars(
            query.order_by(ChargeRow.at.desc(), ChargeRow.id).limit(cut.size).offset(cut.offset)
        ).all()
        total = self._session.scalar(select(func.count()).select_from(DebitRow).where(*debits)) or 0
        return Paged(tuple(self._read(row) for row in found), total, cut)

    def spent_since(self, account: AccountId, at: datetime) -> Loss:
        query = select(func.sum(DebitRow.rho), func.sum(DebitRow.delta)).where(
            DebitRow.kind == account.kind.value, DebitRow.name == account.name, DebitRow.at >= at
        )
        rho, delta = self._session.execute(query).one()
        return Loss(int(rho or 0), int(delta or 0))

    def in_state(self, state: ChargeState) -> tuple[Charge, ...]:
        query = select(ChargeRow).where(ChargeRow.state == state.value).order_by(ChargeRow.at, ChargeRow.id)
        return tuple(self._read(row) for row in self._session.scalars(query).all())

    def entry(self, id_: str) -> tuple[int, Digest] | None:
        row = self._session.get(ChargeRow, id_)
        if row is None:
            return None
        query = select(AuditLinkRow.seq, AuditLinkRow.digest).where(
            AuditLinkRow.subject == f"project:{row.project}",
            AuditLinkRow.action == CHARGED,
            AuditLinkRow.payload["charge"].as_string() == id_,
        )
        found = self._session.execute(query.order_by(AuditLinkRow.seq)).first()
        return None if found is None else (found.seq, Digest(found.digest))

    def _read(self, row: ChargeRow) -> Charge:
        query = select(DebitRow.kind, DebitRow.name).where(DebitRow.charge == row.id)
        accounts = tuple(sorted(AccountId(AccountKind(kind), name) for kind, name in self._session.execute(query)))
        wanted = Wanted(
            key=row.key,
            project=ProjectSlug(row.project),
            by=Username(row.made_by),
            content=Digest(row.content),
            plan=Digest(row.plan),
            versions={DatasetName(name): version for name, version in row.versions.items()},
            loss=Loss(row.rho, row.delta),
            mechanisms=read_mechanisms(row.mechanisms or ()),
        )
        result = None if row.result is None else Digest(row.result)
        return Charge(row.id, wanted, accounts, ChargeState(row.state), row.at, result, row.reason)


class LedgerTransaction(LedgerReading):
    """Reads and writes of one transaction; implements `saferoom.projects.ledger.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def lock(self, ids: Collection[AccountId]) -> tuple[Account, ...]:
        # Always in the same order, so that two transactions never wait for each other in a ring.
        wanted = [(id_.kind.value, id_.name) for id_ in sorted(ids)]
        query = select(AccountRow).where(tuple_(AccountRow.kind, AccountRow.name).in_(wanted))
        query = query.order_by(AccountRow.kind, AccountRow.name).with_for_update()
        found = self._session.scalars(query, execution_options={"populate_existing": True}).all()
        if len(found) < len(wanted):
            found = [self._locked(id_) for id_ in sorted(ids)]
        return tuple(_account(row) for row in found)

    def limit(self, id_: AccountId, limit: Loss | None) -> Account:
        row = self._locked(id_)
        row.rho_limit, row.delta_limit = (None, None) if limit is None else (limit.rho, limit.delta)
        row.version += 1
        self._session.flush()
        return _account(row)

    def keep(self, limit: Limit) -> None:
        self._session.add(limit_row(limit))
        self._session.flush()

    def tell(self, alerts: Sequence[Alert], at: datetime) -> None:
        if alerts:
            tell(self._session, of_alerts(alerts, at))

    def debit(self, charge: Charge) -> None:
        wanted, loss = charge.wanted, charge.wanted.loss
        self._session.flush()
        made = {
            "id": charge.id,
            "project": wanted.project,
            "key": wanted.key,
            "made_by": wanted.by,
            "content": wanted.content,
            "plan": wanted.plan,
            "versions": dict(wanted.versions),
            "rho": loss.rho,
            "delta": loss.delta,
            "mechanisms": write_mechanisms(wanted.mechanisms),
            "state": charge.state.value,
            "at": charge.at,
            "result": charge.result,
            "reason": charge.reason,
        }
        connection = self._session.connection()
        connection.execute(insert(ChargeRow.__table__), made)  # type: ignore[arg-type]
        # One statement each for all accounts: a charge holds the lock of all writers.
        ids = [(id_.kind.value, id_.name) for id_ in sorted(charge.accounts)]
        spent = {"more_rho": loss.rho, "more_delta": loss.delta}
        connection.execute(_DEBIT, [{"of": kind, "named": name, **spent} for kind, name in ids])
        kept = {"charge": charge.id, "at": charge.at, "rho": loss.rho, "delta": loss.delta}
        debits = [{"kind": kind, "name": name, **kept} for kind, name in ids]
        connection.execute(insert(DebitRow.__table__), debits)  # type: ignore[arg-type]
        # What was read of accounts before is not so any more.
        for row in [row for row in self._session.identity_map.values() if isinstance(row, AccountRow)]:
            self._session.expire(row)

    def save(self, charge: Charge) -> None:
        row = self._session.get_one(ChargeRow, charge.id, with_for_update=True)
        row.state, row.result, row.reason = charge.state.value, charge.result, charge.reason
        self._session.flush()

    def _locked(self, id_: AccountId) -> AccountRow:
        key = (id_.kind.value, id_.name)
        row = self._session.get(AccountRow, key, with_for_update=True, populate_existing=True)
        if row is None:
            # Somebody who does not take the lock of all writers may write the same account at the same moment.
            with suppress(ConstraintError), self._session.begin_nested():
                self._session.add(AccountRow(kind=key[0], name=key[1], rho_spent=0, delta_spent=0, version=0))
            row = self._session.get_one(AccountRow, key, with_for_update=True, populate_existing=True)
        return row


class LedgerStore(TransactionStore[LedgerReading, LedgerTransaction]):
    """Gives out transactions; implements `saferoom.projects.ledger.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), LedgerReading, LedgerTransaction)


def _account(row: AccountRow) -> Account:
    limit = None if row.rho_limit is None or row.delta_limit is None else Loss(row.rho_limit, row.delta_limit)
    return Account(AccountId(AccountKind(row.kind), row.name), limit, Loss(row.rho_spent, row.delta_spent), row.version)
