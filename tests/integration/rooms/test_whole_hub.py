"""The whole hub as on a cluster: the chart's lines for JupyterHub, guarded proxy, airlock, rooms to their end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from tests.support.admission import Rules
from tests.support.live_world import ALPHA, BETA, PASSWORD, SECRET
from tests.support.wheels import wheel
from tests.support.whole_cluster import RECORDER_SECRET, Whole, running
from websockets.exceptions import ConnectionClosed, InvalidStatus

from saferoom.clock import SystemClock
from saferoom.errors import NotFoundError
from saferoom.hub.administration import Administration
from saferoom.hub.drive import HubSession, Room
from saferoom.hub.jupyter.factors.handlers import PAGE
from saferoom.hub.packages.bringing import Bringing
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.packages.model import wanted

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

ENDS_WITHIN_SECONDS = 45.0
CARLA = Username("carla")


@pytest.fixture(scope="module")
def whole(
    instance: Instance, rules: Rules, settings: Path, sign_in: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Whole]:
    files = {"rooms": settings, "sign-in": sign_in}
    with running(instance, rules, files, tmp_path_factory.mktemp("whole")) as made:
        yield made


@pytest.fixture(scope="module")
def session(whole: Whole) -> Iterator[HubSession]:
    with HubSession(whole.url) as made:
        made.sign_in("ana", PASSWORD, pyotp.TOTP(SECRET).now())
        yield made


@pytest.fixture(scope="module")
def room(session: HubSession) -> Room:
    """Ana's room, a pod."""
    return session.start_room(ALPHA)


def recorded(instance: Instance, text: str) -> bool:
    """Tell whether somebody had a kernel run `text`."""
    found = instance.inputs.look(CARLA, ProjectSlug(ALPHA)).page.items
    return any(one.heard.text == text and one.line.person == "ana" for one in found)


def until_recorded(instance: Instance, text: str) -> None:
    """Wait until `text` is recorded: it is on its way while the kernel runs it."""
    deadline = time.monotonic() + 20
    while not recorded(instance, text):
        assert time.monotonic() < deadline, "it was not recorded"
        time.sleep(0.1)


def test_a_person_works_in_a_room_of_ones_own_projects(whole: Whole, session: HubSession, room: Room) -> None:
    with pytest.raises(NotFoundError, match="You are not a member of a project called beta"):
        session.start_room(BETA)
    said = room.execute("import os, json; print(json.dumps([os.getcwd(), os.environ['SAFEROOM_PROJECT']]))").text
    assert json.loads(said) == ["/room", "alpha"]
    assert "Read-only file system" in room.execute("open('/data/x', 'w')").error
    assert list(whole.api.pods) == ["room-ana--alpha"]


def test_security_keys_are_tied_to_the_charts_host(session: HubSession) -> None:
    page = session.http.get(f"/hub/{PAGE}")
    assert page.status_code == 200
    assert 'data-origin="https://saferoom.example.org"' in page.text
    assert "Security keys are not offered here" not in page.text


def test_what_is_run_is_recorded_and_what_cannot_be_recorded_is_not_run(whole: Whole, room: Room) -> None:
    code = "answer = 6 * 7; print(answer)"
    assert room.execute(code).text == "42\n"
    until_recorded(whole.instance, code)

    whole.stop_airlock()
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        room.execute("answer = 'not recorded'")
    # One whose secret is another's: an airlock of another release, or somebody in its place.
    whole.start_airlock("x" * 64)
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        room.execute("answer = 'not recorded'")
    whole.stop_airlock()
    whole.start_airlock()

    assert room.execute("print(answer, 'as before')").text == "42 as before\n"
    until_recorded(whole.instance, "print(answer, 'as before')")
    assert not recorded(whole.instance, "answer = 'not recorded'")
    for said in (whole.said("hub"), whole.said("airlock")):
        assert code not in said
        assert RECORDER_SECRET not in said


def test_allowed_packages_are_installed_in_a_pod(whole: Whole, room: Room, tmp_path: Path) -> None:
    wheel(tmp_path, "tidal")
    wheel(tmp_path, "lonely")
    packages = whole.instance.packages
    Bringing(packages, whole.instance.wheel_files, SystemClock(), "admin:root").add([tmp_path])
    packages.allow("admin:root", ProjectSlug(ALPHA), [wanted("tidal")])
    said = room.execute("%pip install tidal", 120).text
    assert "Successfully installed tidal" in said, said
    assert room.execute("import tidal; print(tidal.HEIGHT)").text == "42\n"
    assert "No matching distribution found for lonely" in room.execute("!pip install lonely", 120).text


def test_a_room_ends_with_the_membership_and_its_person_is_told(whole: Whole, session: HubSession, room: Room) -> None:
    assert room.execute("print('up')").text == "up\n"
    administration = Administration(whole.instance.database, SystemClock(), whole.instance.signing_key, actor="admin")
    administration.remove_member(ProjectSlug(ALPHA), Username("ana"))
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while whole.api.pods:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert "Your room in alpha was ended: You are not a member" in session.http.get("/hub/home").text


def test_every_line_of_the_log_is_a_document(whole: Whole) -> None:
    lines = [*whole.said("airlock").splitlines(), *whole.said("hub").splitlines()]
    # JupyterHub says one thing before it has read how to say it.
    said = [json.loads(line) for line in lines if "extra_handlers is deprecated" not in line]
    assert {one.get("service") for one in said} >= {"hub", "proxy"}
    assert all({"event", "level", "timestamp"} <= set(one) for one in said)
