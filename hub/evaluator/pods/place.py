"""Tasks in pods: each has a pod of its own, of the chart's template, which is gone when the task has ended."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from kubernetes_asyncio.client import Configuration

from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.attaching import TooMuchError, attached
from saferoom.hub.evaluator.pods.cluster import FAILURES, LOOK_SECONDS, Cluster, Shape, in_cluster, state, what, why
from saferoom.hub.evaluator.pods.handing import handed, most_answered, open_answer, size_of
from saferoom.hub.evaluator.pods.settings import PodPlace
from saferoom.hub.sandbox import Completed
from saferoom.hub.store.cipher import KEY_BYTES, AtRest

_log = structlog.get_logger()
EVALUATION = Shape("evaluator")
_NAMES = {"evaluator": "evaluation", "delivery": "delivery"}
"""How the names of pods begin; the cluster lets nobody attach to others."""
_HANDING_SECONDS = 30.0
_BYTES_A_SECOND = 5 << 20
"""The slowest way to a pod that is waited for."""
_RESERVED = 3
"""Of all pods: two file checks and a delivery."""
_LOOKS = 5
# What a program is taken to have ended with that the kernel ended for its memory, or for what it wrote.
_KILLED, _TOO_LARGE = 137, 153
_NOBODY_KNOWS = 1


@dataclass(frozen=True)
class Pods:
    """Pods of one namespace.

    Attributes
    ----------
    reached : callable
        Returns how the cluster's API is reached.
    """

    settings: PodPlace
    reached: Callable[[], Configuration] = in_cluster
    _live: set[str] = field(default_factory=set)

    @property
    def at_once(self) -> int:
        """Most evaluations at one time."""
        return max(1, self.settings.most - _RESERVED)

    def run(self, task: Task, shape: Shape = EVALUATION) -> Completed:
        """Do `task` in a pod of its own, and end it."""
        name = f"{_NAMES[shape.component]}-{secrets.token_hex(8)}"
        self._live.add(name)
        try:
            return asyncio.run(self._run(name, task, shape))
        except FAILURES as error:
            raise _unreachable(error) from None
        finally:
            self._live.discard(name)

    def tidy(self) -> None:
        """End the pods of a service that was killed, and those that could not be ended."""
        try:
            asyncio.run(self._tidy())
        except FAILURES as error:
            raise _unreachable(error) from None

    async def _run(self, name: str, task: Task, shape: Shape) -> Completed:
        until = time.monotonic() + self.settings.start_seconds
        async with Cluster.reached(self.reached(), self.settings.namespace) as cluster:
            try:
                await cluster.create(name, shape)
                await _running(cluster, name, until)
                return await _exchange(cluster, name, task, shape.component)
            finally:
                await cluster.delete(name)

    async def _tidy(self) -> None:
        async with Cluster.reached(self.reached(), self.settings.namespace) as cluster:
            found = [name for part in _NAMES for name in await cluster.names(self.settings.instance, part)]
            for name in found:
                if name not in self._live:
                    _log.warning("a pod was left behind", pod=name)
                    await cluster.delete(name)


async def _running(cluster: Cluster, name: str, until: float) -> None:
    """Wait until a pod's container runs."""
    while True:
        status = await cluster.status(name)
        phase = status.get("phase")
        if phase == "Running" and state(status, "running") is not None:
            return
        if phase in (None, "Succeeded", "Failed") or state(status, "terminated") is not None:
            _log.warning("a pod ended at once", pod=name, reason=why(status))
            raise UnavailableError("an evaluation ended before it began; nothing was judged")
        if time.monotonic() > until:
            _log.warning("a pod did not start", pod=name, reason=why(status))
            raise UnavailableError(
                "the cluster has no place for an evaluation just now; nothing was judged, so try again in a few "
                "minutes, and tell the administrator if it stays so"
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _exchange(cluster: Cluster, name: str, task: Task, container: str) -> Completed:
    """Give a task to a pod that runs, and return how it ended."""
    key = secrets.token_bytes(KEY_BYTES)
    longest = task.seconds + _HANDING_SECONDS + size_of(task) / _BYTES_A_SECOND
    try:
        async with asyncio.timeout(longest), attached(cluster.client, cluster.namespace, name, container) as pod:
            sealed = await pod.exchange(handed(task, key), most_answered(task.limits))
            if sealed:
                done = open_answer(sealed, AtRest(key))
                await pod.finish()
                return done
    except TimeoutError:
        return Completed(b"", _KILLED, timed_out=True)
    except TooMuchError:
        return Completed(b"", _TOO_LARGE)
    except IntegrityError:
        raise UnavailableError("what an evaluation answered is damaged; nothing was judged") from None
    return await _died(cluster, name)


async def _died(cluster: Cluster, name: str) -> Completed:
    """Return how a container ended that did not answer."""
    for _ in range(_LOOKS):
        status = await cluster.status(name)
        ended = state(status, "terminated")
        if status.get("reason") == "DeadlineExceeded":
            return Completed(b"", _KILLED, timed_out=True)
        if ended is not None:
            return Completed(b"", _KILLED if ended.get("reason") == "OOMKilled" else _NOBODY_KNOWS)
        await asyncio.sleep(LOOK_SECONDS)
    return Completed(b"", _NOBODY_KNOWS)


def _unreachable(error: BaseException) -> UnavailableError:
    _log.error("the cluster does not answer", reason=what(error))
    return UnavailableError(
        "the cluster that runs evaluations does not answer as it should; nothing was judged, so try again later"
    )
