"""What only pods can do or suffer. No cluster here: the API of Kubernetes is simulated, and refuses what it and the
chart would refuse."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from jupyterhub.spawner import SpawnException
from tests.support.chart import Document
from tests.support.cluster_api import POD_ADDRESS
from tests.support.live_world import ALPHA
from tests.support.network_policies import End, Network
from tests.support.room_ends import Pods, hub_spawner
from traitlets.config import Config

from saferoom.hub.jupyter import kubernetes
from saferoom.hub.jupyter.cluster import Cluster, PodSettings
from saferoom.hub.jupyter.entitled import EntitledSpawner
from saferoom.hub.jupyter.pods import room_spec
from saferoom.hub.jupyter.room_terms import Room

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

TOKEN = "the-rooms-own-token"


def started(pods: Pods, c: Config | None = None) -> dict[str, Any]:
    """Start Ana's room and return its pod; `c` is what somebody else put into the configuration before."""

    async def case() -> None:
        if c is None:
            spawner: EntitledSpawner = pods.spawner("ana", ALPHA)
        else:
            kubernetes.rooms(c, pods.cluster(), pods.desk)
            spawner = hub_spawner(c, kubernetes.PodRoomSpawner, "ana", ALPHA)
        assert await spawner.start() == f"http://{POD_ADDRESS}:8888"

    pods.run(case)
    (pod,) = pods.api.posted
    return pod


def test_a_room_is_a_closed_pod_of_its_person_and_project(pods: Pods) -> None:
    pod = started(pods)
    assert pod["metadata"]["name"] == "room-ana--alpha"
    assert pod["metadata"]["labels"]["saferoom/project"] == "alpha"
    assert pod["metadata"]["labels"]["saferoom/person"] == "ana"
    spec = pod["spec"]
    (container,) = spec["containers"]
    assert "initContainers" not in spec
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["image"] == "registry.example.org/saferoom/room@sha256:" + f"{3:064}"
    told = pods.environment()
    assert told["JUPYTERHUB_API_URL"] == "http://10.0.0.81:8081/hub/api"
    assert told["SAFEROOM_AIRLOCK"] == "http://10.0.0.82:8001"
    assert told["JUPYTERHUB_SERVICE_URL"] == "http://0.0.0.0:8888/user/ana/alpha/"


