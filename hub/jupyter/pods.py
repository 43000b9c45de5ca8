"""A room as a pod: the claims of its project, no token, no name server, a read-only root.

`helm/saferoom/templates/admission.yaml` says the same once more, and the cluster takes no pod of another shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.hub.jupyter.cluster import PodSettings
from saferoom.hub.jupyter.room_terms import DATA, PORT, WORKSPACE, Room

VENV = "/opt/saferoom/venv"
"""Where the images have their software."""
COMPONENT = "room"
CONTAINER, PORT_NAME = "notebook", "notebook-port"
"""What KubeSpawner looks for."""
_USER = 1000
_GRACE_SECONDS = 5


def room_labels(room: Room, settings: PodSettings) -> dict[str, str]:
    """Return the labels by which policies know a room, and KubeSpawner its pods."""
    return {
        "app.kubernetes.io/name": "saferoom",
        "app.kubernetes.io/instance": settings.instance,
        "app.kubernetes.io/component": COMPONENT,
        "component": COMPONENT,
        "saferoom/project": room.project,
        "saferoom/person": room.username,
    }


def room_spec(room: Room, settings: PodSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the pod of a room is made of, as Kubernetes spells it."""
    spec: dict[str, Any] = {
        "serviceAccountName": COMPONENT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "shareProcessNamespace": False,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "priorityClassName": "saferoom-rooms",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(settings, environment)],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": f"extracts-{room.project}", "readOnly": True}},
            {"name": "workspace", "persistentVolumeClaim": {"claimName": f"workspace-{room.project}"}},
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": settings.scratch}},
        ],
    }
    chosen = {
        "imagePullSecrets": [{"name": name} for name in settings.pull_secrets],
        "runtimeClassName": settings.runtime_class,
        "nodeSelector": settings.node_selector,
        "tolerations": settings.tolerations,
    }
    return spec | {name: value for name, value in chosen.items() if value}


def _container(settings: PodSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    # Requests are the limits, so that a room is never taken for something that may be ended first.
    devices = {name: str(number) for name, number in settings.devices.items()}
    amount = {"cpu": settings.cpu, "memory": settings.memory} | devices
    return {
        "name": CONTAINER,
        "image": settings.image,
        "command": [f"{VENV}/bin/python", "-P", "-m", "saferoom.hub.jupyter.room"],
        "workingDir": WORKSPACE,
        "ports": [{"name": PORT_NAME, "containerPort": PORT}],
        # Kubernetes would put other variables' values where it finds $(NAME); $$ is a plain dollar sign.
        "env": [{"name": name, "value": value.replace("$", "$$")} for name, value in sorted(environment.items())],
        "resources": {"requests": dict(amount), "limits": dict(amount)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": DATA, "readOnly": True},
            {"name": "workspace", "mountPath": WORKSPACE},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the room's own, in memory
        ],
    }
