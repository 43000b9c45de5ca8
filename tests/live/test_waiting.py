"""A machine with one room for three people: who comes later waits, is told where they stand, and gets their turn."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support import live_world
from tests.support.live import HubProcess, Live, free_port
from tests.support.live_world import ALPHA, BETA
from tests.support.starting import Heard, until_pending, until_running

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.projects.administration.documents import read_entries

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that has one room at a time."""
    home = live_world.home_at(tmp_path_factory.mktemp("narrow"))
    running = Live(HubProcess(home, free_port(), options=("--rooms-most", "1")), live_world.build(home))
    try:
        running.hub.start()
        yield running
    finally:
        running.close()


def test_who_comes_later_waits_in_turn_and_whoever_stops_waiting_is_before_nobody(narrow: Live) -> None:
    ana, cleo, ben = (narrow.session(name) for name in ("ana", "cleo", "ben"))
    ana.start_room(ALPHA)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(cleo.api, "POST", f"users/cleo/servers/{ALPHA}")]
        until_pending(cleo, ALPHA)
        asked.append(pool.submit(ben.api, "POST", f"users/ben/servers/{BETA}"))
        until_pending(ben, BETA)
        cleos, bens = Heard(cleo, ALPHA), Heard(ben, BETA)
        cleos.until("You are next, because all rooms are in use")
        bens.until("1 before you, because all rooms are in use")
        page = cleo.http.get(f"/hub/spawn-pending/cleo/{ALPHA}").text
        assert f'data-stop="users/cleo/servers/{ALPHA}" data-then="/hub/home"' in page
        # Asking again does not help.
        assert ben.api("POST", f"users/ben/servers/{BETA}").status_code in (202, 400)
        assert cleo.api("DELETE", f"users/cleo/servers/{ALPHA}").status_code in (202, 204)
        bens.until("You are next")
        assert not ben.running(BETA)
        ana.stop_room(ALPHA)
        bens.until("Starting JupyterLab")
        assert all(one.result().status_code in (201, 202, 400, 500) for one in asked)
    until_running(ben, BETA)
    room = ben.room(BETA)
    assert room.execute("print(6 * 7)").text.strip() == "42"
    assert not cleo.running(ALPHA)
    # The room that was given up left nothing: the next one starts when there is place.
    ben.stop_room(BETA)
    cleo.start_room(ALPHA)
    cleo.stop_room(ALPHA)


def test_whoever_lapsed_while_waiting_gets_no_room_and_keeps_nobody_from_one(narrow: Live) -> None:
    ana, ben = narrow.session("ana"), narrow.session("ben")
    admin = Administration(narrow.instance.database, SystemClock(), narrow.instance.signing_key, actor="admin")
    ana.start_room(ALPHA)
    try:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ben.api, "POST", f"users/ben/servers/{BETA}")
            until_pending(ben, BETA)
            bens = Heard(ben, BETA)
            bens.until("You are next")
            admin.apply(read_entries([(live_world.people_document("ben", accredited=False), "test")]))
            ana.stop_room(ALPHA)
            bens.until("Spawn failed")
            asked.result()
        assert not any("JupyterLab" in said for said in bens.words)
        ana.start_room(ALPHA)
        ana.stop_room(ALPHA)
    finally:
        live_world.restore(narrow.instance)
