"""Attacks on the pages: forged forms, framing, script in words, other people's requests, wrong states, races."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.support.airlock_server import HOST, PREFIX, Browser, Service
from tests.support.airlock_world import INCOME, MOBILITY, judged

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.states import State

XSS = "\"><script>alert(1)</script><img src=x onerror=alert(2)>{{1237*1009}}{% raw %}'"


def approve(browser: Browser, request: Request, **fields: str) -> Any:
    path = f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"
    return browser.post(path, {"choice": "approved", "comment": ""} | fields)


def state_of(airlock: Service, request: Request) -> State:
    return airlock.world.instance.airlock.request(request.author, request.id).state


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}.evil.example"},
        {"Origin": f"http://{HOST}:81"},
        {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"},
        {"Origin": "http://evil.example", "Forwarded": "host=evil.example"},
        {"Referer": f"http://{HOST}{PREFIX}queue"},
        {"Origin": f"http://{HOST}", "Sec-Fetch-Dest": "empty"},
        {"Origin": f"http://{HOST}", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_form_from_another_site_changes_nothing(airlock: Service, headers: dict[str, str]) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    fields = {"csrf": ben.csrf(), "choice": "approved", "comment": ""}
    path = f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"
    assert ben.bare_post(path, fields, **headers).status_code == 403
    assert state_of(airlock, request) is State.SUBMITTED


@pytest.mark.parametrize("token", ["", "x", "of another session"])
def test_form_without_its_sessions_token_changes_nothing(airlock: Service, token: str) -> None:
    request, ben, cleo = airlock.world.request(), airlock.browser("ben"), airlock.browser("cleo")
    sent = cleo.csrf() if token == "of another session" else token
    assert approve(ben, request, csrf=sent).status_code == 403
    assert state_of(airlock, request) is State.SUBMITTED


def test_mutation_without_the_origin_check_a_foreign_form_votes(
    airlock: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    monkeypatch.setattr("saferoom.hub.web.shell.identity.check_own_form", lambda _request: None)
    fields = {"csrf": ben.csrf(), "choice": "approved", "comment": ""}
    path = f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"
    assert ben.bare_post(path, fields, Origin="http://evil.example").status_code == 303


def test_mutation_without_the_token_check_a_form_without_one_votes(
    airlock: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    monkeypatch.setattr("saferoom.hub.web.shell.sessions.Session.accepts", lambda _session, _token: True)
    assert approve(ben, request, csrf="").status_code == 303


def test_every_deed_refuses_get(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    for deed in ("withdraw", "return", "reject", f"outputs/{request.outputs[0].id}/vote"):
        assert ben.get(f"requests/{request.id}/{deed}").status_code == 405
    assert ben.get("sign-out").status_code == 405


@pytest.mark.parametrize("destination", ["empty", "iframe", "image", "script", "object", "embed", "style"])
def test_page_shows_itself_to_no_script_and_in_no_frame(airlock: Service, destination: str) -> None:
    """A script in a room shares the pages' origin; it must not read a checker's tables."""
    request, ben = airlock.world.request(), airlock.browser("ben")
    for path in ("queue", "releases", f"requests/{request.id}", f"requests/{request.id}/bundle"):
        page = ben.get(path, **{"Sec-Fetch-Dest": destination})
        assert page.status_code == 403
        assert "csrf" not in page.text
        assert request.title not in page.text


def test_news_for_scripts_holds_no_titles_names_or_tokens(airlock: Service) -> None:
    request, ben = airlock.world.request(title="Secret title"), airlock.browser("ben")
    headers = {"Sec-Fetch-Dest": "empty", "HX-Request": "true"}
    for path in ("queue/news?seen=x", f"requests/{request.id}/status?seen=x"):
        answer = ben.get(path, **headers)
        assert answer.status_code == 200
        for secret in ("Secret title", "csrf", ben.csrf(), "ana", "north"):
            assert secret not in answer.text


def test_pages_carry_their_security_headers(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    for path in ("queue", "releases", f"requests/{request.id}", "nowhere", "static/airlock.css", "health"):
        headers = ben.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "noopener-allow-popups"
        assert "server" not in headers
    assert ben.get(f"requests/{request.id}").headers["cache-control"] == "no-store"


def test_every_answer_has_a_nonce_of_its_own(airlock: Service) -> None:
    ben = airlock.browser("ben")
    policies = {ben.get("queue").headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3


def test_script_in_words_is_shown_as_words(airlock: Service) -> None:
    request = airlock.world.request(title=XSS, context=XSS, controls=XSS)
    ben, ana = airlock.browser("ben"), airlock.browser("ana")
    assert ben.post(f"requests/{request.id}/return", {"comment": XSS}).status_code == 303
    again = airlock.world.request(title=XSS + "2", context=XSS, controls=XSS)
    pages = [
        ben.get("queue"),
        ben.get(f"requests/{again.id}"),
        ana.get("requests"),
        ana.get(f"requests/{request.id}"),
        ana.get(f"requests?state={XSS}"),
        ana.get(f"requests?done={XSS}"),
        ben.get(f"queue/news?seen={XSS}"),
    ]
    for page in pages:
        assert page.status_code == 200
        for live in ("<script>alert", "<img", "onerror=alert(2)>", "1248133"):
            assert live not in page.text
    assert "&lt;script&gt;alert(1)" in pages[1].text


def test_script_in_labels_is_shown_as_labels(airlock: Service) -> None:
    instance = airlock.world.instance
    record = instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged(label=XSS))
    request = instance.airlock.submit(Username("ana"), MOBILITY, [record.id], "Title", "Context", "Controls")
    page = airlock.browser("ben").get(f"requests/{request.id}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


def test_request_of_another_project_does_not_exist(airlock: Service) -> None:
    request = airlock.world.request()
    rita = airlock.browser("rita")
    paths = (f"requests/{request.id}", f"requests/{request.id}/bundle", f"requests/{request.id}/status")
    made_up = (path.replace(request.id, "request-" + "a" * 24) for path in paths)
    for existing, missing in zip(paths, made_up, strict=True):
        one, other = rita.get(existing), rita.get(missing)
        assert one.status_code == other.status_code == 404
        assert one.text.count("there is no such request") == other.text.count("there is no such request")
    assert rita.post(f"requests/{request.id}/withdraw").status_code == 404
    assert approve(rita, request).status_code == 404
    assert state_of(airlock, request) is State.SUBMITTED


def test_room_of_another_project_sees_neither_request_nor_evaluation(airlock: Service) -> None:
    request = airlock.world.request()
    rita = airlock.room("rita", INCOME)
    assert rita.get(f"requests/{request.id}").status_code == 404
    body = {"title": "t", "context": "c", "controls": "c", "outputs": [request.outputs[0].evaluation]}
    assert rita.post("requests", body).status_code == 404


def test_colleagues_room_sees_no_evaluation_of_somebody_else(airlock: Service) -> None:
    request = airlock.world.request()
    body = {"title": "t", "context": "c", "controls": "c", "outputs": [request.outputs[0].evaluation]}
    assert airlock.room("chris").post("requests", body).status_code == 404


def test_author_who_is_also_a_checker_cannot_approve_the_own_request(airlock: Service) -> None:
    request = airlock.world.request("chris")
    chris = airlock.browser("chris")
    assert request.title not in chris.get("queue").text
    assert approve(chris, request).status_code == 403
    assert state_of(airlock, request) is State.SUBMITTED


def test_checker_in_the_same_project_cannot_approve(airlock: Service) -> None:
    request = airlock.world.request("ana")
    assert approve(airlock.browser("chris"), request).status_code == 403
    assert state_of(airlock, request) is State.SUBMITTED


@pytest.mark.parametrize("name", ["ana", "dora", "ada"])
def test_who_is_no_checker_cannot_vote_return_or_reject(airlock: Service, name: str) -> None:
    request, browser = airlock.world.request(), airlock.browser(name)
    assert approve(browser, request).status_code in (403, 404)
    for deed in ("return", "reject"):
        assert browser.post(f"requests/{request.id}/{deed}", {"comment": "no"}).status_code in (403, 404)
    assert browser.get("queue").status_code == 403
    assert state_of(airlock, request) is State.SUBMITTED


def test_vote_in_a_wrong_state_is_a_conflict(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    airlock.world.instance.airlock.withdraw(Username("ana"), request.id)
    assert approve(ben, request).status_code == 409
    assert ben.post(f"requests/{request.id}/return", {"comment": "why"}).status_code == 409
    assert ben.get(f"requests/{request.id}/bundle").status_code == 409
    assert state_of(airlock, request) is State.WITHDRAWN


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "pass"},
        {"choice": "released"},
        {"choice": "pass"},
        {"choice": ""},
        {"author": "rita"},
        {"checkers": "0"},
        {"choice": "changes_requested"},
    ],
)
def test_vote_with_forged_or_missing_fields_is_refused(airlock: Service, fields: dict[str, str]) -> None:
    request = airlock.world.request()
    assert approve(airlock.browser("ben"), request, **fields).status_code == 422
    assert state_of(airlock, request) is State.SUBMITTED


@pytest.mark.parametrize(
    "forged",
    [{"verdict": "pass"}, {"state": "approved"}, {"author": "ben"}, {"automatic": True}, {"checkers": 0}],
)
def test_request_with_a_forged_verdict_is_refused(airlock: Service, forged: dict[str, Any]) -> None:
    instance = airlock.world.instance
    record = instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged())
    body = {"title": "t", "context": "c", "controls": "c", "outputs": [record.id]}
    answer = airlock.room().post("requests", body | forged)
    assert answer.status_code == 422
    assert airlock.room().get("requests").json() == []


def test_failed_evaluation_cannot_be_submitted(airlock: Service) -> None:
    record = airlock.world.instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged(Verdict.FAIL))
    body = {"title": "t", "context": "c", "controls": "c", "outputs": [record.id]}
    answer = airlock.room().post("requests", body)
    assert answer.status_code == 422
    assert "must not leave" in answer.json()["error"]["message"]


def test_votes_at_the_same_time_release_once(airlock: Service) -> None:
    request = airlock.world.request()
    browsers = [airlock.browser(name) for name in ("ben", "cleo") for _ in range(2)]
    tokens = [browser.csrf() for browser in browsers]
    answers: list[int] = []

    def vote(browser: Browser, token: str) -> None:
        answers.append(approve(browser, request, csrf=token).status_code)

    threads = [threading.Thread(target=vote, args=pair) for pair in zip(browsers, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(303) >= 1
    assert set(answers) <= {303, 409}
    released = airlock.world.instance.airlock.releases_page(Username("ben"))
    assert [item.id for item in released.items] == [request.id]


def test_oversized_bodies_are_refused(airlock: Service) -> None:
    room, ben, request = airlock.room(), airlock.browser("ben"), airlock.world.request()
    answer = room.post("evaluations", {"query": {"title": "x" * (1 << 20)}})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too-large"
    assert approve(ben, request, comment="x" * (1 << 19)).status_code == 413

    def chunks() -> Any:
        for _ in range(64):
            yield b"x" * (1 << 15)

    headers = {"Authorization": f"token {room.token}", "Content-Type": "application/json"}
    assert room.http.post("/api/room/evaluations", content=chunks(), headers=headers).status_code == 413


def test_deep_json_is_refused(airlock: Service) -> None:
    room = airlock.room()
    headers = {"Authorization": f"token {room.token}", "Content-Type": "application/json"}
    body = b'{"query": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001
    answer = room.http.post("/api/room/evaluations", content=body, headers=headers)
    assert answer.status_code == 422
    assert "nested" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "static/../templates/base.html",
        "static/%2e%2e/templates/base.html",
        "static/..%2f__main__.py",
        "static//etc/passwd",
        "requests/../../../etc/passwd",
        "requests/%2e%2e%2fqueue",
        "requests/..%00",
        "requests/request-%0d%0aSet-Cookie:%20a=b",
        "requests//withdraw",
        "openapi.json",
        "docs",
        "redoc",
        "api/room/datasets",
    ],
)
def test_path_tricks_lead_nowhere(airlock: Service, path: str) -> None:
    page = airlock.browser("ben").get(path)
    assert page.status_code in (404, 405, 422)
    assert "root:" not in page.text
    assert "set-cookie" not in page.headers


def test_room_socket_serves_no_pages_and_pages_no_room_calls(airlock: Service) -> None:
    room, ben = airlock.room(), airlock.browser("ben")
    assert room.http.get(f"{PREFIX}queue").status_code == 404
    assert ben.http.get("/api/room/datasets").status_code == 404


@pytest.mark.parametrize("path", ["/evil.example", "\\evil.example", "https://evil.example", "?next=//evil.example"])
def test_sign_in_redirects_nowhere_else(airlock: Service, path: str) -> None:
    browser = airlock.browser()
    away = browser.get(path)
    if away.status_code == 404:
        return
    back = browser.http.get(airlock.hub.authorize(away.headers["location"], "ben"))
    assert back.headers["location"].startswith(PREFIX)
    assert "\\" not in back.headers["location"]


def test_choices_are_the_domains_own() -> None:
    assert {choice.value for choice in Choice} == {"approved", "changes_requested", "undecided"}
