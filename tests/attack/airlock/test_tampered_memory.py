"""Somebody who can write to the database or the vault makes the airlock forget: it stops, and judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, INCOME, MOBILITY, SAFE, SURVEY, WAGES, Domain, domain

from saferoom.audit import Event
from saferoom.errors import IntegrityError
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.vault import FileVault
from saferoom.ids import Digest, OutputId, ReleaseId
from saferoom.projects.airlock import earlier
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Reading, Remembered, Step

AGES: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["region"], "where": "age >= 30"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Domain]:
    with domain(tmp_path) as made:
        yield made


def bodies(world: Domain) -> list[tuple[Digest, Digest | None]]:
    """Return where the bodies and the units of all entries are."""
    with world.airlock.store.reading() as tx:
        entries = world.airlock.archive.open(kept.entry for kept in tx.remembered())
    return [(entry.body, entry.units["person_id"].keys) for entry in entries]


def number_anew(world: Domain) -> None:
    world.sql("delete from airlock_memory where number = 1")
    world.sql("update airlock_memory set number = 1")


CHANGES: dict[str, Callable[[Domain], object]] = {
    "last entry deleted": lambda w: w.sql("delete from airlock_memory where number = 2"),
    "first entry deleted": lambda w: w.sql("delete from airlock_memory where number = 1"),
    "first entry deleted and numbered anew": number_anew,
    "all entries deleted": lambda w: w.sql("delete from airlock_memory"),
    "entries swapped": lambda w: w.sql("update airlock_memory set number = 3 - number + 10"),
    "entry in the other's place": lambda w: w.sql(
        "update airlock_memory set entry = (select entry from airlock_memory where number = 2) where number = 1"
    ),
    "entry changed": lambda w: w.rewrite("airlock_memory", lambda row: {"entry": bytes(len(row["entry"]))}),
    "entry emptied": lambda w: w.rewrite("airlock_memory", lambda _: {"entry": b""}),
    "body changed": lambda w: w.spoil(bodies(w)[0][0]),
    "body lost": lambda w: (w.folder / "vault" / bodies(w)[1][0][:2] / bodies(w)[1][0][2:]).unlink(),
    "units changed": lambda w: w.spoil(Digest(str(bodies(w)[0][1]))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_memory_that_was_tampered_with_stops_every_evaluation_in_every_project(world: Domain, change: str) -> None:
    waiting = world.record(AGES)
    world.submit()
    world.submit(AGES | {"where": "age >= 40"})
    assert len(world.airlock.memory_for(INCOME, [SURVEY]).releases) == 2
    CHANGES[change](world)
    for project in (MOBILITY, INCOME):
        with pytest.raises(IntegrityError):
            world.airlock.memory_for(project, [SURVEY])
    with pytest.raises(IntegrityError):
        world.ask([waiting.id])
    assert world.actions().count("request.released") == 2


def test_entry_moved_to_an_output_that_did_not_leave_is_noticed(world: Domain) -> None:
    world.submit()
    waiting = world.submit(CHECKED)
    world.sql("update airlock_memory set output = :other", other=waiting.outputs[0].id)
    with pytest.raises(IntegrityError, match="lacks something"):
        world.airlock.memory_for(MOBILITY, [SURVEY])


def test_entries_that_exchange_their_outputs_are_noticed(world: Domain) -> None:
    world.submit()
    waiting = world.submit(CHECKED)
    world.approve(waiting)
    with world.airlock.store.reading() as tx:
        one, other = (kept.output for kept in tx.remembered())
    unused = world.submit(CHECKED | {"where": "age >= 40"}).outputs[0].id
    for number, output in ((1, unused), (2, one), (1, other)):
        world.sql("update airlock_memory set output = :output where number = :number", output=output, number=number)
    with pytest.raises(IntegrityError, match="was changed"):
        world.airlock.memory_for(MOBILITY, [SURVEY])


def test_memory_sealed_under_another_key_is_refused(world: Domain) -> None:
    world.submit()
    other = replace(world.airlock, cipher=AtRest(b"else" * 8))
    with pytest.raises(IntegrityError, match="another key"):
        other.memory_for(MOBILITY, [SURVEY])


def test_nothing_that_discloses_lies_about_in_the_open(world: Domain) -> None:
    """Neither the store nor the vault tells who is behind what left, without the key."""
    record = world.record()
    judged = world.airlock.evaluation(ANA, record.id).evaluation
    world.ask([record.id])
    keys = judged.contributors.parts[0].units[0].keys
    kept = [path.read_bytes() for path in world.folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert len(kept) > 5
    for data in kept:
        assert b"contributors" not in data
        assert not any(key.tobytes() in data for key in keys[:20])


def test_store_refuses_an_approval_that_is_not_remembered(world: Domain) -> None:
    request = world.submit(CHECKED)
    approved = replace(world.stored(request.id), state=State.APPROVED)
    event = Event("system", "request.approved", request.id, {})
    for remembered in ((), (Remembered(1, OutputId("output-of-nobody"), b"x"),)):
        step = Step(event, approves_as=ReleaseId("release-x"), remembered=remembered)
        with world.airlock.store.transaction() as tx, pytest.raises(IntegrityError, match="without being remembered"):
            tx.save_request(approved, step)
    assert world.stored(request.id).state is State.SUBMITTED


def test_vote_that_would_release_something_unremembered_leaves_no_trace(
    world: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.submit(CHECKED)
    with monkeypatch.context() as patched:
        patched.setattr(earlier, "remember", lambda *_: ())
        world.approve(request)
    after = world.stored(request.id)
    assert after.state is not State.RELEASED
    assert "without being remembered" in after.blocked
    assert not world.airlock.memory_for(MOBILITY, [WAGES]).releases
    world.airlock.resume()
    assert world.stored(request.id).state is State.RELEASED
    assert len(world.airlock.memory_for(INCOME, [WAGES]).releases) == 1


def test_mutation_without_the_count_of_what_left_a_deleted_last_entry_goes_unseen(
    world: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saferoom.hub.store.airlock.AirlockReading.forgotten", lambda _: 0)
    with pytest.raises(BaseException, match="DID NOT RAISE"):
        test_memory_that_was_tampered_with_stops_every_evaluation_in_every_project(world, "last entry deleted")


def test_withdrawn_release_is_no_longer_compared_with_but_its_units_keep_their_positions(world: Domain) -> None:
    first, second = world.submit(), world.submit(AGES)
    world.sql("update airlock_requests set state = 'withdrawn' where id = :id", id=first.id)
    (release,) = world.airlock.memory_for(MOBILITY, [SURVEY]).releases
    assert release.id == second.outputs[0].id
    assert len(world.airlock.memory_for(MOBILITY, [SURVEY]).indexes["person_id"]) == 900
    assert SAFE["from"] == SURVEY


def test_each_query_reads_only_its_own_datasets_bodies(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    world.submit()
    request = world.submit(CHECKED)
    world.approve(request, BEN)
    read: list[Digest] = []
    whole = FileVault.get

    def noted(vault: FileVault, digest: Digest) -> bytes:
        read.append(digest)
        return whole(vault, digest)

    monkeypatch.setattr(FileVault, "get", noted)
    assert len(world.airlock.memory_for(INCOME, [WAGES]).releases) == 1
    (other, _), (own, _) = bodies(world)
    assert own in read
    assert other not in read


def test_entries_of_a_reading_are_those_of_the_store(world: Domain) -> None:
    world.submit()
    with world.airlock.store.reading() as tx:
        reading: Reading = tx
        (kept,) = reading.remembered()
        assert (kept.number, kept.left, reading.forgotten()) == (1, True, 0)
