"""Attacks on the HTTP API: tokens of another kind, cookies, lapsed people, and bodies that are no body."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from tests.support.airlock_server import Service
from tests.support.api_client import client, model_of, with_token
from tests.support.naming import names
from tests.support.stand_in_hub import AIRLOCK, SERVICE_TOKEN

from saferoom.hub.store import tables
from saferoom.hub.web.api.app import description
from saferoom.hub.web.shell.rates import Rate

OPERATIONS = sorted((path, method) for path, methods in description()["paths"].items() for method in methods)
FILLED = {"number": "1", "notice_id": "1"}


def at(path: str) -> str:
    """Return a path of the document with something in the place of every parameter."""
    parts = [FILLED.get(part[1:-1], "mobility") if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts).lstrip("/")


@pytest.mark.parametrize("kind", ["own", "room", "browser", "service"])
def test_token_of_another_kind_gives_nothing_at_any_call(airlock: Service, kind: str) -> None:
    room = ["access:servers!server=ana/mobility", "users:activity!user=ana", AIRLOCK]
    models: dict[str, dict[str, Any]] = {
        "own": model_of("ana"),
        "room": model_of("ana", scopes=room),
        "browser": model_of("ana", session_id="s"),
        "service": {"kind": "service", "name": "ana", "session_id": None, "scopes": [AIRLOCK]},
    }
    asked = airlock.hub.asked
    program = with_token(airlock, airlock.hub.token(models[kind]))
    for path, method in OPERATIONS:
        answer = program.call(method.upper(), at(path), {})
        assert answer.status_code == 401, (path, method)
        assert answer.json()["error"]["code"] == "unauthenticated"
    assert airlock.hub.asked == asked, "the hub is not even asked"


def test_call_without_a_token_is_refused_at_every_call(airlock: Service) -> None:
    nobody = with_token(airlock, "")
    for path, method in OPERATIONS:
        assert nobody.call(method.upper(), at(path), {}).status_code == 401, (path, method)


def test_session_of_a_browser_opens_no_call_and_no_form_is_taken(airlock: Service) -> None:
    browser = airlock.browser("ana")
    request = airlock.world.request()
    assert browser.get("api/v1/requests").status_code == 401
    assert browser.post(f"api/v1/requests/{request.id}/withdraw").status_code == 403
    assert browser.bare_post(f"api/v1/requests/{request.id}/withdraw", {}).status_code == 401
    answer = client(airlock, "ana").http.post(
        f"/services/airlock/api/v1/requests/{request.id}/withdraw",
        data={"x": "y"},
        headers={"Authorization": f"token {client(airlock, 'ana').token}"},
    )
    assert answer.status_code == 422


def test_malformed_authorization_is_refused(airlock: Service) -> None:
    ana = client(airlock, "ana")
    for authorization in ("", "token", "{}", "token {} x", "basic {}", "token {}=", "token " + "x" * 5000):
        answer = ana.get("me", Authorization=authorization.format(ana.token))
        assert answer.status_code == 401, authorization[:20]


def test_services_own_token_opens_nothing(airlock: Service) -> None:
    assert with_token(airlock, SERVICE_TOKEN).get("me").status_code == 401


def test_person_who_lapsed_is_out_at_the_next_call(airlock: Service) -> None:
    ana = client(airlock, "ana")
    assert ana.get("requests").status_code == 200
    airlock.world.change(tables.PersonRow, "ana", active=False)
    assert ana.get("requests").status_code == 403
    for path, method in OPERATIONS:
        assert ana.call(method.upper(), at(path), {}).status_code == 401, (path, method)


def test_author_with_a_checkers_role_does_not_vote_on_own_request(airlock: Service) -> None:
    asked = airlock.world.request()
    with airlock.world.instance.database.transaction() as session:
        session.add(tables.PersonRoleRow(username="ana", role="output-checker"))
    vote = f"requests/{asked.id}/outputs/{asked.outputs[0].id}/vote"
    assert client(airlock, "ana").post(vote, {"choice": "approved"}).status_code == 403


NO_BODIES = (
    b"",
    b"[]",
    b"null",
    b'{"choice": "approved", "choice": "approved"}',
    b'{"choice": "approved", "by": "cleo"}',
    b'{"choice": 1}',
    b'{"choice": NaN}',
    b'{"choice": "approved", "comment": "\\ud800"}',
    b'{"choice": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b"\xff\xfe",
)


def test_body_that_is_none_changes_nothing_and_is_not_repeated(airlock: Service) -> None:
    asked, ben = airlock.world.request(), client(airlock, "ben")
    path = f"/services/airlock/api/v1/requests/{asked.id}/outputs/{asked.outputs[0].id}/vote"
    headers = {"Authorization": f"token {ben.token}", "Content-Type": "application/json"}
    for body in NO_BODIES:
        answer = ben.http.post(path, content=body, headers=headers)
        assert answer.status_code == 422, body[:40]
        assert answer.json()["error"]["code"] == "bad-input"
        assert not names(answer.text, "cleo")
    assert ben.get(f"requests/{asked.id}").json()["votes"] == []


def test_wrong_field_is_named_and_its_value_is_not(airlock: Service) -> None:
    body = {"version": 1, "terms": {"until": "my secret", "Secret": 1}}
    answer = client(airlock, "dora").post("projects/mobility/data/survey/approve", body)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "terms.until"
    assert "secret" not in answer.text.lower()


def test_body_beyond_the_limit_is_not_read(airlock: Service) -> None:
    answer = client(airlock, "ana").post("requests", {"project": "mobility", "title": "x" * (300 << 10)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too-large")


def test_calls_beyond_the_rate_are_refused(airlock: Service) -> None:
    airlock.parts.rates.spend(Rate.CALLS, airlock.world.person("ana"), Rate.CALLS.value.amount)
    answer = client(airlock, "ana").get("me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too-many")
    assert client(airlock, "ben").get("me").status_code == 200


def test_unknown_address_and_method_are_refused_as_json(airlock: Service) -> None:
    ana = client(airlock, "ana")
    for path in ("nothing", "requests/", "docs", "redoc"):
        assert json.loads(ana.get(path).content)["error"]["code"] == "not-found"
    assert ana.call("DELETE", "requests").json()["error"]["code"] == "not-allowed"
    assert ana.get("requests?page=0").json()["error"]["field"] == "page"
    for misspelt in ("requests?stat=draft", "me?page=1", "requests?page=1&page=2"):
        assert ana.get(misspelt).json()["error"]["code"] == "bad-input"


def test_defect_is_answered_without_its_words(airlock: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("income 51234")

    monkeypatch.setattr(type(airlock.world.instance.people), "own", broken)
    answer = client(airlock, "ana").get("me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "defect")
    assert "51234" not in answer.text


def test_project_of_others_is_unknown_and_lapsed_accreditation_shuts_all(airlock: Service) -> None:
    ana = client(airlock, "ana")
    assert ana.get("projects/income").status_code == 404
    assert ana.get("projects/income").json() == ana.get("projects/no-such-project").json()
    airlock.world.change(tables.PersonRecordRow, "record-ana-full", expires=date(2020, 1, 1))
    assert ana.get("projects").status_code == 403


STRANGE = ("%00", "..%2F..%2Fetc", "%C3%BC%22 y", "a" * 2000, "99999999999999999999")


def test_strange_address_is_refused_as_the_document_says(airlock: Service) -> None:
    programs = [client(airlock, name) for name in ("ana", "ben", "dora", "ada")]
    addressed = [(path, method) for path, method in OPERATIONS if "{" in path]
    # Every address twice, with strange words in turn.
    for number, (path, method) in enumerate([*addressed, *addressed[1:]]):
        strange = STRANGE[number % len(STRANGE)]
        parts = [strange if part.startswith("{") else part for part in path.split("/")]
        program = programs[number % len(programs)]
        answer = program.call(method.upper(), "/".join(parts).lstrip("/"), {"version": 1, "reason": "x"})
        assert answer.status_code in (403, 404, 405, 422), (path, method, answer.text)
        assert answer.json()["error"]["message"]


def test_line_break_in_an_address_leads_nowhere(airlock: Service) -> None:
    answer = client(airlock, "ana").get("requests/x%0d%0aSet-Cookie: a=b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
    assert "set-cookie" not in answer.headers
