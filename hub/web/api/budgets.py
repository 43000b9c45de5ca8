"""Privacy budgets: what may be lost, what was charged, and limits."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query

from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.projects.ledger import budgets as domain
from saferoom.projects.ledger import model
from saferoom.projects.ledger.accounts import account_at, address_of
from saferoom.projects.ledger.limits import Allows, LimitForm
from saferoom.projects.ledger.losses import Loss as LossRecord
from saferoom.projects.ledger.store import Entry
from saferoom.projects.paging import Cut
from saferoom.projects.people.permissions import Actor

router = routes("budgets")
_LONGEST_SEARCH = 100


class Loss(Document):
    """A privacy loss, exactly."""

    rho: int
    """Of zero-concentrated differential privacy, in billionths."""
    delta: int
    """In 1e-15."""


class BudgetAccount(Document):
    """A privacy budget."""

    address: str
    """Where it is below `/budgets/`, as `lineage/htv` or `approval/mobility:htv`."""
    kind: model.AccountKind
    name: str
    title: str
    limit: Loss | None
    """Null where nobody has set one: nothing may then be spent of datasets and approvals."""
    spent: Loss
    left: Loss | None
    version: int
    """Of the limit; to be sent back with a new one."""


class SetLimit(Document):
    """A limit as its setter said it."""

    allows: Allows
    epsilon: Decimal | None
    delta: Decimal | None
    by: str
    at: datetime


class Promise(Document):
    """Losses as (epsilon, delta)-differential privacy."""

    epsilon: float
    delta: Decimal


class Outlook(Document):
    """What follows if it goes on as in the last four weeks."""

    weekly: Loss
    ends: date | None
    """The day on which nothing is left; null without a limit, without spending, and beyond ten years."""


class BudgetStatement(BudgetAccount):
    """A privacy budget with all that is told of it."""

    said: SetLimit | None
    """The limit that was set last; null where it comes from an approval."""
    forecast: Outlook
    promised: Promise
    """What holds for everybody in the data after all that is spent."""
    may_set: bool


class Charge(Document):
    """What was charged once."""

    id: str
    project: str
    by: str
    loss: Loss
    state: model.ChargeState
    at: datetime
    versions: dict[str, str]
    """The version of every dataset that was read."""
    accounts: list[str]
    """Addresses of the budgets it was debited to."""
    reason: str


class Composition(Document):
    """Tighter accounting, for information."""

    zcdp: Promise
    """As the ledger adds it up."""
    pld: Promise | None
    """By privacy loss distributions; null where it is not known of every charge what it consists of."""
    unknown: int
    """Of how many charges that is."""


@router.get("/budgets")
def budgets(
    who: Caller,
    on: On,
    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    kind: model.AccountKind | None = None,
    page: PageNumber = 1,
) -> Listed[BudgetAccount]:
    """List the privacy budgets that the caller may see."""
    found = on.budgets.listing(Actor.person(who), kind, q.strip(), Cut(page))
    return listed(found.map(entry_document), BudgetAccount)


@router.get("/budgets/{kind}/{name}")
def budget(who: Caller, on: On, kind: str, name: str) -> BudgetStatement:
    """Show a privacy budget: limit, spent, left and forecast."""
    return statement_document(on.budgets.statement(Actor.person(who), account_at(kind, name)))


@router.put("/budgets/{kind}/{name}")
def set_limit(who: Caller, on: On, kind: str, name: str, command: LimitForm) -> BudgetStatement:
    """Set the limit of a privacy budget."""
    return statement_document(on.budgets.set_limit(Actor.person(who), account_at(kind, name), command))


@router.get("/budgets/{kind}/{name}/charges")
def charges(who: Caller, on: On, kind: str, name: str, page: PageNumber = 1) -> Listed[Charge]:
    """List what was charged to a privacy budget, the newest first."""
    found = on.budgets.charges(Actor.person(who), account_at(kind, name), Cut(page))
    return listed(found.map(charge_document), Charge)


@router.get("/budgets/{kind}/{name}/composition")
def composition(who: Caller, on: On, kind: str, name: str) -> Composition:
    """Show tighter accounting of what was charged to a privacy budget, for information."""
    return Composition.model_validate(on.budgets.composition(Actor.person(who), account_at(kind, name)))


def statement_document(found: domain.Statement) -> BudgetStatement:
    """Return a budget with all that is told of it."""
    return BudgetStatement(
        **_account(found.account, found.title),
        said=None if found.said is None else SetLimit.model_validate(found.said),
        forecast=Outlook.model_validate(found.forecast),
        promised=Promise.model_validate(found.promised),
        may_set=bool(found.may_set),
    )


def charge_document(charge: model.Charge) -> Charge:
    """Return what was charged once."""
    return Charge(
        id=charge.id,
        project=charge.wanted.project,
        by=charge.wanted.by,
        loss=_loss(charge.wanted.loss),
        state=charge.state,
        at=charge.at,
        versions={str(name): version for name, version in charge.wanted.versions.items()},
        accounts=[address_of(one) for one in charge.accounts],
        reason=charge.reason,
    )


def entry_document(entry: Entry) -> BudgetAccount:
    """Return a budget as lists have it."""
    return BudgetAccount(**_account(entry.account, entry.title))


def _account(account: model.Account, title: str) -> dict[str, Any]:
    left = account.left
    return {
        "address": address_of(account.id),
        "kind": account.id.kind,
        "name": account.id.name,
        "title": title,
        "limit": None if account.limit is None else _loss(account.limit),
        "spent": _loss(account.spent),
        "left": None if left is None else _loss(left),
        "version": account.version,
    }


def _loss(loss: LossRecord) -> Loss:
    return Loss(rho=loss.rho, delta=loss.delta)
