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

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

ROOMS, PROJECT = "saferoom-rooms", "adult-survey"


@pytest.fixture(scope="module")
def rendered(chart: Chart) -> Sequence[Document]:
    return chart.documents("two-projects")


@pytest.fixture(scope="module")
def rules(rendered: Sequence[Document]) -> Rules:
    return Rules.named(rendered, f"{ROOMS}-pods")


def _template(documents: Sequence[Document], name: str, claim: dict[str, Any]) -> dict[str, Any]:
    """Return a pod of a template with a claim of the project added."""
    found = next(pod for pod in pods(documents) if pod.name == name)
    spec = copy.deepcopy(dict(found.spec))
    spec["volumes"] = [*spec.get("volumes", ()), {"name": "data", "persistentVolumeClaim": claim}]
    mount = {"name": "data", "mountPath": "/data", **({"readOnly": True} if claim.get("readOnly") else {})}
    spec["containers"][0]["volumeMounts"] = [*spec["containers"][0].get("volumeMounts", ()), mount]
    return {"metadata": {"name": "x", "labels": {**found.labels, "saferoom/project": PROJECT}}, "spec": spec}


def _room(documents: Sequence[Document]) -> dict[str, Any]:
    """Return a room, as the evaluator's template would be one."""
    pod = _template(documents, "evaluator", {"claimName": f"extracts-{PROJECT}", "readOnly": True})
    pod["metadata"]["labels"] |= {"app.kubernetes.io/component": "room", "saferoom/person": "ada"}
    pod["spec"] |= {"serviceAccountName": "room", "priorityClassName": "saferoom-rooms"}
    pod["spec"]["containers"][0]["image"] = "registry.example.org/saferoom/room@sha256:" + f"{3:064}"
    pod["spec"]["volumes"].append({"name": "workspace", "persistentVolumeClaim": {"claimName": f"workspace-{PROJECT}"}})
    return pod


def test_a_room_an_evaluation_and_a_delivery_as_they_are_made_are_taken(
    rules: Rules, rendered: Sequence[Document]
) -> None:
    assert rules.refusals(_room(rendered)) == []
    read = {"claimName": f"extracts-{PROJECT}", "readOnly": True}
    assert rules.refusals(_template(rendered, "evaluator", read)) == []
    assert rules.refusals(_template(rendered, "delivery", {"claimName": f"extracts-{PROJECT}"})) == []


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


def test_an_evaluation_gets_no_workspace(rules: Rules, rendered: Sequence[Document]) -> None:
    pod = _template(rendered, "evaluator", {"claimName": f"workspace-{PROJECT}"})
    assert any("own project" in sentence for sentence in rules.refusals(pod))


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
    assert len(policies) == 6
    for policy in policies:
        name = policy["metadata"]["name"]
        assert policy["spec"]["failurePolicy"] == "Fail"
        assert "Deny" in bound[name]["validationActions"]
        selector = bound[name]["matchResources"]["namespaceSelector"]["matchLabels"]
        assert selector == {"kubernetes.io/metadata.name": name.rpartition("-")[0]}
