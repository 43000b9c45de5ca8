"""Limits that people set while others charge, on both databases: never below what is spent, told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

from sqlalchemy import func, select
from tests.support.ledger_world import APPROVAL, LINEAGE, OWNER, PROJECT, LedgerWorld, wanted
from tests.support.registry_world import OLGA, ROSA

from saferoom.errors import BadInputError, StaleVersionError
from saferoom.hub.store.ledger import LedgerStore
from saferoom.hub.store.ledger_tables import LimitRow
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.projects.ledger.budgets import Budgets
from saferoom.projects.ledger.limits import Allows, LimitForm
from saferoom.projects.ledger.losses import Loss, limit_of
from saferoom.projects.ledger.model import AccountKind
from saferoom.projects.ledger.service import BudgetError
from saferoom.projects.notices.kinds import BUDGET
from saferoom.projects.people.permissions import Actor

AS_OLGA, AS_ROSA = Actor.person(OLGA), Actor.person(ROSA)
DELTA = Decimal("0.000001")


def _budgets(world: LedgerWorld) -> Budgets:
    return Budgets(LedgerStore(world.database, world.clock, world.key), world.clock)


def _form(epsilon: str, version: int) -> LimitForm:
    return LimitForm(allows=Allows.UP_TO, epsilon=Decimal(epsilon), delta=DELTA, version=version)


def test_what_people_ask_is_answered_on_both_databases(world: LedgerWorld) -> None:
    budgets = _budgets(world)
    budgets.set_limit(AS_OLGA, LINEAGE, _form("1", 0))
    world.ledger.charge(wanted(limit_of(1, DELTA).rho * 6 // 10))
    assert [one.account.id for one in budgets.listing(AS_OLGA).items] == [LINEAGE, OWNER, PROJECT, APPROVAL]
    assert [one.account.id for one in budgets.listing(AS_ROSA).items] == [LINEAGE, PROJECT, APPROVAL]
    assert [one.title for one in budgets.listing(AS_OLGA, AccountKind.LINEAGE, "wag").items] == ["Wages"]
    found = budgets.statement(AS_OLGA, LINEAGE)
    assert found.said is not None
    assert (found.said.by, found.said.epsilon) == (OLGA, Decimal(1))
    assert found.forecast.weekly == found.account.spent
    assert budgets.composition(AS_ROSA, LINEAGE).unknown == 1
    with world.database.reading() as session:
        (told,) = session.scalars(select(ToldRow).where(ToldRow.kind == BUDGET)).all()
        assert (told.to, told.facts["share"]) == (OLGA, "50 %")


def test_limits_that_several_set_among_charges_never_fall_below_what_is_spent(world: LedgerWorld) -> None:
    budgets, numbers = _budgets(world), count()
    budgets.set_limit(AS_OLGA, LINEAGE, _form("1", 0))
    step = limit_of(1, DELTA).rho // 10

    def charge(_: int) -> str:
        try:
            world.ledger.charge(wanted(step, key=f"among-{next(numbers)}"))
        except BudgetError:
            return "refused"
        return "charged"

    def limit(number: int) -> str:
        version = budgets.statement(AS_OLGA, LINEAGE).account.version
        try:
            budgets.set_limit(AS_OLGA, LINEAGE, _form(f"0.{3 + number % 7}", version))
        except BadInputError:
            return "below"
        except StaleVersionError:
            return "stale"
        return "set"

    with ThreadPoolExecutor(8) as threads:
        charges, limits = threads.map(charge, range(16)), threads.map(limit, range(16))
        done, said = list(charges), list(limits)
    account = budgets.statement(AS_OLGA, LINEAGE).account
    assert account.spent == Loss(step * done.count("charged"))
    assert account.limit is not None
    assert account.spent.within(account.limit)
    assert account.version == 1 + said.count("set")
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LimitRow)) == account.version
        keys = session.scalars(select(ToldRow.key).where(ToldRow.kind == BUDGET)).all()
    assert len(keys) == len(set(keys))
