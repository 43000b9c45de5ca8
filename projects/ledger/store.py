"""What privacy budgets need from a store, as Protocols."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import Digest, ProjectSlug
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import Account, AccountId, Charge, ChargeState
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.registry import Registry


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def account(self, id_: AccountId) -> Account:
        """Return an account; one that nothing was written to has no limit and nothing spent."""
        ...

    def charge(self, id_: str) -> Charge | None: ...

    def by_key(self, project: ProjectSlug, key: str) -> Charge | None: ...

    def charges(self, account: AccountId, cut: Cut) -> Paged[Charge]:
        """Return a page of what was charged to an account, newest first."""
        ...

    def spent_since(self, account: AccountId, at: datetime) -> Loss:
        """Return what was charged to an account from a moment on."""
        ...

    def entry(self, id_: str) -> tuple[int, Digest] | None:
        """Return the number and digest of the audit trail's link that records a charge."""
        ...

    def in_state(self, state: ChargeState) -> tuple[Charge, ...]: ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None: ...

    def lock(self, ids: Collection[AccountId]) -> tuple[Account, ...]:
        """Return accounts, which nobody else changes until this transaction ends; new ones are written."""
        ...

    def limit(self, id_: AccountId, limit: Loss | None) -> Account:
        """Set the limit of a locked account; the database refuses one below what is spent."""
        ...

    def debit(self, charge: Charge) -> None:
        """Write a charge, and debit its loss to its accounts; the database refuses what is beyond a limit."""
        ...

    def save(self, charge: Charge) -> None:
        """Write a charge's state, result and reason."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
