"""What privacy budgets need from a store, as Protocols."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import DatasetName, Digest, ProjectSlug, Username
from saferoom.projects.ledger.alerts import Alert
from saferoom.projects.ledger.limits import Limit
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.mechanisms import Mechanism
from saferoom.projects.ledger.model import Account, AccountId, AccountKind, Charge, ChargeState
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.registry import Registry


@dataclass(frozen=True)
class Selection:
    """Which accounts.

    Attributes
    ----------
    owner, member : Username or None
        Those of that data owner, and of that member of projects.
    lineages : frozenset of DatasetName
        Those that the member works with.
    text : str
        Part of a name or title, in small letters.
    """

    everything: bool = False
    owner: Username | None = None
    member: Username | None = None
    lineages: frozenset[DatasetName] = frozenset()
    kind: AccountKind | None = None
    text: str = ""


@dataclass(frozen=True)
class Entry:
    """An account in a list, with the title of what it is about."""

    account: Account
    title: str


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

    def since(self, account: AccountId) -> datetime | None:
        """Return when an account was charged for the first time."""
        ...

    def mechanisms(self, account: AccountId) -> Sequence[tuple[Mechanism, ...] | None]:
        """Return what each charge to an account consists of; None where that is not known."""
        ...

    def accounts(self, selection: Selection, cut: Cut) -> Paged[Entry]:
        """Return a page of accounts, whether or not anything was written to them; by kind and name."""
        ...

    def title(self, account: AccountId) -> str:
        """Return the title of what an account is about."""
        ...

    def said(self, account: AccountId) -> Limit | None:
        """Return the limit that was set last."""
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

    def keep(self, limit: Limit) -> None:
        """Write down who has set a limit, and how it was said."""
        ...

    def tell(self, alerts: Sequence[Alert], at: datetime) -> None:
        """Tell people how much is spent, each of them once for each level of a limit."""
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
