"""Several losses are debited together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.ledger_world import LINEAGE, LedgerWorld, wanted

from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.service import BudgetError


@pytest.fixture
def world(tmp_path: Path) -> LedgerWorld:
    made = LedgerWorld.at(tmp_path)
    made.limit(LINEAGE, 3000)
    return made


def test_several_that_fit_are_debited_each(world: LedgerWorld) -> None:
    charged = world.ledger.charge_all([wanted(1000), wanted(2000)])
    assert [one.fresh for one in charged] == [True, True]
    assert world.spent(LINEAGE) == Loss(3000)


def test_of_several_that_do_not_fit_together_none_is_debited(world: LedgerWorld) -> None:
    with pytest.raises(BudgetError, match=r"0\.000002 requested, 0\.000001 left"):
        world.ledger.charge_all([wanted(2000), wanted(2000)])
    assert world.spent(LINEAGE) == Loss()


def test_what_was_charged_before_is_not_debited_again_beside_others(world: LedgerWorld) -> None:
    first = wanted(1000)
    world.ledger.charge(first)
    charged = world.ledger.charge_all([first, wanted(2000)])
    assert [one.fresh for one in charged] == [False, True]
    assert world.spent(LINEAGE) == Loss(3000)


def test_one_wish_twice_is_debited_once(world: LedgerWorld) -> None:
    twice = wanted(1000)
    charged = world.ledger.charge_all([twice, twice])
    assert [one.fresh for one in charged] == [True, False]
    assert world.spent(LINEAGE) == Loss(1000)
