"""The desk of clerical review as browsers use it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.desk_server import NAMES, DeskService, asked_directly, desk_service
from tests.support.review_world import LINK, RON

from saferoom.errors import UnavailableError
from saferoom.hub.linkage.desk import __main__ as desk_program
from saferoom.hub.linkage.desk.asking import Door
from saferoom.hub.linkage.desk.pages import DeskParts
from saferoom.hub.web.shell.navigation import REVIEW_PREFIX
from saferoom.projects.linkage.clerical import Choice, State


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskService]:
    with desk_service(tmp_path) as made:
        yield made


def state_of(desk: DeskService, number: int) -> State:
    with desk.world.clerical.store.reading() as tx:
        pair = tx.pair(LINK, number)
    assert pair is not None
    return pair.state


def test_page_shows_two_records_side_by_side_with_differences_marked(desk: DeskService) -> None:
    page = desk.reviewer("pia").get()
    assert page.status_code == 200
    assert "Penhaligon" in page.text
    assert "Penhalligan" in page.text
    assert page.text.count("differs") == 1
    assert page.text.count("one is missing") == 1
    assert "0 decided by you, 12 waiting for you<" in page.text


def test_page_tells_nothing_of_the_model(desk: DeskService) -> None:
    text = desk.reviewer("pia").get().text
    assert not [word for word in ("probability", "weight", "stratum", "accepted", "0.1", "model") if word in text]


def test_decision_goes_on_to_the_next_pair_and_two_alike_settle(desk: DeskService) -> None:
    pia, ron = desk.reviewer("pia"), desk.reviewer("ron")
    number = int(pia.fields()["number"])
    after = pia.decide("match")
    assert "Noted: a match." in after.text
    assert int(pia.fields(after)["number"]) != number
    assert state_of(desk, number) is State.HALF
    while int(ron.fields()["number"]) != number:
        ron.decide("no-match")
    ron.decide("match")
    assert state_of(desk, number) is State.MATCH


def test_undo_brings_the_pair_back(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields()
    assert "Take back" not in pia.get().text
    after = pia.decide("match")
    assert "Take back my last decision" in after.text
    answer = pia.post("undo", fields)
    assert answer.headers["location"].endswith("review?done=undone")
    assert state_of(desk, int(fields["number"])) is State.WAITING
    assert "Taken back" in pia.http.get(answer.headers["location"]).text


def test_undo_after_the_other_has_decided_leaves_the_decision(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields()
    pia.decide("match")
    desk.world.clerical.decide(RON, LINK, int(fields["number"]), Choice.MATCH)
    answer = pia.post("undo", fields)
    assert answer.headers["location"].endswith("done=stays")
    assert state_of(desk, int(fields["number"])) is State.MATCH


def test_pair_that_was_settled_meanwhile_leads_on(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields()
    pia.post("review", fields | {"choice": "match"})
    answer = pia.post("review", fields | {"choice": "no-match"})
    assert answer.headers["location"].endswith("done=settled")


def test_page_with_nothing_left_says_so(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    for _ in range(12):
        page = pia.decide("unsure")
    assert "There is no pair left for you" in page.text
    assert not any(name in page.text for name in NAMES)
    assert "Take back my last decision" in page.text


def test_page_without_any_review_says_so(desk: DeskService) -> None:
    with desk.world.clerical.store.transaction() as tx:
        tx.close(LINK)
    assert "No linked version waits for review" in desk.reviewer("pia").get().text


def test_first_page_leads_to_the_review_and_health_answers(desk: DeskService) -> None:
    nobody = desk.nobody()
    assert nobody.get("").headers["location"].endswith("/services/linkage/review")
    assert nobody.get("health").json() == {"status": "ok"}
    assert nobody.get("desk/desk.js").status_code == 200
    assert nobody.get("static/airlock.css").status_code == 200
    assert nobody.get("nothing").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"choice": "maybe"},
        {"choice": ""},
        {"number": "-1", "choice": "match"},
        {"number": "1e9", "choice": "match"},
        {"link": "", "choice": "match"},
        {"choice": "match", "more": "x"},
    ],
)
def test_form_that_is_not_the_pages_own_is_refused(desk: DeskService, change: dict[str, str]) -> None:
    pia = desk.reviewer("pia")
    answer = pia.post("review", pia.fields() | change)
    assert answer.status_code == 422
    assert "not one of these pages" in answer.text


def test_pair_that_does_not_exist_is_not_found(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    for change in ({"number": "999"}, {"link": "person@9"}, {"link": "../../x"}):
        assert pia.post("review", pia.fields() | change | {"choice": "match"}).status_code == 404


def test_door_refuses_what_it_does_not_know(desk: DeskService) -> None:
    token = desk.hub.browser_token("pia")
    good = {"token": token, "link": LINK, "number": 1}
    assert asked_directly(desk, "/shown", good).status_code == 200
    assert asked_directly(desk, "/decide", good | {"choice": "maybe"}).status_code == 422
    assert asked_directly(desk, "/shown", good | {"more": 1}).status_code == 422
    assert asked_directly(desk, "/nothing", good).status_code == 404


def test_sign_out_ends_the_session(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    answer = pia.post("sign-out", {"csrf": pia.fields()["csrf"]})
    assert answer.headers["location"] == "/hub/logout"
    assert pia.get().status_code == 303


def test_hub_that_does_not_answer_is_told_and_shows_nothing(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    desk.hub.down = True
    answer = pia.get()
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert not [name for name in NAMES if name in answer.text]


def test_door_that_is_gone_is_told_and_shows_nothing(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    desk.door.unlink()
    desk.door.touch()
    # Connections that are open stay open; a new one finds nobody.
    fresh = DeskParts.of(desk.zone, Door(desk.door, REVIEW_PREFIX, "/hub/"), desk.world.around.clock)
    with pytest.raises(UnavailableError, match="does not answer"):
        asyncio.run(fresh.door.visitor("t" * 32))
    assert pia.get().status_code == 200


def test_door_without_a_hub_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path))
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(SystemExit) as ended:
        desk_program.main()
    assert ended.value.code == 1
    assert "started by the hub" in capsys.readouterr().err
