"""Attack: many processes race for the last of a budget, and some of them are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

from tests.support.ledger_world import LINEAGE, PROJECT, LedgerWorld, wanted

from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.hub.store.database import Database
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState
from saferoom.projects.ledger.service import BudgetError

RACERS, EACH = 16, 6
LIMIT = 40


def _race(world: LedgerWorld, number: int) -> None:
    again = LedgerWorld(Database(world.database.url), world.key, world.clock)
    granted = 0
    for turn in range(EACH):
        try:
            granted += again.ledger.charge(wanted(1, key=f"{number}-{turn}")).fresh
        except BudgetError:
            continue
    os._exit(granted)


def _together(world: LedgerWorld, target: object) -> list[int]:
    world.database.dispose()
    context = multiprocessing.get_context("fork")
    racers = [context.Process(target=target, args=(world, number)) for number in range(RACERS)]  # type: ignore[arg-type]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    return [racer.exitcode or 0 for racer in racers]


def test_attack_racing_for_the_last_of_a_budget_spends_exactly_the_budget(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path)
    world.limit(LINEAGE, LIMIT)
    assert sum(_together(world, _race)) == LIMIT
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(LIMIT)
    with world.database.reading() as session:
        verify_audit_log(session, world.key.verifying_key)
    world.database.dispose()


def _same_key(world: LedgerWorld, _number: int) -> None:
    again = LedgerWorld(Database(world.database.url), world.key, world.clock)
    os._exit(int(again.ledger.charge(wanted(1, key="the one")).fresh))


def test_attack_one_key_from_many_processes_is_charged_once(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path)
    world.limit(LINEAGE, LIMIT)
    assert sum(_together(world, _same_key)) == 1
    assert world.spent(LINEAGE) == Loss(1)
    world.database.dispose()


def _for_ever(world: LedgerWorld, number: int) -> None:
    again = LedgerWorld(Database(world.database.url), world.key, world.clock)
    for turn in range(10_000):
        again.ledger.charge(wanted(1, key=f"{number}-{turn}"))


def test_attack_killed_in_the_middle_leaves_debits_and_charges_equal(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path)
    world.limit(LINEAGE, 10**6)
    world.database.dispose()
    context = multiprocessing.get_context("fork")
    for number in range(4):
        victim = context.Process(target=_for_ever, args=(world, number))
        victim.start()
        time.sleep(0.15 + number * 0.037)
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join(30)
    broken = world.ledger.resume()
    assert {one.state for one in broken} <= {ChargeState.FAILED}
    # Nothing comes back: what was broken off stays paid, and every account knows of the same charges.
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(len(broken))
    assert broken
    with world.database.reading() as session:
        verify_audit_log(session, world.key.verifying_key)
    world.database.dispose()
