"""Tasks in pods: each has a pod of its own, of the chart's template, which is gone when the task has ended."""

from __future__ import annotations

import asyncio
import copy
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import ClientError
from kubernetes_asyncio.client import ApiClient, ApiException, Configuration, CoreV1Api
from kubernetes_asyncio.config import ConfigException, load_incluster_config

from saferoom.errors import IntegrityError, SaferoomError, UnavailableError
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.attaching import TooMuchError, attached
from saferoom.hub.evaluator.pods.handing import handed, most_answered, open_answer, size_of
from saferoom.hub.evaluator.pods.settings import PodPlace
from saferoom.hub.sandbox import Completed
from saferoom.hub.store.cipher import KEY_BYTES, AtRest

_log = structlog.get_logger()
COMPONENT = "evaluator"
_LOOK_SECONDS = 0.3
_REQUEST_SECONDS = 15
_HANDING_SECONDS = 30.0
_BYTES_A_SECOND = 5 << 20
"""The slowest way to a pod that is waited for."""
_RESERVED = 3
"""Of all pods: two file checks and a delivery."""
_TRIES = 3
# What a program is taken to have ended with that the kernel killed for its memory, or for what it wrote.
_KILLED, _TOO_LARGE = 137, 153


def configuration() -> Configuration:
    """Return how the airlock's pod reaches the cluster's API.

    Raises
    ------
    UnavailableError
        It is not in a cluster, or has no token.
    """
    found = Configuration()
    try:
        load_incluster_config(client_configuration=found)
    except (ConfigException, OSError) as error:
        raise UnavailableError(f"evaluations cannot be started in pods: {error}") from None
    return found


