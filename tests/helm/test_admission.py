"""What the cluster's API server refuses, whoever asks: the rendered rules are run on pods, by the official CEL runtime.

There is no cluster here. What the rules are given is what an API server gives them; that it asks them is Kubernetes'.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.support.admission import Rules, policy_named
from tests.support.chart import Chart, Document, of_kind, pods

from saferoom.hub.evaluator.pods.cluster import Shape

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

ROOMS, PROJECT = "saferoom-rooms", "adult-survey"


@pytest.fixture(scope="module")
def rendered(chart: Chart) -> Sequence[Document]:
    return chart.documents("two-projects")


@pytest.fixture(scope="module")
def rules(rendered: Sequence[Document]) -> Rules:
    return Rules.named(rendered, f"{ROOMS}-pods")


NAMES = {"evaluator": "evaluation-0123", "delivery": "delivery-0123"}


def _template(documents: Sequence[Document], name: str, claim: str = "") -> dict[str, Any]:
    """Return a pod of a template, as the airlock makes one."""
    found = next(pod for pod in pods(documents) if pod.name == name)
    labels = {"saferoom/project": PROJECT} if claim else {}
    spec = Shape(name, labels, claim).spec(copy.deepcopy(dict(found.spec)))
    return {"metadata": {"name": NAMES[name], "labels": {**found.labels, **labels}}, "spec": spec}


def _room(documents: Sequence[Document]) -> dict[str, Any]:
    """Return a room, as the evaluator's template would be one."""
    pod = _template(documents, "evaluator")
    pod["metadata"]["name"] = f"room-ada--{PROJECT}"
    pod["metadata"]["labels"] |= {
        "app.kubernetes.io/component": "room",
        "saferoom/person": "ada",
        "saferoom/project": PROJECT,
    }
    pod["spec"] |= {"serviceAccountName": "room", "priorityClassName": "saferoom-rooms"}
    pod["spec"]["containers"][0]["image"] = "registry.example.org/saferoom/room@sha256:" + f"{3:064}"
    extracts = {"claimName": f"extracts-{PROJECT}", "readOnly": True}
    pod["spec"]["volumes"] = [
        {"name": "data", "persistentVolumeClaim": extracts},
        {"name": "workspace", "persistentVolumeClaim": {"claimName": f"workspace-{PROJECT}"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    return pod


def test_a_room_an_evaluation_and_a_delivery_as_they_are_made_are_taken(
    rules: Rules, rendered: Sequence[Document]
) -> None:
    assert rules.refusals(_room(rendered)) == []
    assert rules.refusals(_template(rendered, "evaluator")) == []
    assert rules.refusals(_template(rendered, "delivery", f"extracts-{PROJECT}")) == []


def _spec(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["spec"].update(changes)


def _container(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["spec"]["containers"][0].update(changes)


def _volume(**volume: Any) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["spec"]["volumes"].append({"name": "x", **volume})


def _labels(**changes: str) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["metadata"]["labels"].update(
        {name.replace("__", "/"): value for name, value in changes.items()}
    )


def _writable(pod: dict[str, Any]) -> None:
    for volume in pod["spec"]["volumes"]:
        volume.get("persistentVolumeClaim", {}).pop("readOnly", None)


def _beside(pod: dict[str, Any]) -> None:
    pod["spec"]["initContainers"] = [{"name": "x", "image": "registry.example.org/other@sha256:" + "0" * 64}]


ATTACKS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another projects extracts": (
        _volume(persistentVolumeClaim={"claimName": "extracts-lost-children", "readOnly": True}),
        "own project",
    ),
    "another projects workspace": (
        _volume(persistentVolumeClaim={"claimName": "workspace-lost-children"}),
        "own project",
    ),
    "a project whose name is another's claim": (_labels(saferoom__project="lost-children"), "own project"),
    "extracts that can be written": (_writable, "read-only"),
    "a Secret": (_volume(secret={"secretName": "registry"}), "only the project's claims"),
    "a Secret among others": (
        _volume(projected={"sources": [{"secret": {"name": "registry"}}]}),
        "only the project's claims",
    ),
    "the host's disk": (_volume(hostPath={"path": "/"}), "only the project's claims"),
    "a Secret in the environment": (
        _container(env=[{"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "x"}}}]),
        "nothing comes from a Secret",
    ),
    "all of a Secret in the environment": (
        _container(envFrom=[{"secretRef": {"name": "x"}}]),
        "nothing comes from a Secret",
    ),
    "a token": (_spec(automountServiceAccountToken=True), "no service-account token"),
    "another account": (_spec(serviceAccountName="delivery"), "its own account"),
    "names": (_spec(dnsPolicy="ClusterFirst"), "look up no names"),
    "a writable root": (_container(securityContext={"readOnlyRootFilesystem": False}), "read-only root"),
    "no security context": (_container(securityContext={}), "read-only root"),
    "no limits": (_container(resources={}), "limits"),
    "another image": (_container(image="registry.example.org/other@sha256:" + "0" * 64), "images of this release"),
    "the image by tag": (_container(image="registry.example.org/saferoom/room:latest"), "images of this release"),
    "a container before it": (_beside, "images of this release"),
    "a container added later": (_spec(ephemeralContainers=[{"name": "debug"}]), "running pod"),
    "as important as the airlock": (_spec(priorityClassName="saferoom-airlock"), "outlives the airlock"),
    "nobody's": (_labels(saferoom__person=""), "one person"),
    "no project's": (_labels(saferoom__project=""), "one project"),
    "something else": (_labels(**{"app.kubernetes.io__component": "hub"}), "a room, an evaluator or a delivery"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_pods_of_another_shape_are_refused(rules: Rules, rendered: Sequence[Document], attack: str) -> None:
    change, word = ATTACKS[attack]
    pod = _room(rendered)
    change(pod)
    said = rules.refusals(pod)
    assert any(word in sentence for sentence in said), said


def _mounted(claim: str, *, written: bool = False) -> Callable[[dict[str, Any]], None]:
    return _volume(persistentVolumeClaim={"claimName": claim, **({} if written else {"readOnly": True})})


def _called(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["metadata"].update(name=name)


OF_TASKS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another projects extracts": (_mounted("extracts-lost-children"), "own project"),
    "another projects extracts to write": (_mounted("extracts-lost-children", written=True), "own project"),
    "another project by its label": (_labels(saferoom__project="lost-children"), "own project"),
    "a workspace": (_mounted(f"workspace-{PROJECT}"), "own project"),
    "a Secret": (_volume(secret={"secretName": "registry"}), "only the project's claims"),
    "a token among the volumes": (
        _volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
        "only the project's claims",
    ),
    "a token": (_spec(automountServiceAccountToken=True), "no service-account token"),
    "another image": (_container(image="registry.example.org/other@sha256:" + "0" * 64), "images of this release"),
    "the rooms' image": (_container(image=f"registry.example.org/saferoom/room@sha256:{3:064}"), "images of this"),
    "another program": (_container(command=["sh", "-c", "cat /data/*"]), "their own program"),
    "the image's own program": (lambda pod: pod["spec"]["containers"][0].pop("command"), "their own program"),
    "more words": (_container(args=["x"]), "their own program"),
    "an environment": (_container(env=[{"name": "PYTHONPATH", "value": "/data"}]), "their own program"),
    "a second container": (_beside, "their own program"),
    "a hook": (_container(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}), "no hooks, no probes"),
    "a probe": (_container(livenessProbe={"exec": {"command": ["sh"]}}), "no hooks, no probes"),
    "a room's name": (_called("room-ada--adult-survey"), "name says what it is"),
    "as important as the airlock": (_spec(priorityClassName="saferoom-airlock"), "outlives the airlock"),
    "another account": (_spec(serviceAccountName="room"), "its own account"),
}


@pytest.mark.parametrize("attack", OF_TASKS)
@pytest.mark.parametrize("part", ["evaluator", "delivery"])
def test_tasks_of_another_shape_are_refused(rules: Rules, rendered: Sequence[Document], part: str, attack: str) -> None:
    change, word = OF_TASKS[attack]
    pod = _template(rendered, part, f"extracts-{PROJECT}" if part == "delivery" else "")
    change(pod)
    said = rules.refusals(pod)
    if (part, attack) == ("evaluator", "another project by its label"):
        assert said == []  # it mounts nothing, whatever it is called
    else:
        assert any(word in sentence for sentence in said), said


def test_an_evaluation_mounts_no_claim_and_a_delivery_runs_no_evaluation(
    rules: Rules, rendered: Sequence[Document]
) -> None:
    assert rules.refusals(_template(rendered, "evaluator", f"extracts-{PROJECT}")) == [
        "an evaluation mounts scratch alone",
        "extracts are mounted read-only",
    ]
    pod = _template(rendered, "delivery", f"extracts-{PROJECT}")
    pod["spec"]["containers"][0]["command"][-1] = "evaluator"
    assert rules.refusals(pod) == ["evaluations and deliveries run their own program alone"]


@pytest.mark.parametrize("zone", ["linker", "provisioner"])
def test_a_zone_runs_its_own_process_alone(rendered: Sequence[Document], zone: str) -> None:
    rules = Rules.named(rendered, f"saferoom-{zone}-pods")
    found = next(pod for pod in pods(rendered) if pod.name == zone)
    pod: dict[str, Any] = {"metadata": {"labels": dict(found.labels)}, "spec": copy.deepcopy(dict(found.spec))}
    assert rules.refusals(pod) == []
    pod["spec"]["containers"][0]["command"] = ["sh", "-c", "cat /zone/*"]
    assert rules.refusals(pod) == ["a zone runs its own process alone"]


def test_nobody_enters_from_outside(rendered: Sequence[Document]) -> None:
    for name in (ROOMS, "saferoom-linker", "saferoom-provisioner"):
        policy = policy_named(rendered, f"{name}-doors")
        rule = policy["spec"]["matchConstraints"]["resourceRules"][0]
        assert rule["operations"] == ["CONNECT"]
        assert {"pods/exec", "pods/portforward"} <= set(rule["resources"])
        assert Rules(policy).refusals({}) == ["nobody enters the pods of this namespace from outside"]


def test_every_policy_is_bound_to_its_namespace_and_denies(rendered: Sequence[Document]) -> None:
    bound = {one["spec"]["policyName"]: one["spec"] for one in of_kind(rendered, "ValidatingAdmissionPolicyBinding")}
    policies = of_kind(rendered, "ValidatingAdmissionPolicy")
    assert len(policies) == 7
    for policy in policies:
        name = policy["metadata"]["name"]
        assert policy["spec"]["failurePolicy"] == "Fail"
        assert "Deny" in bound[name]["validationActions"]
        selector = bound[name]["matchResources"]["namespaceSelector"]["matchLabels"]
        assert selector == {"kubernetes.io/metadata.name": name.rpartition("-")[0]}
