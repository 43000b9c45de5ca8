"""A running service on a bad day: what is asked of it, what it says, and whether everything is whole afterwards."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.stand_in_hub import StandInHub, running
from tests.support.watching import watching

from saferoom.clock import SystemClock
from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.ids import Username
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

SAFE = {"from": "survey", "statistic": "frequency", "by": ["education"]}
NOT_AUTOMATIC = {"from": "register", "statistic": "frequency", "by": ["education"]}
WORDS = {"title": "Education", "context": "A first look.", "controls": "Coarse categories."}
WAITS_SECONDS = 30.0


@contextmanager
def started_hub(place: World) -> Iterator[StandInHub]:
    with running(hub := StandInHub(place.home.run / "hub-stand-in.sock")):
        yield hub


@contextmanager
def started(folder: Path, *, fresh: bool = False) -> Iterator[tuple[World, AirlockProcess]]:
    with (
        world(folder, SystemClock(), fresh=fresh) as place,
        running(hub := StandInHub(place.home.run / "hub-stand-in.sock")),
    ):
        assert place.instance.airlock is not None  # made while everything is there
        process = AirlockProcess(place.home, hub, folder / "airlock.log")
        try:
            process.start(chores_every="0.5")
            yield place, process
        finally:
            process.close()


def evaluate(process: AirlockProcess, query: dict[str, Any]) -> str:
    answer = process.room("ana", MOBILITY).post("evaluations", {"query": query})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def ask(process: AirlockProcess, evaluation: str) -> httpx.Response:
    return process.room("ana", MOBILITY).post("requests", WORDS | {"outputs": [evaluation]})


def vote(process: AirlockProcess, request: dict[str, Any]) -> httpx.Response:
    path = f"requests/{request['id']}/outputs/{request['outputs'][0]['id']}/vote"
    return process.browser("ben").post(path, {"choice": "approved", "comment": ""})


def not_ready(process: AirlockProcess) -> set[str]:
    with watching(process) as client:
        answer = client.get("/ready")
        return set(answer.json().get("parts", ()))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAITS_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def said(answer: httpx.Response) -> str:
    """Check that an answer is a refusal in a sentence, and return it."""
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "unavailable"
    return str(error["message"])


def releases(place: World) -> int:
    with place.instance.database.reading() as session:
        return session.scalar(select(func.count()).select_from(ReleaseRow)) or 0


def check_whole(place: World, requests: int) -> None:
    """Check that all requests have left, once each, and that bundles and the trail verify."""
    key = place.instance.signing_key.verifying_key
    found = place.instance.airlock.requests_of(Username("ana"), MOBILITY)
    assert [one.state for one in found] == [State.RELEASED] * requests
    assert releases(place) == requests
    for one in found:
        verify_bundle(place.instance.airlock.bundle(Username("ana"), one.id), key)
    with place.instance.database.reading() as session:
        verify_audit_log(session, key)


def fill(path: Path) -> None:
    """Take every byte that is left on a disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 1 << 12, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, bytes(size))
    os.close(handle)
