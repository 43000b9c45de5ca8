"""Bad days of a running service: it says so, releases nothing new, loses nothing, and recovers without a restart.

The service is a real process, its evaluator in a real sandbox; disks are really full or read-only.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_world import MOBILITY, World
from tests.support.bad_days import (
    NOT_AUTOMATIC,
    SAFE,
    ask,
    check_whole,
    evaluate,
    fill,
    not_ready,
    releases,
    said,
    started,
    until,
    vote,
)
from tests.support.postgres import Server
from tests.support.watching import watching

from saferoom.hub.watching.readiness import Part
from saferoom.ids import Username
from saferoom.projects.airlock.states import State

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="file systems are mounted by root alone")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[World, AirlockProcess]]:
    with started(tmp_path) as made:
        yield made


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Iterator[tuple[World, AirlockProcess]]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)], check=True)
    try:
        with started(disk) as made:
            yield made
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def key_lost(place: World) -> Iterator[None]:
    key = place.home.signing_key
    key.rename(key.with_suffix(".away"))
    try:
        yield
    finally:
        assert not key.exists(), "a new key was made in its place"
        key.with_suffix(".away").rename(key)


@contextmanager
def key_damaged(place: World) -> Iterator[None]:
    key = place.home.signing_key
    before = key.read_bytes()
    key.write_bytes(before[:40])
    try:
        yield
    finally:
        key.write_bytes(before)


@contextmanager
def vault_read_only(place: World) -> Iterator[None]:
    vault = str(place.home.vault)
    subprocess.run(["mount", "--bind", vault, vault], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", vault], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", vault], check=True)


@pytest.mark.parametrize("day", [key_lost, key_damaged])
def test_without_its_key_nothing_leaves_and_what_was_approved_leaves_later_by_itself(
    both: tuple[World, AirlockProcess], day: Callable[[World], Any]
) -> None:
    place, process = both
    safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
    with day(place):
        until(lambda: not_ready(process) == {Part.KEY})
        assert "signing key" in said(ask(process, safe))
        # Votes are kept; what they approve waits, and says why.
        assert vote(process, waits).status_code == 303
        held = place.instance.airlock.request(Username("ana"), waits["id"])
        assert (held.state, "signing key" in held.blocked) == (State.APPROVED, True)
        assert releases(place) == 0
    until(lambda: not not_ready(process))
    until(lambda: releases(place) == 1)
    assert ask(process, safe).json()["state"] == "released"
    check_whole(place, 2)


@needs_root
def test_with_a_vault_that_is_read_only_nothing_is_taken_in_and_nothing_of_it_is_kept(
    both: tuple[World, AirlockProcess],
) -> None:
    place, process = both
    safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
    with vault_read_only(place):
        until(lambda: not_ready(process) == {Part.VAULT})
        assert "vault" in said(ask(process, safe))
        assert "vault" in said(process.room("ana", MOBILITY).post("evaluations", {"query": NOT_AUTOMATIC | {"by": []}}))
        # What would leave is remembered in the vault, in the step of the vote: there is no vote without it.
        page = vote(process, waits)
        assert (page.status_code, "vault cannot be written" in page.text) == (503, True)
        assert place.instance.airlock.request(Username("ana"), waits["id"]).state is State.SUBMITTED
    until(lambda: not not_ready(process))
    assert vote(process, waits).status_code == 303
    assert ask(process, safe).json()["state"] == "released"
    check_whole(place, 2)


@needs_root
def test_on_a_full_disk_nothing_is_half_written_and_with_room_again_it_goes_on(
    on_a_small_disk: tuple[World, AirlockProcess],
) -> None:
    place, process = on_a_small_disk
    safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
    filler = place.home.root.parent / "filler"
    fill(filler)
    until(lambda: {Part.VAULT, Part.DISK} <= not_ready(process))
    for answer in (ask(process, safe), process.room("ana", MOBILITY).post("evaluations", {"query": SAFE})):
        assert said(answer)
    assert process.room("ana", MOBILITY).upload("notes.txt", b"Some words." * 1000).status_code == 503
    assert releases(place) == 0
    filler.unlink()
    until(lambda: not not_ready(process))
    assert ask(process, safe).json()["state"] == "released"
    assert vote(process, waits).status_code == 303
    check_whole(place, 2)
    assert not list(place.home.vault.rglob("tmp*")), "a part of a file was left in the vault"


@pytest.mark.sqlite
def test_a_database_file_that_is_gone_is_never_made_anew_and_all_is_there_when_it_is_back(
    both: tuple[World, AirlockProcess],
) -> None:
    place, process = both
    safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
    file = place.home.root / "saferoom.sqlite"
    file.rename(file.with_suffix(".away"))
    # Connections that were open go on with the file that they have; new ones find none.
    with ThreadPoolExecutor(12) as many:
        rooms = [process.room("ana", MOBILITY) for _ in range(24)]
        answers = list(many.map(lambda room: room.get("requests"), rooms))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert not file.exists(), "an empty database was made in its place"
    file.with_suffix(".away").rename(file)
    until(lambda: not not_ready(process))
    assert ask(process, safe).json()["state"] == "released"
    assert vote(process, waits).status_code == 303
    check_whole(place, 2)


@pytest.mark.postgres
def test_with_its_postgresql_stopped_the_service_says_so_and_goes_on_when_it_is_back(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFEROOM_DATABASE_URL", postgres.empty())
    with started(tmp_path, fresh=True) as (place, process):
        safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
        postgres.stop()
        try:
            until(lambda: not_ready(process) == {Part.DATABASE, Part.TABLES, Part.AUDIT})
            assert "database" in said(ask(process, safe))
            assert "database" in said(process.room("ana", MOBILITY).get("requests"))
            with watching(process) as client:
                assert client.get("/health").status_code == 200
                assert client.get("/metrics").status_code == 200
        finally:
            postgres.go_on()
        until(lambda: not not_ready(process))
        assert ask(process, safe).json()["state"] == "released"
        assert vote(process, waits).status_code == 303
        check_whole(place, 2)
