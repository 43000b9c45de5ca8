"""Four people want a room at once on a machine that has two: the benchmark of capacity, small, and also killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from tests.support.processes import below

from saferoom.hub.bench import capacity
from saferoom.hub.bench.capacity_people import PAGES

pytestmark = pytest.mark.live

_LONGEST_SECONDS = 90.0


def test_two_rooms_run_and_two_people_wait_with_place_and_reason_and_nothing_is_left() -> None:
    found = capacity.measure(4, 20.0, lambda _words: None, most=2, alone_seconds=3.0)
    assert (found["running"] + found["starting"], found["waiting"]) == (2, 2), found
    assert found["told"] == {"all rooms are in use": [0, 1]}
    assert (found["refused"], found["lost"], found["untold"], found["silent"]) == (0, 0, 0, 0)
    assert found["order"] == {"passed": 0, "moved_back": 0}
    assert found["memory"]["free_before_mib"] >= found["memory"]["free_lowest_mib"] > 0
    assert found["memory"]["rooms_mib"] > 50
    assert set(found["pages"]) == set(PAGES)
    assert (found["not_answered"], found["left"]) == (0, {})
    assert found["holds"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_bench_that_is_ended_in_between_takes_hub_and_rooms_with_it(
    how: signal.Signals, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "bench", "capacity", "--rooms", "2"]
    # Sockets have short paths.
    folder = tmp_path_factory.mktemp("many")
    log = folder / "said"
    with log.open("wb") as said:
        bench = subprocess.Popen(command, stdout=said, stderr=said, cwd="/", env={**os.environ, "TMPDIR": str(folder)})
    try:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while "pages alone" not in log.read_text():
            assert bench.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        others = below(bench.pid)
        assert any("saferoom.hub.web" in " ".join(one.cmdline()) for one in others)
        bench.send_signal(how)
        bench.wait(60)
        _, alive = psutil.wait_procs(others, timeout=40)
        assert alive == []
        if how is not signal.SIGKILL:
            assert list(folder.glob("saferoom-bench-*")) == []
    finally:
        bench.kill()
        bench.wait()
