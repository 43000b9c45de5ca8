"""The desk of clerical review behind the real hub and proxy: started in the linker's zone, closed to everybody else."""

from __future__ import annotations

import time

import httpx
import pytest
from tests.support.desk_server import NAMES, Reviewer, queue_in
from tests.support.live import Live
from tests.support.live_world import ALPHA

from saferoom.hub import keys
from saferoom.hub.drive import HubSession
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.hub.linkage.zones import Zone, folder_of, hand_over
from saferoom.hub.web.shell.navigation import REVIEW_PREFIX

pytestmark = pytest.mark.live
REVIEW = f"{REVIEW_PREFIX}review"
LINK = "person@1"
_START_SECONDS = 60.0


def _page(session: HubSession, path: str = REVIEW) -> httpx.Response:
    """Open a page of the desk, which may still be starting."""
    ends = time.monotonic() + _START_SECONDS
    while True:
        answer = session.http.get(path, headers={"Sec-Fetch-Dest": "document"}, follow_redirects=True)
        if answer.status_code != 503 or time.monotonic() > ends:
            return answer
        time.sleep(0.3)


@pytest.fixture(scope="module", autouse=True)
def queue(live: Live) -> None:
    """Put a queue into the linker's zone and open its review."""
    home = live.home
    folder = folder_of(home, Zone.LINKER)
    secret = ZoneSecret(keys.zone_key(home, Zone.LINKER.value).read_bytes(), Zone.LINKER.value)
    found = queue_in(OpenZone(Zone.LINKER.value, folder, {}, secret), LINK)
    hand_over(folder, home, Zone.LINKER)
    live.instance.clerical.open("system", LINK, [(number, stratum, ok) for number, stratum, ok in found["pairs"]])


def test_reviewer_begins_at_the_desk_and_decides(live: Live) -> None:
    with live.sign_in("rhea") as session:
        first = session.http.get("/hub/", headers={"Sec-Fetch-Dest": "document"}, follow_redirects=False)
        assert first.headers["location"].endswith(REVIEW)
        page = _page(session)
        assert page.status_code == 200
        assert "Do these two belong together?" in page.text
        assert any(name in page.text for name in NAMES)
        fields = Reviewer(session.http).fields(page)
        origin = str(page.url).removesuffix(REVIEW)
        sent = session.http.post(REVIEW, data=fields | {"choice": "match"}, headers={"Origin": origin})
        assert "Noted: a match." in sent.text
    with live.instance.clerical.store.reading() as tx:
        pair = tx.pair(LINK, int(fields["number"]))
    assert pair is not None
    assert [vote.by for vote in pair.votes] == ["rhea"]
    log = live.hub.log.read_text(errors="replace")
    assert "clerical review is open" in log
    assert not [name for name in (*NAMES, "Penhaligon") if name in log]


@pytest.mark.parametrize("name", ["ana", "carla", "olga"])
def test_other_roles_are_refused_at_the_desk(live: Live, name: str) -> None:
    with live.sign_in(name) as session:
        answer = _page(session)
    assert answer.status_code == 403
    assert "Only clerical reviewers" in answer.text
    assert not [name for name in NAMES if name in answer.text]


def test_room_reaches_neither_the_desk_nor_its_queue(live: Live) -> None:
    room = live.room("ana", ALPHA)
    said = room.execute(
        "import os, socket\n"
        f"found = [p for p in ({str(live.home.run / 'linkage')!r}, {str(live.home.linker)!r}) if os.path.exists(p)]\n"
        "print('found', found)"
    ).text
    assert "found []" in said
