"""One person wants every room, over HTTP and as fast as the hub answers: what it costs the others, and the hub.

Bounded in count; `tests/attack/rooms/test_asking_for_all_rooms.py` tries the waiting list by itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support import live_world
from tests.support.live import HubProcess, Live, free_port
from tests.support.live_world import ALPHA, BETA
from tests.support.starting import LONGEST_SECONDS, Heard, pending, until_pending, until_running

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.bench.leftovers import Machine
from saferoom.hub.drive import HubSession
from saferoom.hub.extract_wiring import provision
from saferoom.hub.jupyter.listeners import MOST_LISTENERS
from saferoom.ids import ProjectSlug
from saferoom.projects.administration.documents import read_entries

pytestmark = pytest.mark.live

EACH = 3
OTHERS = tuple(f"other-{number}" for number in range(4))
STREAMS, AT_ONCE = 200, 40
ASKED_AGAIN = 25
MOST_GROWN_KIB = 40 * 1024


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that has one room at a time; Ben has five projects, and may have or wait for three rooms."""
    home = live_world.home_at(tmp_path_factory.mktemp("crowd"))
    instance = live_world.build(home)
    until = datetime.now(UTC).date() + timedelta(days=100)
    documents = [
        f"kind: project\nslug: {slug}\ntitle: {slug}\nmembers: [ben]\nends: {until}\n---\nkind: approval\n"
        f"project: {slug}\ndataset: deaths\ngranted_by: olga\nuntil: {until}\n"
        for slug in OTHERS
    ]
    admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="setup")
    admin.apply(read_entries([("\n---\n".join(documents), "others")]))
    for slug in OTHERS:
        provision(home, instance.registry, ProjectSlug(slug))
    options = ("--rooms-most", "1", "--rooms-each", str(EACH))
    running = Live(HubProcess(home, free_port(), options=options), instance)
    try:
        running.hub.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def ana(crowded: Live) -> Iterator[HubSession]:
    """Ana, who has the one room; afterwards nobody has or waits for any."""
    ana, ben, cleo = (crowded.session(name) for name in ("ana", "ben", "cleo"))
    ana.start_room(ALPHA)
    try:
        yield ana
    finally:
        for project in pending(ben):
            ben.stop_room(project)
        for session in (cleo, ana):
            session.stop_room(ALPHA)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def _ask(session: HubSession, project: str) -> httpx.Response:
    return session.api("POST", f"users/{session.username}/servers/{project}")


def _cancel(session: HubSession, project: str) -> int:
    return session.api("DELETE", f"users/{session.username}/servers/{project}").status_code


def _machine(live: Live) -> Machine:
    assert live.hub.process is not None
    return Machine(live.home, live.hub.process.pid)


def test_who_asks_for_all_rooms_of_all_projects_is_told_the_limit_and_is_once_before_others(
    crowded: Live, ana: HubSession, pool: ThreadPoolExecutor
) -> None:
    ben, cleo = crowded.session("ben"), crowded.session("cleo")
    asked = [pool.submit(_ask, ben, project) for project in (BETA, *OTHERS)]
    refused: list[httpx.Response] = []
    deadline = time.monotonic() + LONGEST_SECONDS
    while len(refused) < 2:
        assert time.monotonic() < deadline
        refused = [one.result() for one in asked if one.done()]
        time.sleep(0.1)
    assert {one.status_code for one in refused} == {429}
    assert all("as many as one person may" in one.json()["message"] for one in refused)
    mine = pending(ben)
    assert len(mine) == EACH
    pool.submit(_ask, cleo, ALPHA)
    until_pending(cleo, ALPHA)
    heard = Heard(cleo, ALPHA)
    # Only the first of the three: the others are for a second and third round.
    heard.until("1 before you")
    ana.stop_room(ALPHA)
    first = next(one for one in mine if _soon_running(ben, mine, one))
    heard.until("You are next")
    ben.stop_room(first)
    until_running(cleo, ALPHA)
    assert pending(ben) == mine - {first}


def _soon_running(session: HubSession, of: set[str], project: str) -> bool:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not any(session.running(one) for one in of):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return session.running(project)


