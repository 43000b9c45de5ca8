"""What is looked up in an instance for whoever watches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.watching import counted, gauges_of, told, value

from saferoom.audit import Event
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.ledger_tables import AccountRow
from saferoom.hub.watching.readiness import Part, Readiness
from saferoom.hub.watching.verifying import Verification
from saferoom.projects.decision import forbidden


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_requests_are_counted_by_state_and_the_oldest_tells_its_age(place: World) -> None:
    place.request()
    place.clock.advance(timedelta(hours=3))
    approved = place.approve(place.request(title="Another one"))
    found = told(gauges_of(place.instance))
    assert value(found, "saferoom_requests", state="submitted") == 1
    assert value(found, "saferoom_requests", state=approved.state.value) == 1
    assert value(found, "saferoom_requests", state="rejected") == 0
    assert value(found, "saferoom_oldest_request_seconds", party="checkers") == 3 * 3600
    assert value(found, "saferoom_oldest_request_seconds", party="owners") == 0
    assert value(found, "saferoom_requests_blocked") == 0


def test_budgets_tell_the_largest_share_by_project_and_name_no_owner(place: World) -> None:
    rows = [
        ("project", MOBILITY, 100, 10, 20, 1),
        ("approval", f"{MOBILITY}/survey", 100, 10, 90, 1),
        ("owner", "dora", 100, 10, 100, 10),
    ]
    with place.instance.database.transaction() as session:
        for kind, name, rho, delta, rho_spent, delta_spent in rows:
            row = AccountRow(kind=kind, name=name, rho_limit=rho, delta_limit=delta, version=1)
            row.rho_spent, row.delta_spent = rho_spent, delta_spent
            session.add(row)
    found = told(gauges_of(place.instance))
    budgets = {labels: number for (name, labels), number in found.items() if name == "saferoom_budget_spent_ratio"}
    assert budgets == {frozenset({("project", str(MOBILITY))}): 0.9}


def test_backups_tell_when_the_newest_of_each_part_was_made(place: World) -> None:
    for hours, part in ((0, "data"), (1, "keys"), (1, "data")):
        place.clock.advance(timedelta(hours=hours))
        with place.instance.database.transaction() as session:
            log = AuditLog(session, place.clock, place.instance.signing_key)
            log.record(Event("admin:root", "backup.made", "instance", {"part": part, "recipients": 1}))
    found = told(gauges_of(place.instance))
    now = place.clock.now().timestamp()
    assert value(found, "saferoom_backup_timestamp_seconds", part="data") == now
    assert value(found, "saferoom_backup_timestamp_seconds", part="keys") == now - 3600


def test_what_is_added_to_the_trail_is_counted_once_and_rooms_by_why_they_ended(place: World) -> None:
    gauges, desk = gauges_of(place.instance), Desk(place.instance)
    desk.note_end("ana", "mobility")
    told(gauges)
    ended, lapsed = (counted("saferoom_rooms_ended_total", reason=one) for one in ("ended", "not-a-member"))
    started = counted("saferoom_audit_events_total", action="room.started")
    desk.note_start("ana", "mobility")
    desk.note_end("ana", "mobility", forbidden("not-a-member", "No more.", "projects.member"))
    told(gauges)
    told(gauges)
    assert counted("saferoom_rooms_ended_total", reason="ended") == ended
    assert counted("saferoom_rooms_ended_total", reason="not-a-member") == lapsed + 1
    assert counted("saferoom_audit_events_total", action="room.started") == started + 1


def test_disks_and_parts_are_told(place: World) -> None:
    found = told(gauges_of(place.instance))
    for name in ("home", "vault"):
        free = value(found, "saferoom_disk_free_bytes", place=name)
        assert 0 < free <= value(found, "saferoom_disk_size_bytes", place=name)
    assert {part: value(found, "saferoom_part_ready", part=part) for part in Part} == dict.fromkeys(Part, 1.0)


def test_without_its_database_an_instance_tells_what_it_knows_and_guesses_nothing(place: World, tmp_path: Path) -> None:
    lost = Database("sqlite:////nowhere/at/all.sqlite", patience=0.1)
    gauges = gauges_of(replace(place.instance, database=lost))
    found = told(gauges)
    lost.dispose()
    ready = {part: value(found, "saferoom_part_ready", part=part) for part in Part}
    assert ready == {**dict.fromkeys(Part, 1.0), Part.DATABASE: 0.0, Part.TABLES: 0.0, Part.AUDIT: 0.0}
    assert not any(name.startswith("saferoom_requests") for name, _ in found)


def test_the_trail_is_verified_and_that_is_recorded(place: World) -> None:
    place.request()
    verification = Verification(place.instance)
    assert list(verification.collect()) == []
    found = verification.once()
    assert found is not None
    assert found.holds
    assert found.links > 0
    with place.instance.database.reading() as session:
        newest = session.query(AuditLinkRow).order_by(AuditLinkRow.seq.desc()).first()
        assert newest is not None
        assert (newest.action, newest.payload) == ("audit.verified", {"holds": True, "links": found.links})


def test_a_changed_link_is_found_told_and_kept_from_nobody(place: World) -> None:
    place.request()
    gauges = gauges_of(place.instance)
    place.change(AuditLinkRow, 1, actor="somebody-else")
    found = gauges.verification.once()
    assert found is not None
    assert not found.holds
    assert value(told(gauges), "saferoom_audit_holds") == 0
    assert value(told(gauges), "saferoom_audit_verified_timestamp_seconds") == place.clock.now().timestamp()


def test_a_trail_that_cannot_be_read_counts_as_not_verified(place: World) -> None:
    lost = Database("sqlite:////nowhere/at/all.sqlite", patience=0.1)
    verification = Verification(replace(place.instance, database=lost))
    assert verification.once() is None
    assert verification.last is None
    lost.dispose()


def test_readiness_tries_again_only_after_a_while(place: World) -> None:
    now = [0.0]
    readiness = Readiness(place.instance, lambda: now[0])
    assert all(readiness.parts().values())
    place.home.signing_key.rename(place.home.signing_key.with_suffix(".away"))
    assert all(readiness.parts().values())
    now[0] = 10.0
    assert [part for part, works in readiness.parts().items() if not works] == [Part.KEY]
    assert not place.home.signing_key.exists(), "asking made a new key"
    place.home.signing_key.with_suffix(".away").rename(place.home.signing_key)
    now[0] = 20.0
    assert all(readiness.parts().values())
