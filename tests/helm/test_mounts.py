"""What is mounted where, in every pod of the chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.chart import Document, Pod, pods

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

MOUNTED = {
    "airlock": {
        ("/srv", "claim airlock-home", "rw"),
        ("/vault", "claim airlock-vault", "rw"),
        ("/secrets", "memory", "rw"),
        ("/opened", "memory", "rw"),
        ("/tmp", "scratch", "rw"),
        ("/etc/saferoom/keys", "keys", "ro"),
        ("/etc/saferoom/database-ca", "settings saferoom-database-ca", "ro"),
        ("/etc/saferoom/pods", "settings saferoom-rooms", "ro"),
    },
    "database": {
        ("/var/lib/postgresql/data", "claim database", "rw"),
        ("/etc/saferoom/tls", "secret saferoom-database-tls", "ro"),
        ("/docker-entrypoint-initdb.d", "settings saferoom-database-roles", "ro"),
        ("/var/run/postgresql", "memory", "rw"),
        ("/tmp", "scratch", "rw"),
    },
    "evaluator": {("/tmp", "memory", "rw"), ("/data", "memory", "rw")},
    "delivery": set(),
    "linker": {
        ("/zone", "claim linker", "rw"),
        ("/etc/saferoom/key", "secret zone-key", "ro"),
        ("/tmp", "scratch", "rw"),
    },
    "provisioner": {
        ("/zone", "claim provisioner", "rw"),
        ("/etc/saferoom/key", "secret zone-key", "ro"),
        ("/tmp", "scratch", "rw"),
    },
}
"""Of our own pods. A delivery's claim is added when a pod is made, as admission allows; an evaluation has none."""
HUB_TOO = {
    ("/srv/saferoom", "memory", "rw"),
    ("/tmp", "scratch", "rw"),
    ("/etc/saferoom/keys", "keys", "ro"),
    ("/etc/saferoom/database-ca", "settings saferoom-database-ca", "ro"),
    ("/etc/saferoom/rooms", "settings saferoom-rooms", "ro"),
    ("/etc/saferoom/sign-in", "settings saferoom-sign-in, secret saferoom-oidc, settings saferoom-oidc-ca", "ro"),
}


def mounts(pod: Pod) -> set[tuple[str, str, str]]:
    """Return what is mounted where, and whether it can be written."""
    volumes = {volume["name"]: _volume(volume) for volume in pod.spec.get("volumes", ())}
    return {
        (one["mountPath"], volumes[one["name"]], "ro" if one.get("readOnly") else "rw")
        for container in pod.containers
        for one in container.get("volumeMounts", ())
    }


def _volume(volume: dict[str, Any]) -> str:
    if "emptyDir" in volume:
        return "memory" if volume["emptyDir"].get("medium") == "Memory" else "scratch"
    if volume["name"] == "keys":
        return "keys"
    if "projected" in volume:
        # One kind each; a token of an account would be a KeyError.
        return ", ".join(_volume({"name": "", **_named(one)}) for one in volume["projected"]["sources"])
    kinds = {
        "persistentVolumeClaim": ("claim", "claimName"),
        "secret": ("secret", "secretName"),
        "configMap": ("settings", "name"),
    }
    kind = next(name for name in volume if name != "name")
    word, field = kinds[kind]  # any other kind, such as hostPath, is a KeyError
    return f"{word} {volume[kind][field]}"


def _named(source: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a projected volume as if it were a volume: secrets are named otherwise there."""
    ((kind, about),) = source.items()
    return {kind: {"secretName": about["name"]} if kind == "secret" else about}


def test_what_is_mounted_where_is_the_table(documents: Sequence[Document]) -> None:
    found = {pod.name: mounts(pod) for pod in pods(documents)}
    assert {name: found[name] for name in found if name in MOUNTED} == {
        name: MOUNTED[name] for name in MOUNTED if name in found
    }
    assert found["hub"] >= HUB_TOO
    assert set(found) - {"database"} == {*MOUNTED, "hub", "proxy"} - {"database"}


def test_keys_come_from_the_secret_or_from_the_service_and_never_from_both(documents: Sequence[Document]) -> None:
    found = {
        pod.name: next((volume for volume in pod.spec.get("volumes", ()) if volume["name"] == "keys"), None)
        for pod in pods(documents)
    }
    with_keys = {name: volume for name, volume in found.items() if volume}
    assert set(with_keys) == {"hub", "airlock"}
    assert len({tuple(sorted(volume)) for volume in with_keys.values()}) == 1
