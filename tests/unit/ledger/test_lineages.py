"""Linked datasets: whose people are in them, and that releases cost every one of their budgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ledger_world import APPROVAL, LINEAGE, OWNER, PROJECT, LedgerWorld, wanted
from tests.support.registry_world import HTV, dataset, owner

from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.ids import DatasetName
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import compare
from saferoom.projects.ledger.lineages import lineages
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.ledger.service import BudgetError

A, B, C, D = (DatasetName(name) for name in "abcd")
TAX = AccountId(AccountKind.LINEAGE, "tax")
BIRTHS = AccountId(AccountKind.LINEAGE, "births")
TESS = AccountId(AccountKind.OWNER, "tess")


@pytest.mark.parametrize(
    ("links", "of", "expected"),
    [
        ({}, (A,), (A,)),
        ({B: (A,)}, (A,), (A,)),
        ({B: (A,)}, (B,), (A, B)),
        ({B: (A,), C: (B,)}, (C,), (A, B, C)),
        ({B: (A,), C: (A, D)}, (B, C), (A, B, C, D)),
        ({A: (B,), B: (A,)}, (A,), (A, B)),
    ],
)
def test_lineages_are_all_that_a_dataset_was_linked_from(
    links: dict[DatasetName, tuple[DatasetName, ...]], of: tuple[DatasetName, ...], expected: tuple[DatasetName, ...]
) -> None:
    assert lineages(links, of) == expected


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LedgerWorld]:
    """htv was linked from Tess's tax records, and those from olga's births."""
    made = LedgerWorld.at(tmp_path)
    records: list[tuple[str, PolicyModel]] = [
        ("person", owner(username="tess")),
        ("dataset", dataset(name="births")),
        ("dataset", dataset(name="tax", owner="tess", linked_from=("births",))),
        ("dataset", dataset(linked_from=("tax",))),
    ]
    with made.database.transaction() as session:
        writer = RegistryWriter(session, AuditLog(session, made.clock, made.key), made.clock.now(), "admin:ada")
        for kind, record in records:
            change = compare(kind, "x", None, record)
            assert change is not None
            writer.write(change)
    yield made
    made.database.dispose()


def test_release_from_a_linked_dataset_costs_every_lineage_and_owner(world: LedgerWorld) -> None:
    for account in (LINEAGE, TAX, BIRTHS):
        world.limit(account, 3000)
    charged = world.ledger.charge(wanted(1000))
    everything = {APPROVAL, LINEAGE, TAX, BIRTHS, OWNER, TESS, PROJECT}
    assert set(charged.charge.accounts) == everything
    assert {world.spent(account) for account in everything} == {Loss(1000)}


@pytest.mark.parametrize("closed", [TAX, BIRTHS])
def test_budget_of_any_source_refuses_the_release(world: LedgerWorld, closed: AccountId) -> None:
    for account in {LINEAGE, TAX, BIRTHS} - {closed}:
        world.limit(account, 3000)
    with pytest.raises(BudgetError, match=rf"dataset '{closed.name}'"):
        world.ledger.charge(wanted(1000))
    world.limit(closed, 999)
    with pytest.raises(BudgetError, match=rf"dataset '{closed.name}'"):
        world.ledger.charge(wanted(1000))
    assert world.spent(LINEAGE) == Loss()


def test_links_are_kept_as_they_were_written(world: LedgerWorld) -> None:
    with world.database.reading() as session:
        registry = SessionRegistry(session)
        assert registry.links() == {HTV: ("tax",), "tax": ("births",)}
        assert registry.dataset(HTV).linked_from == ("tax",)
        assert registry.dataset(DatasetName("births")).linked_from == ()
