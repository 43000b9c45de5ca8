"""Who may talk to whom: the whole matrix, computed from the rendered policies and compared with this table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.support.chart import NAMESPACE, VALUE_SETS, Chart, Document, of_kind, pods
from tests.support.network_policies import End, Network

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

PORTS = (22, 53, 80, 443, 587, 5432, 6443, 8000, 8001, 8002, 8081, 8443, 8888, 9090, 9464)
ROOMS = "saferoom-rooms"
OUTSIDE = {
    "internet": "203.0.113.9",
    "cloud-metadata": "169.254.169.254",
    "database-outside": "10.20.30.40",
    "mail": "10.20.30.50",
    "sign-in": "10.20.30.60",
    "kubernetes": "10.0.0.1",
    "internet-6": "2001:db8::9",
}
STRANGERS = {
    "ingress": End("ingress", "ingress", {"app": "nginx"}),
    "monitoring": End("monitoring", "monitoring", {"app": "prometheus"}),
    "names": End("names", "kube-system", {"k8s-app": "kube-dns"}),
    "kube-system": End("kube-system", "kube-system", {"app": "anything"}),
    "stranger": End("stranger", "stranger", {}),
    "neighbour": End("neighbour", NAMESPACE, {"app": "anything"}),
    "impostor": End(
        "impostor", "stranger", {"app.kubernetes.io/name": "saferoom", "app.kubernetes.io/component": "airlock"}
    ),
}
INSIDE = {
    ("proxy", "hub"): {8081},
    ("proxy", "airlock"): {8000, 8002},
    ("proxy", "room"): {8888},
    ("hub", "proxy"): {8001},
    ("hub", "airlock"): {8000},
    ("hub", "room"): {8888},
    ("airlock", "hub"): {8081},
    ("room", "hub"): {8081},
    ("room", "airlock"): {8001},
    ("proxy", "names"): {53},
    ("hub", "names"): {53},
    ("airlock", "names"): {53},
    ("ingress", "proxy"): {8443},
    ("hub", "kubernetes"): {6443},
    ("airlock", "kubernetes"): {6443},
}
"""Whoever is not in this table may not talk."""
EXTERNAL = {("hub", "database-outside"): {5432}, ("airlock", "database-outside"): {5432}}
TABLES = {
    "trial": {**INSIDE, ("hub", "database"): {5432}, ("airlock", "database"): {5432}},
    "production": {
        **INSIDE,
        **EXTERNAL,
        ("airlock", "mail"): {587},
        ("hub", "sign-in"): {443},
        ("monitoring", "hub"): {8081},
        ("monitoring", "airlock"): {9464},
    },
    "s3-vault": {**INSIDE, **EXTERNAL},
    "kms": {**INSIDE, **EXTERNAL},
    "two-projects": {**INSIDE, **EXTERNAL},
    "large-rooms": {**INSIDE, **EXTERNAL},
}


def ends(documents: Sequence[Document]) -> dict[str, End]:
    """Return every pod of the release, rooms of two people, and who else there is."""
    ours = {pod.name: End(pod.name, pod.namespace, pod.labels) for pod in pods(documents)}
    about = {"app.kubernetes.io/name": "saferoom", "app.kubernetes.io/instance": "saferoom"}
    room = End("room", ROOMS, {**about, "app.kubernetes.io/component": "room", "saferoom/project": "adult-survey"})
    other = replace(room, name="other-room", labels={**room.labels, "saferoom/project": "lost-children"})
    outside = {name: End(name, address=address) for name, address in OUTSIDE.items()}
    return {**ours, "room": room, "other-room": other, **STRANGERS, **outside}


def matrix(documents: Sequence[Document]) -> dict[tuple[str, str], set[int]]:
    """Return the open ports of every pair in which one is the release's."""
    network, everybody = Network(documents, [end.namespace for end in STRANGERS.values()]), ends(documents)
    theirs = {*STRANGERS, *OUTSIDE} - {"neighbour"}
    found = {}
    for source in everybody.values():
        for target in everybody.values():
            if (source.name in theirs and target.name in theirs) or source == target:
                continue
            ports = {port for port in PORTS if network.allows(source, target, port)}
            ports |= {port for port in PORTS if network.allows(source, target, port, "UDP")}
            if ports:
                found[source.name, target.name] = ports
    return found


