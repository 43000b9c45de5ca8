"""What people see and do on the pages."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.support.airlock_server import Service
from tests.support.airlock_world import INCOME, MOBILITY, judged

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.states import State


def test_first_page_is_the_one_a_person_has_a_use_for(airlock: Service) -> None:
    for name, path in (("ana", "requests"), ("ben", "queue"), ("chris", "queue"), ("dora", "projects")):
        assert airlock.browser(name).get().headers["location"].endswith(path)


def test_sign_in_leads_back_to_the_page_asked_for(airlock: Service) -> None:
    request = airlock.world.request()
    browser = airlock.browser()
    away = browser.get(f"requests/{request.id}?done=voted")
    back = browser.http.get(airlock.hub.authorize(away.headers["location"], "ben"))
    assert back.headers["location"] == f"/services/airlock/requests/{request.id}?done=voted"


def test_empty_list_shows_how_to_make_a_request(airlock: Service) -> None:
    page = airlock.browser("ana").get("requests").text
    assert "You have no requests yet" in page
    assert "result.release(" in page
    assert "Nothing waits for you" in airlock.browser("ben").get("queue").text
    assert "Nothing has left yet" in airlock.browser("dora").get("releases").text


def test_requests_can_be_filtered_by_state(airlock: Service) -> None:
    waiting, released = airlock.world.request(title="The waiting one"), airlock.world.request(title="The released one")
    airlock.world.approve(released)
    ana = airlock.browser("ana")
    assert waiting.title in ana.get("requests").text
    assert waiting.title not in ana.get("requests?state=released").text
    assert released.title in ana.get("requests?state=released").text
    assert "None of your requests is in this state" in ana.get("requests?state=rejected").text
    assert waiting.title in ana.get("requests?state=nonsense").text


def test_queue_is_in_order_of_age_with_risk_and_reason(airlock: Service) -> None:
    first = airlock.world.request(title="The first one")
    airlock.world.clock.advance(timedelta(hours=3))
    second = airlock.world.request("rita", INCOME, title="The second one")
    page = airlock.browser("ben").get("queue").text
    assert page.index(first.title) < page.index(second.title)
    assert "needs a person" in page
    assert "not proven safe" in page
    assert "3 hours ago" in page


def test_queue_says_when_it_has_changed(airlock: Service) -> None:
    ben = airlock.browser("ben")
    headers = {"HX-Request": "true", "Sec-Fetch-Dest": "empty"}
    found = re.search(r"queue/news\?seen=([0-9a-f]+)", ben.get("queue").text)
    assert found is not None
    assert "has changed" not in ben.get(f"queue/news?seen={found[1]}", **headers).text
    airlock.world.request()
    assert "has changed" in ben.get(f"queue/news?seen={found[1]}", **headers).text


def test_checker_sees_everything_to_judge_by(airlock: Service) -> None:
    airlock.world.approve(airlock.world.request(title="Released before"))
    request = airlock.world.request()
    page = airlock.browser("ben").get(f"requests/{request.id}").text
    for expected in (
        "few people stand behind a cell",
        "Somebody who knows that a person is in this cell",
        "Remedy:",
        "What would leave: exactly these numbers",
        "at risk, finding",
        "statistic: frequency",
        "Released before",
        request.context,
        request.controls,
        "Approve output 1",
    ):
        assert expected in page


def test_author_sees_where_it_stands_but_no_table_before_release(airlock: Service) -> None:
    request = airlock.world.request()
    ana = airlock.browser("ana")
    page = ana.get(f"requests/{request.id}").text
    assert "waiting for an output checker" in page
    assert "few people stand behind a cell" in page
    assert "<table" not in page
    assert "so there is nothing to download yet" in page
    airlock.world.approve(request)
    page = ana.get(f"requests/{request.id}").text
    assert "What left" in page
    assert "a request that is released cannot be withdrawn" in page


def test_checker_approves_and_author_downloads(airlock: Service) -> None:
    request = airlock.world.request()
    ben, ana = airlock.browser("ben"), airlock.browser("ana")
    path = f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"
    answer = ben.post(path, {"choice": "approved", "comment": ""})
    shown = ben.http.get(answer.headers["location"])
    assert "Released: the signed bundle is ready." in shown.text
    bundle = ana.get(f"requests/{request.id}/bundle")
    assert bundle.headers["content-disposition"].startswith('attachment; filename="saferoom-')
    assert bundle.headers["cache-control"] == "no-store"
    assert bundle.content[:2] == b"PK"
    assert airlock.browser("dora").get(f"requests/{request.id}/bundle").content == bundle.content


def test_returned_request_is_submitted_again_from_its_page(airlock: Service) -> None:
    request = airlock.world.request(context="Thin.")
    ben, ana = airlock.browser("ben"), airlock.browser("ana")
    assert ben.post(f"requests/{request.id}/return", {"comment": "Say what it is for."}).status_code == 303
    page = ana.get(f"requests/{request.id}").text
    assert "Say what it is for." in page
    assert "Ben" not in page
    version = re.search(r'name="version" value="([0-9]+)"', ana.get(f"requests/{request.id}/edit").text)
    assert version is not None
    words = {"groups.0.number": "0", "groups.0.context": "For chapter two of the report.", "groups.0.controls": "None."}
    outputs = {
        "outputs.0.evaluation": request.outputs[0].evaluation,
        "outputs.0.group": "0",
        "outputs.0.part": "leaves",
    }
    sent = {"version": version[1], "title": "Education by region"} | words | outputs
    assert ana.post(f"requests/{request.id}/edit", sent).status_code == 303
    version = re.search(r'name="version" value="([0-9]+)"', ana.get(f"requests/{request.id}/edit").text)
    assert version is not None
    assert ana.post(f"requests/{request.id}/submit", {"version": version[1]}).status_code == 303
    page = ben.get(f"requests/{request.id}").text
    assert "For chapter two of the report." in page
    assert "submission 2" in page


def test_request_can_be_withdrawn_and_rejected(airlock: Service) -> None:
    first, second = airlock.world.request(), airlock.world.request(title="Another one")
    ben, ana = airlock.browser("ben"), airlock.browser("ana")
    assert ana.post(f"requests/{first.id}/withdraw").headers["location"].endswith("done=withdrawn")
    assert ben.post(f"requests/{second.id}/reject", {"comment": "Not of this project."}).status_code == 303
    page = ana.get(f"requests/{second.id}").text
    assert "rejected" in page
    assert "Not of this project." in page
    assert airlock.world.instance.airlock.request(Username("ana"), first.id).state is State.WITHDRAWN


def test_what_cannot_be_done_is_disabled_with_its_reason(airlock: Service) -> None:
    request = airlock.world.approve(airlock.world.request())
    page = airlock.browser("ben").get(f"requests/{request.id}").text
    disabled = re.findall(r'<button[^>]* disabled title="([^"]+)"', page)
    assert len(disabled) == 4
    assert all("a request that is released cannot be" in reason for reason in disabled)


def test_data_owner_sees_what_left_and_nothing_of_the_review(airlock: Service) -> None:
    request = airlock.world.request()
    dora = airlock.browser("dora")
    assert dora.get(f"requests/{request.id}").status_code == 403
    airlock.world.approve(request)
    assert request.title in dora.get("releases").text
    page = dora.get(f"requests/{request.id}").text
    assert "Download the signed bundle" in page
    assert "Findings" not in page
    assert "Withdraw the request" not in page
    assert airlock.browser("otto").get(f"requests/{request.id}").status_code in (403, 404)


def test_pages_say_what_the_service_stands_for_without_script(airlock: Service) -> None:
    """Every form is an ordinary form and every link an ordinary link."""
    request = airlock.world.request()
    page = airlock.browser("ben").get(f"requests/{request.id}").text
    assert page.count("<form") == page.count('method="post"')
    assert "hx-post" not in page
    assert "onclick" not in page
    assert "style=" not in page


def test_room_api_answers_as_agreed(airlock: Service) -> None:
    room = airlock.room()
    (register, survey) = room.get("datasets").json()
    assert register["name"] == "register"
    assert survey == survey | {
        "path": "/data/survey.parquet",
        "units": ["person_id"],
        "owner": "dora",
        "approved_until": "2099-12-31",
    }
    assert survey["columns"][1] == {
        "name": "region",
        "type": "text",
        "role": "quasi",
        "label": "Region of residence",
    }
    record = airlock.world.instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged())
    body = {"context": "c", "controls": "c", "outputs": [record.id]}
    made = room.post("requests", body)
    assert made.status_code == 201
    assert made.json()["title"] == record.title
    assert made.json()["state"] == "submitted"
    assert made.json()["url"] == f"/services/airlock/requests/{made.json()['id']}"
    assert room.get("requests").json() == [made.json()]
    assert room.get(f"requests/{made.json()['id']}").json() == made.json()
    assert room.get("requests/request-unknown").json()["error"]["code"] == "not-found"
    assert room.http.get("/api/room/nowhere").json()["error"]["code"] == "not-found"


def test_room_api_is_limited_per_person(airlock: Service) -> None:
    room, other = airlock.room(), airlock.room("rita", INCOME)
    statuses = [room.post("evaluations", {"query": 1}).status_code for _ in range(61)]
    assert statuses[:60] == [422] * 60
    assert statuses[60] == 429
    assert other.post("evaluations", {"query": 1}).status_code == 422


def test_defect_is_answered_with_a_sentence_and_without_its_message(airlock: Service) -> None:
    parts = airlock.parts

    def broken(*_arguments: object) -> None:
        raise RuntimeError("a value: 17")

    object.__setattr__(parts.evaluator, "evaluate", broken)
    answer = airlock.room().post("evaluations", {"query": {}})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "defect"
    assert "17" not in answer.text


def test_every_state_and_verdict_has_words_and_a_sign() -> None:
    from saferoom.hub.web.texts.airlock import MEANS, STATES, VERDICTS

    assert set(VERDICTS) == set(Verdict)
    assert set(STATES) == set(MEANS) == set(State)
    assert len({sign.words for sign in STATES.values()}) == len(State)
    # Colour is never alone: each look comes with a sign and words of its own.
    assert len({(sign.sign, sign.words) for sign in VERDICTS.values()}) == len(Verdict)


def test_page_of_an_error_has_the_bar_of_whoever_meets_it(airlock: Service) -> None:
    for path in ("nowhere", "requests/request-nowhere"):
        page = airlock.browser("ana").get(path)
        assert page.status_code == 404
        assert "Ana Abel" in page.text
        assert "My requests" in page.text
    assert "Sign in" in airlock.browser().get("nowhere").text


def test_page_of_an_error_tells_a_script_nothing(airlock: Service) -> None:
    for path in ("nowhere", "requests/request-nowhere", "requests/request-nowhere/status"):
        page = airlock.browser("ana").get(path, **{"Sec-Fetch-Dest": "empty"})
        assert page.status_code in (403, 404)
        assert "csrf" not in page.text
        assert "Ana Abel" not in page.text


def test_words_that_could_not_be_taken_are_given_back(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    page = ben.post(f"requests/{request.id}/return", {"comment": "A long & careful remark", "more": ""})
    assert page.status_code == 422
    assert "A long &amp; careful remark" in page.text


def test_words_are_given_back_to_somebody_whose_session_has_ended(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    token = ben.csrf()
    airlock.world.clock.advance(timedelta(hours=1))
    sent = {"csrf": token, "comment": "A long remark"}
    page = ben.bare_post(f"requests/{request.id}/return", sent, Origin="http://hub.example")
    assert page.status_code == 401
    assert "A long remark" in page.text
    assert token not in page.text


def test_words_of_another_sites_form_are_not_shown(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    page = ben.bare_post(f"requests/{request.id}/return", {"comment": "Call this number"}, Origin="http://evil.example")
    assert page.status_code == 403
    assert "Call this number" not in page.text


def test_bar_leads_only_to_pages_that_are_there(airlock: Service) -> None:
    from saferoom.hub.web.shell.navigation import LINKS

    for name in ("ana", "chris", "dora", "ada"):
        browser = airlock.browser(name)
        page = browser.get("releases").text
        shown = [link for link in LINKS if not link.at_hub and f'/services/airlock/{link.path}"' in page]
        assert {browser.get(link.path).status_code for link in shown} == {200}


def test_first_page_of_an_administrator_is_people(airlock: Service) -> None:
    assert airlock.browser("ada").get().headers["location"].endswith("people")
