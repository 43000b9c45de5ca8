"""Which rooms start, how long they live, and what people are told."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support import live_world
from tests.support.live import Live
from tests.support.live_world import ALPHA, BETA
from tests.support.opened import sealed
from tests.support.processes import below

from saferoom.clock import SystemClock
from saferoom.errors import BadInputError, ForbiddenError, NotFoundError
from saferoom.hub.administration import Administration
from saferoom.hub.drive import HubSession
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries

pytestmark = pytest.mark.live

# Promised is a minute.
ENDS_WITHIN_SECONDS = 45.0


@pytest.fixture
def admin(live: Live) -> Iterator[Administration]:
    """Changes the registry as an administrator would, and puts everything back."""
    administration = Administration(live.instance.database, SystemClock(), live.instance.signing_key, actor="admin")
    yield administration
    live_world.restore(live.instance)


def test_room_of_a_project_one_is_not_a_member_of_is_refused(live: Live) -> None:
    with pytest.raises(NotFoundError, match="You are not a member of a project called beta"):
        live.session("ana").start_room(BETA)


def test_room_of_a_project_that_does_not_exist_reads_the_same(live: Live) -> None:
    with pytest.raises(NotFoundError, match="You are not a member of a project called nowhere"):
        live.session("ana").start_room("nowhere")


def test_room_without_a_project_is_refused_with_the_way_to_go(live: Live) -> None:
    with pytest.raises(NotFoundError, match="A room belongs to a project"):
        live.session("ana").start_room("")


def test_room_with_an_impossible_name_is_refused(live: Live) -> None:
    with pytest.raises(BadInputError):
        live.session("ana").start_room("Alpha_1")


def test_room_of_somebody_else_is_refused(live: Live) -> None:
    answer = live.session("ana").api("POST", "users/ben/servers/beta")
    assert answer.status_code in (403, 404)


def test_options_given_with_a_start_change_nothing(live: Live) -> None:
    session = live.sign_in("cleo")
    with session:
        if session.running(ALPHA):
            session.stop_room(ALPHA)
        options = {"user_options": {"project": BETA, "cmd": ["sh"], "environment": {"A": "B"}}}
        assert session.api("POST", f"users/cleo/servers/{ALPHA}", json=options).status_code in (201, 202)
        while not session.running(ALPHA):
            time.sleep(0.1)
        output = session.room(ALPHA).execute("import os; print(os.environ['SAFEROOM_PROJECT'], 'A' in os.environ)")
        assert output.text.strip() == "alpha False"
        session.stop_room(ALPHA)


def test_room_of_a_colleague_cannot_be_entered(live: Live) -> None:
    live.room("ana", ALPHA)
    assert live.session("cleo").http.get(f"/user/ana/{ALPHA}/lab").status_code == 403


def test_workspace_is_kept_when_the_room_is_stopped(live: Live) -> None:
    live.room("cleo", ALPHA).execute("open('/room/kept.txt', 'w').write('still here')")
    live.session("cleo").stop_room(ALPHA)
    assert live.room("cleo", ALPHA).execute("print(open('/room/kept.txt').read())").text.strip() == "still here"
    live.session("cleo").stop_room(ALPHA)


def test_rooms_end_with_membership_approval_and_accreditation(live: Live, admin: Administration) -> None:
    sessions = {"cleo": ALPHA, "ben": BETA, "ana": ALPHA}
    for person, project in sessions.items():
        live.room(person, project)
    start = time.monotonic()
    admin.remove_member(ProjectSlug(ALPHA), Username("cleo"))
    admin.end_approval(ProjectSlug(BETA), DatasetName("deaths"))
    admin.apply(read_entries([(live_world.people_document("ana", accredited=False), "test")]))
    live.instance.database.dispose()
    left = dict(sessions)
    while left:
        left = {person: project for person, project in left.items() if _room_answers(live, person, project)}
        assert time.monotonic() - start < ENDS_WITHIN_SECONDS, f"still running: {left}"
        time.sleep(0.5)

    page = live.session("cleo").http.get("/hub/home").text
    assert "Your room in alpha was ended: You are not a member" in page
    page = live.session("ben").http.get("/hub/home").text
    assert "Every approval of data for project beta has ended" in page
    with pytest.raises(ForbiddenError, match="Every approval"):
        live.session("ben").start_room(BETA)


def test_session_ends_when_accreditation_lapses(live: Live, admin: Administration) -> None:
    with live.sign_in("cleo") as session:
        admin.apply(read_entries([(live_world.people_document("cleo", accredited=False), "test")]))
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while session.http.get("/hub/home").url.path != "/hub/login":
            assert time.monotonic() < deadline
            time.sleep(0.5)


def test_opening_and_ending_a_room_is_in_the_audit_trail(live: Live) -> None:
    live.session("ana").stop_room(ALPHA)
    since = datetime.now(UTC).isoformat()
    live.room("ana", ALPHA)
    live.session("ana").stop_room(ALPHA)
    actions = live_world.audit_actions(live.instance, since)
    assert ("ana", "room.started", "project:alpha") in actions
    assert ("hub", "room.ended", "project:alpha") in actions


def test_tampered_extract_is_never_shown(live: Live) -> None:
    live.session("ana").stop_room(ALPHA)
    extract = sealed(live.home, ALPHA, "births")
    content = extract.read_bytes()
    # Nobody writes extracts, their owner included; whoever tampers does it all the same.
    extract.chmod(0o644)
    try:
        extract.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        answer = live.session("ana").api("POST", f"users/ana/servers/{ALPHA}")
        assert answer.status_code >= 400
        assert "births.parquet" in answer.json()["message"]
    finally:
        extract.write_bytes(content)
        extract.chmod(0o400)
    live.room("ana", ALPHA)


def test_hub_that_was_killed_takes_its_rooms_with_it_and_starts_again(live: Live) -> None:
    live.room("ana", ALPHA).execute("open('/room/before.txt', 'w').write('saved')")
    assert live.hub.process is not None
    children = below(live.hub.process.pid)
    assert len(children) >= 4
    live.restart_hub_by_force()
    deadline = time.monotonic() + 10
    while [one for one in children if one.is_running()]:
        assert time.monotonic() < deadline, [one.cmdline()[:4] for one in children if one.is_running()]
        time.sleep(0.2)

    assert not live.session("ana").running(ALPHA)
    assert live.room("ana", ALPHA).execute("print(open('/room/before.txt').read())").text.strip() == "saved"


def _room_answers(live: Live, person: str, project: str) -> bool:
    """Tell whether a room still answers through the proxy, whatever the person's session is worth."""
    session: HubSession = live.session(person)
    answer = session.http.get(f"/user/{person}/{project}/api", follow_redirects=False)
    return answer.status_code == 200 and "version" in answer.text


def test_room_opens_an_older_version_and_only_its_own_projects_folder_is_there(live: Live) -> None:
    live.session("ana").stop_room(ALPHA)
    room = live.room("ana", ALPHA)
    live.room("ben", BETA)
    opened = Path(os.environ["SAFEROOM_OPENED"])
    places = {path.parent.parent.parent.name: path for path in opened.glob("*/*/*/1/*.parquet")}
    assert {ALPHA, BETA} <= set(places)  # both are open on the machine
    said = room.execute(
        "import os, saferoom\n"
        "x = saferoom.extract('births', version='1')\n"
        "print(len(x.frame()), x.version, x.path, os.path.exists('/data/births.parquet'), sorted(os.listdir('/data')), "
        f"os.path.exists({str(opened)!r}), [name for name in os.listdir('/dev/shm') if 'saferoom' in name])"
    ).text
    assert said.strip() == "400 1 /data/births/1/births.parquet True ['births', 'births.parquet'] False []"
    answer = room.execute("try:\n  saferoom.extract('births', version='9')\nexcept Exception as e: print(e)").text
    assert "it has: 1" in answer
