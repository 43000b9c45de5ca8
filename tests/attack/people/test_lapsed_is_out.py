"""Whoever lapses is out at once and everywhere: sign-in, pages, the rooms' API, rooms, sessions, and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.airlock_domain import screened
from tests.support.airlock_server import Browser, Room, Service, service
from tests.support.airlock_world import MOBILITY, NOW, World, judged, world

from saferoom.errors import ForbiddenError
from saferoom.hub.jupyter import config, entitled
from saferoom.hub.jupyter.authenticator import LocalAuthenticator
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.spawner import RoomSpawner
from saferoom.hub.store import tables
from saferoom.ids import RequestId, Username
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.uploads import Upload
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power, Role
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import AccountForm, EndForm, Ending, PersonChange

ANA, BEN = Username("ana"), Username("ben")
ROOT = Actor.operator("admin:root")
YESTERDAY = NOW.date() - timedelta(days=1)
WORDS = Words("Education by region", "A first look.", "Nothing special.")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def running(place: World) -> Iterator[Service]:
    with service(place) as made:
        yield made


def _expire(record: str) -> Callable[[World], None]:
    return lambda place: place.change(tables.PersonRecordRow, record, expires=YESTERDAY)


def _withdraw(record: str) -> Callable[[World], None]:
    form = EndForm(ending=Ending.WITHDRAWN, reason="The Authority took it back.")

    def deed(place: World) -> None:
        place.instance.people.end_record(ROOT, record, form)

    return deed


def _close(who: Username) -> Callable[[World], None]:
    def deed(place: World) -> None:
        version = place.instance.people.dossier(ROOT, who).version
        place.instance.people.close(ROOT, who, AccountForm(reason="Left the university.", version=version))

    return deed


LAPSES = {
    "accreditation expired": _expire("record-ana-full"),
    "training expired": _expire("record-ana-safe-researcher"),
    "accreditation withdrawn": _withdraw("record-ana-full"),
    "account closed": _close(ANA),
}


class FakeRunning:
    """A room's process."""

    stopped = False

    def poll(self) -> None:
        return None

    def stop(self) -> None:
        self.stopped = True


def _room(desk: Desk, who: str) -> tuple[RoomSpawner, FakeRunning]:
    """Return the spawner of a room that runs."""
    here = {"name": MOBILITY, "_log_name": f"{who}:{MOBILITY}", "place": SimpleNamespace(clear=lambda: None)}
    room = type("OneRoom", (RoomSpawner,), here)(desk=desk)
    room.user = SimpleNamespace(name=who)
    process = FakeRunning()
    room._running, room._held, room._noted = process, True, True
    return room, process


def _stays(desk: Desk, who: str) -> Any:
    return asyncio.run(LocalAuthenticator(desk=desk, manage_groups=True).refresh_user(SimpleNamespace(name=who)))


def _ways_out(place: World, request: RequestId) -> dict[str, Callable[[], object]]:
    """Return everything through which something of Ana's could leave, or come nearer to it; the outbox uses them."""
    airlock = place.instance.airlock
    upload = Upload(author=ANA, project=MOBILITY, name="t.csv", data=b"a,b\n", query_of=None)
    return {
        "evaluation": lambda: airlock.record_evaluation(ANA, MOBILITY, judged()),
        "file": lambda: airlock.record_file(upload, screened("t.csv")),
        "draft": lambda: airlock.draft(ANA, MOBILITY, [], WORDS),
        "requests": lambda: airlock.requests_of(ANA),
        "request": lambda: airlock.request(ANA, request),
    }


@pytest.mark.parametrize("lapse", LAPSES.values(), ids=LAPSES.keys())
def test_researcher_who_lapses_is_out_everywhere(
    running: Service, place: World, lapse: Callable[[World], None]
) -> None:
    desk = Desk(place.instance)
    browser: Browser = running.browser("ana")
    api: Room = running.room()
    room, process = _room(desk, "ana")
    request = place.request()
    assert (browser.get("requests").status_code, api.get("datasets").status_code) == (200, 200)
    assert asyncio.run(room.poll()) is None
    assert _stays(desk, "ana")
    lapse(place)
    assert not desk.standing("ana")
    assert _stays(desk, "ana") is False
    assert browser.get("requests").status_code == browser.get(f"requests/{request.id}").status_code == 403
    assert browser.bare_post("requests", {"x": "y"}, Origin="http://hub.example").status_code in (403, 404, 405)
    for call in ("datasets", "requests", f"requests/{request.id}"):
        assert api.get(call).status_code == 403
    assert api.post("evaluations", {"query": {}}).status_code == 403
    assert api.upload("t.csv", b"a,b\n").status_code == 403
    assert asyncio.run(room.poll()) == 0
    assert process.stopped
    assert desk.ended("ana", MOBILITY)
    for way in _ways_out(place, request.id).values():
        with pytest.raises(ForbiddenError):
            way()


def test_room_ends_within_a_minute_of_the_lapse() -> None:
    assert config.POLL_SECONDS + entitled._UNCONFIRMED_SECONDS < 60
    assert config.REFRESH_SECONDS < 60


def test_checker_who_lapses_checks_nothing(running: Service, place: World) -> None:
    browser, request = running.browser("ben"), place.request()
    assert browser.get(f"requests/{request.id}").status_code == 200
    _expire("record-ben-output-checker")(place)
    assert browser.get("queue").status_code == browser.get(f"requests/{request.id}").status_code == 403
    for attempt in (
        lambda: place.approve(request),
        lambda: place.instance.airlock.queue_page(BEN).items,
        lambda: place.instance.airlock.reject(BEN, request.id, "No."),
    ):
        with pytest.raises(ForbiddenError):
            attempt()


def test_role_that_ends_is_out_at_once(running: Service, place: World) -> None:
    browser, api = running.browser("chris"), running.room("chris")
    assert (browser.get("queue").status_code, api.get("datasets").status_code) == (200, 200)
    chris = Username("chris")
    dossier = place.instance.people.dossier(ROOT, chris)
    change = PersonChange(display_name="Chris Cole", roles=frozenset({Role.OUTPUT_CHECKER}), version=dossier.version)
    place.instance.people.edit(ROOT, chris, change)
    assert (browser.get("queue").status_code, api.get("datasets").status_code) == (200, 403)


def test_break_glass_brings_a_lapsed_researcher_back_until_its_end_and_not_a_second_longer(
    running: Service, place: World
) -> None:
    browser, api = running.browser("ana"), running.room()
    _expire("record-ana-full")(place)
    reason = "The renewal is granted; the letter arrives tomorrow."
    form = EmergencyForm(username=ANA, power=Power.REINSTATEMENT, hours=1, reason=reason)
    place.instance.people.break_glass(ROOT, form)
    assert (browser.get("requests").status_code, api.get("datasets").status_code) == (200, 200)
    for _ in range(3):
        assert browser.get("requests").status_code == 200
        place.clock.advance(timedelta(minutes=20))
    assert (browser.get("requests").status_code, api.get("datasets").status_code) == (403, 403)
