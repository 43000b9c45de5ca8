"""What every pod may do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from tests.support.chart import Chart, Document, of_kind, pods

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

WITH_A_TOKEN = {"hub", "airlock"}
"""They start pods; everybody else has nothing to say to the cluster."""


def test_tables_are_brought_up_by_what_has_no_keys(documents: Sequence[Document]) -> None:
    airlock = next(pod for pod in pods(documents) if pod.name == "airlock")
    tables = airlock.spec["initContainers"][0]
    assert tables["command"] == ["saferoom", "admin", "database", "--upgrade", "--service-role", "$(SERVICE_ROLE)"]
    assert {one["name"] for one in tables["volumeMounts"]} == {"tmp", "database-ca"}


def test_every_pod_is_restricted(documents: Sequence[Document]) -> None:
    """Pod Security Standards, "restricted", and a read-only root besides."""
    for pod in pods(documents):
        assert not any(pod.spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")), pod.name
        whole = pod.spec.get("securityContext", {})
        for container in pod.containers:
            own = {**whole, **container.get("securityContext", {})}
            assert own["allowPrivilegeEscalation"] is False, pod.name
            assert not own.get("privileged"), pod.name
            assert own["readOnlyRootFilesystem"] is True, pod.name
            assert own["runAsNonRoot"] is True, pod.name
            assert own.get("runAsUser", 1) != 0, pod.name
            assert own["capabilities"] == {"drop": ["ALL"]}, pod.name
            assert own["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
            assert not any("hostPort" in port for port in container.get("ports", ())), pod.name


def test_the_airlock_is_ready_when_its_parts_are_and_lives_when_it_answers(documents: Sequence[Document]) -> None:
    """A lost database must take nobody to it, and must not restart what only waits for it."""
    airlock = next(pod for pod in pods(documents) if pod.name == "airlock").spec["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in airlock["ports"]}
    assert airlock["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "metrics"}
    assert airlock["livenessProbe"]["httpGet"] == {"path": "/services/airlock/health", "port": "pages"}
    settings = {one["name"]: one.get("value") for one in airlock["env"]}
    assert settings["SAFEROOM_METRICS_PORT"] == str(ports["metrics"])
    assert settings["SAFEROOM_ROOMS_PORT"] == str(ports["rooms"])
    assert settings["SAFEROOM_RECORDER_PORT"] == str(ports["recorder"])
    assert settings["SAFEROOM_LOG_FORMAT"] == "json"


def test_the_proxy_hands_inputs_to_the_recorder_by_a_secret_of_these_two(
    documents: Sequence[Document],
) -> None:
    told = {pod.name: {one["name"]: one for one in pod.spec["containers"][0].get("env", ())} for pod in pods(documents)}
    port = told["airlock"]["SAFEROOM_RECORDER_PORT"]["value"]
    assert told["proxy"]["SAFEROOM_RECORDER"]["value"] == f"http://airlock:{port}"
    (service,) = [one for one in of_kind(documents, "Service") if one["metadata"]["name"] == "airlock"]
    assert int(port) in {one["port"] for one in service["spec"]["ports"]}
    secrets = {
        name: one["SAFEROOM_RECORDER_SECRET"]["valueFrom"]["secretKeyRef"]
        for name, one in told.items()
        if "SAFEROOM_RECORDER_SECRET" in one
    }
    assert secrets == {name: {"name": "saferoom-recorder", "key": "secret"} for name in ("airlock", "proxy")}


def test_every_container_has_limits(documents: Sequence[Document]) -> None:
    for pod in pods(documents):
        for container in pod.containers:
            assert {"cpu", "memory"} <= set(container["resources"]["limits"]), pod.name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), pod.name
        for volume in pod.spec.get("volumes", ()):
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], pod.name


def test_nobody_else_has_a_service_account_token(documents: Sequence[Document]) -> None:
    accounts = {
        (one["metadata"].get("namespace", "saferoom"), one["metadata"]["name"]): one.get(
            "automountServiceAccountToken", True
        )
        for one in of_kind(documents, "ServiceAccount")
    }
    for pod in pods(documents):
        account = (pod.namespace, pod.spec.get("serviceAccountName", "default"))
        mounted = pod.spec.get("automountServiceAccountToken", accounts.get(account, True))
        assert mounted == (pod.name in WITH_A_TOKEN), pod.name


def test_whoever_is_closed_looks_up_no_names(documents: Sequence[Document]) -> None:
    for pod in pods(documents):
        if pod.name not in {"hub", "airlock", "proxy"}:
            assert pod.spec["dnsPolicy"] == "None", pod.name
            assert pod.spec["dnsConfig"] == {"nameservers": ["127.0.0.1"]}, pod.name


def test_the_airlock_outlives_everybody(documents: Sequence[Document]) -> None:
    value = {one["metadata"]["name"]: one["value"] for one in of_kind(documents, "PriorityClass")}
    of = {pod.name: value[pod.spec["priorityClassName"]] for pod in pods(documents)}
    room = value["saferoom-rooms"]
    assert of["airlock"] > of["hub"] == of["proxy"] > of["evaluator"] == of["linker"] > room
    budgets = {
        one["metadata"]["name"]: one["spec"]["minAvailable"] for one in of_kind(documents, "PodDisruptionBudget")
    }
    assert {"airlock": 1, "hub": 1, "proxy": 1}.items() <= budgets.items()


def test_roles_have_no_wildcard_and_read_no_secret(documents: Sequence[Document]) -> None:
    assert of_kind(documents, "ClusterRole", "ClusterRoleBinding") == []
    for role in of_kind(documents, "Role"):
        for rule in role["rules"]:
            words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            assert not any("*" in word for word in words), role["metadata"]["name"]
            forbidden = {
                "secrets",
                "pods/exec",
                "pods/portforward",
                "pods/ephemeralcontainers",
                "roles",
                "serviceaccounts/token",
            }
            assert not forbidden & set(rule["resources"]), role["metadata"]["name"]
            assert not {"escalate", "bind", "impersonate", "update", "patch"} & set(rule["verbs"])


def test_who_is_bound_to_what_is_the_table(documents: Sequence[Document]) -> None:
    for one in of_kind(documents, "RoleBinding"):
        subjects = {(who["kind"], who["name"]) for who in one["subjects"]}
        name = one["metadata"]["name"]
        if name == "operator":
            assert all(kind == "Group" for kind, _ in subjects)
        else:
            assert subjects == {("ServiceAccount", name)}
            assert one["metadata"]["namespace"] == "saferoom-rooms"


def _literals(documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    for one in of_kind(documents, "ConfigMap"):
        yield from ((f"{one['metadata']['name']}/{key}", str(value)) for key, value in one.get("data", {}).items())
    for pod in pods(documents):
        for container in pod.containers:
            for variable in container.get("env", ()):
                yield f"{pod.name}/{variable['name']}", str(variable.get("value", ""))


def test_no_secret_is_in_settings_or_written_into_an_environment(documents: Sequence[Document]) -> None:
    """Neither by its name, nor by its look, nor any that the chart itself drew."""
    drawn = {value for one in of_kind(documents, "Secret") for value in one.get("data", {}).values() if len(value) > 20}
    for place, value in _literals(documents):
        if "/" in place and re.search(r"(PASSWORD|SECRET|TOKEN)$", place):
            assert value == "", place
        assert "PRIVATE KEY" not in value, place
        assert not re.search(r"://[^/@\s]*:[^/@\s]+@", value), place
        assert not any(secret in value for secret in drawn), place


def test_images_are_named_by_digest(documents: Sequence[Document]) -> None:
    for pod in pods(documents):
        for container in pod.containers:
            assert re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", container["image"]), pod.name


def test_namespaces_enforce_the_restricted_standard(documents: Sequence[Document]) -> None:
    found = of_kind(documents, "Namespace")
    assert len(found) == 3
    for one in found:
        assert one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_each_project_has_claims_of_its_own(chart: Chart) -> None:
    documents = chart.documents("two-projects")
    found = {
        one["metadata"]["name"]: one["metadata"]["labels"].get("saferoom/project")
        for one in of_kind(documents, "PersistentVolumeClaim")
        if one["metadata"].get("namespace") == "saferoom-rooms"
    }
    assert found == {
        "extracts-adult-survey": "adult-survey",
        "workspace-adult-survey": "adult-survey",
        "extracts-lost-children": "lost-children",
        "workspace-lost-children": "lost-children",
    }


def test_what_would_be_lost_is_kept_when_the_release_goes(documents: Sequence[Document]) -> None:
    ours = [
        one
        for one in of_kind(documents, "PersistentVolumeClaim", "PersistentVolume", "Namespace")
        if one["metadata"]["name"] != "hub-db-dir"
    ]
    assert ours
    for one in ours:
        assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep", one["metadata"]["name"]
