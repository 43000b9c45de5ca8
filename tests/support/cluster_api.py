"""No cluster here: the API of Kubernetes is simulated over HTTP, as far as the hub uses it.

It stores pods, lists and watches them, and deletes them, as
https://kubernetes.io/docs/reference/using-api/api-concepts/ says. A pod is taken only when it fits Kubernetes' own
schema, strictly, and the admission rules that the chart renders; a pod that is taken "runs" at once, and nothing of it
is run unless there is a `node`. The client is the real one, over loopback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web
from tests.support.admission import Rules

POD_ADDRESS = "10.9.8.7"
NEWEST = "1.36"


class Runs(Protocol):
    """What runs pods."""

    def start(self, pod: Mapping[str, Any]) -> str:
        """Start a pod's container and return the pod's address."""

    def end(self, name: str) -> None:
        """End a pod's container."""


@dataclass
class ClusterApi:
    """A simulated API server of one namespace.

    Attributes
    ----------
    runs : bool
        Whether pods that are taken run; else they wait for a place, with an event that says so.
    full : bool
        Whether the quota is used up.
    late_seconds : float
        How long the first answer to a pod that was taken takes.
    posted : list of pods
        All that was asked for, refused or not.
    """

    rules: Rules
    runs: bool = True
    full: bool = False
    late_seconds: float = 0.0
    node: Runs | None = None
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _history: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Every change: what happened, to what kind, and how it was then; its place is its resource version, from 1."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ClusterApi]:
        """Answer at a port of the loopback interface meanwhile."""
        app = web.Application()
        space = "/api/v1/namespaces/{namespace}"
        app.router.add_post(space + "/pods", self._create)
        app.router.add_get(space + "/{kind:pods|events}", self._list)
        app.router.add_delete(space + "/pods/{name}", self._delete)
        self._more(app, space)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _more(self, app: web.Application, space: str) -> None:
        """Add what a kind of this API answers besides."""

    async def end(self, name: str, status: int = 137) -> None:
        """Let a pod's container end by itself."""
        pod = self.pods[name]
        pod["status"]["containerStatuses"][0] |= {"ready": False, "state": {"terminated": {"exitCode": status}}}
        await self._tell("MODIFIED", "pods", pod)

    async def _create(self, request: web.Request) -> web.Response:
        import kubernetes_validate  # not part of set-up

        pod: dict[str, Any] = await request.json()
        self.posted.append(json.loads(json.dumps(pod)))
        name = pod["metadata"]["name"]
        if name in self.pods:
            return status(409, f'pods "{name}" already exists')
        try:
            kubernetes_validate.validate(pod, NEWEST, strict=True)
        except kubernetes_validate.ValidationError as error:
            return status(422, f"not a pod: {error.message}")
        if self.full:
            return status(403, f'pods "{name}" is forbidden: exceeded quota')
        if refusals := self.rules.refusals(pod):
            return status(403, f'pods "{name}" is forbidden: ' + "; ".join(refusals))
        pod["metadata"] |= {"namespace": request.match_info["namespace"], "uid": f"uid-{len(self.posted)}"}
        pod["status"] = {"phase": "Pending"}
        self.pods[name] = pod
        await self._tell("ADDED", "pods", pod)
        answer = web.json_response(pod, status=201)
        if self.runs:
            address = self.node.start(pod) if self.node else POD_ADDRESS
            pod["status"] = _running(pod["spec"]["containers"][0], address)
            await self._tell("MODIFIED", "pods", pod)
        else:
            await self._wait(name)
        late, self.late_seconds = self.late_seconds, 0.0
        await asyncio.sleep(late)
        return answer

    async def _wait(self, name: str) -> None:
        metadata = {"name": f"{name}.1", "namespace": "saferoom-rooms", "uid": f"event-{len(self.events)}"}
        message = "0/3 nodes are available: node-secret-7 has no memory"
        about = {"involvedObject": {"kind": "Pod", "name": name}, "type": "Warning", "message": message}
        at = {"lastTimestamp": "2026-07-01T00:00:00Z", "eventTime": None}
        event = {"metadata": metadata, "reason": "FailedScheduling", **about, **at}
        self.events.append(event)
        await self._tell("ADDED", "events", event)

    async def _delete(self, request: web.Request) -> web.Response:
        pod = self.pods.pop(request.match_info["name"], None)
        if pod is None:
            return status(404, "there is no such pod")
        if self.node:
            self.node.end(pod["metadata"]["name"])
        await self._tell("DELETED", "pods", pod)
        return web.json_response(pod)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        selector = request.query.get("labelSelector", "")
        if request.query.get("watch") not in ("true", "True", "1"):
            items = list(self.pods.values()) if kind == "pods" else self.events
            about = {"kind": "List", "metadata": {"resourceVersion": str(len(self._history))}}
            return web.json_response(about | {"items": [one for one in items if _selected(one, selector)]})
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        await stream.prepare(request)
        seen = int(request.query.get("resourceVersion", "0"))
        while True:
            for what, of, item in self._history[seen:]:
                if of == kind and _selected(item, selector):
                    await stream.write(json.dumps({"type": what, "object": item}).encode() + b"\n")
            seen = len(self._history)
            async with self._changed:
                await self._changed.wait_for(lambda seen=seen: len(self._history) > seen)  # type: ignore[misc]

    async def _tell(self, what: str, kind: str, item: dict[str, Any]) -> None:
        item["metadata"]["resourceVersion"] = str(len(self._history) + 1)
        self._history.append((what, kind, json.loads(json.dumps(item))))
        async with self._changed:
            self._changed.notify_all()


def _running(container: dict[str, Any], address: str) -> dict[str, Any]:
    about = {"name": container["name"], "image": container["image"], "imageID": container["image"], "restartCount": 0}
    ready = about | {"ready": True, "state": {"running": {}}}
    return {"phase": "Running", "podIP": address, "containerStatuses": [ready]}


def _selected(item: dict[str, Any], selector: str) -> bool:
    labels = item["metadata"].get("labels", {})
    return all(
        labels.get(name) == value for name, _, value in (part.partition("=") for part in selector.split(",") if part)
    )


def status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "code": code, "message": message}, status=code)
