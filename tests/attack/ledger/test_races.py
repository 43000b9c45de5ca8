"""Attack: many processes race for the last of a budget, and some of them are killed."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select
from tests.support.ledger_world import LINEAGE, OWNER, PROJECT, LedgerWorld, wanted
from tests.support.postgres import Server
from tests.support.racing import FAILED, RACERS, ended, kill, started, together

from saferoom.audit import Event
from saferoom.errors import UnavailableError
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.ledger import LedgerStore
from saferoom.hub.store.ledger_tables import ChargeRow
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind, ChargeState
from saferoom.projects.ledger.service import BudgetError

EACH = 6
LIMIT = 40


def _race(world: LedgerWorld, number: int) -> int:
    granted = 0
    for turn in range(EACH):
        try:
            granted += world.ledger.charge(wanted(1, key=f"{number}-{turn}")).fresh
        except BudgetError:
            continue
    return granted


def _charges(world: LedgerWorld) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(ChargeRow)) or 0


def test_attack_racing_for_the_last_of_a_budget_spends_exactly_the_budget(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT)
    assert sum(together(world, _race)) == LIMIT
    # The accounts of the project and the owner had no row when the race began.
    assert {world.spent(account) for account in (LINEAGE, PROJECT, OWNER)} == {Loss(LIMIT)}
    assert _charges(world) == LIMIT
    world.verify()


def _last(world: LedgerWorld, number: int) -> int:
    try:
        return int(world.ledger.charge(wanted(3, key=str(number))).fresh)
    except BudgetError:
        return 0


def test_attack_racing_for_the_last_unit_is_won_by_one(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 5)
    assert sum(together(world, _last)) == 1
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(3)


def _in_pairs(world: LedgerWorld, number: int) -> int:
    granted = 0
    for turn in range(EACH):
        pair = [wanted(1, key=f"{number}-{turn}-{one}") for one in range(2)]
        try:
            granted += sum(charged.fresh for charged in world.ledger.charge_all(pair))
        except BudgetError:
            continue
    return granted


def test_attack_racing_for_two_at_once_gets_both_or_none(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT + 1)
    assert sum(together(world, _in_pairs)) == LIMIT
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(LIMIT)
    assert _charges(world) == LIMIT
    with world.database.reading() as session:
        told = session.scalars(select(ToldRow.facts)).all()
    assert sorted(facts["share"] for facts in told) == ["50 %", "80 %", "95 %"], "once, whoever crossed it"


def _same_key(world: LedgerWorld, _number: int) -> int:
    return int(world.ledger.charge(wanted(1, key="the one")).fresh)


def test_attack_one_key_from_many_processes_is_charged_once(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT)
    assert sum(together(world, _same_key)) == 1
    assert world.spent(LINEAGE) == Loss(1)


def _unlike(world: LedgerWorld, number: int) -> int:
    """Charge to accounts that no other process charges to; the audit trail is what all have in common."""
    for turn in range(EACH):
        with LedgerStore(world.database, world.clock, world.key).transaction() as tx:
            tx.limit(AccountId(AccountKind.OWNER, f"{number}-{turn}"), Loss(1))
            tx.record(Event("system", "budget.limited", f"{number}", {"turn": turn}))
    return 0


def test_attack_writers_with_nothing_in_common_keep_one_audit_trail(world: LedgerWorld) -> None:
    assert set(together(world, _unlike)) == {0}
    world.verify()
    with world.database.reading() as session:
        found = select(func.count()).where(AuditLinkRow.action == "budget.limited")
        assert session.scalar(found) == RACERS * EACH


def _for_ever(world: LedgerWorld, number: int) -> int:
    for turn in range(10_000):
        world.ledger.charge(wanted(1, key=f"{number}-{turn}"))
    raise AssertionError("nobody ended this")


def test_attack_killed_in_the_middle_leaves_debits_and_charges_equal(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 10**6)
    for number in range(4):
        before = world.spent(LINEAGE)
        victim = started(world, _for_ever, number)
        while world.spent(LINEAGE) == before:
            time.sleep(0.01)
        time.sleep(number * 0.037)
        kill(victim.pid)
        assert ended(victim) < 0
    broken = world.ledger.resume()
    assert {one.state for one in broken} <= {ChargeState.FAILED}
    # Nothing comes back: what was broken off stays paid, and every account knows of the same charges.
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(len(broken))
    assert broken
    world.verify()


def _stubborn(world: LedgerWorld, number: int) -> int:
    """Send every request again until the database answers; return how often it did not."""
    outages = 0
    for turn in range(EACH):
        while True:
            try:
                world.ledger.charge(wanted(1, key=f"{number}-{turn}"))
            except UnavailableError:
                outages += 1
                time.sleep(0.05)
            except BudgetError:
                break
            else:
                break
    return min(outages, FAILED - 1)


@pytest.mark.postgres
def test_attack_database_that_crashes_under_a_race_spends_exactly_the_budget(postgres: Server) -> None:
    world = LedgerWorld.on(Database(postgres.database()))
    world.limit(LINEAGE, LIMIT)
    racers = [started(world, _stubborn, number) for number in range(RACERS)]
    for spent in (LIMIT // 4, LIMIT // 2):
        while world.spent(LINEAGE).rho < spent:
            time.sleep(0.01)
        postgres.crash()
    outages = [ended(racer) for racer in racers]
    assert sum(outages) > 0
    assert FAILED not in outages
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(LIMIT)
    assert _charges(world) == LIMIT
    world.verify()
    world.database.dispose()
