"""Tasks in pods where the cluster has no place, does not answer, loses a pod, or the airlock dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes_asyncio.client import Configuration
from tests.support.bad_days import until
from tests.support.chart import Document, of_kind
from tests.support.task_ends import REAL, SETTINGS, PodEnd

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.evaluator.places import Sandboxes, Task, place_of
from saferoom.hub.evaluator.pods import settings
from saferoom.hub.evaluator.pods.cluster import in_cluster
from saferoom.hub.evaluator.pods.place import Pods
from saferoom.hub.home import Home

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]
TASK = Task("evaluator", REAL, b"", 30.0)
TOLD = {
    "SAFEROOM_EVALUATIONS": "pods",
    settings.NAMESPACE: "saferoom-rooms",
    settings.INSTANCE: "saferoom",
    settings.MOST: "8",
    settings.START: "60",
}
LONG = "import time; print('began', flush=True); time.sleep(300)"
"""A task that takes its time."""


def test_a_pod_is_of_the_template_with_nothing_of_the_task_in_it(pods: PodEnd) -> None:
    pods.play("print(1)", TASK)
    (posted,) = pods.api.posted
    template = pods.api.templates["evaluator"]["template"]
    assert posted["spec"] == template["spec"]
    assert posted["metadata"]["labels"] == template["metadata"]["labels"]
    assert posted["metadata"]["name"].startswith("evaluation-")


def test_a_cluster_that_is_full_judges_nothing(pods: PodEnd) -> None:
    pods.api.full = True
    with pytest.raises(UnavailableError, match="does not take an evaluation now"):
        pods.place.run(TASK)
    assert pods.left() == []


def test_a_pod_that_gets_no_place_is_given_up(pods: PodEnd) -> None:
    pods.api.runs = False
    hasty = Pods(replace(SETTINGS, start_seconds=1), pods.place.reached)
    with pytest.raises(UnavailableError, match="no place for an evaluation"):
        hasty.run(TASK)
    assert pods.left() == []


def test_an_api_that_is_not_there_judges_nothing(pods: PodEnd) -> None:
    nowhere = Pods(SETTINGS, lambda: Configuration(host="http://127.0.0.1:1"))
    with pytest.raises(UnavailableError, match="does not answer as it should"):
        nowhere.run(TASK)
    with pytest.raises(UnavailableError, match="does not answer as it should"):
        nowhere.tidy()


def test_a_template_that_is_missing_judges_nothing(pods: PodEnd) -> None:
    pods.api.templates.clear()
    with pytest.raises(UnavailableError, match="does not answer as it should"):
        pods.place.run(TASK)


def test_a_pod_is_deleted_in_the_end_even_if_not_at_once(pods: PodEnd) -> None:
    pods.api.fails = 2
    assert pods.play("print(1)", TASK).stdout == b"1\n"
    assert pods.left() == []


def test_a_pod_that_could_not_be_deleted_ended_by_itself_and_is_tidied_away(pods: PodEnd) -> None:
    pods.api.fails = 100
    assert pods.play("print(1)", TASK).stdout == b"1\n"
    (name,) = pods.api.pods
    until(lambda: pods.api.tasks.started[name].process.poll() == 0)
    pods.api.fails = 0
    pods.place.tidy()
    assert pods.left() == []


def test_tidying_leaves_what_is_under_way_and_what_is_no_task(pods: PodEnd) -> None:
    room = {"metadata": {"name": "room-ada--x", "labels": {"app.kubernetes.io/component": "room"}}}
    pods.api.pods["room-ada--x"] = room
    seen: list[bool] = []

    def tidy() -> None:
        until(lambda: len(pods.api.pods) == 2)
        pods.place.tidy()
        seen.append(len(pods.api.pods) == 2)

    thread = threading.Thread(target=tidy)
    thread.start()
    assert pods.play("import time; time.sleep(3); print(1)", TASK).stdout == b"1\n"
    thread.join()
    assert seen == [True]
    assert set(pods.api.pods) == {"room-ada--x"}
    del pods.api.pods["room-ada--x"]


_AIRLOCK = """
import sys
from kubernetes_asyncio.client import Configuration
from tests.support.task_ends import REAL, SETTINGS
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.place import Pods
Pods(SETTINGS, lambda: Configuration(host=sys.argv[1])).run(Task("evaluator", REAL, b"", 300.0))
"""


def test_an_airlock_that_is_killed_leaves_nothing_for_long(pods: PodEnd) -> None:
    """The pod ends as soon as nobody is attached; the next airlock has it taken away."""
    pods.api.tasks.program = LONG
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    airlock = subprocess.Popen([sys.executable, "-P", "-c", _AIRLOCK, pods.api.url], env=environment)
    try:
        until(lambda: len(pods.api.tasks.started) == 1)
        (container,) = pods.api.tasks.started.values()
        time.sleep(2)
        assert container.process.poll() is None
    finally:
        airlock.send_signal(signal.SIGKILL)
        airlock.wait()
    until(lambda: container.process.poll() is not None)
    assert len(pods.api.pods) == 1
    pods.place.tidy()
    assert pods.left() == []


def test_a_machine_without_the_setting_has_sandboxes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert place_of(home, {}) == Sandboxes(home)
    assert place_of(home, {"SAFEROOM_EVALUATIONS": "sandboxes"}) == Sandboxes(home)


@pytest.fixture
def told(documents: list[Document], tmp_path: Path) -> dict[str, str]:
    """What the chart tells the airlock."""
    (found,) = [one for one in of_kind(documents, "ConfigMap") if one["metadata"]["name"] == "saferoom-rooms"]
    file = tmp_path / "rooms.json"
    file.write_text(found["data"]["rooms.json"])
    return {**TOLD, settings.ROOMS: str(file)}


def test_the_chart_says_where_pods_are(told: dict[str, str], tmp_path: Path) -> None:
    place: Any = place_of(Home(tmp_path), told)
    assert place.settings == settings.PodPlace("saferoom-rooms", "saferoom", 8, 60, tmp_path / "rooms.json")
    assert place.settings.projects == ["adult-survey", "lost-children"]
    assert place.at_once == 5


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SAFEROOM_EVALUATIONS", ["pod", "PODS", "none"]),
        (settings.NAMESPACE, ["", "Rooms", "a b", "-a", "../kube-system"]),
        (settings.INSTANCE, ["", "a,b", "x" * 64]),
        (settings.MOST, ["", "0", "-1", "1e3", "٣", "many"]),
        (settings.START, ["", "4", "1.5", "1000000"]),
        (settings.ROOMS, [""]),
    ],
)
def test_a_setting_that_is_wrong_or_missing_is_named(
    told: dict[str, str], tmp_path: Path, name: str, values: list[str]
) -> None:
    for value in values:
        with pytest.raises(UnavailableError, match=name):
            place_of(Home(tmp_path), {**told, name: value})
    if name != "SAFEROOM_EVALUATIONS":
        with pytest.raises(UnavailableError, match=name):
            place_of(Home(tmp_path), {key: value for key, value in told.items() if key != name})


def test_a_file_of_settings_that_is_wrong_is_named(told: dict[str, str], tmp_path: Path) -> None:
    for content in ("{}", "", "[]"):
        (tmp_path / "rooms.json").write_text(content)
        with pytest.raises(BadInputError, match=r"rooms\.json is not what the chart writes"):
            place_of(Home(tmp_path), told)


def test_an_airlock_with_a_wrong_setting_does_not_start(told: dict[str, str], tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "SAFEROOM_HOME": str(tmp_path / "home"),
        "JUPYTERHUB_API_TOKEN": "x",
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1",
        **told,
        settings.MOST: "none",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "saferoom.hub.web"], env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert settings.MOST in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_pods_outside_a_cluster_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(UnavailableError, match="cannot be started in pods"):
        in_cluster()
