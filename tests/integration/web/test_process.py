"""The service as a real process, its evaluator in a real sandbox; only the hub's API is a stand-in.

The same against a real hub is in tests/live.
"""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_server import HOST
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.opened import sealed
from tests.support.stand_in_hub import StandInHub, running

from saferoom.clock import SystemClock
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

SAFE = {"from": "survey", "statistic": "frequency", "by": ["education"]}
RISKY = {"from": "survey", "statistic": "frequency", "by": ["region", "education"]}
NOT_AUTOMATIC = {"from": "register", "statistic": "frequency", "by": ["education"]}
WORDS = {"title": "Education", "context": "A first look.", "controls": "Coarse categories."}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, SystemClock()) as made:
        yield made


@pytest.fixture
def process(place: World, tmp_path: Path) -> Iterator[AirlockProcess]:
    hub = StandInHub(place.home.run / "hub-stand-in.sock")
    with running(hub):
        made = AirlockProcess(place.home, hub, tmp_path / "airlock.log")
        try:
            yield made
        finally:
            made.close()


def evaluation(process: AirlockProcess, query: dict[str, Any]) -> dict[str, Any]:
    answer = process.room("ana", MOBILITY).post("evaluations", {"query": query})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ask(process: AirlockProcess, evaluation_id: str) -> httpx.Response:
    return process.room("ana", MOBILITY).post("requests", WORDS | {"outputs": [evaluation_id]})


def events(place: World, action: str) -> list[str]:
    """Return the subjects of the audit events called `action`."""
    with place.instance.database.transaction() as session:
        return list(session.scalars(select(AuditLinkRow.subject).where(AuditLinkRow.action == action)))


def check_released_once(place: World) -> Request:
    """Check that there is one request, released once, in a bundle and with an audit trail that verify."""
    airlock, key = place.instance.airlock, place.instance.signing_key.verifying_key
    (request,) = airlock.requests_of(Username("ana"), MOBILITY)
    assert request.state is State.RELEASED
    assert events(place, "request.released") == [request.id]
    assert len(events(place, "request.approved")) == 1
    verify_bundle(airlock.bundle(Username("ana"), request.id), key)
    with place.instance.database.transaction() as session:
        verify_audit_log(session, key)
    return request


def test_safe_statistic_leaves_by_itself_and_risky_one_is_refused(place: World, process: AirlockProcess) -> None:
    process.start()
    safe, risky = evaluation(process, SAFE), evaluation(process, RISKY)
    assert safe["verdict"] == "pass"
    assert safe["route"] == {"automatic": True, "reasons": [], "checkers": 0}
    assert safe["table"]["columns"] == ["education", "count"]
    assert risky["verdict"] == "fail"
    assert {finding["rule"] for finding in risky["findings"]} >= {"threshold"}
    assert ask(process, risky["id"]).status_code == 422
    answer = ask(process, safe["id"])
    assert answer.status_code == 201
    assert answer.json()["state"] == "released"
    check_released_once(place)


def test_protected_statistic_of_another_owner_goes_to_a_checker(place: World, process: AirlockProcess) -> None:
    process.start()
    judged = evaluation(process, RISKY | {"from": "register", "protect": {"method": "suppress"}})
    assert judged["verdict"] == "pass"
    assert judged["protected"] is not None
    assert not judged["route"]["automatic"]
    answer = ask(process, judged["id"])
    assert answer.json()["state"] == "submitted"
    assert answer.json()["waiting_for"] == "an output checker"
    ben = process.browser("ben")
    page = ben.get(answer.json()["url"].removeprefix("/services/airlock/"))
    assert "What would leave" in page.text
    output = answer.json()["outputs"][0]["id"]
    path = f"requests/{answer.json()['id']}/outputs/{output}/vote"
    voted = ben.post(path, {"choice": "approved", "comment": ""})
    assert voted.headers["location"].endswith("?done=released")
    bundle = process.browser("ana").get(f"requests/{answer.json()['id']}/bundle")
    assert bundle.headers["content-type"] == "application/zip"
    verify_bundle(bundle.content, place.instance.signing_key.verifying_key)
    check_released_once(place)


