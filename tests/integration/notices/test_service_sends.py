"""The airlock service as a real process sends letters by itself, and sends again what a kill left open."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_world import PEOPLE, World, world
from tests.support.smtp_sink import sink
from tests.support.stand_in_hub import StandInHub, running

from saferoom.clock import SystemClock
from saferoom.hub.store import tables
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.projects.notices.model import LetterState
from saferoom.projects.people.permissions import Actor

ROOT = Actor.operator("admin:root")
# Ends the service without a farewell when the mail server has a letter and nobody noted it yet.
DIES_AFTER_A_LETTER = (
    "-P",
    "-c",
    """
import dataclasses, functools, os, signal
from saferoom.hub import wiring
from saferoom.hub.web.__main__ import main

make = wiring.Instance.sender.func

def sender(instance):
    return dataclasses.replace(make(instance), checkpoint=lambda name: os.kill(os.getpid(), signal.SIGKILL))

wiring.Instance.sender = functools.cached_property(sender)
wiring.Instance.sender.__set_name__(wiring.Instance, "sender")
main()
""",
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    """An instance at today's time, where everybody has an address."""
    with world(tmp_path, SystemClock()) as made:
        for name in PEOPLE:
            made.change(tables.PersonRow, name, email=f"{name}@example.org")
        yield made


@pytest.fixture
def process(place: World, tmp_path: Path) -> Iterator[AirlockProcess]:
    hub = StandInHub(place.home.run / "hub-stand-in.sock")
    with running(hub):
        made = AirlockProcess(place.home, hub, tmp_path / "airlock.log")
        try:
            yield made
        finally:
            made.close()


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_service_sends_again_under_the_same_name(place: World, process: AirlockProcess, tmp_path: Path) -> None:
    with sink(tmp_path / "mail") as server:
        place.home.mail_settings.write_text(
            f"host: 127.0.0.1\nport: {server.port}\nsecurity: none\nsender: safe@example.org\naddress: http://localhost/\n"
        )
        place.request()  # told to ben and cleo
        with process.log.open("ab") as log:
            command = [sys.executable, *DIES_AFTER_A_LETTER]
            dying = subprocess.Popen(command, env=process.environment, stderr=log, cwd="/")
        assert dying.wait(60) == -signal.SIGKILL, process.log.read_text()
        assert len(server.letters()) == 1
        assert place.instance.notices.counts(ROOT)[LetterState.WAITING] == 2
        with place.instance.database.transaction() as session:  # the lease of five minutes goes by
            session.execute(update(LetterRow).values(next_at=datetime.now(UTC)))
        process.start()
        until(lambda: place.instance.notices.counts(ROOT)[LetterState.SENT] == 2)
        assert process.end() == 0, process.log.read_text()
        ids = [str(mail["Message-ID"]) for mail in server.mail()]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert "example.org" not in process.log.read_text(), "addresses are nobody's business in a log"
