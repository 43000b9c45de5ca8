"""Accounts of privacy loss, and what was charged to them.

Vocabulary
----------
account
    What losses are added up for: a dataset's lineage (all its versions, all projects), a data owner, a project, and an
    approval (one project's use of one dataset).
charge
    The loss of one release, debited to all its accounts at once, before any noise is drawn. It is never given back.
key
    The name its caller gave a charge. Whoever sends it again gets the same charge, and no second noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from saferoom.ids import DatasetName, Digest, ProjectSlug, Username
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.mechanisms import Mechanism


class AccountKind(StrEnum):
    """What losses are added up for."""

    LINEAGE = "lineage"
    OWNER = "owner"
    PROJECT = "project"
    APPROVAL = "approval"


NEED_LIMIT = frozenset({AccountKind.LINEAGE, AccountKind.APPROVAL})
"""Accounts that nothing is debited to until somebody has set a limit."""

CHARGED = "budget.charged"
"""The audit trail's word for a debit."""


@dataclass(frozen=True, order=True)
class AccountId:
    """Which account.

    Attributes
    ----------
    name : str
        A dataset's name, a user name, a project's slug, or ``slug/dataset``.
    """

    kind: AccountKind
    name: str

    @classmethod
    def approval(cls, project: ProjectSlug, dataset: DatasetName) -> AccountId:
        """Return the account of a project's use of a dataset."""
        return cls(AccountKind.APPROVAL, f"{project}/{dataset}")

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def words(self) -> str:
        """The account as people call it."""
        if self.kind is AccountKind.APPROVAL:
            project, _, dataset = self.name.partition("/")
            return f"dataset '{dataset}' in project '{project}'"
        return f"{_WORDS[self.kind]} '{self.name}'"


_WORDS = {AccountKind.LINEAGE: "dataset", AccountKind.OWNER: "data owner", AccountKind.PROJECT: "project"}


@dataclass(frozen=True)
class Account:
    """What may be lost, and what has been.

    Attributes
    ----------
    limit : Loss or None
        None where nobody has set one: closed for the kinds of `NEED_LIMIT`, without a limit of its own for the others.
    version : int
        Counts changes of the limit, so that two people who set it notice each other.
    """

    id: AccountId
    limit: Loss | None = None
    spent: Loss = field(default_factory=Loss)
    version: int = 0

    @property
    def left(self) -> Loss | None:
        """What may still be lost; None without a limit."""
        return None if self.limit is None else self.limit.beyond(self.spent)

    @property
    def share(self) -> float:
        """How much of the limit is spent, as a fraction; of the part that is nearer to its end."""
        if self.limit is None:
            return 0.0
        pairs = ((self.spent.rho, self.limit.rho), (self.spent.delta, self.limit.delta))
        return max((spent / limit if limit else float(spent > 0) for spent, limit in pairs), default=0.0)

    def refuses(self, loss: Loss) -> bool:
        """Tell whether `loss` does not fit."""
        if self.limit is None:
            return self.id.kind in NEED_LIMIT
        return not (self.spent + loss).within(self.limit)


class ChargeState(StrEnum):
    """How far a charge has come."""

    CHARGED = "charged"
    COMPUTED = "computed"
    RELEASED = "released"
    WITHHELD = "withheld"
    FAILED = "failed"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to be charged for.

    Attributes
    ----------
    key : str
        Unique in the project.
    content : Digest
        Of everything that decides about the result, so that a key used again for something else is noticed.
    plan : Digest
        Of the plan the noise is drawn by.
    versions : mapping of DatasetName to str
        The version of every dataset that is read.
    mechanisms : tuple of Mechanism
        What the loss consists of, for tighter accounting; empty where that is not known.
    """

    key: str
    project: ProjectSlug
    by: Username
    content: Digest
    plan: Digest
    versions: Mapping[DatasetName, str]
    loss: Loss
    mechanisms: tuple[Mechanism, ...] = ()


@dataclass(frozen=True)
class Charge:
    """A loss that was debited.

    Attributes
    ----------
    accounts : tuple of AccountId
        What it was debited to.
    result : Digest or None
        Of what was computed; None before that, and for charges that failed.
    reason : str
        Why it failed or was withheld; empty otherwise.
    """

    id: str
    wanted: Wanted
    accounts: tuple[AccountId, ...]
    state: ChargeState
    at: datetime
    result: Digest | None = None
    reason: str = ""


@dataclass(frozen=True)
class Paid:
    """A charge, and the number and digest of the audit trail's link that records it."""

    charge: Charge
    link: int
    digest: Digest


@dataclass(frozen=True)
class Charged:
    """What a call for a charge gives.

    Attributes
    ----------
    fresh : bool
        False when the same key was charged before: nothing was debited now, and no noise may be drawn.
    """

    charge: Charge
    fresh: bool


def sentence(refused: Iterable[Account], loss: Loss) -> str:
    """Say which accounts `loss` does not fit into: requested, remaining and difference of each."""
    return " ".join(_refusal(account, loss) for account in sorted(refused, key=lambda one: one.id))


def _refusal(account: Account, loss: Loss) -> str:
    name = account.id.words
    if account.left is None:
        return f"There is no privacy budget for {name} yet; its data owner sets one."
    over = loss.beyond(account.left)
    parts = [
        f"{part} {_number(asked)} requested, {_number(left)} left, {_number(more)} too much"
        for part, asked, left, more in (
            ("rho", loss.rho_value, account.left.rho_value, over.rho_value),
            ("delta", loss.delta_value, account.left.delta_value, over.delta_value),
        )
        if more
    ]
    return f"The privacy budget for {name} does not allow this: {'; '.join(parts)}."


def _number(value: object) -> str:
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
