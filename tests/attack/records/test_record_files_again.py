"""The same people again: in another version of the data, or by two requests for the last file at one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world
from tests.support.record_files import DORA, NOISY, allow, checked, made, signed, submitted

from saferoom.errors import SaferoomError
from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.airlock.states import State

RITA = Username("rita")


@pytest.fixture
def found(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def test_noise_of_two_versions_averages_and_those_who_check_are_told(found: World) -> None:
    """A refresh that changes nobody draws anew; the owner allowed two files, and a checker may say no to the second."""
    allow(found, plan=NOISY, releases=2)
    assert signed(found, checked(found, submitted(found, made(found)))).state is State.RELEASED
    found.change(tables.DatasetRow, "survey", version="2")
    for project in (MOBILITY, INCOME):
        found.instance.extracts("system").provision(project)
    again = submitted(found, made(found))
    assert "average the random numbers of both" in " ".join(again.waits_because)
    assert again.state is State.SUBMITTED


def test_two_signatures_at_one_moment_let_one_file_leave(found: World) -> None:
    allow(found, releases=1)
    mine = submitted(found, made(found))
    theirs = submitted(found, made(found, author=RITA, project=INCOME))
    requests = [checked(found, mine), checked(found, theirs)]
    assert {one.state for one in requests} == {State.AWAITING_SIGN_OFF}
    start = threading.Barrier(2)

    def sign(request: object) -> None:
        start.wait()
        try:
            found.instance.airlock.sign_off(DORA, request.id)  # type: ignore[attr-defined]
        except SaferoomError:
            return

    threads = [threading.Thread(target=sign, args=(one,)) for one in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = [found.instance.airlock.found(one.id) for one in requests]
    assert sum(one.release is not None for one in after) == 1
    (kept,) = [one for one in after if one.release is None]
    assert "as many files have left" in kept.blocked
