"""A rotation that is killed between two of its steps leaves one valid key, and the next start ends what was begun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.airlock_world import World, world

from saferoom.hub import keys
from saferoom.hub.key_rotation import checked, rotate
from saferoom.hub.memory_folder import VARIABLE
from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.hub.wiring import Instance
from saferoom.signing import SigningKey

KILLED = 137
POINTS = {
    "the new key is written": ("saferoom.hub.key_rotation", "gather", False),
    "the statement is on the trail, not committed": ("saferoom.hub.key_rotation", "AuditLog.sign", False),
    "the trail has the new key": ("saferoom.hub.keys", "take_over", True),
    "the public half is in its place": ("pathlib", "Path.replace", True),
}
"""What is called next, and whether the new key holds then."""
PROGRAM = """
import importlib, os, sys
from pathlib import Path
from saferoom.hub.home import Home
from saferoom.hub.key_rotation import rotate
from saferoom.hub.wiring import Instance

place, name, calls = sys.argv[2], sys.argv[3].split("."), int(sys.argv[4])
instance = Instance.open(Home(Path(sys.argv[1])))
owner = importlib.import_module(place)
for part in name[:-1]:
    owner = getattr(owner, part)
real = getattr(owner, name[-1])

def counted(*given, **named):
    global calls
    calls -= 1
    if calls == 0:
        os._exit(137)
    return real(*given, **named)

setattr(owner, name[-1], counted)
rotate(instance, "admin:root", "yearly", compromised=False)
"""
# The second head is the new key's; the third file put in its place is the private key itself.
CALLS = {"AuditLog.sign": 2, "Path.replace": 5}


@pytest.mark.sqlite
@pytest.mark.parametrize("point", POINTS)
def test_rotation_killed_leaves_one_valid_key(tmp_path: Path, point: str) -> None:
    place, name, holds = POINTS[point]
    with world(tmp_path) as made:
        made.approve(made.request())
        before = made.instance.signing_key.verifying_key.key_id
        words = [sys.executable, "-P", "-c", PROGRAM, str(made.home.root), place, name, str(CALLS.get(name, 1))]
        environment = {"PATH": os.environ["PATH"], VARIABLE: os.environ[VARIABLE]}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == KILLED, done.stderr
        private = SigningKey.from_pem(made.home.signing_key.read_bytes()).verifying_key.key_id
        assert private == before, "the test was to kill it before the private key was in its place"
        after = World(Instance.open(made.home, made.clock))
        assert (after.instance.signing_key.verifying_key.key_id != before) == holds
        assert after.approve(after.request()).release is not None
        _holds(after, 1 if holds else 0)
        rotate(after.instance, "admin:root", "again", compromised=False)
        _holds(World(Instance.open(made.home, made.clock)), 2 if holds else 1)
        assert not made.home.next_signing_key.exists()


def _holds(there: World, changes: int) -> None:
    key = keys.verifying_key(there.home)
    assert key.key_id == there.instance.signing_key.verifying_key.key_id
    with there.instance.database.reading() as session:
        verify_audit_log(session, key)
        assert len(checked(session, there.home, key)) == changes
    there.instance.close()
