"""What the airlock says to the cluster's API about pods: made of a template, looked at, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import ClientError
from kubernetes_asyncio.client import ApiClient, ApiException, Configuration, CoreV1Api
from kubernetes_asyncio.config import ConfigException, load_incluster_config

from saferoom.errors import UnavailableError

_log = structlog.get_logger()
LOOK_SECONDS = 0.3
_REQUEST_SECONDS = 15
_TRIES = 3
FAILURES = (ApiException, ClientError, OSError, TimeoutError)
"""What asking may raise where the cluster does not answer as it should."""


@dataclass(frozen=True)
class Shape:
    """What a pod is made of.

    Attributes
    ----------
    component : str
        The chart's template; also the name of its container.
    labels : mapping of str to str
        Besides the template's.
    claim : str
        What is mounted at ``/data``, to be written; empty for nothing.
    """

    component: str
    labels: Mapping[str, str] = field(default_factory=dict)
    claim: str = ""

    def spec(self, template: Mapping[str, Any]) -> dict[str, Any]:
        """Return the pod's own part of a template's, which is not changed."""
        spec = dict(template)
        if self.claim:
            (container,) = spec["containers"]
            volume = {"name": "data", "persistentVolumeClaim": {"claimName": self.claim}}
            mount = {"name": "data", "mountPath": "/data"}
            spec["volumes"] = [*spec.get("volumes", ()), volume]
            spec["containers"] = [container | {"volumeMounts": [*container.get("volumeMounts", ()), mount]}]
        return spec


def in_cluster() -> Configuration:
    """Return how the airlock's pod reaches the cluster's API.

    Raises
    ------
    UnavailableError
        It is in no cluster, or has no token.
    """
    found = Configuration()
    load: Any = load_incluster_config
    try:
        load(client_configuration=found)
    except (ConfigException, OSError) as error:
        raise UnavailableError(f"evaluations cannot be started in pods: {error}") from None
    return found


class Cluster:
    """Pods of one namespace."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self.client: Any = client
        self.namespace = namespace
        self._api: Any = CoreV1Api(client)

    @classmethod
    @asynccontextmanager
    async def reached(cls, configuration: Configuration, namespace: str) -> AsyncIterator[Cluster]:
        """Reach the API meanwhile."""
        async with ApiClient(configuration) as client:
            yield cls(client, namespace)

    async def create(self, name: str, shape: Shape) -> None:
        """Make a pod of the chart's template.

        Raises
        ------
        UnavailableError
            The cluster refuses it.
        """
        found = await self._api.read_namespaced_pod_template(
            shape.component, self.namespace, _request_timeout=_REQUEST_SECONDS
        )
        template = self.client.sanitize_for_serialization(found.template)
        labels = {**template["metadata"]["labels"], **shape.labels}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}}
        try:
            await self._api.create_namespaced_pod(
                self.namespace, pod | {"spec": shape.spec(template["spec"])}, _request_timeout=_REQUEST_SECONDS
            )
        except ApiException as error:
            # The names of rules and limits: nothing of a task is in the pod.
            _log.error("the cluster did not take a pod", part=shape.component, status=error.status, said=error.body)
            raise UnavailableError(
                "the cluster does not take an evaluation now, so that nothing was judged; try again in a few minutes, "
                "and tell the administrator if it stays so"
            ) from None

    async def status(self, name: str) -> dict[str, Any]:
        """Return a pod's status; empty where there is none any more."""
        try:
            pod = await self._api.read_namespaced_pod(name, self.namespace, _request_timeout=_REQUEST_SECONDS)
        except ApiException as error:
            if error.status == 404:
                return {}
            raise
        found: dict[str, Any] = self.client.sanitize_for_serialization(pod.status)
        return found

    async def delete(self, name: str) -> None:
        """Have a pod deleted; one that stays is logged, and ends by its own deadline."""
        reason = ""
        for _ in range(_TRIES):
            try:
                await self._api.delete_namespaced_pod(name, self.namespace, _request_timeout=_REQUEST_SECONDS)
                return
            except FAILURES as error:
                reason = what(error)
                if reason == "404":
                    return
            await asyncio.sleep(LOOK_SECONDS)
        _log.error("a pod was not deleted", pod=name, reason=reason)

    async def names(self, instance: str, component: str) -> list[str]:
        """Return the names of a release's pods of one part."""
        found = await self._api.list_namespaced_pod(
            self.namespace,
            label_selector=f"app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}",
            _request_timeout=_REQUEST_SECONDS,
        )
        return [pod.metadata.name for pod in found.items]


def state(status: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """Return what is said of a pod's one container, if it is in that state."""
    containers = status.get("containerStatuses") or [{}]
    found: dict[str, Any] | None = (containers[0].get("state") or {}).get(kind)
    return found


def why(status: Mapping[str, Any]) -> str:
    """Return the cluster's own word for why a container does not run, such as ImagePullBackOff."""
    waiting, ended = state(status, "waiting") or {}, state(status, "terminated") or {}
    return str(status.get("reason") or waiting.get("reason") or ended.get("reason") or "")


def what(error: BaseException) -> str:
    """Return what failed, without anybody's words."""
    return str(getattr(error, "status", "") or "") or type(error).__name__
