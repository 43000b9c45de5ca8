"""kill -9 of the airlock between, and inside, every step: nothing is lost, and nothing is released twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, INCOME, SAFE, SURVEY, WAGES, Domain, domain
from tests.support.empty_store import address_of

from saferoom.hub.memory_folder import VARIABLE
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.signing import SigningKey

ROOT = Path(__file__).resolve().parents[3]
CHECKPOINTS = ("prepared", "remembered", "submitted", "approved", "bundled", "released")
# Commits of the process under test, in order: evaluation, submission (with approval), release.
COMMITS = (1, 2, 3)

VICTIM = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.orm import Session
from saferoom.signing import SigningKey
from saferoom.hub.store.database import Database
from tests.support.airlock_domain import *

folder, route, point = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
commits = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def at_checkpoint(step):
    if step == point:
        die()

def at_commit(session):
    global commits
    commits += 1
    if point == f"commit-{commits}":
        die()

with domain(folder, SigningKey.from_pem((folder / "key.pem").read_bytes()), Database(sys.argv[4])) as made:
    world = made.with_checkpoint(at_checkpoint)
    if route == "automatic":
        event.listen(Session, "before_commit", at_commit)
        world.ask([world.record(SAFE).id])
    elif route == "checked":
        (line,) = world.airlock.queue_page(BEN).items
        request = world.stored(line.id)
        event.listen(Session, "before_commit", at_commit)
        world.approve(request)
    else:
        event.listen(Session, "before_commit", at_commit)
        world.airlock.resume()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key.pem").write_bytes(SigningKey.generate().to_pem())
    with reopened(tmp_path):
        pass
    return tmp_path


def reopened(folder: Path) -> AbstractContextManager[Domain]:
    return domain(folder, SigningKey.from_pem((folder / "key.pem").read_bytes()))


def victim(folder: Path, route: str, point: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-c", VICTIM, str(folder), route, point, address_of(folder / "store.sqlite")]
    return subprocess.Popen(
        command, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", VARIABLE: os.environ[VARIABLE]}, stderr=subprocess.PIPE
    )


def killed(folder: Path, route: str, point: str) -> bool:
    """Run the airlock until it kills itself at `point`; tell whether it got there."""
    with victim(folder, route, point) as process:
        _, error = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), error.decode()
    return process.returncode != 0


def healthy(world: Domain) -> None:
    """Check what must hold whatever happened: one release per request, each valid, and an unbroken trail."""
    with world.airlock.store.reading() as tx:
        requests = tx.requests(Selection())
    released = [request for request in requests if request.state is State.RELEASED]
    assert not [request for request in requests if request.state is State.APPROVED]
    for request in released:
        assert verify_bundle(world.airlock.bundle(ANA, request.id), world.key.verifying_key).ok
    assert world.actions().count("request.released") == len(released)
    assert {release.id for release in world.airlock.memory_for(INCOME, [SURVEY, WAGES]).releases} == {
        output.id for request in released for output in request.outputs
    }, "what left is remembered, and nothing else is"
    assert world.actions().count("request.submitted") == len([r for r in requests if r.state is not State.DRAFT])
    world.audit()


@pytest.mark.parametrize("point", [*CHECKPOINTS, *(f"commit-{n}" for n in COMMITS)])
def test_killed_during_an_automatic_release_it_is_finished_or_can_be_repeated(folder: Path, point: str) -> None:
    assert killed(folder, "automatic", point)
    with reopened(folder) as world:
        world.airlock.resume()
        healthy(world)
        with world.airlock.store.reading() as tx:
            requests = tx.requests(Selection())
        submitted = point not in ("prepared", "remembered", "commit-1", "commit-2")
        assert [request.state for request in requests] == ([State.RELEASED] if submitted else [])
        again = world.ask([requests[0].outputs[0].evaluation] if submitted else [world.record(SAFE).id])
        assert again.state is State.RELEASED
        assert world.actions().count("request.released") == 1


@pytest.mark.parametrize("point", ["remembered", "approved", "bundled", "released", "commit-1", "commit-2"])
def test_killed_during_the_last_vote_the_request_waits_or_is_released(folder: Path, point: str) -> None:
    with reopened(folder) as world:
        request = world.submit(CHECKED)
    assert killed(folder, "checked", point)
    with reopened(folder) as world:
        world.airlock.resume()
        healthy(world)
        expected = State.SUBMITTED if point in ("remembered", "commit-1") else State.RELEASED
        assert world.stored(request.id).state is expected
        if expected is State.SUBMITTED:
            assert world.approve(request, BEN).state is State.RELEASED


def test_killed_again_and_again_while_resuming_it_is_released_once(folder: Path) -> None:
    assert killed(folder, "automatic", "approved")
    for point in ("approved", "bundled", "commit-1"):
        assert killed(folder, "resume", point)
    with reopened(folder) as world:
        assert [request.state for request in world.airlock.resume()] == [State.RELEASED]
        assert world.airlock.resume() == ()
        healthy(world)
        assert len([p for p in (folder / "vault").rglob("*") if p.is_file() and p.read_bytes()[:2] == b"PK"]) == 2, (
            "one workbook and one bundle: building again made the same bytes"
        )


def test_killed_from_outside_at_any_moment_nothing_is_half_done(folder: Path) -> None:
    dice = random.Random(7)
    with victim(folder, "automatic", "never") as whole:
        start = time.monotonic()
        whole.communicate(timeout=120)
        seconds = time.monotonic() - start
    for _ in range(4):
        with victim(folder, "resume" if dice.random() < 0.3 else "automatic", "never") as process:
            time.sleep(dice.uniform(0.6, 1.0) * seconds)
            process.kill()
            process.communicate()
        with reopened(folder) as world:
            world.airlock.resume()
            healthy(world)