def test_the_simulated_cluster_refuses_a_pod_with_another_projects_claim(
    pods: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: whoever took the hub over gives a room of alpha the extracts of beta."""

    def changed(*words: Any) -> dict[str, Any]:
        spec = room_spec(*words)
        spec["volumes"][0]["persistentVolumeClaim"]["claimName"] = "extracts-beta"
        return spec

    monkeypatch.setattr("saferoom.hub.jupyter.kubernetes.room_spec", changed)
    with pytest.raises(SpawnException, match="the cluster did not take it"):
        started(pods)
    assert pods.rooms() == []


def test_who_talks_to_a_room_as_the_chart_renders_it(pods: Pods, documents: list[Document]) -> None:
    network, pod = Network(documents), started(pods)
    room = End("room", "saferoom-rooms", pod["metadata"]["labels"])
    about = {"app.kubernetes.io/instance": "saferoom"}
    hubs = about | {"app.kubernetes.io/name": "jupyterhub"}
    hub = End("hub", "saferoom", hubs | {"app.kubernetes.io/component": "hub"})
    proxy = End("proxy", "saferoom", hubs | {"app.kubernetes.io/component": "proxy"})
    ours = about | {"app.kubernetes.io/name": "saferoom"}
    airlock = End("airlock", "saferoom", ours | {"app.kubernetes.io/component": "airlock"})
    neighbour = End("neighbour", "saferoom-rooms", pod["metadata"]["labels"] | {"saferoom/person": "ben"})
    assert network.allows(hub, room, 8888)
    assert network.allows(proxy, room, 8888)
    assert network.allows(room, hub, 8081)
    assert network.allows(room, airlock, 8001)
    assert not network.allows(room, airlock, 8000)
    for stranger in (airlock, neighbour, End("x", "elsewhere", {})):
        assert not network.allows(stranger, room, 8888)
        assert not network.allows(room, stranger, 8888)
    assert not network.allows(room, End("outside", address="192.0.2.1"), 443)
    assert not network.allows(room, End("names", "kube-system", {"k8s-app": "kube-dns"}), 53, "UDP")


def test_nothing_that_is_said_to_kubespawner_gets_into_a_room(pods: Pods) -> None:
    """The chart of JupyterHub sets KubeSpawner from its own values, which are not Saferoom's."""
    plain = started(pods)
    pods.api.pods.clear()
    pods.api.posted.clear()
    c = Config()
    c.KubeSpawner.image = "registry.example.org/other:latest"
    c.KubeSpawner.namespace = "default"
    c.KubeSpawner.volumes = [{"name": "host", "hostPath": {"path": "/"}}]
    c.KubeSpawner.volume_mounts = [{"name": "host", "mountPath": "/host"}]
    c.KubeSpawner.init_containers = [{"name": "x", "image": "x"}]
    c.KubeSpawner.extra_containers = [{"name": "x", "image": "x"}]
    c.KubeSpawner.extra_pod_config = {"hostNetwork": True}
    c.KubeSpawner.environment = {"SECRET": {"valueFrom": {"secretKeyRef": {"name": "x", "key": "x"}}}}
    c.KubeSpawner.service_account = "hub"
    c.KubeSpawner.privileged = True
    c.KubeSpawner.component_label = "singleuser-server"
    c.KubeSpawner.pod_name_template = "jupyter-{username}"
    c.KubeSpawner.modify_pod_hook = lambda *_: 1 / 0
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.profile_list = [{"display_name": "x", "kubespawner_override": {"privileged": True}}]
    assert started(pods, c) == plain


def test_a_dollar_sign_is_no_variable_of_kubernetes(pods: Pods, settings: Path) -> None:
    made = room_spec(Room("ana", ALPHA), PodSettings.read(settings), {"X": "$(SAFEROOM_PROJECT) $5"})
    assert made["containers"][0]["env"] == [{"name": "X", "value": "$$(SAFEROOM_PROJECT) $$5"}]


def test_a_full_cluster_says_so_and_the_log_has_no_token(
    pods: Pods, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("traitlets"), "handlers", [caplog.handler])
    pods.api.full = True
    with pytest.raises(SpawnException, match="finds the reason in the hub's log"):
        started(pods)
    assert pods.rooms() == []
    assert TOKEN in json.dumps(pods.api.posted)
    assert "exceeded quota" in caplog.text
    assert TOKEN not in caplog.text


def test_a_project_without_storage_is_told_whom_to_ask(pods: Pods, settings: Path, tmp_path: Path) -> None:
    said = json.loads(settings.read_text())
    (tmp_path / "rooms.json").write_text(json.dumps(said | {"projects": ["beta"]}))
    pods.settings = tmp_path / "rooms.json"
    with pytest.raises(SpawnException, match="project alpha has no storage on this cluster"):
        started(pods)
    assert pods.api.posted == []


def test_a_project_that_is_added_later_needs_no_new_hub(pods: Pods, settings: Path, tmp_path: Path) -> None:
    said = json.loads(settings.read_text())
    pods.settings = tmp_path / "rooms.json"
    pods.settings.write_text(json.dumps(said | {"projects": ["beta"]}))

    async def case() -> str:
        spawner = pods.spawner("ana", ALPHA)
        pods.settings.write_text(json.dumps(said))
        return await spawner.start()

    assert pods.run(case).startswith("http://")


def test_the_cluster_can_be_copied_with_the_configuration(pods: Pods) -> None:
    assert copy.deepcopy(pods.cluster()) == pods.cluster() == Cluster(pods.settings, pods.cluster().doors)
