"""`saferoom demo --headless` as people call it: everything works, and what does not is named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from saferoom.hub.demo.stage import set_stage
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import VARIABLE

pytestmark = pytest.mark.live

_DEMO = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "demo"]


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SAFEROOM_") or key == VARIABLE}


@pytest.mark.timeout(600)
def test_demo_headless_does_the_whole_main_job(tmp_path: Path) -> None:
    done = subprocess.run(
        [*_DEMO, "--headless", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        timeout=560,
        env=_environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    steps = [line for line in lines if re.match(r" *\d+  ok  +\d+\.\d\d s  ", line)]
    assert len(steps) >= 80
    for part in (
        "rosa signs in",
        "open a room of educational-mobility",
        "safe tables left by themselves",
        "carla approves it",
        "run cell refused-records: RoomError: output 1 must not leave",
        "carla looks at the figure and approves it: one is not enough",
        "chen looks at the figure and approves it: it leaves",
        "olga sets a privacy budget for htv",
        "run cell noise-quote: ✖ Quote: the privacy budget is not enough at this moment",
        "run cell noise-trial: ✔ Trial on made-up data",
        "the researcher releases it: paid, drawn once, and gone without a person: rho 0.0",
        "refused: a release that costs more than is left of the budget: The privacy budget for dataset 'htv'",
        "download the noisy numbers and verify their certificate offline, without data: zcdp 0.02",
        "refused: a client edited to say 'pass'",
        "refused: another project's data",
        "run cell blank-table: ✔ May leave",
        "refused: the same table without a few people, from the other project",
        "protect an aggregated table on the command line: 9 cells at risk",
        "refused: a room's token after the room was closed: status 401",
        "ingest: each delivery is checked, and split between linker and provisioner",
        "make up 20,000 people, and what the departments know of them",
        "link: the linker, who sees no attribute, finds who is the same person",
        "the quality pack, once it passed the checker, says whom linking loses",
        "derive: the provisioner, who sees no name, makes low income and pairs of incomes: lost_children",
        "run cell lost: ✔ May leave",
        "run cell mobility: ✔ May leave",
        "lost children and mobility by region left by themselves, corrected for linkage",
        "link them against the people who are known: ids stay",
        "the open room has the new year, under the same pseudonyms",
        "the researcher was told what changed",
        "download bundle 5 and verify it offline",
        "verify the audit trail",
    ):
        assert any(part in step for step in steps), part
    assert any(re.fullmatch(r" +beside the steps before, \d+\.\d\d s in all:", line) for line in lines)
    assert re.fullmatch(r"All \d+ steps are done: \d+\.\d seconds in total\.", lines[-1])


def test_demo_headless_names_the_step_that_fails(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    notebook = set_stage(home).notebook
    text = notebook.read_text()
    assert "saferoom.data()" in text
    notebook.write_text(text.replace("saferoom.data()", "saferoom.nothing()"))
    done = subprocess.run(
        [*_DEMO, "--headless", "--home", str(home.root)],
        capture_output=True,
        text=True,
        timeout=280,
        env=_environment(),
    )
    assert done.returncode == 1
    assert "'run cell data-list', failed: the cell ended in an error: AttributeError" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_prints_how_to_get_in_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*_DEMO, "--home", str(tmp_path / "home")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**_environment(), "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"Rooms +(http://127\.0\.0\.1:\d+)/", said)
        assert found is not None, said
        assert re.search(r"rosa +researcher in educational-mobility +\S+ +[A-Z2-7]{32} +\d{6}", said)
        assert "Not enforced on this machine:" in said
        assert httpx.get(f"{found[1]}/hub/login", trust_env=False).status_code == 200
        assert process.stdout.readline() == "\n"
        assert "preparing the linked project" in process.stdout.readline()
        process.send_signal(signal.SIGINT)  # in the middle of the linked project
        rest = process.communicate(timeout=60)[0]
        assert "the hub, the airlock and every room have ended" in rest
        assert "Traceback" not in rest
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
    time.sleep(0.2)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{found[1]}/hub/login", trust_env=False)
