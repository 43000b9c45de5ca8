"""Who is told that a budget is half, mostly or nearly spent: once for each level of each limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.ledger.accounts import parts_of
from saferoom.projects.ledger.model import Account, AccountId, AccountKind
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry

LEVELS = (50, 80, 95)
"""Percent of a limit."""


@dataclass(frozen=True)
class Alert:
    """A budget of which so much is spent, and who is told.

    Attributes
    ----------
    version : int
        Of the account's limit: with another limit the levels are others.
    """

    account: AccountId
    version: int
    level: int
    to: tuple[Username, ...]


def reached(account: Account) -> int:
    """Return the highest level that is spent, in percent of the limit; 0 below all of them, and without a limit."""
    limit, spent = account.limit, account.spent
    if limit is None:
        return 0
    pairs = ((spent.rho, limit.rho), (spent.delta, limit.delta))
    return max((level for level in LEVELS for part, most in pairs if part and 100 * part >= level * most), default=0)


def alerts(
    changed: Iterable[tuple[Account, Account]], registry: Registry, at: datetime, besides: Username | None = None
) -> list[Alert]:
    """Return whom to tell of what.

    Parameters
    ----------
    changed : iterable of (Account, Account)
        Accounts before and after.
    besides : Username or None
        Who knows already.
    """
    made = []
    for before, after in changed:
        level = reached(after)
        if level > reached(before):
            to = tuple(name for name in _concerned(registry, after.id, at) if name != besides)
            made.append(Alert(after.id, after.version, level, to))
    return made


def _concerned(registry: Registry, id_: AccountId, at: datetime) -> list[Username]:
    owners = registry.owners()
    if id_.kind is AccountKind.OWNER:
        return [Username(id_.name)]
    if id_.kind is AccountKind.LINEAGE:
        return [owners[DatasetName(id_.name)]]
    if id_.kind is AccountKind.APPROVAL:
        project, dataset = parts_of(id_)
        return [*sorted(registry.project(project).members), owners[dataset]]
    administrators = [one.username for one in registry.people_as(Role.ADMINISTRATOR, at)]
    return [*sorted(registry.project(ProjectSlug(id_.name)).members), *administrators]
