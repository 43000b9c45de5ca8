"""``saferoom audit verify`` looks at what kernels were told to run, too, and needs no key for it but the public one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.empty_store import tampering
from tests.support.inputs import heard

from saferoom.hub.store.inputs_tables import InputRow
from saferoom.hub.watching.verifying import Verification
from saferoom.ids import Username

pytestmark = pytest.mark.sqlite


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        made.instance.inputs.record(MOBILITY, Username("ana"), [heard("a"), heard("b")])
        made.instance.inputs.anchor()
        yield made


def _verify(here: World, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "audit", "verify", "--home", str(here.home.root)]
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)


def test_trail_and_inputs_that_hold_are_counted(here: World) -> None:
    (here.home.keys / "memory.key").rename(here.home.root / "elsewhere")
    done = _verify(here, "--json")
    assert (done.returncode, json.loads(done.stdout)["inputs"]) == (0, 2)
    assert "2 inputs are kept, as they were heard" in _verify(here).stdout


def test_removed_input_fails_the_command_and_the_services_own_verification(here: World) -> None:
    with tampering(here.instance.database) as session:
        session.delete(session.get_one(InputRow, (MOBILITY, 1)))
    done = _verify(here)
    assert done.returncode == 1
    assert "the inputs of project mobility were changed after the fact: input 1 is missing" in done.stderr
    found = Verification(here.instance).once()
    assert found is not None
    assert not found.holds
