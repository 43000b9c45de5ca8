"""Every way out of a room, tried from a real kernel of a real room. See `tests.support.probe` for the attacks."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tests.support import probe
from tests.support.listeners import Listeners
from tests.support.live import Live, as_root
from tests.support.live_world import ALPHA, BETA

from saferoom.hub.sandbox import Limits

pytestmark = pytest.mark.live

CANARY = "canary-5f1d"
CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tried(live: Live) -> Iterator[dict[str, list[str]]]:
    """Run all attacks once, in ana's room of alpha while ben's room of beta runs."""
    home = live.home
    live.room("ben", BETA).execute(f"open('/room/{CANARY}-workspace', 'w').write('x')")
    planted = [
        folder / f"{CANARY}-{folder.name}"
        for folder in (home.root, home.keys, home.vault, home.sources, home.hub, home.run, home.extracts / BETA)
    ]
    for path in planted:
        path.write_text("x")
    with Listeners() as listeners:
        context = {
            "tcp": listeners.port("tcp"),
            "tcp6": listeners.port("tcp6"),
            "udp": listeners.port("udp"),
            "abstract": listeners.abstract,
            "hub": live.hub.port,
            "canary": CANARY,
            "private": [
                str(home.root),
                str(home.keys),
                str(home.run),
                str(home.workspaces / BETA),
                str(Path(__file__).resolve().parents[3] / ".git"),
            ],
            "sockets": [str(path) for path in home.root.rglob("*.sock")],
            "checkout": str(CHECKOUT),
            "data": "/data",
            "workspace": "/room",
            "root": as_root(),
            **asdict(Limits()),
        }
        room = live.room("ana", ALPHA)
        room.restart()
        source = Path(probe.__file__).read_text()
        room.write("probe.py", source)
        output = room.execute(f"import runpy; runpy.run_path('/room/probe.py')['main']({context!r})", 180)
        room.restart()
        assert not output.error, output.error
        results: dict[str, list[str]] = json.loads(output.text.splitlines()[-1])
        results["_heard"] = listeners.heard
        yield results
    for path in planted:
        path.unlink()


@pytest.mark.parametrize("name", sorted(probe.ATTACKS))
def test_attack_from_a_kernel_is_stopped(name: str, tried: dict[str, list[str]]) -> None:
    outcome, words = tried[name]
    assert outcome == "stopped", f"{name}: {outcome}: {words}"


def test_listeners_of_the_machine_hear_nothing_from_a_room(tried: dict[str, Any]) -> None:
    assert tried["_heard"] == []


def test_listeners_of_the_machine_hear_this_test() -> None:
    # Otherwise their silence would prove nothing.
    with Listeners() as listeners:
        probe.connect(socket.AF_INET, ("127.0.0.1", listeners.port("tcp")))
        probe.connect(socket.AF_INET6, ("::1", listeners.port("tcp6")))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"out", ("127.0.0.1", listeners.port("udp")))
        probe.connect(socket.AF_UNIX, "\0" + listeners.abstract)
        for _ in range(30):
            if len(listeners.heard) == 4:
                break
            time.sleep(0.1)
    assert sorted(listeners.heard) == ["abstract", "tcp", "tcp6", "udp"]


def test_room_goes_on_after_its_kernel_used_up_its_memory(live: Live) -> None:
    room = live.room("ana", ALPHA)
    room.restart()
    more = Limits().memory_bytes + (512 << 20)
    output = room.execute(f"kept = [b'x' * (64 << 20) for _ in range({more >> 26})]; print('all of it')", 60)
    assert "all of it" not in output.text
    assert output.died or "MemoryError" in output.error
    room.restart()
    assert room.execute("print(6 * 7)").text.strip() == "42"


def test_workspace_and_tmp_can_be_written_and_extracts_read(live: Live) -> None:
    output = live.room("ana", ALPHA).execute(
        "import os, duckdb\n"
        "open('/room/mine.txt', 'w').write('x'); open('/tmp/mine.txt', 'w').write('x')\n"
        "rows = duckdb.sql(\"select count(*) from '/data/births.parquet'\").fetchall()[0][0]\n"
        "print(rows, sorted(os.listdir('/data')))"
    )
    assert output.text.strip() == "400 ['births', 'births.parquet']", output


def test_colleague_of_the_same_project_finds_the_workspace(live: Live) -> None:
    live.room("ana", ALPHA).execute("open('/room/shared.txt', 'w').write('for cleo')")
    assert live.room("cleo", ALPHA).execute("print(open('/room/shared.txt').read())").text.strip() == "for cleo"
    live.session("cleo").stop_room(ALPHA)


def test_room_imports_saferoom_with_its_own_clients_only(live: Live) -> None:
    output = live.room("ana", ALPHA).execute(
        "import saferoom, os; print(saferoom.__version__, os.environ['SAFEROOM_PROJECT'])\n"
        "hidden = ('SAFEROOM_HOME', 'CONFIGPROXY_AUTH_TOKEN')\n"
        "print([name for name in os.environ if 'SECRET' in name or name in hidden])"
    )
    assert output.text.split("\n")[1] == "[]", output
    assert output.text.split()[1] == ALPHA


@pytest.mark.skipif(not as_root(), reason="only root gives every project a user id of its own; the hub says so")
def test_every_project_runs_under_its_own_user_id(live: Live) -> None:
    code = "import os; print(os.getuid(), os.stat('/room').st_uid, oct(os.stat('/room').st_mode & 0o777))"
    ana = live.room("ana", ALPHA).execute(code).text.split()
    ben = live.room("ben", BETA).execute(code).text.split()
    assert ana[0] == ana[1] != ben[0] == ben[1]
    assert ana[2] == ben[2] == "0o700"