def test_changed_extract_stops_every_evaluation(place: World, process: AirlockProcess) -> None:
    process.start()
    extract = sealed(place.home, MOBILITY, "survey")
    data = extract.read_bytes()
    extract.chmod(0o600)
    extract.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    answer = process.room("ana", MOBILITY).post("evaluations", {"query": SAFE})
    assert answer.status_code == 500
    assert "not the one in its manifest" in answer.json()["error"]["message"]


def test_sockets_are_open_to_rooms_only(place: World, process: AirlockProcess) -> None:
    process.start()
    assert stat.S_IMODE(place.home.run.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.home.socket("airlock").stat().st_mode) == 0o666
    assert stat.S_IMODE(place.home.socket("airlock-web").stat().st_mode) == 0o600


def test_service_ends_cleanly_when_told_to(process: AirlockProcess) -> None:
    process.start()
    assert process.end(signal.SIGTERM) == 0


def test_log_is_json_and_holds_no_values(process: AirlockProcess) -> None:
    process.start()
    evaluation(process, SAFE)
    process.room("ana", MOBILITY).post("evaluations", {"query": {"statistic": "a-secret-word"}})
    process.end()
    lines = process.log.read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert any(json.loads(line).get("route") == "/api/room/evaluations" for line in lines)
    for secret in ("a-secret-word", "education", *process.hub.models):
        assert secret not in "".join(lines)


@pytest.mark.parametrize("step", ["prepared", "submitted", "approved", "bundled", "released"])
def test_kill_during_an_automatic_release_loses_nothing_and_releases_once(
    place: World, process: AirlockProcess, step: str
) -> None:
    process.start(dies_at=step)
    judged = evaluation(process, SAFE)
    with pytest.raises(httpx.TransportError):
        ask(process, judged["id"])
    assert process.end() == -signal.SIGKILL
    process.start()
    # The notebook got no answer and asks again, with the same evaluation and the same words.
    answer = ask(process, judged["id"])
    assert answer.status_code == 201
    assert answer.json()["state"] == "released"
    assert ask(process, judged["id"]).json()["id"] == answer.json()["id"]
    check_released_once(place)


@pytest.mark.parametrize("step", ["approved", "bundled", "released"])
def test_kill_during_a_checkers_approval_loses_no_vote_and_releases_once(
    place: World, process: AirlockProcess, step: str
) -> None:
    process.start(dies_at=step)
    judged = evaluation(process, NOT_AUTOMATIC)
    request = ask(process, judged["id"]).json()
    path = f"requests/{request['id']}/outputs/{request['outputs'][0]['id']}/vote"
    with pytest.raises(httpx.TransportError):
        process.browser("ben").post(path, {"choice": "approved", "comment": ""})
    assert process.end() == -signal.SIGKILL
    process.start()
    # What the vote began is finished at the start, before anybody asks; voting again is no longer possible.
    check_released_once(place)
    assert process.browser("ben").post(path, {"choice": "approved", "comment": ""}).status_code == 409
    check_released_once(place)


def test_sessions_end_with_the_process_and_forms_say_so(place: World, process: AirlockProcess) -> None:
    process.start()
    judged = evaluation(process, NOT_AUTOMATIC)
    request = ask(process, judged["id"]).json()
    ben = process.browser("ben")
    token = ben.csrf()
    process.end(signal.SIGKILL)
    process.start()
    path = f"requests/{request['id']}/outputs/{request['outputs'][0]['id']}/vote"
    fields = {"choice": "approved", "comment": "", "csrf": token}
    page = ben.bare_post(path, fields, Origin=f"http://{HOST}")
    assert page.status_code == 401
    assert "Sign in again" in page.text
    assert ben.get("queue").status_code == 303
