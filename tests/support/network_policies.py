"""Who may talk to whom, computed from NetworkPolicies as Kubernetes defines them.

A pod that no policy selects for a direction is open in it; otherwise what any of its policies allows is allowed, and a
connection needs both ends: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.support.chart import Document, namespace_of, of_kind


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, or an address outside the cluster."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


class Network:
    """The policies of what was rendered, and the labels of its namespaces."""

    def __init__(self, documents: Sequence[Document], others: Sequence[str] = ()) -> None:
        self._policies = of_kind(documents, "NetworkPolicy")
        rendered = {
            one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in of_kind(documents, "Namespace")
        }
        names = {*rendered, *others, *(namespace_of(one) for one in self._policies)}
        # The API server gives every namespace this label.
        self._namespaces = {name: {**rendered.get(name, {}), "kubernetes.io/metadata.name": name} for name in names}

    def allows(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Tell whether `source` can open a connection to `target`."""
        return self._one_side(source, target, "Egress", port, protocol) and self._one_side(
            target, source, "Ingress", port, protocol
        )

    def _one_side(self, here: End, there: End, direction: str, port: int, protocol: str) -> bool:
        if here.address:
            return True  # no policy holds outside the cluster
        rules: list[Mapping[str, Any]] = []
        selected = False
        for policy in self._policies:
            spec = policy["spec"]
            meant = direction in spec.get("policyTypes", _implied(spec)) and namespace_of(policy) == here.namespace
            if meant and _selects(spec["podSelector"], here.labels):
                selected = True
                rules += spec.get(direction.lower()) or []
        peers = "to" if direction == "Egress" else "from"
        return not selected or any(
            self._peer(rule.get(peers), there, here.namespace) and _port(rule.get("ports"), port, protocol)
            for rule in rules
        )

    def _peer(self, peers: Sequence[Mapping[str, Any]] | None, there: End, namespace: str) -> bool:
        if not peers:
            return True  # an empty list means everybody
        return any(self._one_peer(peer, there, namespace) for peer in peers)

    def _one_peer(self, peer: Mapping[str, Any], there: End, namespace: str) -> bool:
        if "ipBlock" in peer:
            block = peer["ipBlock"]
            return (
                bool(there.address)
                and ip_address(there.address) in ip_network(block["cidr"])
                and not any(ip_address(there.address) in ip_network(part) for part in block.get("except", ()))
            )
        if there.address:
            return False
        if "namespaceSelector" in peer:
            placed = _selects(peer["namespaceSelector"], self._namespaces.get(there.namespace, {}))
        else:
            placed = there.namespace == namespace
        return placed and _selects(peer.get("podSelector", {}), there.labels)


def _implied(spec: Mapping[str, Any]) -> list[str]:
    return ["Ingress", "Egress"] if "egress" in spec else ["Ingress"]


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert not selector.get("matchExpressions"), "write matchExpressions into this reader first"
    return all(labels.get(name) == value for name, value in (selector.get("matchLabels") or {}).items())


def _port(ports: Sequence[Mapping[str, Any]] | None, port: int, protocol: str) -> bool:
    if not ports:
        return True
    return any(
        one.get("protocol", "TCP") == protocol
        and ("port" not in one or one["port"] <= port <= one.get("endPort", one["port"]))
        for one in ports
    )
