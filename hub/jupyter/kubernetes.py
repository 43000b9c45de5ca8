"""The hub on a cluster: its configuration on top of the chart's, and the spawner that makes rooms of pods.

The chart's JupyterHub loads this at start (``configure(c)``). Pods are made by KubeSpawner, but what is in them is said
in `saferoom.hub.jupyter.pods` alone: no setting of KubeSpawner's adds to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from kubernetes_asyncio.client import ApiException, V1ObjectMeta, V1Pod
from kubespawner import KubeSpawner
from traitlets import Instance, Integer

from saferoom.errors import SaferoomError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.jupyter import room_terms
from saferoom.hub.jupyter.cluster import Cluster, proxy_secret, sign_in_settings
from saferoom.hub.jupyter.config import desk_of, every_room, pages, sign_in
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.entitled import WATCH_SECONDS, EntitledSpawner, take_turns
from saferoom.hub.jupyter.pods import COMPONENT, VENV, room_labels, room_spec
from saferoom.hub.jupyter.room_terms import STARTING
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.jupyter.waiting import RoomLimits, WaitingList
from saferoom.hub.sign_in_settings import OidcSignIn
from saferoom.hub.wiring import Instance as Saferoom

_HTTP_SECONDS = 120
_REQUEST_SECONDS = 15
_STARTING = 64
"""Rooms that start at the same time: each on a node of its own choice, all through one hub and one API."""
_ASKING: ContextVar[bool] = ContextVar("asking", default=False)
"""Set where KubeSpawner asks for a pod: what it stops there is in the way of the room, and not the room."""
_ROOM = "saferoom_room"
_NEWS = {
    "FailedScheduling": "The cluster has no place for the room just now; it waits for one",
    "FailedMount": "The project's storage cannot be reached yet; it is tried again",
    "FailedAttachVolume": "The project's storage cannot be reached yet; it is tried again",
    "Pulling": "Fetching the room's software",
    "BackOff": "The room's software cannot be fetched; it is tried again",
}
"""What Kubernetes' events mean to the person who waits; their own words name machines."""


def configure(c: Any) -> None:
    """Set on JupyterHub's configuration `c` what the chart leaves to Saferoom; end the hub where a setting is wrong."""
    try:
        cluster, secret, how = Cluster.from_environment(), proxy_secret(), sign_in_settings()
        oidc = how if isinstance(how, OidcSignIn) else None
        settings = Settings(secure_cookies=True, oidc=oidc, public_url=how.public_url)
        desk = desk_of(Saferoom.open(Home.from_environment()), settings)
    except SaferoomError as error:
        raise SystemExit(f"saferoom: {error.message}") from None
    sign_in(c, desk, secret, secure_cookies=True)
    pages(c, desk)
    c.JupyterHub.spawner_class = PodRoomSpawner
    rooms(c, cluster, desk)


def rooms(c: Any, cluster: Cluster, desk: Desk) -> None:
    """Set how rooms are made; what the chart of JupyterHub says to KubeSpawner does not count."""
    section, settings = c.PodRoomSpawner, cluster.settings
    every_room(c, section, desk)
    section.cluster = cluster
    section.namespace = settings.namespace
    section.enable_user_namespaces = False
    section.pod_name_template = "room-{user_server}"
    section.component_label = COMPONENT
    section.services_enabled = section.storage_pvc_ensure = False
    section.events_enabled = section.delete_stopped_pods = True
    section.profile_list = []
    section.pod_connect_ip = ""
    section.get_pod_url = section.modify_pod_hook = section.after_pod_created_hook = None
    section.start_seconds = settings.start_seconds
    take_turns(c, section, WaitingList(RoomLimits(settings.most, starting=_STARTING)), settings.start_seconds)
    section.http_timeout = _HTTP_SECONDS
    section.k8s_api_request_timeout = _REQUEST_SECONDS
    section.k8s_api_request_retry_timeout = 4 * _REQUEST_SECONDS