def test_who_asks_and_cancels_again_and_again_is_before_nobody_and_leaves_nothing(
    crowded: Live, ana: HubSession, pool: ThreadPoolExecutor
) -> None:
    ben, cleo = crowded.session("ben"), crowded.session("cleo")
    asked = pool.submit(_ask, ben, BETA)
    until_pending(ben, BETA)
    _cancel(ben, BETA)
    asked.result()
    pool.submit(_ask, cleo, ALPHA)
    until_pending(cleo, ALPHA)
    heard = Heard(cleo, ALPHA)
    heard.until("You are next")
    machine = _machine(crowded)
    before, rows = machine.sizes()["hub"], machine.left().rows
    for number in range(ASKED_AGAIN):
        asked = pool.submit(_ask, ben, (BETA, *OTHERS)[number % 5])
        until_pending(ben, (BETA, *OTHERS)[number % 5])
        assert _cancel(ben, (BETA, *OTHERS)[number % 5]) in (202, 204)
        asked.result()
    pool.submit(_ask, ben, BETA)
    until_pending(ben, BETA)
    assert not any("before you" in words for words in heard.words)
    descriptors, kib = machine.sizes()["hub"]
    assert descriptors <= before[0] + 10
    assert kib - before[1] < MOST_GROWN_KIB
    # What is kept of a project is kept once, however often its room was asked for.
    assert machine.left().rows["spawners"] <= rows["spawners"] + len(OTHERS) + 1
    assert machine.left().rows["api_tokens"] <= rows["api_tokens"] + 1
    ana.stop_room(ALPHA)
    until_running(cleo, ALPHA)
    assert not ben.running(BETA)


def _open_stream(session: HubSession, project: str) -> httpx.Response:
    """Return an open stream of the news of a room that starts, its first line read."""
    where = f"/hub/api/users/{session.username}/servers/{project}/progress"
    request = session.http.build_request("GET", where, headers={"Accept": "text/event-stream"}, timeout=30.0)
    answer = session.http.send(request, stream=True)
    assert answer.status_code == 200
    return answer


def _ended(live: Live, project: str) -> int:
    """Return how many streams the hub has ended, by its log."""
    return sum(
        f"200 GET /hub/api/users/ben/servers/{project}/progress" in line
        for line in live.hub.log.read_text().splitlines()
    )


def test_news_that_are_listened_to_many_times_end_and_others_hear_theirs(
    crowded: Live, ana: HubSession, pool: ThreadPoolExecutor
) -> None:
    ben, cleo = crowded.session("ben"), crowded.session("cleo")
    machine = _machine(crowded)
    pool.submit(_ask, ben, BETA)
    until_pending(ben, BETA)
    pool.submit(_ask, cleo, ALPHA)
    until_pending(cleo, ALPHA)
    heard = Heard(cleo, ALPHA)
    heard.until("1 before you")
    before, ended = machine.sizes()["hub"], _ended(crowded, BETA)
    with HubSession(crowded.url) as many:
        many.username, many.http.cookies = "ben", ben.http.cookies
        for _ in range(STREAMS // AT_ONCE):
            opened = [_open_stream(many, BETA) for _ in range(AT_ONCE)]
            for one in opened:
                one.close()
        # Whoever went is not talked to any more, long before the room starts.
        deadline = time.monotonic() + LONGEST_SECONDS
        while _ended(crowded, BETA) < ended + STREAMS:
            assert time.monotonic() < deadline, _ended(crowded, BETA) - ended
            time.sleep(0.2)
        opened = [_open_stream(many, BETA) for _ in range(AT_ONCE)]
        while _ended(crowded, BETA) < ended + STREAMS + AT_ONCE - MOST_LISTENERS:
            assert time.monotonic() < deadline, _ended(crowded, BETA) - ended
            time.sleep(0.2)
        assert _ended(crowded, BETA) == ended + STREAMS + AT_ONCE - MOST_LISTENERS
        # The proxy keeps a connection for a moment, for whoever comes next.
        while machine.sizes()["hub"][0] > before[0] + MOST_LISTENERS + 10:
            assert time.monotonic() < deadline, machine.sizes()
            time.sleep(0.2)
        assert machine.sizes()["hub"][1] - before[1] < MOST_GROWN_KIB
        for path in ("/hub/health", "/hub/home", "/services/airlock/health"):
            assert cleo.http.get(path).status_code == 200
        _cancel(ben, BETA)
        heard.until("You are next")
        for one in opened:
            with contextlib.suppress(httpx.HTTPError):
                one.close()
