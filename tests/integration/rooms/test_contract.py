"""A room is the same wherever it runs: each case is run on sandboxes and on pods, and both have to agree with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyterhub.utils import iterate_until
from sqlalchemy import select
from tests.support import live_world
from tests.support.live_world import ALPHA, BETA
from tests.support.room_ends import End
from tests.support.waiting import waiting_list
from tornado.web import HTTPError

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.jupyter import entitled
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

DOORS = {"JUPYTERHUB_API_URL", "JUPYTERHUB_ACTIVITY_URL", "JUPYTERHUB_SERVICE_URL", "SAFEROOM_AIRLOCK", "PATH"}
"""All that may differ between the ends: the ways, and where the software is."""
TOLD = {
    "HOME": "/room",
    "IPYTHONDIR": "/tmp/saferoom/ipython",
    "JUPYTERHUB_API_TOKEN": "the-rooms-own-token",
    "JUPYTERHUB_BASE_URL": "/",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ana-alpha",
    "JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED": "0",
    "JUPYTERHUB_DEFAULT_URL": "/lab",
    "JUPYTERHUB_HOST": "",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:servers!server=ana/alpha", "access:servers!user=ana"]',
    "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ana/alpha/oauth_callback",
    "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": "[]",
    "JUPYTERHUB_ROOT_DIR": "/room",
    "JUPYTERHUB_SERVER_NAME": "alpha",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ana/alpha/",
    "JUPYTERHUB_USER": "ana",
    "JUPYTERLAB_SETTINGS_DIR": "/room/.saferoom/ana/settings",
    "JUPYTERLAB_WORKSPACES_DIR": "/room/.saferoom/ana/workspaces",
    "JUPYTER_DATA_DIR": "/tmp/saferoom/data",
    "JUPYTER_RUNTIME_DIR": "/tmp/saferoom/run",
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp/saferoom/matplotlib",
    "SAFEROOM_DATA": "/data",
    "SAFEROOM_OUTBOX": "/room/.saferoom/ana/outbox",
    "SAFEROOM_PROJECT": "alpha",
    "SHELL": "/bin/sh",
    "TZ": "UTC",
    "USER": "researcher",
    "XDG_CACHE_HOME": "/tmp/saferoom/cache",
}
STARTED, ENDED = ("ana", "room.started", "project:alpha"), ("hub", "room.ended", "project:alpha")
NOT_A_MEMBER = "You are not a member of a project"
REFUSED = {
    "no project": ("ana", "", 404, "A room belongs to a project"),
    "somebody else's project": ("ana", BETA, 404, NOT_A_MEMBER),
    "no such project": ("ana", "nowhere", 404, NOT_A_MEMBER),
    "a name that is none": ("ana", "Alpha_1", 404, NOT_A_MEMBER),
    "a way up": ("ana", "../beta", 404, NOT_A_MEMBER),
    "a variable": ("ana", "$(SAFEROOM_DATA)", 404, NOT_A_MEMBER),
    "a second line": ("ana", "alpha\nbeta", 404, NOT_A_MEMBER),
    "another claim": ("ana", "alpha,extracts-beta", 404, NOT_A_MEMBER),
    "too long": ("ana", "a" * 300, 404, NOT_A_MEMBER),
    "a lapsed person": ("lena", ALPHA, 403, ""),
    "nobody": ("stranger", ALPHA, 403, ""),
    "a person whose name is none": ("ana\nben", ALPHA, 403, ""),
}


@pytest.fixture(params=["sandboxes", "pods"])
def end(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def run(end: End, case: Callable[[], Awaitable[Any]]) -> Any:
    """Run a case where rooms can be started."""

    async def whole() -> Any:
        async with end.serving():
            return await case()

    return asyncio.run(whole())


def started(end: End, person: str = "ana", project: str = ALPHA, **changes: Any) -> None:
    """Start a person's room of a project after some of its spawner's settings were changed."""

    async def case() -> None:
        spawner = end.spawner(person, project)
        for name, value in changes.items():
            setattr(spawner, name, value)
        await spawner.start()

    run(end, case)


def entries(instance: Instance) -> list[tuple[str, str, str]]:
    """Return what the audit trail says of rooms."""
    with instance.database.reading() as session:
        rows = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq))
        return [(row.actor, row.action, row.subject) for row in rows if row.action.startswith("room.")]


class TestRoom:
    """What holds for a room, wherever it runs."""

    def test_sees_its_project_alone_and_cannot_write_its_data(self, end: End) -> None:
        started(end)
        assert end.mounts() == {("/data", "extracts-alpha", "ro"), ("/room", "workspace-alpha", "rw")}

    def test_is_told_this_and_nothing_else(self, end: End) -> None:
        started(end, environment={"SECRET": "s", "SAFEROOM_PROJECT": "beta", "JUPYTERHUB_API_URL": "http://other"})
        told = end.environment()
        assert set(told) == set(TOLD) | DOORS
        assert {name: value for name, value in told.items() if name not in DOORS} == TOLD
        assert "other" not in told["JUPYTERHUB_API_URL"]

    def test_is_not_changed_by_options_that_come_with_a_start(self, end: End) -> None:
        started(end, user_options={"profile": "x", "image": "evil", "namespace": "kube-system", "cmd": ["sh"]})
        assert end.mounts() == {("/data", "extracts-alpha", "ro"), ("/room", "workspace-alpha", "rw")}
        assert len(end.rooms()) == 1

    @pytest.mark.parametrize("name", REFUSED)
    def test_is_refused_with_the_same_sentence_before_anything_is_made(
        self, end: End, instance: Instance, desk: Desk, name: str
    ) -> None:
        person, project, status, sentence = REFUSED[name]
        before = entries(instance)
        with pytest.raises(HTTPError) as caught:
            started(end, person, project)
        said = caught.value.jupyterhub_message  # type: ignore[attr-defined]
        assert (caught.value.status_code, said[: len(sentence)]) == (status, sentence)
        assert said == (desk.may_enter(person, project).reason if project else said)
        assert end.rooms() == []
        assert entries(instance) == before

    def test_tells_who_waits_what_happens_and_names_nothing(self, end: End) -> None:
        async def case() -> list[dict[str, Any]]:
            spawner = end.spawner("ana", ALPHA)

            async def spawn() -> None:
                await spawner.start()
                await asyncio.sleep(0.5)  # JupyterHub waits until the server answers

            spawned = asyncio.ensure_future(spawn())
            said = [one async for one in iterate_until(spawned, spawner.progress())]
            await spawned
            return said

        said = run(end, case)
        assert said[-1] == {"progress": 50, "message": "Starting JupyterLab in its sandbox"}
        percents = [one["progress"] for one in said]
        assert percents == sorted(percents)
        assert {key for one in said for key in one} == {"progress", "message"}

    def test_is_in_the_audit_trail_from_start_to_end(self, end: End, instance: Instance) -> None:
        before = entries(instance)

        async def case() -> tuple[int | None, int | None]:
            spawner = end.spawner("ana", ALPHA)
            await spawner.start()
            running = await spawner.poll()
            await spawner.stop()
            await spawner.stop()
            return running, await spawner.poll()

        assert run(end, case) == (None, 0)
        assert end.rooms() == []
        assert entries(instance) == [*before, STARTED, ENDED]

    def test_ends_with_its_persons_membership_and_they_are_told(self, end: End, instance: Instance, desk: Desk) -> None:
        before = entries(instance)

        async def case() -> int | None:
            spawner = end.spawner("ana", ALPHA)
            await spawner.start()
            admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin")
            admin.remove_member(ProjectSlug(ALPHA), Username("ana"))
            return await spawner.poll()

        try:
            assert run(end, case) == 0
        finally:
            live_world.restore(instance)
        assert end.rooms() == []
        assert desk.ended("ana", ALPHA).startswith(NOT_A_MEMBER)
        assert entries(instance) == [*before, STARTED, ENDED]

    def test_does_not_stay_when_nobody_knows_whether_it_may(
        self, end: End, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def case() -> list[int | None]:
            spawner = end.spawner("ana", ALPHA)
            await spawner.start()
            monkeypatch.setattr(Desk, "may_enter", lambda *_: 1 / 0)
            soon = await spawner.poll()
            spawner._confirmed -= entitled._UNCONFIRMED_SECONDS
            return [soon, await spawner.poll()]

        assert run(end, case) == [None, 0]
        assert end.rooms() == []
        assert "could not be confirmed" in desk.ended("ana", ALPHA)

    def test_that_ended_by_itself_is_cleared_away(self, end: End, instance: Instance) -> None:
        before = entries(instance)

        async def case() -> int | None:
            spawner = end.spawner("ana", ALPHA)
            await spawner.start()
            await end.end_by_itself()
            async with asyncio.timeout(20):
                while (status := await spawner.poll()) is None:
                    await asyncio.sleep(0.02)
            return status

        assert run(end, case) == 137
        assert end.rooms() == []
        assert entries(instance) == [*before, STARTED, ENDED]

    def test_that_has_no_place_waits_for_its_turn_and_is_told_where_it_stands(self, end: End) -> None:
        turns = waiting_list(most=1)

        async def case() -> list[str]:
            first, second = end.spawner("ana", ALPHA), end.spawner("cleo", ALPHA)
            first.waiting = second.waiting = turns
            await first.start()
            begun = asyncio.ensure_future(second.start())
            said = []
            async for one in iterate_until(begun, second.progress()):
                said.append(one["message"])
                if len(said) == 1:
                    assert len(end.rooms()) == 1
                    assert await second.poll() is None
                    await first.stop()
            await begun
            assert len(end.rooms()) == 1
            await second.stop()
            return said

        said = run(end, case)
        assert said[0].startswith("Waiting for a room: You are next, because all rooms are in use.")
        assert turns.counts() == {"held": 0, "starting": 0, "waiting": 0}
        assert end.rooms() == []

    def test_that_nobody_waits_for_any_more_is_not_made_and_leaves_the_list(self, end: End) -> None:
        turns = waiting_list(most=1)

        async def case() -> None:
            first, second = end.spawner("ana", ALPHA), end.spawner("cleo", ALPHA)
            first.waiting = second.waiting = turns
            await first.start()
            begun = asyncio.ensure_future(second.start())
            async with asyncio.timeout(10):
                while not turns.counts()["waiting"]:
                    await asyncio.sleep(0.01)
            # As JupyterHub does where a start that waits is given up.
            begun.cancel()
            await asyncio.wait([begun])
            await second.stop()
            assert turns.counts() == {"held": 1, "starting": 0, "waiting": 0}
            assert len(end.rooms()) == 1

        run(end, case)

    def test_of_whom_lost_the_right_while_waiting_is_not_made(self, end: End, instance: Instance) -> None:
        turns = waiting_list(most=1)

        async def case() -> None:
            first, second = end.spawner("cleo", ALPHA), end.spawner("ana", ALPHA)
            first.waiting = second.waiting = turns
            await first.start()
            begun = asyncio.ensure_future(second.start())
            async with asyncio.timeout(10):
                while not turns.counts()["waiting"]:
                    await asyncio.sleep(0.01)
            admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin")
            admin.remove_member(ProjectSlug(ALPHA), Username("ana"))
            await first.stop()
            with pytest.raises(HTTPError):
                await begun

        try:
            run(end, case)
        finally:
            live_world.restore(instance)
        assert end.rooms() == []
        assert turns.counts() == {"held": 0, "starting": 0, "waiting": 0}

    def test_is_refused_where_one_person_wants_too_many(self, end: End) -> None:
        async def case() -> None:
            spawner = end.spawner("ana", ALPHA)
            spawner.waiting = waiting_list(each=0)
            with pytest.raises(HTTPError) as caught:
                await spawner.start()
            assert (caught.value.status_code, end.rooms()) == (429, [])

        run(end, case)

    def test_is_one_for_each_person_in_each_project(self, end: End) -> None:
        async def case() -> list[str]:
            for person, project in (("ana", ALPHA), ("cleo", ALPHA), ("ben", BETA)):
                await end.spawner(person, project).start()
            return end.rooms()

        assert len(set(run(end, case))) == 3