@dataclass(frozen=True)
class Pods:
    """Pods of one namespace.

    Attributes
    ----------
    reached : callable
        Returns how the cluster's API is reached.
    """

    settings: PodPlace
    reached: Callable[[], Configuration] = configuration
    _live: set[str] = field(default_factory=set)

    @property
    def at_once(self) -> int:
        """Most evaluations at one time."""
        return max(1, self.settings.most - _RESERVED)

    def run(self, task: Task) -> Completed:
        """Do `task` in a pod of its own, and end it."""
        name = f"evaluation-{secrets.token_hex(8)}"
        self._live.add(name)
        try:
            return asyncio.run(self._run(name, task))
        except (ApiException, ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from None
        finally:
            self._live.discard(name)

    def tidy(self) -> None:
        """End the pods of a service that was killed, and those that could not be ended."""
        try:
            asyncio.run(self._tidy())
        except (ApiException, ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from None

    async def _run(self, name: str, task: Task) -> Completed:
        until = time.monotonic() + self.settings.start_seconds
        async with self._api() as api:
            try:
                await self._create(api, name)
                await self._running(api, name, until)
                return await self._exchange(api, name, task)
            finally:
                await self._delete(api, name)

    @asynccontextmanager
    async def _api(self) -> AsyncIterator[CoreV1Api]:
        async with ApiClient(self.reached()) as client:
            yield CoreV1Api(client)

    async def _create(self, api: CoreV1Api, name: str) -> None:
        space, within = self.settings.namespace, {"_request_timeout": _REQUEST_SECONDS}
        template = await api.read_namespaced_pod_template(COMPONENT, space, **within)
        found = api.api_client.sanitize_for_serialization(template.template)
        labels = dict(found["metadata"]["labels"])
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}}
        body["spec"] = copy.deepcopy(found["spec"])
        try:
            await api.create_namespaced_pod(space, body, **within)
        except ApiException as error:
            # Names of rules and limits; the pod has nothing of the task in it.
            _log.error("the cluster did not take an evaluation", status=error.status, said=error.body)
            raise UnavailableError(
                "the cluster does not take an evaluation now, so that nothing was judged; try again in a few minutes, "
                "and tell the administrator if it stays so"
            ) from None

    async def _running(self, api: CoreV1Api, name: str, until: float) -> None:
        while True:
            status = await self._status(api, name)
            if status.get("phase") == "Running" and _state(status, "running") is not None:
                return
            if status.get("phase") in (None, "Succeeded", "Failed"):
                _log.warning("evaluation's pod ended at once", phase=status.get("phase"), reason=_reason(status))
                raise UnavailableError("an evaluation ended before it began; nothing was judged")
            if time.monotonic() > until:
                _log.warning("evaluation's pod did not start", phase=status.get("phase"), reason=_reason(status))
                raise UnavailableError(
                    "the cluster has no place for an evaluation just now; nothing was judged, so try again in a few "
                    "minutes, and tell the administrator if it stays so"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _exchange(self, api: CoreV1Api, name: str, task: Task) -> Completed:
        key, space = secrets.token_bytes(KEY_BYTES), self.settings.namespace
        longest = task.seconds + _HANDING_SECONDS + size_of(task) / _BYTES_A_SECOND
        try:
            async with asyncio.timeout(longest), attached(api.api_client.configuration, space, name, COMPONENT) as pod:
                sealed = await pod.exchange(handed(task, key), most_answered(task.limits))
                if sealed:
                    done = open_answer(sealed, AtRest(key))
                    await pod.finish()
                    return done
        except TimeoutError:
            return Completed(b"", -9, timed_out=True)
        except TooMuchError:
            return Completed(b"", _TOO_LARGE)
        except IntegrityError:
            raise UnavailableError("what an evaluation answered is damaged; nothing was judged") from None
        return await self._died(api, name)

    async def _died(self, api: CoreV1Api, name: str) -> Completed:
        """Return how a container ended that did not answer; where nobody knows, nothing is known of its task."""
        for _ in range(_TRIES):
            status = await self._status(api, name)
            ended = _state(status, "terminated")
            if status.get("reason") == "DeadlineExceeded":
                return Completed(b"", -9, timed_out=True)
            if ended is not None:
                killed = ended.get("reason") == "OOMKilled"
                return Completed(b"", _KILLED if killed else 1)
            await asyncio.sleep(_LOOK_SECONDS)
        return Completed(b"", 1)

    async def _status(self, api: CoreV1Api, name: str) -> dict[str, Any]:
        """Return a pod's status; empty where there is none any more."""
        try:
            pod = await api.read_namespaced_pod(name, self.settings.namespace, _request_timeout=_REQUEST_SECONDS)
        except ApiException as error:
            if error.status == 404:
                return {}
            raise
        found: dict[str, Any] = api.api_client.sanitize_for_serialization(pod.status)
        return found

    async def _delete(self, api: CoreV1Api, name: str) -> None:
        """Have a pod deleted; what stays is ended by its own deadline, and by `tidy`."""
        for _ in range(_TRIES):
            try:
                await api.delete_namespaced_pod(name, self.settings.namespace, _request_timeout=_REQUEST_SECONDS)
                return
            except ApiException as error:
                if error.status == 404:
                    return
                reason = str(error.status)
            except (ClientError, OSError, TimeoutError) as error:
                reason = type(error).__name__
            await asyncio.sleep(_LOOK_SECONDS)
        _log.error("evaluation's pod was not deleted", pod=name, reason=reason)

    async def _tidy(self) -> None:
        selector = f"app.kubernetes.io/instance={self.settings.instance},app.kubernetes.io/component={COMPONENT}"
        async with self._api() as api:
            found = await api.list_namespaced_pod(
                self.settings.namespace, label_selector=selector, _request_timeout=_REQUEST_SECONDS
            )
            for pod in found.items:
                if pod.metadata.name not in self._live:
                    _log.warning("evaluation's pod was left behind", pod=pod.metadata.name)
                    await self._delete(api, pod.metadata.name)


def _state(status: dict[str, Any], kind: str) -> dict[str, Any] | None:
    containers = status.get("containerStatuses") or [{}]
    found: dict[str, Any] | None = (containers[0].get("state") or {}).get(kind)
    return found


def _reason(status: dict[str, Any]) -> str:
    """Return the cluster's own words for why a container does not run, such as ImagePullBackOff."""
    waiting, ended = _state(status, "waiting") or {}, _state(status, "terminated") or {}
    return str(status.get("reason") or waiting.get("reason") or ended.get("reason") or "")


def _unreachable(error: Exception) -> SaferoomError:
    _log.error("the cluster does not answer", reason=str(getattr(error, "status", "")) or type(error).__name__)
    return UnavailableError(
        "the cluster that runs evaluations does not answer as it should; nothing was judged, so try again later"
    )
