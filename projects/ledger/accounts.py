"""Accounts as people find them: by address, with the limit that holds, and what they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Approval
from saferoom.projects.ledger.lineages import lineages
from saferoom.projects.ledger.losses import Loss, limit_of
from saferoom.projects.ledger.model import Account, AccountId, AccountKind
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry

if TYPE_CHECKING:
    from saferoom.projects.ledger.store import Reading

NO_ACCOUNT = "there is no such privacy budget"


def account_at(kind: str, name: str) -> AccountId:
    """Return the account at an address, as ``lineage`` and ``htv`` or ``approval`` and ``mobility:htv``.

    Raises
    ------
    NotFoundError
        There is no such kind.
    """
    if kind not in set(AccountKind):
        raise NotFoundError(NO_ACCOUNT)
    return AccountId(AccountKind(kind), name.replace(":", "/", 1) if kind == AccountKind.APPROVAL else name)


def address_of(id_: AccountId) -> str:
    """Return where an account is, as ``lineage/htv`` or ``approval/mobility:htv``."""
    return f"{id_.kind.value}/{id_.name.replace('/', ':')}"


def parts_of(id_: AccountId) -> tuple[ProjectSlug, DatasetName]:
    """Return the project and the dataset of an approval's account."""
    project, _, dataset = id_.name.partition("/")
    return ProjectSlug(project), DatasetName(dataset)


def approval_of(registry: Registry, id_: AccountId) -> Approval | None:
    """Return the approval of an approval's account."""
    project, dataset = parts_of(id_)
    try:
        found = registry.approvals(project)
    except NotFoundError:
        return None
    return next((one for one in found if one.dataset == dataset), None)


def known(registry: Registry, id_: AccountId) -> bool:
    """Tell whether there is anything that the account could be about."""
    if id_.kind is AccountKind.APPROVAL:
        return approval_of(registry, id_) is not None
    if id_.kind is AccountKind.LINEAGE:
        return id_.name in registry.owners()
    try:
        if id_.kind is AccountKind.PROJECT:
            return bool(registry.project(ProjectSlug(id_.name)))
        return Role.DATA_OWNER in registry.person(Username(id_.name)).roles
    except NotFoundError:
        return False


def allowed(approval: Approval | None, at: datetime) -> Loss | None:
    """Return the limit that an approval gives at `at`; None where it allows nothing (any more)."""
    if approval is None or not approval.live(at) or approval.budget is None or not approval.budget.delta:
        return None
    return limit_of(approval.budget.epsilon, approval.budget.delta)


def account_now(tx: Reading, id_: AccountId, at: datetime) -> Account:
    """Return an account with the limit that holds at `at`."""
    found = tx.account(id_)
    if id_.kind is not AccountKind.APPROVAL:
        return found
    return replace(found, limit=allowed(approval_of(tx.registry, id_), at))


def lineages_used(registry: Registry, member: Username, at: datetime) -> frozenset[DatasetName]:
    """Return whose people `member` works with: every lineage behind the approvals of that person's projects."""
    approvals = (one for project in registry.projects_of(member) for one in registry.approvals(project.slug))
    return frozenset(lineages(registry.links(), [one.dataset for one in approvals if one.live(at)]))
