"""Both ends of a room, seen alike: what a spawner asks for here (a sandbox) and on a cluster (a pod).

JupyterHub's users, servers and database are the real ones. What is asked for is written down instead of run:
`tests/live` runs rooms in sandboxes, and there is no cluster here, so the API of Kubernetes is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from jupyterhub import orm
from jupyterhub.auth import DummyAuthenticator
from jupyterhub.objects import Hub, Server
from jupyterhub.user import User
from tests.support.cluster_api import ClusterApi
from traitlets.config import Config

from saferoom.hub.jupyter import config, spawner
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.entitled import EntitledSpawner
from saferoom.hub.jupyter.rooms import LISTENER
from saferoom.hub.sandbox import Sandbox

Mount = tuple[str, str, str]
"""Where, what, and ``ro`` or ``rw``."""


class End(Protocol):
    """What the contract asks of both."""

    def spawner(self, person: str, project: str) -> EntitledSpawner:
        """Return JupyterHub's spawner of a person's server called `project`."""

    def serving(self) -> Any:
        """Return a context in which rooms can be started."""

    def rooms(self) -> list[str]:
        """Return the names of the rooms that run."""

    def mounts(self) -> set[Mount]:
        """Return what is mounted in the room that was asked for last."""

    def environment(self) -> dict[str, str]:
        """Return what the room that was asked for last is told."""

    async def end_by_itself(self) -> None:
        """Let the room that runs end."""


def hub_spawner(c: Config, kind: type[EntitledSpawner], person: str, project: str) -> EntitledSpawner:
    """Return a spawner as JupyterHub makes one, with a server that is about to start."""
    session = orm.new_session_factory("sqlite://")()
    known = orm.User(name=person)
    session.add(known)
    session.commit()
    hub = Hub(ip="127.0.0.1", port=8081, base_url="/hub/")
    about = {"spawner_class": kind, "config": c, "hub": hub, "base_url": "/", "authenticator": DummyAuthenticator()}
    user = User(known, about)
    user._new_orm_spawner(project, project)
    made: EntitledSpawner = user.spawners[project]
    server = orm.Server(base_url=f"/user/{person}/{project}/")
    session.add(server)
    session.commit()
    made.server = Server(orm_server=server)
    made.api_token = "the-rooms-own-token"
    return made


@dataclass
class _Written:
    """A sandbox that was asked for, and is not run."""

    asked: Sandbox
    status: int | None = None

    def poll(self) -> int | None:
        return self.status

    def stop(self) -> None:
        self.status = 0


@dataclass
class Sandboxes:
    """Rooms on this machine."""

    desk: Desk
    patch: pytest.MonkeyPatch
    asked: list[_Written] = field(default_factory=list)
    _made: list[EntitledSpawner] = field(default_factory=list)

    def spawner(self, person: str, project: str) -> EntitledSpawner:
        c = Config()
        config.every_room(c, c.RoomSpawner, self.desk)
        self._made.append(hub_spawner(c, spawner.RoomSpawner, person, project))
        return self._made[-1]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async def answers(*_: Any) -> bool:
            return True

        self.patch.setattr(spawner, "start", self._start)
        self.patch.setattr(spawner, "_answers", answers)
        try:
            yield
        finally:
            for one in self._made:
                if one._lease is not None:
                    one._lease.close()

    def _start(self, sandbox: Sandbox, *_: Any, **__: Any) -> _Written:
        self.asked.append(_Written(sandbox))
        return self.asked[-1]

    def rooms(self) -> list[str]:
        return [one.asked.name for one in self.asked if one.status is None]

    def mounts(self) -> set[Mount]:
        asked = self.asked[-1].asked
        binds = [(bind, "ro") for bind in asked.read_only] + [(bind, "rw") for bind in asked.writable]
        opened = self.desk._extracts.opened.folder.path
        kinds = {self.desk.home.workspaces: "workspace", opened: "extracts"}
        return {
            (bind.target, f"{kinds[bind.source.parent]}-{bind.source.name}", mode)
            for bind, mode in binds
            if bind.source != self.desk.home.doors
        }

    def environment(self) -> dict[str, str]:
        told = dict(self.asked[-1].asked.environment)
        del told[LISTENER]
        return told

    async def end_by_itself(self) -> None:
        self.asked[-1].status = 137


@dataclass
class Pods:
    """Rooms on a cluster: its API is simulated, and refuses what Kubernetes and the chart would refuse."""

    desk: Desk
    patch: pytest.MonkeyPatch
    api: ClusterApi
    settings: Path

    def spawner(self, person: str, project: str) -> EntitledSpawner:
        from saferoom.hub.jupyter import kubernetes

        c = Config()
        kubernetes.rooms(c, self.cluster(), self.desk)
        return hub_spawner(c, kubernetes.PodRoomSpawner, person, project)

    def cluster(self) -> Any:
        from saferoom.hub.jupyter.cluster import Cluster

        services = {
            "HUB_SERVICE_HOST": "10.0.0.81",
            "HUB_SERVICE_PORT": "8081",
            "AIRLOCK_SERVICE_HOST": "10.0.0.82",
            "AIRLOCK_SERVICE_PORT_ROOMS": "8001",
            "SAFEROOM_ROOMS_SETTINGS": str(self.settings),
        }
        return Cluster.from_environment(services)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        import kubespawner.spawner
        from kubernetes_asyncio.client import Configuration
        from kubespawner import KubeSpawner

        async with self.api.serving() as api:
            # A pod reads where its cluster is from files that are not here.
            self.patch.setattr(kubespawner.spawner, "load_config", lambda **_: None)
            Configuration.set_default(Configuration(host=api.url))
            try:
                yield
            finally:
                await KubeSpawner._stop_all_reflectors()
                Configuration.set_default(None)

    def run(self, case: Callable[[], Awaitable[Any]]) -> Any:
        """Run a case where rooms can be started."""

        async def whole() -> Any:
            async with self.serving():
                return await case()

        return asyncio.run(whole())

    def rooms(self) -> list[str]:
        return sorted(self.api.pods)

    def mounts(self) -> set[Mount]:
        spec = self.api.posted[-1]["spec"]
        claims = {one["name"]: one["persistentVolumeClaim"] for one in spec["volumes"] if "emptyDir" not in one}
        return {
            (one["mountPath"], claims[one["name"]]["claimName"], "ro" if one.get("readOnly") else "rw")
            for one in spec["containers"][0]["volumeMounts"]
            if one["name"] in claims
        }

    def environment(self) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.api.posted[-1]["spec"]["containers"][0]["env"]}

    async def end_by_itself(self) -> None:
        (name,) = self.api.pods
        await self.api.end(name)
