"""The same attacks from a kernel of a hub that an ordinary user started: rooms stand on user namespaces alone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyotp
import pytest
from tests.support import live_world, probe
from tests.support.listeners import Listeners
from tests.support.live import HubProcess, as_root, free_port
from tests.support.live_world import ALPHA, PASSWORD, SECRET
from tests.support.ordinary import UID, as_ordinary_user, hand_over

from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Limits

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not as_root(), reason="these tests run as an ordinary user already, and so does their hub"),
]

CANARY = "canary-90ac"
CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not below pytest's own folder, which is closed to others.
    made = Path(tempfile.mkdtemp(prefix="saferoom-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def tried(folder: Path) -> Iterator[dict[str, Any]]:
    """Start a hub as an ordinary user, and run all attacks in a room of it."""
    home = Home(folder / "home")
    live_world.build(home).close()
    for place in (home.keys, home.vault, home.sources, home.hub, home.extracts / live_world.BETA):
        (place / f"{CANARY}-{place.name}").write_text("x")
    hand_over(folder)
    hub = HubProcess(home, free_port(), before=tuple(as_ordinary_user()))
    try:
        hub.start()
        with HubSession(hub.url) as session, Listeners() as listeners:
            session.sign_in("ana", PASSWORD, pyotp.TOTP(SECRET).now())
            room = session.start_room(ALPHA)
            context = {
                "tcp": listeners.port("tcp"),
                "tcp6": listeners.port("tcp6"),
                "udp": listeners.port("udp"),
                "abstract": listeners.abstract,
                "hub": hub.port,
                "canary": CANARY,
                "private": [str(home.root), str(home.keys), str(home.run), str(home.workspaces / live_world.BETA)],
                "sockets": [str(path) for path in home.root.rglob("*.sock")],
                "checkout": str(CHECKOUT),
                "data": "/data",
                "workspace": "/room",
                "root": False,
                **asdict(Limits()),
            }
            room.write("probe.py", Path(probe.__file__).read_text())
            output = room.execute(f"import runpy; runpy.run_path('/room/probe.py')['main']({context!r})", 180)
            assert not output.error, output.error
            owners = {path.lstat().st_uid for path in (home.workspaces / ALPHA).rglob("*")}
            yield {
                **json.loads(output.text.splitlines()[-1]),
                "_heard": listeners.heard,
                "_log": hub.log.read_text(),
                "_owners": owners,
            }
            session.stop_room(ALPHA)
    finally:
        hub.stop()


@pytest.mark.parametrize("name", sorted(probe.ATTACKS))
def test_attack_without_root_is_stopped(name: str, tried: dict[str, Any]) -> None:
    outcome, words = tried[name]
    assert outcome == "stopped", f"{name}: {outcome}: {words}"


def test_listeners_of_the_machine_hear_nothing_without_root(tried: dict[str, Any]) -> None:
    assert tried["_heard"] == []


def test_hub_says_what_it_cannot_enforce_without_root(tried: dict[str, Any]) -> None:
    assert "NOT enforced: All projects run under one user id of this machine" in tried["_log"]
    assert "NOT enforced: The memory of a room as a whole" in tried["_log"]


def test_hub_really_ran_without_root(tried: dict[str, Any]) -> None:
    assert tried["_owners"] == {UID}
    assert os.getuid() != UID
