"""The contract of a place where tasks are done, held by sandboxes and by pods alike."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.support.task_ends import REAL, End

from saferoom.disclosure.history.crosswalk import Crosswalk, keys_of_numbers
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.evaluator.job import Job
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.runner import judge
from saferoom.hub.sandbox import Bind, Limits
from saferoom.hub.sandbox.spec import MEBIBYTE
from saferoom.policies.models import ReleaseRoute, RiskAppetite

# Of a sandbox, whose kernel's own lists are counted with a program's memory, and of any program of Python.
LIMITS = Limits(memory_bytes=512 * MEBIBYTE, file_bytes=8 * MEBIBYTE, processes=64)
TASK = Task("evaluator", REAL, b"in \x00 put", 60.0, (), LIMITS, {"TOLD": "this", "PATH": "/usr/bin:/bin"})


def test_a_task_is_given_its_input_its_files_and_its_environment_alone(end: End, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"")
    other.write_bytes(bytes(range(256)) * 4000)
    for file in (one, other):
        file.chmod(0o444)
    program = """
import hashlib, json, os, sys
files = [os.path.join(place, name) for place, _, names in os.walk("/data") for name in names]
digests = {path: hashlib.sha256(open(path, "rb").read()).hexdigest() for path in files}
given = sys.stdin.buffer.read().decode("latin-1")
told = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
print(json.dumps({"given": given, "files": digests, "told": told}))
"""
    binds = (Bind(one, "/data/one"), Bind(other, "/data/deep/er/other"))
    done = end.play(program, replace(TASK, files=binds))
    assert (done.returncode, done.timed_out) == (0, False)
    found = json.loads(done.stdout)
    assert found["given"] == "in \x00 put"
    assert set(found["files"]) == {"/data/one", "/data/deep/er/other"}
    assert found["files"]["/data/deep/er/other"] == hashlib.sha256(other.read_bytes()).hexdigest()
    assert {name: found["told"][name] for name in ("TOLD", "PATH")} == {"TOLD": "this", "PATH": "/usr/bin:/bin"}
    assert not {name for name in found["told"] if "TOKEN" in name or "SAFEROOM" in name or "KUBERNETES" in name}
    assert end.left() == []


def test_much_goes_in_and_comes_out_whole(end: End) -> None:
    data = os.urandom(3 * MEBIBYTE)
    done = end.play(
        "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)", replace(TASK, given=data)
    )
    assert done.returncode == 0
    assert done.stdout == data


def test_how_a_task_ended_and_what_it_said_of_errors_is_known(end: End) -> None:
    done = end.play("import sys; print('so far', flush=True); print('bad', file=sys.stderr); sys.exit(3)", TASK)
    assert (done.stdout, done.stderr, done.returncode, done.timed_out) == (b"so far\n", b"bad\n", 3, False)
    assert end.left() == []


def test_a_task_that_takes_too_long_is_ended_with_everything_it_started(end: End) -> None:
    begun = time.monotonic()
    program = "import os, time; print('began', flush=True); os.fork(); time.sleep(300)"
    done = end.play(program, replace(TASK, seconds=2.0))
    assert done.timed_out
    assert done.returncode != 0
    assert done.stdout.startswith(b"began")
    assert time.monotonic() - begun < 60
    assert end.left() == []


def test_a_task_that_writes_without_end_is_ended(end: End) -> None:
    done = end.play("import sys\nwhile True: sys.stdout.write('x' * 65536)", TASK)
    assert done.returncode != 0
    assert not done.timed_out
    assert len(done.stdout) <= LIMITS.file_bytes
    assert end.left() == []


def test_a_task_that_eats_memory_is_ended(end: End) -> None:
    done = end.play("x = bytearray(2 << 30); x[:] = b'1' * len(x); print('had it')", TASK)
    assert done.returncode != 0
    assert b"had it" not in done.stdout


@pytest.mark.parametrize("number", [9, 11, 15])
def test_a_task_that_is_killed_is_no_answer(end: End, number: int) -> None:
    done = end.play(f"import os; print('answer', flush=True); os.kill(os.getpid(), {number})", TASK)
    assert done.returncode in (-number, 128 + number)
    assert end.left() == []


def test_a_task_reaches_nobody_and_cannot_write_its_files(end: End, tmp_path: Path) -> None:
    file = tmp_path / "extract"
    file.write_bytes(b"rows")
    file.chmod(0o444)
    program = """
import os, socket
def can(what):
    try: what(); return True
    except OSError: return False
reached = {
    "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line] != ["lo"],
    "names": can(lambda: socket.getaddrinfo("example.invalid", 443)),
    "token": os.path.exists("/var/run/secrets"),
    "root": can(lambda: open("/here", "w")),
    "written": can(lambda: open("/data/extract", "ab")),
    "became root": can(lambda: os.setuid(0)),
}
print(sorted(name for name, did in reached.items() if did))
"""
    done = end.play(program, replace(TASK, files=(Bind(file, "/data/extract"),)))
    assert done.stdout == b"[]\n"


@pytest.fixture
def job(tmp_path: Path) -> tuple[Job, list[Bind]]:
    """What the evaluator itself is given: 40 people in two regions, and a question about them."""
    extract = tmp_path / "survey.parquet"
    regions = ["north", "south"] * 20
    people = np.arange(1, 41)
    parquet.write_table(pa.table({"person_id": people, "region": regions}), extract)
    extract.chmod(0o444)
    source = Source("survey", Path("/data/survey.parquet"), ("person_id",), columns_known=True)
    query = {"statistic": "frequency", "by": ["region"]}
    known = np.sort(keys_of_numbers(people))
    walk = Crosswalk("person_id", known, np.arange(1, 41, dtype=np.uint64))
    job = Job(query, RiskAppetite(), ReleaseRoute(), [source], Memory.empty(), {"person_id": walk})
    return job, [Bind(extract, "/data/survey.parquet")]


def test_an_evaluation_is_the_same_anywhere(end: End, job: tuple[Job, list[Bind]]) -> None:
    found = judge(end.place, *job)
    assert [list(row) for row in found.table.rows][:2] == [["north", 20], ["south", 20]]
    assert found.verdict.value == "pass"
    assert end.left() == []


def test_a_query_that_is_wrong_is_refused_in_the_evaluators_words(end: End, job: tuple[Job, list[Bind]]) -> None:
    asked, binds = job
    with pytest.raises(BadInputError, match="colour"):
        judge(end.place, replace(asked, query={"statistic": "frequency", "by": ["colour"]}), binds)


def test_a_data_file_that_is_none_is_never_a_pass(end: End, job: tuple[Job, list[Bind]], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"PAR1 and then nothing")
    broken.chmod(0o444)
    with pytest.raises((BadInputError, UnavailableError)):
        judge(end.place, job[0], [Bind(broken, "/data/survey.parquet")])