class PodRoomSpawner(EntitledSpawner, KubeSpawner):  # type: ignore[misc]
    """Makes rooms of pods.

    A room outlives a restart of the hub, which looks at it again at once. While there is no hub nobody can enter: a
    room asks the hub who somebody is.
    """

    cluster = Instance(Cluster, config=True)
    start_seconds = Integer(
        config=True, help="How long a pod may take to run, and to be gone; waiting is no part of it."
    )

    async def _open_room(self) -> str:
        settings = self.cluster.settings
        if self.name not in settings.projects:
            raise UnavailableError(
                f"project {self.name} has no storage on this cluster; the administrator adds it to `projects` of the "
                "chart's values"
            )
        try:
            async with asyncio.timeout(self.start_seconds):
                return str(await KubeSpawner.start(self))
        except ApiException as error:
            self.log.error("The cluster did not take the room %s: %s %s", self._log_name, error.status, error.body)
            raise UnavailableError(
                "the cluster did not take it; the administrator finds the reason in the hub's log"
            ) from None
        except TimeoutError:
            # It may run, and what KubeSpawner watches pods by be broken.
            with suppress(Exception):
                async with asyncio.timeout(_REQUEST_SECONDS):
                    await self._start_watching_pods(replace=True)
            raise UnavailableError(
                f"the cluster did not bring it up within {self.start_seconds} seconds; try again later, and tell the "
                "administrator if it stays so"
            ) from None

    async def load_user_options(self) -> None:
        """Read no options: whoever starts a room may send any, and KubeSpawner's change the pod."""

    async def _make_create_pod_request(self, pod: V1Pod, request_timeout: float) -> bool:
        """Ask for the pod; one that is in its way, of an earlier try or an earlier hub, is removed by KubeSpawner."""
        asked = _ASKING.set(True)
        try:
            made: bool = await KubeSpawner._make_create_pod_request(self, pod, request_timeout)
            return made
        finally:
            _ASKING.reset(asked)

    async def stop(self, now: bool = False) -> None:
        """End the room with everything in it."""
        await (KubeSpawner.stop(self, now) if _ASKING.get() else EntitledSpawner.stop(self, now))

    async def get_pod_manifest(self) -> V1Pod:
        """Return the room's pod."""
        settings, room = self.cluster.settings, self.room
        environment = room_terms.environment(room, self.cluster.doors, self.get_env(), Path(VENV))
        metadata = V1ObjectMeta(name=self.pod_name, labels=room_labels(room, settings))
        # The models of the client would say the same with other names.
        spec: Any = room_spec(room, settings, environment)
        return _Pod(api_version="v1", kind="Pod", metadata=metadata, spec=spec)

    async def _room_status(self) -> int | None:
        status: int | None = await KubeSpawner.poll(self)
        return status

    async def _close_room(self) -> None:
        self._start_future: asyncio.Future[str] | None = None
        async with asyncio.timeout(self.start_seconds):
            await KubeSpawner.stop(self)

    async def _steps(self) -> AsyncIterator[tuple[int, str]]:
        yield 20, "Asking the cluster for a place"
        told: list[str] = []
        while self._start_future is None or not self._start_future.done():
            for event in self.events:
                sentence = _NEWS.get(event["reason"], "")
                if sentence and sentence not in told:
                    told.append(sentence)
                    yield 20 + 5 * len(told), sentence
            await asyncio.sleep(WATCH_SECONDS)
        yield 50, STARTING

    def get_state(self) -> dict[str, Any]:
        """Return what a hub that starts again has to know: there is a room."""
        state: dict[str, Any] = KubeSpawner.get_state(self)
        return state | {_ROOM: self._noted}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a room that was there before the hub started."""
        KubeSpawner.load_state(self, state)
        self._held = self._noted = bool(state.get(_ROOM))
        self._confirmed = time.monotonic()
        if self._held and self._given is None:
            self._given = self.waiting.taken(self.user.name)


class _Pod(V1Pod):
    """A pod that does not show its environment: KubeSpawner writes a pod that was refused into the log."""

    def to_str(self) -> str:
        """Return the pod's name."""
        return str(self.metadata.name)

    __repr__ = to_str