def with_other_room(table: dict[tuple[str, str], set[int]]) -> dict[tuple[str, str], set[int]]:
    """Return the table with a second room, which may what the first may."""
    other = {
        tuple("other-room" if name == "room" else name for name in pair): ports
        for pair, ports in table.items()
        if "room" in pair
    }
    return {**table, **other}  # type: ignore[dict-item]


@pytest.mark.parametrize("name", TABLES)
def test_who_may_talk_to_whom_is_the_table(chart: Chart, name: str) -> None:
    assert matrix(chart.documents(name)) == with_other_room(TABLES[name])


def test_every_value_set_has_its_table() -> None:
    assert sorted(TABLES) == VALUE_SETS


def test_one_policy_too_many_is_seen(chart: Chart) -> None:
    """As the sub-chart's own policy of rooms would be, which leaves the way to name servers open."""
    documents = chart.documents("production")
    labels = {"app.kubernetes.io/component": "room"}
    leak = {
        "kind": "NetworkPolicy",
        "metadata": {"name": "leak", "namespace": ROOMS},
        "spec": {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Egress"],
            "egress": [{"ports": [{"protocol": "UDP", "port": 53}]}],
        },
    }
    found = matrix([*documents, leak])
    assert found["room", "names"] == {53}
    assert found["room", "internet"] == {53}


def test_without_the_first_policy_a_namespace_is_open_and_the_matrix_says_so(chart: Chart) -> None:
    documents = [one for one in chart.documents("trial") if one["metadata"]["name"] != "nobody-to-nobody"]
    assert ("linker", "internet") in matrix(documents)


def test_every_namespace_begins_with_nobody_to_nobody(documents: Sequence[Document]) -> None:
    closed = {
        one["metadata"]["namespace"]
        for one in of_kind(documents, "NetworkPolicy")
        if one["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    }
    assert closed == {NAMESPACE, *(one["metadata"]["name"] for one in of_kind(documents, "Namespace"))}
    assert {pod.namespace for pod in pods(documents)} <= closed


def test_both_ends_of_every_way_name_the_others_namespace(documents: Sequence[Document]) -> None:
    """A selector of pods alone would be met by whoever can label a pod."""
    for one in of_kind(documents, "NetworkPolicy"):
        for rule in [*one["spec"].get("ingress", ()), *one["spec"].get("egress", ())]:
            peers = [*rule.get("from", ()), *rule.get("to", ())]
            assert peers, one["metadata"]["name"]
            assert rule["ports"], one["metadata"]["name"]
            assert all("ipBlock" in peer or peer["namespaceSelector"].get("matchLabels") for peer in peers)


def test_people_reach_the_proxy_over_tls_alone(documents: Sequence[Document]) -> None:
    service = next(one for one in of_kind(documents, "Service") if one["metadata"]["name"] == "proxy-public")
    assert [port["port"] for port in service["spec"]["ports"]] == [443]
    offered = {
        one["metadata"]["name"]
        for one in of_kind(documents, "Service")
        if one["spec"].get("type", "ClusterIP") != "ClusterIP"
    }
    assert offered <= {"proxy-public"}
    assert of_kind(documents, "Ingress", "HTTPRoute") == []


def test_the_databases_certificate_is_checked(documents: Sequence[Document]) -> None:
    settings = next(one for one in of_kind(documents, "ConfigMap") if one["metadata"]["name"] == "saferoom-database")
    for address in ("url", "owner-url"):
        assert "?sslmode=verify-full&sslrootcert=" in settings["data"][address]
    for pod in pods(documents):
        if pod.name == "database":
            assert "ssl=on" in pod.spec["containers"][0]["args"]
