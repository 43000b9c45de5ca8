"""What the chart says to the airlock about pods of tasks, and what it lets the airlock do with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest
from tests.support.chart import Document, of_kind, pods

from saferoom.hub.evaluator.places import VARIABLE
from saferoom.hub.evaluator.pods.inside import PROGRAMS
from saferoom.hub.evaluator.pods.settings import ROOMS, PodPlace

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]


def test_the_airlock_makes_and_ends_pods_of_tasks_in_their_namespace_and_no_more(documents: Sequence[Document]) -> None:
    (role,) = [one for one in of_kind(documents, "Role") if one["metadata"]["name"] == "airlock"]
    assert role["metadata"]["namespace"] == "saferoom-rooms"
    found = {tuple(rule["resources"]): set(rule["verbs"]) for rule in role["rules"]}
    # Attaching over a websocket is a "get" of old, and a "create" since Kubernetes 1.35.
    assert found == {
        ("podtemplates",): {"get"},
        ("pods",): {"get", "list", "create", "delete"},
        ("pods/attach",): {"get", "create"},
    }
    bound = {one["metadata"]["namespace"] for one in of_kind(documents, "RoleBinding") if _binds_the_airlock(one)}
    assert bound == {"saferoom-rooms"}


def _binds_the_airlock(binding: Document) -> bool:
    return any(who["name"] == "airlock" for who in binding["subjects"])


def test_the_chart_gives_what_the_airlock_reads_about_tasks(documents: Sequence[Document], tmp_path: Path) -> None:
    pod = next(pod for pod in pods(documents) if pod.name == "airlock")
    (container,) = pod.spec["containers"]
    told = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    assert told[VARIABLE] == "pods"
    file = PurePosixPath(told[ROOMS])
    (mount,) = [one for one in container["volumeMounts"] if one["mountPath"] == str(file.parent)]
    (volume,) = [one for one in pod.spec["volumes"] if one["name"] == mount["name"]]
    (settings,) = [one for one in of_kind(documents, "ConfigMap") if one["metadata"]["name"] == "saferoom-rooms"]
    assert volume["configMap"] == {"name": "saferoom-rooms"}
    read = tmp_path / file.name
    read.write_text(settings["data"][file.name])
    found = PodPlace.from_environment({**told, ROOMS: str(read)})
    assert (found.namespace, found.instance) == ("saferoom-rooms", "saferoom")
    claims = {one["metadata"]["name"] for one in of_kind(documents, "PersistentVolumeClaim")}
    assert {f"extracts-{name}" for name in found.projects} <= claims
    (quota,) = [one for one in of_kind(documents, "ResourceQuota") if one["metadata"]["name"] == "rooms"]
    assert int(quota["spec"]["hard"]["pods"]) > found.most


def test_templates_run_what_the_image_knows_and_end_by_themselves(documents: Sequence[Document]) -> None:
    found = {pod.name: pod.spec for pod in pods(documents) if pod.kind == "PodTemplate"}
    assert set(found) == set(PROGRAMS)
    for name, spec in found.items():
        (container,) = spec["containers"]
        assert container["name"] == name
        assert container["command"] == ["python", "-P", "-m", "saferoom.hub.evaluator.pods.inside", name]
        assert (container["stdin"], container["stdinOnce"]) == (True, True)
        assert spec["restartPolicy"] == "Never"
        assert spec["activeDeadlineSeconds"] > 0
