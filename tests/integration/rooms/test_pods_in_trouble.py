"""Rooms whose start or end goes wrong on a cluster, and what is left of them: nothing. Its API is simulated."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jupyterhub.spawner import SpawnException
from tests.support import live_world
from tests.support.cluster_api import POD_ADDRESS
from tests.support.live_world import ALPHA
from tests.support.room_ends import Pods

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]


def test_who_waits_for_a_place_is_told_and_a_room_that_never_came_leaves_nothing(
    pods: Pods, instance: Instance
) -> None:
    pods.api.runs = False

    async def case() -> tuple[list[str], BaseException | None]:
        spawner = pods.spawner("ana", ALPHA)
        spawner.start_seconds = 1
        begun = asyncio.ensure_future(spawner.start())
        said = []
        async for one in spawner.progress():
            said.append(one["message"])
            if "waits" in one["message"]:
                break
        await asyncio.wait([begun])
        return said, begun.exception()

    said, error = pods.run(case)
    assert said == [
        "Asking the cluster for a place",
        "The cluster has no place for the room just now; it waits for one",
    ]
    assert "did not bring it up within 1 seconds" in str(error)
    assert pods.rooms() == []


def test_a_room_that_is_stopped_while_it_starts_is_gone(pods: Pods) -> None:
    pods.api.runs = False

    async def case() -> BaseException | None:
        spawner = pods.spawner("ana", ALPHA)
        spawner.start_seconds = 2
        begun = asyncio.ensure_future(spawner.start())
        async with asyncio.timeout(10):
            while not (spawner.pod_reflector and spawner.pod_reflector.pods):
                await asyncio.sleep(0.02)
        assert await spawner.poll() is None
        await spawner.stop()
        assert pods.rooms() == []
        assert await spawner.poll() == 0
        await asyncio.wait([begun])
        return begun.exception()

    assert isinstance(pods.run(case), SpawnException)
    assert pods.rooms() == []


def test_a_hub_that_starts_again_takes_its_rooms_up_and_ends_those_that_may_not_stay(
    pods: Pods, instance: Instance
) -> None:
    async def case() -> list[int | None]:
        before = pods.spawner("ana", ALPHA)
        await before.start()
        state = json.loads(json.dumps(before.get_state()))
        again = pods.spawner("ana", ALPHA)
        again.load_state(state)
        # It holds a place, and no more than one.
        again.load_state(state)
        assert again.waiting.counts() == {"held": 1, "starting": 0, "waiting": 0}
        looks = [await again.poll()]
        admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin")
        admin.remove_member(ProjectSlug(ALPHA), Username("ana"))
        looks.append(await again.poll())
        assert not again.waiting.counts()["held"]
        again.clear_state()
        assert not again.get_state()["saferoom_room"]
        return looks

    try:
        assert pods.run(case) == [None, 0]
    finally:
        live_world.restore(instance)
    assert pods.rooms() == []


def test_a_room_that_cannot_be_ended_now_is_ended_at_the_next_look(
    pods: Pods, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster's API is away when a membership ends."""

    async def case() -> int | None:
        spawner = pods.spawner("ana", ALPHA)
        await spawner.start()
        admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin")
        admin.remove_member(ProjectSlug(ALPHA), Username("ana"))
        with monkeypatch.context() as patch:
            patch.setattr("kubespawner.KubeSpawner.stop", _away)
            with pytest.raises(OSError, match="away"):
                await spawner.poll()
        assert pods.rooms() == ["room-ana--alpha"]
        return await spawner.poll()

    try:
        assert pods.run(case) == 0
    finally:
        live_world.restore(instance)
    assert pods.rooms() == []


async def _away(*_: Any, **__: Any) -> None:
    raise OSError("away")


def test_what_is_left_of_an_earlier_room_is_replaced(pods: Pods) -> None:
    async def case() -> list[str]:
        await pods.spawner("ana", ALPHA).start()
        await pods.spawner("ana", ALPHA).start()
        return [pod["metadata"]["name"] for pod in pods.api.posted]

    assert set(pods.run(case)) == {"room-ana--alpha"}
    assert pods.rooms() == ["room-ana--alpha"]


def test_a_cluster_that_answers_late_is_asked_again_and_the_room_starts(pods: Pods) -> None:
    pods.api.late_seconds = 2.0

    async def case() -> tuple[str, int | None]:
        spawner = pods.spawner("ana", ALPHA)
        spawner.k8s_api_request_timeout = 1
        return await spawner.start(), await spawner.poll()

    url, status = pods.run(case)
    assert (url, status) == (f"http://{POD_ADDRESS}:8888", None)
    assert len(pods.api.posted) > 1
    assert pods.rooms() == ["room-ana--alpha"]
