"""Release requests from a room: what is sent, and what their author sees."""

from __future__ import annotations

from typing import Any

import pytest

import saferoom
from saferoom.hub.notebook import Result, RoomError

REQUEST = {
    "id": "req-abc",
    "title": "Education <i>",
    "state": "partly_reviewed",
    "reason": "One output checker has voted.",
    "waiting_for": "one more output checker",
    "waits_because": ["the owner of htv has not opted in to automatic release"],
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "outputs": [],
    "comments": [{"author": "output checker", "text": "please round"}],
    "url": "/services/airlock/requests/req-abc",
}


@pytest.fixture
def result(airlock: Any, evaluation: dict[str, Any]) -> Result:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    found: Result = saferoom.crosstab("region", "education")
    return found


def test_release_sends_the_evaluations_id_and_no_numbers(airlock: Any, result: Result) -> None:
    airlock.answer("POST", "/api/room/requests", {**REQUEST, "message": "released"}, 201)
    request = result.release(title="T", context="c", controls="d")
    assert airlock.asked[-1][3] == {"title": "T", "context": "c", "controls": "d", "outputs": ["eval-abc"]}
    assert request.id == "req-abc"
    assert "partly reviewed" in repr(request)
    assert "Waits for one more output checker, because:\n  - The owner of htv has not opted in" in repr(request)
    assert "<i>" not in request._repr_html_()


def test_release_of_a_group_is_one_request(airlock: Any, result: Result) -> None:
    airlock.answer("POST", "/api/room/requests", REQUEST, 201)
    saferoom.release([result, result], context="c", controls="d")
    assert airlock.asked[-1][3]["outputs"] == ["eval-abc", "eval-abc"]
    saferoom.release(result)
    assert airlock.asked[-1][3]["title"] == "Frequency by region and education"
    assert airlock.asked[-1][3]["outputs"] == ["eval-abc"]


@pytest.mark.parametrize("results", [[], ["eval-abc"]])
def test_release_of_something_else_is_refused(airlock: Any, results: Any) -> None:
    with pytest.raises(RoomError, match="at least one"):
        saferoom.release(results)


def test_requests_lists_states_and_reasons(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/requests", [REQUEST])
    found = saferoom.requests()
    assert len(found) == 1
    assert [item.id for item in found] == ["req-abc"]
    assert found[0].waiting_for == "one more output checker"
    assert "Waits for one more output checker, because: The owner of htv has not opted in" in repr(found)
    assert "Education &lt;i&gt;" in found._repr_html_()


def test_requests_when_there_are_none_says_what_to_do(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/requests", [])
    assert ".release(" in repr(saferoom.requests())
    assert ".release(" in saferoom.requests()._repr_html_()


def test_request_refresh_asks_again(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/requests/req-abc", REQUEST)
    request = saferoom.request("req-abc")
    assert "Comment by output checker: please round" in repr(request)
    assert "Page at the hub: /services/airlock/requests/req-abc" in request._repr_html_()
    done = {**REQUEST, "state": "released", "waiting_for": "", "reason": "the outputs have left", "url": ""}
    airlock.answer("GET", "/api/room/requests/req-abc", {**done, "waits_because": []})
    assert request.refresh().state == "released"
    assert "sr-pass" in request._repr_html_()
    assert "The outputs have left." in repr(request)
    assert "href" not in request._repr_html_()


def test_request_id_that_is_no_id_is_not_sent(airlock: Any) -> None:
    with pytest.raises(RoomError, match="requests\\(\\) lists"):
        saferoom.request("../evaluations")
    assert airlock.asked == []


def test_request_answer_of_another_shape_is_one_sentence(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/requests/req-abc", {"nothing": 1})
    with pytest.raises(RoomError, match="restart the room"):
        saferoom.request("req-abc")
