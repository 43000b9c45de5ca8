"""Charges are debited to all accounts or to none, once, and never given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError as Refused
from tests.support.empty_store import tampering
from tests.support.ledger_world import (
    APPROVAL,
    BUDGET,
    LINEAGE,
    OWNER,
    PROJECT,
    LedgerWorld,
    digest,
    wanted,
)

from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.store.ledger import LedgerStore
from saferoom.projects.ledger import states
from saferoom.projects.ledger.losses import Loss, limit_of
from saferoom.projects.ledger.model import Account, AccountId, ChargeState
from saferoom.projects.ledger.service import BROKEN_OFF, BudgetError
from saferoom.projects.ledger.states import TRANSITIONS, Step
from saferoom.projects.paging import Cut

ACCOUNTS = (APPROVAL, LINEAGE, OWNER, PROJECT)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LedgerWorld]:
    """A dataset with a limit of 3,000 billionths."""
    made = LedgerWorld.at(tmp_path)
    made.limit(LINEAGE, 3000, 10)
    yield made
    made.database.dispose()


def _spent(world: LedgerWorld) -> dict[AccountId, Loss]:
    return {account: world.spent(account) for account in ACCOUNTS}


def test_charge_is_debited_to_every_account_with_its_event(world: LedgerWorld) -> None:
    charged = world.ledger.charge(wanted(1000, 3))
    assert charged.fresh
    assert charged.charge.state is ChargeState.CHARGED
    assert _spent(world) == dict.fromkeys(ACCOUNTS, Loss(1000, 3))
    with world.database.reading() as session:
        (row,) = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == "budget.charged")).all()
        assert row.payload is not None
        assert row.payload["charge"] == charged.charge.id
        verify_audit_log(session, world.key.verifying_key)


def test_same_key_is_charged_once(world: LedgerWorld) -> None:
    first = world.ledger.charge(wanted(key="k"))
    again = world.ledger.charge(wanted(key="k"))
    assert not again.fresh
    assert again.charge == first.charge
    assert world.spent(LINEAGE) == Loss(1000)


def test_key_of_something_else_is_refused(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(key="k"))
    with pytest.raises(WrongStateError, match="another release"):
        world.ledger.charge(wanted(key="k", content="another query"))
    assert world.spent(LINEAGE) == Loss(1000)


@pytest.mark.parametrize(("rho", "delta", "part"), [(3001, 0, "rho"), (1, 11, "delta")])
def test_charge_beyond_one_limit_is_debited_nowhere(world: LedgerWorld, rho: int, delta: int, part: str) -> None:
    asked = wanted(rho, delta)
    with pytest.raises(BudgetError, match="dataset 'htv'") as caught:
        world.ledger.charge(asked)
    assert part in caught.value.message
    assert caught.value.message == world.ledger.fits(asked)
    assert _spent(world) == dict.fromkeys(ACCOUNTS, Loss())


def test_refusal_names_requested_remaining_and_difference(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(1000))
    with pytest.raises(BudgetError) as caught:
        world.ledger.charge(wanted(2500))
    assert "rho 0.0000025 requested, 0.000002 left, 0.0000005 too much" in caught.value.message


def test_refusal_writes_whole_numbers_with_all_their_zeros(world: LedgerWorld) -> None:
    assert "rho 100 requested, 0.000003 left, 99.999997 too much" in world.ledger.fits(wanted(100 * 10**9))


def test_last_part_of_a_budget_can_be_spent(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(3000, 10))
    assert world.ledger.fits(wanted(1))


def test_dataset_without_a_limit_is_closed(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path)
    with pytest.raises(BudgetError, match="no privacy budget for dataset 'htv' yet"):
        world.ledger.charge(wanted())
    world.database.dispose()


def test_approval_without_a_budget_is_closed(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path, budget=None)
    world.limit(LINEAGE, 3000)
    with pytest.raises(BudgetError, match="in project 'mob'"):
        world.ledger.charge(wanted())
    world.database.dispose()


def test_approvals_budget_is_the_accounts_limit(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 10**12, 10**12)
    most = limit_of(BUDGET.epsilon, BUDGET.delta)
    with pytest.raises(BudgetError, match="in project 'mob'"):
        world.ledger.charge(wanted(most.rho + 1))
    world.ledger.charge(wanted(most.rho, most.delta))


def test_reading_nothing_is_refused(world: LedgerWorld) -> None:
    with pytest.raises(BadInputError, match="at least one dataset"):
        world.ledger.charge(replace(wanted(), versions={}))


def test_costing_nothing_is_refused(world: LedgerWorld) -> None:
    with pytest.raises(BadInputError, match="more than nothing"):
        world.ledger.charge(wanted(0))


@pytest.mark.parametrize("state", ChargeState)
@pytest.mark.parametrize("step", Step)
def test_every_step_in_every_state_is_as_the_table_says(world: LedgerWorld, state: ChargeState, step: Step) -> None:
    ledger, charge = world.ledger, world.ledger.charge(wanted()).charge
    ways = {
        ChargeState.CHARGED: (),
        ChargeState.COMPUTED: (Step.COMPUTE,),
        ChargeState.RELEASED: (Step.COMPUTE, Step.RELEASE),
        ChargeState.WITHHELD: (Step.COMPUTE, Step.WITHHOLD),
        ChargeState.FAILED: (Step.FAIL,),
    }
    deeds = {
        Step.COMPUTE: lambda: ledger.computed(charge.id, digest("result")),
        Step.RELEASE: lambda: ledger.released(charge.id),
        Step.WITHHOLD: lambda: ledger.withheld(charge.id, "not now"),
        Step.FAIL: lambda: ledger.failed(charge.id, "no result"),
    }
    for way in ways[state]:
        deeds[way]()
    rows = [row for row in TRANSITIONS if row.from_ is state and row.step is step]
    if rows:
        assert deeds[step]().state is rows[0].to
    else:
        with pytest.raises(WrongStateError):
            deeds[step]()
    assert world.spent(LINEAGE) == Loss(1000)


def test_final_states_are_those_that_lead_nowhere() -> None:
    assert frozenset({ChargeState.RELEASED, ChargeState.WITHHELD, ChargeState.FAILED}) == states.FINAL


def test_step_of_an_unknown_charge_is_refused(world: LedgerWorld) -> None:
    with pytest.raises(NotFoundError):
        world.ledger.released("charge-none")


def test_start_fails_what_has_no_result_and_keeps_what_has(world: LedgerWorld) -> None:
    broken, stored = world.ledger.charge(wanted()).charge, world.ledger.charge(wanted()).charge
    world.ledger.computed(stored.id, digest("result"))
    assert [(one.id, one.state, one.reason) for one in world.ledger.resume()] == [
        (broken.id, ChargeState.FAILED, BROKEN_OFF)
    ]
    assert world.ledger.resume() == ()
    assert world.spent(LINEAGE) == Loss(2000)


def test_store_tells_what_was_charged_newest_first(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(1, key="a"))
    world.clock.advance(timedelta(minutes=1))
    since = world.clock.now()
    world.ledger.charge(wanted(2, key="b"))
    with LedgerStore(world.database, world.clock, world.key).reading() as tx:
        page = tx.charges(LINEAGE, Cut())
        assert [one.wanted.key for one in page.items] == ["b", "a"]
        assert page.total == 2
        assert tx.spent_since(LINEAGE, since) == Loss(2)
        assert tx.charge("charge-none") is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_accounts SET rho_spent = 3001 WHERE kind = 'lineage'",
        "UPDATE ledger_accounts SET delta_spent = 11 WHERE kind = 'lineage'",
        "UPDATE ledger_accounts SET rho_limit = 999 WHERE kind = 'lineage'",
        "UPDATE ledger_accounts SET rho_limit = NULL, delta_limit = NULL WHERE kind = 'lineage'",
        "UPDATE ledger_accounts SET delta_limit = NULL WHERE kind = 'lineage'",
        "UPDATE ledger_accounts SET rho_spent = -1 WHERE kind = 'project'",
        "UPDATE ledger_charges SET state = 'refunded'",
        "UPDATE ledger_charges SET rho = 0",
    ],
)
def test_database_itself_refuses_more_than_a_limit(world: LedgerWorld, statement: str) -> None:
    world.ledger.charge(wanted(1000))
    with pytest.raises(Refused), tampering(world.database) as session:
        session.execute(text(statement))


def test_share_is_of_the_part_nearer_to_its_end() -> None:
    assert Account(LINEAGE, Loss(10, 4), Loss(5, 3)).share == 0.75
    assert Account(LINEAGE, Loss(10, 0), Loss(5, 0)).share == 0.5
    assert Account(PROJECT, None, Loss(5)).share == 0
    assert Account(PROJECT, None, Loss(5)).left is None
