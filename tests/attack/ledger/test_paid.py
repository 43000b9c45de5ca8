"""A charge is found again with the link of the audit trail that records it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from tests.support.empty_store import tampering
from tests.support.ledger_world import LINEAGE, LedgerWorld, wanted
from tests.support.registry_world import MOB

from saferoom.errors import IntegrityError
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.ids import ProjectSlug


@pytest.fixture(autouse=True)
def limited(world: LedgerWorld) -> None:
    world.limit(LINEAGE, 10**9)


def test_a_charge_is_found_by_its_key_with_its_link(world: LedgerWorld) -> None:
    ledger = world.ledger
    ledger.charge(wanted(key="first"))
    charge = ledger.charge(wanted(key="second")).charge
    ledger.charge(wanted(key="third"))
    paid = ledger.paid(MOB, "second")
    assert paid is not None
    assert paid.charge == charge
    with world.database.transaction() as session:
        link = session.scalar(select(AuditLinkRow).where(AuditLinkRow.seq == paid.link))
        assert link is not None
        assert link.payload is not None
        assert (link.action, link.digest) == ("budget.charged", paid.digest)
        assert link.payload["charge"] == charge.id
        assert link.payload["plan"] == charge.wanted.plan


def test_what_was_not_charged_is_not_found(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(key="first"))
    assert world.ledger.paid(MOB, "second") is None
    assert world.ledger.paid(ProjectSlug("another"), "first") is None


def test_a_charge_that_the_trail_does_not_record_is_refused(world: LedgerWorld) -> None:
    world.ledger.charge(wanted(key="first"))
    with tampering(world.database) as session:
        session.execute(update(AuditLinkRow).where(AuditLinkRow.action == "budget.charged").values(payload={}))
    with pytest.raises(IntegrityError, match="does not record the charge"):
        world.ledger.paid(MOB, "first")
