"""Attacks on who is asking: forged, foreign and replayed tokens, forged sessions, people who lapsed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.support.airlock_server import HOST, PREFIX, Service
from tests.support.airlock_world import LATER, NOW
from tests.support.naming import names
from tests.support.stand_in_hub import AIRLOCK, SERVICE_TOKEN

from saferoom.hub.store import tables
from saferoom.hub.web.shell.sessions import IDLE, LONGEST

CALLS = ("datasets", "requests")


def test_token_of_a_stopped_room_is_refused_at_its_next_use(airlock: Service) -> None:
    room = airlock.room()
    assert room.get("datasets").status_code == 200
    airlock.hub.revoke(room.token)
    answer = room.get("datasets")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert room.post("evaluations", {"query": {}}).status_code == 401


@pytest.mark.parametrize("kind", ["browser", "own", "service", "other person's room", "no room"])
def test_token_of_another_kind_is_refused(airlock: Service, kind: str) -> None:
    models: dict[str, dict[str, Any]] = {
        "browser": {"kind": "user", "name": "ana", "session_id": "s", "scopes": ["access:servers!server=ana/mobility"]},
        "own": {"kind": "user", "name": "ana", "session_id": None, "scopes": ["access:servers!user=ana", AIRLOCK]},
        "service": {"kind": "service", "name": "culler", "scopes": ["access:servers"]},
        "other person's room": {"kind": "user", "name": "ana", "scopes": ["access:servers!server=rita/income"]},
        "no room": {"kind": "user", "name": "ana", "session_id": None, "scopes": [AIRLOCK]},
    }
    room = airlock.with_token(airlock.hub.token(models[kind]))
    for call in CALLS:
        assert room.get(call).status_code == 403


@pytest.mark.parametrize(
    "authorization", ["", "token", "token short", "Bearer {}", "token {} x", "basic {}", "token " + "x" * 5000]
)
def test_malformed_authorization_is_refused(airlock: Service, authorization: str) -> None:
    room = airlock.room()
    assert room.get("datasets", Authorization=authorization.format(room.token)).status_code == 401


def test_services_own_token_opens_nothing(airlock: Service) -> None:
    assert airlock.with_token(SERVICE_TOKEN).get("datasets").status_code == 401


def test_person_and_project_in_a_body_or_header_are_not_believed(airlock: Service) -> None:
    room = airlock.room("rita", "income")
    forged = {"X-Forwarded-User": "ana", "X-Remote-User": "ana", "X-Project": "mobility"}
    assert room.get("requests", **forged).json() == []
    body = {"query": {"statistic": "frequency"}, "username": "ana", "project": "mobility"}
    answer = room.post("evaluations", body)
    assert answer.status_code == 422
    assert not names(answer.text, "ana")


def test_room_of_a_project_one_left_is_shut_at_once(airlock: Service) -> None:
    room = airlock.room()
    airlock.world.change(tables.MemberRow, ("mobility", "ana"), ended_at=NOW)
    assert room.get("datasets").status_code == 404


@pytest.mark.parametrize(
    ("row", "key", "values"),
    [
        (tables.PersonRow, "ana", {"active": False}),
        (tables.PersonRecordRow, "record-ana-full", {"expires": date(2026, 3, 1)}),
        (tables.PersonRecordRow, "record-ana-safe-researcher", {"ended_at": NOW}),
        (tables.ProjectRow, "mobility", {"active": False}),
        (tables.ProjectRow, "mobility", {"ends": date(2026, 3, 1)}),
    ],
)
def test_lapsed_entitlement_shuts_the_room_api(
    airlock: Service, row: type, key: str, values: dict[str, object]
) -> None:
    room = airlock.room()
    airlock.world.change(row, key, **values)
    for call in CALLS:
        assert room.get(call).status_code == 403


def test_lapsed_person_loses_the_running_session(airlock: Service) -> None:
    browser = airlock.browser("ana")
    airlock.world.change(tables.PersonRecordRow, "record-ana-full", expires=date(2026, 3, 1))
    page = browser.get("requests")
    assert page.status_code == 403
    assert "Your accreditation expired" in page.text
    airlock.world.change(tables.PersonRecordRow, "record-ana-full", expires=LATER)
    assert browser.get("requests").status_code == 200


def test_person_unknown_to_the_registry_cannot_sign_in(airlock: Service) -> None:
    browser = airlock.browser()
    away = browser.get()
    back = browser.http.get(airlock.hub.authorize(away.headers["location"], "mallory"))
    assert back.status_code == 403
    assert "saferoom-airlock" not in back.cookies


def test_hub_that_does_not_answer_opens_nothing(airlock: Service) -> None:
    room, browser = airlock.room(), airlock.browser("ana")
    airlock.hub.down = True
    assert room.get("datasets").status_code == 503
    page = browser.get("requests")
    assert page.status_code == 503
    assert "The hub does not answer" in page.text


def test_sign_in_that_another_browser_started_is_refused(airlock: Service) -> None:
    """Login CSRF: the attacker's finished sign-in is slipped to the victim's browser."""
    attacker, victim = airlock.browser(), airlock.browser()
    callback = airlock.hub.authorize(attacker.get().headers["location"], "rita")
    assert victim.http.get(callback).status_code == 401
    assert victim.get("requests").status_code == 303


def test_code_cannot_be_used_twice_or_without_its_verifier(airlock: Service) -> None:
    browser, other = airlock.browser(), airlock.browser()
    callback = airlock.hub.authorize(browser.get().headers["location"], "ana")
    code = callback.split("code=")[1].split("&")[0]
    state = other.get().headers["location"].split("state=")[1].split("&")[0]
    stolen = other.http.get(f"{PREFIX}oauth_callback", params={"code": code, "state": state})
    assert stolen.status_code == 503
    assert browser.http.get(callback).status_code == 503


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y", "?code=%00&state=%0d%0aSet-Cookie:a"])
def test_forged_callback_is_refused(airlock: Service, query: str) -> None:
    assert airlock.browser().get("oauth_callback" + query).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "x" * 3000, "../../etc", "%00"])
def test_forged_session_cookie_is_refused(airlock: Service, cookie: str) -> None:
    browser = airlock.browser()
    browser.http.cookies.set("saferoom-airlock", cookie, path=PREFIX, domain=HOST)
    assert browser.get("requests").status_code == 303


def test_second_cookie_laid_over_the_first_is_refused(airlock: Service) -> None:
    """A script in a room can set a cookie for the same host; it must not switch the session."""
    victim, attacker = airlock.browser("ana"), airlock.browser("rita")
    own = victim.http.cookies["saferoom-airlock"]
    laid = attacker.http.cookies["saferoom-airlock"]
    fresh = airlock.browser()
    page = fresh.get("requests", Cookie=f"saferoom-airlock={laid}; saferoom-airlock={own}")
    assert page.status_code == 303


def test_session_ends_with_sign_out_and_cannot_be_replayed(airlock: Service) -> None:
    browser = airlock.browser("ana")
    secret = browser.http.cookies["saferoom-airlock"]
    away = browser.post("sign-out")
    assert away.status_code == 303
    assert away.headers["location"] == "/hub/logout"
    replay = airlock.browser()
    assert replay.get("requests", Cookie=f"saferoom-airlock={secret}").status_code == 303


def test_session_ends_when_the_hub_ends_it(airlock: Service) -> None:
    browser = airlock.browser("ana")
    for token in list(airlock.hub.models):
        airlock.hub.revoke(token)
    assert browser.get("requests").status_code == 303


def test_session_ends_after_a_pause_and_after_a_day(airlock: Service) -> None:
    browser = airlock.browser("ana")
    airlock.world.clock.advance(IDLE + timedelta(seconds=1))
    assert browser.get("requests").status_code == 303
    browser = airlock.browser("ana")
    for _ in range(int(LONGEST / IDLE) + 1):
        airlock.world.clock.advance(IDLE)
        last = browser.get("requests").status_code
    assert last == 303


def test_news_of_a_page_left_open_keeps_no_session_awake(airlock: Service) -> None:
    browser = airlock.browser("ben")
    for _ in range(3):
        airlock.world.clock.advance(IDLE / 2)
        answer = browser.get("queue/news?seen=x", **{"HX-Request": "true", "Sec-Fetch-Dest": "empty"})
    assert answer.status_code == 401


def test_session_cookie_is_kept_from_scripts_and_from_other_paths(airlock: Service) -> None:
    browser = airlock.browser()
    away = browser.get()
    back = browser.http.get(airlock.hub.authorize(away.headers["location"], "ana"))
    for answer in (away, back):
        for cookie in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in cookie
            assert f"Path={PREFIX}" in cookie
            assert "samesite=lax" in cookie.lower()
            assert "domain" not in cookie.lower()


def test_session_secret_changes_with_every_sign_in(airlock: Service) -> None:
    browser = airlock.browser("ana")
    first = browser.http.cookies["saferoom-airlock"]
    browser.http.cookies.delete("saferoom-airlock")
    browser.sign_in(airlock.hub, "ana")
    assert browser.http.cookies["saferoom-airlock"] != first
