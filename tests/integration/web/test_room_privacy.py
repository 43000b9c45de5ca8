"""The privacy lane from the notebook's client, over the real socket and ledger; `test_room_trials` has the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.support.airlock_server import Service, service
from tests.support.privacy_airlock import PrivacyAirlock, privacy_airlock

import saferoom
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import Result, RoomError
from saferoom.hub.store import tables

WORDS = {"title": "People by region", "context": "For a map.", "controls": "Noise from the budget."}
PEOPLE = 600


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


@pytest.fixture
def room(place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with service(place.world) as made:
        monkeypatch.setenv("SAFEROOM_AIRLOCK", str(made.rooms))
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", made.room().token)
        yield made


def _counts(rho: float = 0.5) -> Result:
    found: Result = saferoom.frequency("region", source="survey", protect=saferoom.dp(rho=rho))
    return found


def test_quote_trial_release_and_numbers_are_one_way(room: Service, place: PrivacyAirlock) -> None:
    quote = _counts()
    assert quote.verdict is Verdict.PASS
    assert quote.privacy is not None
    assert (quote.privacy.drawn, quote.privacy.refusal) == (False, "")
    assert "region" not in quote.frame().columns
    assert quote.trial().frame()["count"].sum() == pytest.approx(1_000, abs=100)
    assert place.spent.rho == 0
    request = quote.release(**WORDS)
    assert request.state == "released"
    (drawn,) = request.results
    assert drawn.privacy is not None
    assert drawn.privacy.drawn
    assert drawn.frame()["count"].sum() == pytest.approx(PEOPLE, abs=50)
    assert repr(drawn) in repr(request)
    assert "±" in request._repr_html_()
    assert place.spent.rho == 500_000_000


def test_same_quote_again_gives_the_same_request_and_costs_nothing_more(room: Service, place: PrivacyAirlock) -> None:
    quote = _counts()
    first, second = quote.release(**WORDS), quote.release(**WORDS)
    assert (first.id, place.spent.rho) == (second.id, 500_000_000)
    assert first.results[0].frame().equals(second.results[0].frame())


def test_budget_says_what_is_left_and_a_quote_says_when_it_is_not_enough(room: Service, place: PrivacyAirlock) -> None:
    before = saferoom.budget()
    assert before.left is not None
    assert before.left == pytest.approx(1.0)
    _counts(0.75).release(**WORDS)
    after = saferoom.budget()
    assert after.left == pytest.approx(0.25)
    assert "dataset 'survey'" in repr(after)
    quote = _counts(0.5)
    assert quote.privacy is not None
    assert "rho 0.5 requested, 0.25 left, 0.25 too much" in (quote.privacy.refusal or "")
    assert "0.25 too much" in quote._repr_html_()
    with pytest.raises(RoomError, match=r"0\.25 too much"):
        quote.release(**WORDS)
    assert place.spent.rho == 750_000_000


def test_what_was_drawn_is_its_authors_alone(room: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    request = _counts().release(**WORDS)
    id_ = request.results[0].id
    assert room.room().get(f"evaluations/{id_}").status_code == 200
    for name, project in (("chris", "mobility"), ("rita", "income")):
        assert room.room(name, project).get(f"evaluations/{id_}").status_code == 404
    assert room.room().get("evaluations/drawn-none").status_code == 404


def test_trial_can_not_be_released(room: Service) -> None:
    tried = _counts().trial()
    assert "made-up data" in repr(tried)
    with pytest.raises(RoomError, match="never leaves"):
        tried.release(**WORDS)


def test_released_numbers_are_processed_and_leave_for_nothing(room: Service, place: PrivacyAirlock) -> None:
    quote = _counts()
    with pytest.raises(RoomError, match="nothing has been drawn of this query yet"):
        quote.postprocess([{"round": 10}])
    request = quote.release(**WORDS)
    spent = place.spent
    processed = quote.postprocess([{"clip": {"least": 0}}, {"round": 10}])
    assert processed.id == request.results[0].postprocess([{"clip": {"least": 0}}, {"round": 10}]).id
    assert set(processed.frame()["count"] % 10) == {0}
    left = processed.release(**WORDS)
    assert left.state == "released"
    assert left.results[0].frame().equals(processed.frame())
    assert place.spent == spent


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"steps": [{"multiply": 2}]}, 422, "steps: step 1: there is no such step"),
        ({"steps": "round"}, 422, "wrong or missing: steps"),
        ({"steps": [{"round": 10}], "verdict": "pass"}, 422, "takes exactly these keys: steps"),
        ({}, 422, "wrong or missing: steps"),
    ],
)
def test_what_is_no_list_of_steps_is_refused(
    room: Service, place: PrivacyAirlock, body: dict[str, object], status: int, says: str
) -> None:
    quote = _counts()
    quote.release(**WORDS)
    answer = room.room().post(f"evaluations/{quote.id}/processed", body)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


def test_results_of_others_are_not_processed(room: Service, place: PrivacyAirlock) -> None:
    quote = _counts()
    quote.release(**WORDS)
    steps = {"steps": [{"round": 10}]}
    answer = room.room("chris").post(f"evaluations/{quote.id}/processed", steps)
    assert answer.status_code == 404
    assert room.room().http.post(f"/api/room/evaluations/{quote.id}/processed", json=steps).status_code == 401


def test_numbers_of_the_data_cannot_be_read_again_once_an_approval_ended(room: Service, place: PrivacyAirlock) -> None:
    drawn = _counts().release(**WORDS).results[0].id
    exact = saferoom.mean("wage", source="survey").id
    assert room.room().get(f"evaluations/{exact}").status_code == 200
    place.world.change(tables.ApprovalRow, ("mobility", "survey"), until=date(2026, 1, 1))
    assert room.room().get(f"evaluations/{exact}").status_code == 403
    assert room.room().get(f"evaluations/{drawn}").status_code == 200
