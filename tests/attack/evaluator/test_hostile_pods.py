"""What if what runs in an evaluation's pod is taken over, or the node, or the cluster's API answers otherwise.

The cluster is simulated (`tests/support/task_cluster.py`): a pod is a process in a sandbox.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.task_cluster import TaskApi
from tests.support.task_ends import REAL, PodEnd

from saferoom.errors import UnavailableError
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.handing import LENGTH, sealed_answer
from saferoom.hub.sandbox import Bind, Completed, Limits
from saferoom.hub.store.cipher import AtRest

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

PAY = b"pay-of-person-4711"
TASK = Task("evaluator", REAL, b"task with " + PAY, 30.0, (), Limits(file_bytes=8 << 20))
_SAY = """
import sys
sys.stdin.buffer.read(20)
sys.stdout.buffer.write({what})
sys.stdout.flush()
sys.stdin.buffer.read()
"""


def _node_says(pods: PodEnd, what: bytes | str) -> None:
    """Let the image hold a program that says `what`, and then waits."""
    said = what if isinstance(what, str) else repr(what)
    pods.api.tasks.instead = [sys.executable, "-P", "-c", _SAY.format(what=said)]


def test_what_a_node_keeps_of_a_pod_tells_nothing(pods: PodEnd, tmp_path: Path) -> None:
    """Nodes write what containers say to their disks, and a cluster's logging collects it."""
    file = tmp_path / "extract"
    file.write_bytes(b"rows with " + PAY)
    file.chmod(0o444)
    program = """
import sys
data = open("/data/extract", "rb").read() + sys.stdin.buffer.read()
sys.stdout.buffer.write(data); sys.stderr.buffer.write(data)
sys.exit(3)
"""
    done = pods.play(program, replace(TASK, files=(Bind(file, "/data/extract"),)))
    assert PAY in done.stdout
    assert PAY in done.stderr
    (container,) = pods.api.tasks.started.values()
    assert len(container.log) > len(PAY)
    assert PAY not in container.log


def test_a_task_that_was_taken_over_does_not_get_at_what_its_pod_says(pods: PodEnd) -> None:
    """It has the same user id as the process that started it, which has the key and the pod's output."""
    program = f"""
import os
reached = []
for number in [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]:
    for place in ("fd/0", "fd/1", "fd/2", "mem", "environ"):
        try:
            with open(f"/proc/{{number}}/{{place}}", "r+b" if place == "fd/1" else "rb", buffering=0) as file:
                if place == "fd/1":
                    file.write({PAY!r})
                reached.append(place)
        except OSError:
            pass
print(reached, os.path.exists("/proc/1/fd"))
"""
    done = pods.play(program, TASK)
    assert done.stdout == b"[] True\n"
    (container,) = pods.api.tasks.started.values()
    assert PAY not in container.log


@pytest.mark.parametrize(
    "said",
    [
        sealed_answer(Completed(b'{"evaluation": "pass"}', 0), AtRest(b"k" * 32)),
        LENGTH.pack(40) + b"x" * 40,
        LENGTH.pack(1) + b"x",
    ],
)
def test_an_answer_that_was_not_sealed_with_the_tasks_own_key_is_none(pods: PodEnd, said: bytes) -> None:
    _node_says(pods, said)
    with pytest.raises(UnavailableError, match="damaged; nothing was judged"):
        pods.place.run(TASK)
    assert pods.left() == []


@pytest.mark.parametrize("said", [LENGTH.pack(0), LENGTH.pack(1 << 62), LENGTH.pack(4) + b"x" * 400, b"\xff" * 4096])
def test_an_answer_of_another_length_than_it_says_or_may_have_ends_the_pod(pods: PodEnd, said: bytes) -> None:
    _node_says(pods, said)
    done = pods.place.run(TASK)
    assert done.returncode != 0
    assert done.stdout == b""
    assert pods.left() == []


def test_a_pod_that_talks_without_end_is_ended(pods: PodEnd) -> None:
    """Its length is within what it may say; what follows is not."""
    _node_says(pods, f"{LENGTH.pack(9 << 20)!r} + b'x' * (64 << 20)")
    done = pods.place.run(TASK)
    assert done.returncode != 0
    assert pods.left() == []


def test_a_pod_that_says_nothing_is_ended_when_its_time_is_over(pods: PodEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.hub.evaluator.pods.place._HANDING_SECONDS", 1.0)
    _node_says(pods, b"")
    done = pods.place.run(replace(TASK, seconds=1.0))
    assert done.timed_out
    assert done.stdout == b""
    assert pods.left() == []


@pytest.mark.parametrize(("reason", "code"), [("Error", 1), ("OOMKilled", 137)])
def test_a_pod_that_ends_without_an_answer_gave_none(pods: PodEnd, reason: str, code: int) -> None:
    pods.api.ends_with = reason
    pods.api.tasks.instead = [sys.executable, "-P", "-c", "import sys; sys.stdin.buffer.read(20); sys.exit(137)"]
    assert pods.place.run(TASK) == Completed(b"", code)
    assert pods.left() == []


def test_a_pod_does_what_it_is_for_and_nothing_else(pods: PodEnd) -> None:
    """The program comes from a list in the image, whatever the airlock asks for."""
    for words in (
        ("-c", "print(1)"),
        ("-P", "-m", "http.server"),
        ("-P", "-m", "saferoom.hub.deliveries.settling"),
        (),
    ):
        done = pods.place.run(replace(TASK, command=(sys.executable, *words)))
        assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("place", ["/etc/passwd", "/data", "/data/../etc/x", "data/x", "/datax/y", ""])
def test_files_go_nowhere_but_below_their_folder(pods: PodEnd, tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    done = pods.place.run(replace(TASK, files=(Bind(file, place),)))
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("spoken", [(), ("v4.channel.k8s.io",)])
def test_an_api_of_another_version_is_not_used(pods: PodEnd, spoken: tuple[str, ...]) -> None:
    pods.api.protocols = spoken
    with pytest.raises(UnavailableError, match="does not know v5"):
        pods.place.run(TASK)
    assert pods.left() == []


@pytest.mark.parametrize(
    ("who", "name", "taken"),
    [
        ("system:serviceaccount:saferoom:airlock", "evaluation-1", True),
        ("system:serviceaccount:saferoom:airlock", "delivery-1", True),
        ("system:serviceaccount:saferoom:airlock", "room-ada--adult-survey", False),
        ("system:serviceaccount:saferoom:hub", "evaluation-1", False),
        ("kubernetes-admin", "evaluation-1", False),
        ("kubernetes-admin", "room-ada--adult-survey", False),
    ],
)
def test_the_airlock_alone_attaches_and_never_to_a_room(api: TaskApi, who: str, name: str, taken: bool) -> None:
    refusals = api.doors.refusals({}, request={"name": name, "userInfo": {"username": who}})
    assert (refusals == []) is taken


def test_somebody_elses_attaching_is_refused_by_the_cluster(pods: PodEnd) -> None:
    pods.api.asks = "system:serviceaccount:saferoom:hub"
    with pytest.raises(UnavailableError, match="does not let the airlock attach"):
        pods.place.run(TASK)
    assert pods.left() == []
