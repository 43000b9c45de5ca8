"""Attack: a release with noise is broken off anywhere; nothing is drawn twice, and nothing leaves unpaid."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from tests.support.ledger_world import LINEAGE, OWNER, PROJECT, LedgerWorld, wanted
from tests.support.noise_desk import COST, Desk
from tests.support.racing import ended, started, together

from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState, Wanted
from saferoom.projects.ledger.service import BudgetError

MOMENTS = 30
"""Fewer statements than three transactions with their events have."""


@contextmanager
def striking(engine: Engine, strike: Callable[[], None]) -> Iterator[None]:
    """Call `strike` before every statement and every commit."""

    def on(*_: Any) -> None:
        strike()

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, on)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, on)


class Counting:
    """Counts the moments at which a request can be broken off, and ends its process at one of them."""

    def __init__(self, at: int = 0) -> None:
        self.count = 0
        self._at = at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _broken_off(folder: Path) -> Callable[[LedgerWorld, int], int]:
    def work(world: LedgerWorld, at: int) -> int:
        counting = Counting(at)
        with striking(world.database.engine, counting):
            Desk(folder, counting).serve(world.ledger, f"key-{at}")
        return 0

    return work


def test_attack_killed_between_every_pair_of_steps_draws_once_and_stays_paid(
    world: LedgerWorld, tmp_path: Path
) -> None:
    world.limit(LINEAGE, 10**6)
    ends: list[ChargeState] = []
    while ended(started(world, _broken_off(tmp_path), len(ends) + 1)) == -signal.SIGKILL:
        key, desk = f"key-{len(ends) + 1}", Desk(tmp_path)
        world.ledger.resume()
        state = desk.serve(world.ledger, key)
        ends.append(state)
        # Paid once, whatever happened; drawn at most once; and what left was drawn, stored and paid.
        assert {world.spent(account) for account in (LINEAGE, PROJECT, OWNER)} == {Loss(COST * len(ends))}
        assert desk.count("drawn", key) <= 1
        assert desk.count("left", key) <= desk.count("stored", key) <= desk.count("drawn", key)
        assert state is ChargeState.RELEASED or desk.count("left", key) == 0
        assert desk.serve(world.ledger, key) is state
    # Broken off before it was paid, between payment and result, and after the result.
    assert ends[0] is ends[-1] is ChargeState.RELEASED
    assert ChargeState.FAILED in ends
    assert len(ends) > MOMENTS
    world.verify()


def _pair(at: int) -> list[Wanted]:
    return [wanted(COST, key=f"{at}-{one}") for one in range(2)]


def _both_broken_off(world: LedgerWorld, at: int) -> int:
    with striking(world.database.engine, Counting(at)):
        world.ledger.charge_all(_pair(at))
    return 0


def test_attack_killed_inside_one_charge_for_two_pays_both_or_none(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 10**6)
    at = 1
    while ended(started(world, _both_broken_off, at)) == -signal.SIGKILL:
        assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(2 * COST * (at - 1)), "killed before it was paid"
        assert all(one.fresh for one in world.ledger.charge_all(_pair(at)))
        at += 1
    assert at > MOMENTS // 3
    assert not any(one.fresh for one in world.ledger.charge_all(_pair(at))), "the last one was paid"
    assert world.spent(LINEAGE) == Loss(2 * COST * at)
    world.verify()


def test_attack_clocks_that_jump_change_no_sum(world: LedgerWorld, tmp_path: Path) -> None:
    world.limit(LINEAGE, 8 * COST)
    days = (0, -20_000, 39, -10_000, 2, 1, -400)
    for number, day in enumerate(days):
        world.clock.advance(timedelta(days=day))
        assert Desk(tmp_path, _jump(world)).serve(world.ledger, str(number)) is ChargeState.RELEASED
        assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(COST * (number + 1))
    for number in range(len(days)):  # the same requests at other times
        world.clock.advance(timedelta(days=-1))
        assert Desk(tmp_path).serve(world.ledger, str(number)) is ChargeState.RELEASED
    assert world.spent(LINEAGE) == Loss(COST * len(days))
    world.verify()


def _jump(world: LedgerWorld) -> Callable[[], None]:
    """Move the clock back and forth between the steps of a release."""
    hours = iter((-1, 500, -900, 30, -7, 11, 1, 1))

    def strike() -> None:
        world.clock.advance(timedelta(hours=next(hours)))

    return strike


def _skewed(world: LedgerWorld, number: int) -> int:
    world.clock.advance(timedelta(days=(number - 12) * 97, seconds=number))
    granted = 0
    for turn in range(4):
        try:
            granted += world.ledger.charge(wanted(1, key=f"{number}-{turn}")).fresh
        except BudgetError:
            continue
    return granted


def test_attack_racers_whose_clocks_differ_by_years_spend_exactly_the_budget(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 40)
    granted = together(world, _skewed)
    assert sum(granted) == 40
    assert granted[13:] == [0, 0, 0], "by their clocks the approval has ended"
    assert world.spent(LINEAGE) == world.spent(PROJECT) == Loss(40)
    world.verify()
