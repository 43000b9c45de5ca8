"""A store with rosa's project on olga's data, and a ledger over it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path

from tests.support.registry_world import HTV, MOB, ROSA, approval, clock, dataset, owner, project, researcher, store

from saferoom.clock import FrozenClock
from saferoom.hub.store.audit_log import AuditLog, verify_audit_log
from saferoom.hub.store.database import Database
from saferoom.hub.store.ledger import LedgerStore
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.ids import Digest
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import compare
from saferoom.projects.approvals.model import PrivacyBudget
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind, Wanted
from saferoom.projects.ledger.service import Ledger
from saferoom.signing import SigningKey

LINEAGE = AccountId(AccountKind.LINEAGE, HTV)
PROJECT = AccountId(AccountKind.PROJECT, MOB)
OWNER = AccountId(AccountKind.OWNER, "olga")
APPROVAL = AccountId.approval(MOB, HTV)
BUDGET = PrivacyBudget(epsilon=Decimal(8), delta=Decimal("0.000001"))
_keys = count()


def digest(text: str) -> Digest:
    """Return the digest of some words."""
    return Digest(hashlib.sha256(text.encode()).hexdigest())


def wanted(rho: int = 1000, delta: int = 0, key: str = "", content: str = "query") -> Wanted:
    """Return what rosa wants to be charged for."""
    key = key or f"key-{next(_keys)}"
    return Wanted(key, MOB, ROSA, digest(content), digest("plan"), {HTV: "1"}, Loss(rho, delta))


@dataclass(frozen=True)
class LedgerWorld:
    """A store, and everything that opens it again."""

    database: Database
    key: SigningKey
    clock: FrozenClock

    @classmethod
    def at(cls, folder: Path, budget: PrivacyBudget | None = BUDGET) -> LedgerWorld:
        """Make a store in `folder` whose approval allows `budget`; no other account has a limit."""
        return cls.on(store(folder), budget)

    @classmethod
    def on(cls, database: Database, budget: PrivacyBudget | None = BUDGET) -> LedgerWorld:
        """Fill an empty, migrated database in the same way."""
        made = cls(database, SigningKey.generate(), clock())
        records: list[tuple[str, PolicyModel]] = [
            ("person", researcher()),
            ("person", owner()),
            ("dataset", dataset()),
            ("project", project()),
            ("approval", approval(budget=budget)),
        ]
        with made.database.transaction() as session:
            log = AuditLog(session, made.clock, made.key)
            writer = RegistryWriter(session, log, made.clock.now(), "admin:ada")
            for kind, record in records:
                change = compare(kind, "x", None, record)
                assert change is not None
                writer.write(change)
        return made

    def again(self, patience: float = 60) -> LedgerWorld:
        """Return the same store opened anew, as another process does; `patience` in seconds."""
        return LedgerWorld(Database(self.database.url, patience), self.key, self.clock)

    def verify(self) -> None:
        """Check the whole audit chain."""
        with self.database.reading() as session:
            verify_audit_log(session, self.key.verifying_key)

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(LedgerStore(self.database, self.clock, self.key), self.clock)

    def limit(self, account: AccountId, rho: int, delta: int = 0) -> None:
        """Set an account's limit."""
        with LedgerStore(self.database, self.clock, self.key).transaction() as tx:
            tx.limit(account, Loss(rho, delta))

    def spent(self, account: AccountId) -> Loss:
        """Return what an account has spent."""
        with LedgerStore(self.database, self.clock, self.key).reading() as tx:
            return tx.account(account).spent
