"""The pages about people, as a browser without script meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest
from tests.support.airlock_server import Browser, Service, service
from tests.support.airlock_world import NOW, world

from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.people.entitlement import may_sign_in
from saferoom.projects.people.model import Role, Training
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import PersonForm
from saferoom.projects.people.service import People

ANA = Username("ana")
TODAY = NOW.date()
REASON = "Both checkers are ill and the answer is due tonight."
RECORD = {
    "body": "The Authority",
    "granted": str(TODAY),
    "expires": str(TODAY + timedelta(days=400)),
    "evidence": "Letter of 1 March, number 12",
}


@pytest.fixture
def people(airlock: Service) -> People:
    """The service, with a second administrator, and nobody but Ana trained in more than she needs."""
    return _with_alan(airlock)


def _with_alan(airlock: Service) -> People:
    made = airlock.world.instance.people
    alan = PersonForm(username=Username("alan"), display_name="Alan Abt", roles=frozenset({Role.ADMINISTRATOR}))
    made.add(Actor.operator("admin:root"), alan)
    return made


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that change nothing."""
    with world(tmp_path_factory.mktemp("still")) as place, service(place) as made:
        _with_alan(made)
        yield made


@pytest.fixture(scope="module")
def looking(still: Service) -> Browser:
    """The browser of an administrator who changes nothing."""
    return still.browser("ada")


@pytest.fixture
def ada(airlock: Service, people: People) -> Browser:
    """The first administrator's browser."""
    return airlock.browser("ada")


def _done(answer: httpx.Response, path: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/services/airlock/{path}"), answer.text


def _version(people: People, who: str = "ana") -> str:
    return str(people.dossier(Actor.operator("admin:root"), Username(who)).version)


def _value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def test_list_shows_searches_and_filters_people(airlock: Service, ada: Browser) -> None:
    page = ada.get("people").text
    assert "9 people" in page
    assert all(f"people/{name}" in page for name in ("ana", "ben", "otto"))
    assert "1 person" in ada.get("people?q=ana").text
    assert "people/ben" not in ada.get("people?role=data-owner").text
    assert "Nobody like that" in ada.get("people?q=zzz&only=lapsed").text
    assert ada.get("people?role=emperor&only=never&page=x").status_code == 200
    airlock.world.change(tables.PersonRecordRow, "record-ana-full", expires=TODAY - timedelta(days=1))
    page = ada.get("people?only=lapsed").text
    assert "may not sign in" in page
    assert "The accreditation expired on 2026-03-01" in page


def test_search_is_shown_again_as_text_and_never_as_markup(looking: Browser) -> None:
    page = looking.get('people?q="><script>alert(1)</script>').text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_person_is_registered_accredited_trained_and_may_sign_in(
    airlock: Service, ada: Browser, people: People
) -> None:
    assert ada.get("new-person").status_code == 200
    fields = {"username": "eve", "display_name": "Eve Eaton", "email": "eve@example.org", "roles": "researcher"}
    _done(ada.post("new-person", fields), "people/eve?done=person-added")
    page = ada.get("people/eve?done=person-added").text
    assert "The person is registered." in page
    assert "No accreditation is recorded for eve" in page
    assert "No password is set yet" in page
    _done(ada.post("people/eve/accreditation", RECORD | {"level": "provisional"}), "people/eve?done=accredited")
    _done(ada.post("people/eve/training", RECORD | {"course": "safe-researcher"}), "people/eve?done=trained")
    page = ada.get("people/eve").text
    assert "Provisional accreditation" in page
    assert "Letter of 1 March, number 12" in page
    assert "The safe researcher training counts until" in page
    assert may_sign_in(airlock.world.instance.registry, Username("eve"), NOW)
    assert "accreditation recorded" in ada.get("people/eve/history").text


WRONG_PEOPLE = (
    ({"username": "Eve E"}, "field-username", "1 to 30 lower-case letters"),
    ({"username": "ana"}, "field-username", "Somebody is registered as ana already"),
    ({"display_name": ""}, "field-display-name", "Fill this in."),
    ({"email": "eve@example.org\r\nBcc: x@example.org"}, "field-email", "an e-mail address"),
    ({"roles": "emperor"}, "field-roles", "one of researcher, output-checker"),
    ({"roles": ""}, "field-roles", "Choose at least 1"),
)


def test_form_that_is_wrong_comes_back_with_what_was_typed(looking: Browser) -> None:
    for changes, field, said in WRONG_PEOPLE:
        fields = {"username": "eve", "display_name": "Eve Eaton", "email": "", "roles": "researcher"} | changes
        answer = looking.post("new-person", fields)
        assert answer.status_code == 422, changes
        assert f'href="#{field}"' in answer.text, changes
        assert said in answer.text, changes
        assert ("Eve Eaton" in answer.text) == ("display_name" not in changes)


WRONG_RECORDS = (
    ({"expires": str(TODAY - timedelta(days=1))}, "before the day it was granted"),
    ({"granted": str(TODAY + timedelta(days=1))}, "is in the future"),
    ({"expires": "01.02.2027"}, "Write the date as year-month-day"),
    ({"evidence": "x"}, "Use at least 3 characters"),
    ({"level": "royal"}, "one of full, provisional"),
)


def test_record_that_is_wrong_says_so_beside_the_field(looking: Browser) -> None:
    for changes, said in WRONG_RECORDS:
        answer = looking.post("people/ana/accreditation", RECORD | {"level": "full"} | changes)
        assert answer.status_code == 422, changes
        assert said in answer.text, changes
        assert "The Authority" in answer.text
        (field,) = changes
        assert f'id="field-{field}-wrong"' in answer.text, changes


def test_two_administrators_who_edit_the_same_person_lose_nothing(
    airlock: Service, ada: Browser, people: People
) -> None:
    form = ada.get("people/ana/edit").text
    fields = {"display_name": "Ana A.", "email": "", "roles": "researcher", "version": _value(form, "version")}
    alan = airlock.browser("alan")
    theirs = fields | {"display_name": "Ana Maria Abel"}
    _done(alan.post("people/ana/edit", theirs), "people/ana?done=person-changed")
    answer = ada.post("people/ana/edit", fields)
    assert answer.status_code == 409
    assert "Somebody else changed this" in answer.text
    assert "Now it says: Ana Maria Abel" in answer.text
    assert _value(answer.text, "display_name") == "Ana A."
    assert airlock.world.instance.registry.person(ANA).display_name == "Ana Maria Abel"
    again = fields | {"version": _value(answer.text, "version")}
    _done(ada.post("people/ana/edit", again), "people/ana?done=person-changed")


def test_record_is_ended_and_its_person_is_out(airlock: Service, ada: Browser) -> None:
    browser = airlock.browser("ana")
    assert browser.get("requests").status_code == 200
    assert "End a record of Ana Abel" in ada.get("people/ana/records/record-ana-full").text
    bad = ada.post("people/ana/records/record-ana-full", {"ending": "", "reason": "no"})
    assert bad.status_code == 422
    fields = {"ending": "withdrawn", "reason": "The Authority took it back."}
    _done(ada.post("people/ana/records/record-ana-full", fields), "people/ana?done=record-ended")
    assert "It was withdrawn" in ada.get("people/ana").text
    assert browser.get("requests").status_code == 403
    assert ada.post("people/ana/records/record-ana-full", fields).status_code == 409
    assert ada.post("people/ben/records/record-ana-full", fields).status_code == 404
    assert ada.get("people/ben/records/record-ana-full").status_code == 404


def test_account_is_closed_and_opened_again(airlock: Service, ada: Browser, people: People) -> None:
    browser, room = airlock.browser("ana"), airlock.room()
    form = ada.get("people/ana/close").text
    fields = {"reason": "Left the university.", "version": _value(form, "version")}
    _done(ada.post("people/ana/close", fields), "people/ana?done=account-closed")
    assert browser.get("requests").status_code == 403
    assert room.get("datasets").status_code == 403
    assert "Your account is closed" in browser.get("requests").text
    fields = {"reason": "Came back.", "version": _version(people)}
    _done(ada.post("people/ana/reopen", fields), "people/ana?done=account-reopened")
    assert browser.get("requests").status_code == 200
    assert room.get("datasets").status_code == 200


def test_password_and_second_factor_are_shown_once_and_work(airlock: Service, ada: Browser) -> None:
    answer = ada.post("people/ana/password")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    codes = re.findall(r"<code>([^<]+)</code>", answer.text)
    assert codes[0] == "ana"
    password, secret = codes[1], codes[2]
    factor = pyotp.TOTP(secret).at(airlock.world.clock.now())
    assert airlock.world.instance.credentials.verify("ana", password, factor, "test")
    assert password not in ada.get("people/ana").text
    assert "password and second factor set" in ada.get("people/ana/history").text
    assert ada.post("people/ana/password", {"password": "mine"}).status_code == 422


def test_deputy_is_named_and_ended(ada: Browser) -> None:
    assert "Name Dora Dahl as a deputy" in ada.get("people/dora/deputy").text
    assert ada.post("people/dora/deputy", {"username": "dora", "until": "2020-01-01"}).status_code == 422
    assert ada.post("people/dora/deputy", {"username": "otto", "until": str(TODAY)}).status_code == 422
    _done(ada.post("people/dora/deputy", {"username": "dora", "until": str(TODAY)}), "people/dora?done=deputy-named")
    assert "deputy for emergencies until 2026-03-02" in ada.get("people/dora").text
    assert "dora, until 2026-03-02" in ada.get("break-glass").text
    _done(ada.post("people/dora/end-deputy"), "people/dora?done=deputy-ended")
    assert ada.post("people/dora/end-deputy").status_code == 409


def _break(browser: Browser, **changes: str) -> httpx.Response:
    fields = {"username": "rita", "power": "output-checker", "hours": "2", "reason": REASON} | changes
    return browser.post("break-glass/new", fields)


def test_glass_is_broken_shown_everywhere_ended_and_reviewed(airlock: Service, ada: Browser, people: People) -> None:
    rita, dora, alan = (airlock.browser(name) for name in ("rita", "dora", "alan"))
    assert rita.get("queue").status_code == 403
    assert 'value="rita"' in ada.get("break-glass/new?for=rita").text
    answer = _break(ada)
    assert answer.status_code == 303
    path = answer.headers["location"].removeprefix("/services/airlock/").partition("?")[0]
    assert rita.get("queue").status_code == 200
    for browser, at in ((ada, "people"), (ada, "releases"), (dora, "releases"), (alan, "standing")):
        page = browser.get(at).text
        assert "Break-glass:" in page
        assert f'href="/services/airlock/{path}"' in page
        assert REASON not in page
    assert "Break-glass:" not in airlock.browser("ben").get("releases").text
    assert REASON in dora.get(path).text
    assert rita.get(path).status_code == 403
    assert "output checker, until" in rita.get("standing").text
    assert ada.post(f"{path}/review", {"judgement": "justified", "findings": "It was all fine."}).status_code == 422
    review = {"judgement": "justified", "findings": "The request was checked in time."}
    assert alan.post(f"{path}/review", review).status_code == 409
    _done(ada.post(f"{path}/end"), f"{path}?done=emergency-ended")
    assert rita.get("queue").status_code == 403
    assert "Break-glass:" not in dora.get("releases").text
    assert "waits for review" in dora.get("break-glass").text
    assert "A second administrator reviews" in ada.get(path).text
    assert ada.post(f"{path}/review", review).status_code == 403
    _done(alan.post(f"{path}/review", review), f"{path}?done=emergency-reviewed")
    assert "The request was checked in time." in ada.get(path).text


UNBREAKABLE = (
    ({"hours": "9"}, 422, "at most 8"),
    ({"hours": "many"}, 422, "a whole number"),
    ({"reason": "urgent"}, 422, "Use at least 20 characters"),
    ({"power": "everything"}, 422, "one of output-checker, reinstatement"),
    ({"username": "nobody"}, 404, "Nobody of that name"),
    ({"username": "ben"}, 409, "output checker already"),
    ({"power": "reinstatement"}, 409, "nothing to reinstate"),
    ({"username": "ada"}, 403, "their own account"),
)


def test_glass_that_cannot_be_broken_stays_whole(still: Service, looking: Browser) -> None:
    for changes, status, said in UNBREAKABLE:
        answer = _break(looking, **changes)
        assert answer.status_code == status, changes
        assert said in answer.text, changes
        assert changes.get("reason", REASON) in answer.text, changes
    assert still.world.instance.people.emergencies(Actor.operator("admin:root")).total == 0


@pytest.mark.parametrize("name", ["ana", "dora"])
def test_people_who_are_no_administrators_find_nothing_of_others(still: Service, name: str) -> None:
    browser = still.browser(name)
    assert browser.get("people").status_code == 403
    assert browser.get("new-person").status_code == 403
    assert browser.post("new-person", {"username": "x", "display_name": "X", "roles": "researcher"}).status_code == 403
    for other in ("rita", "nobody"):
        for path in ("", "/history", "/edit", "/accreditation", "/close", "/records/record-rita-full"):
            answer = browser.get(f"people/{other}{path}")
            assert answer.status_code == 404, path
            assert "Nobody of that name is registered" in answer.text
        for path in ("edit", "password", "close", "end-deputy", "records/record-rita-full"):
            assert browser.post(f"people/{other}/{path}").status_code == 404
    seen = browser.get("break-glass").status_code
    assert seen == (200 if name == "dora" else 403)
    assert _break(browser).status_code == 403
    assert browser.get("break-glass/new").status_code == 403


def test_administrator_is_told_that_others_change_the_own_account(looking: Browser) -> None:
    assert "Nobody changes their own account" in looking.get("people/ada").text
    for path in ("edit", "accreditation", "close", "password"):
        answer = looking.post(f"people/ada/{path}")
        assert answer.status_code == 403, path


def test_unknown_deeds_and_people_are_not_found(looking: Browser) -> None:
    for path in ("people/nobody", "people/ana/promote", "people/nobody/edit", "break-glass/emergency-x"):
        assert looking.get(path).status_code == 404, path
    assert looking.post("people/ana/promote").status_code == 404


def test_forms_need_their_token_and_nothing_more(looking: Browser) -> None:
    origin = {"Origin": "http://hub.example"}
    assert looking.bare_post("people/ana/password", {"csrf": "guess"}, **origin).status_code == 403
    answer = looking.post(
        "people/ana/edit", {"display_name": "A", "roles": "researcher", "version": "1", "active": "no"}
    )
    assert answer.status_code == 422


def test_everybody_sees_the_own_standing(still: Service) -> None:
    for name in ("ana", "ben", "dora", "ada"):
        page = still.browser(name).get("standing").text
        assert "May I sign in?" in page
        assert "The account is open." in page
        assert ("Mobility" in page) == (name == "ana")
        assert ("You own the data of survey" in page) == (name == "dora")
        assert ("The roles need neither accreditation nor training" in page) == (name in ("dora", "ada"))
        assert ("The output checker training counts until 2099-12-31" in page) == (name == "ben")


def test_standing_tells_of_the_break_glass_act_that_bridges_a_lapse(airlock: Service, ada: Browser) -> None:
    airlock.world.change(tables.PersonRecordRow, "record-ana-full", expires=TODAY - timedelta(days=1))
    assert _break(ada, username="ana", power="reinstatement").status_code == 303
    page = airlock.browser("ana").get("standing").text
    assert "a break-glass act lets it count for now" in page


def test_names_and_reasons_are_text_whatever_they_hold(airlock: Service, ada: Browser, people: People) -> None:
    evil = "<img src=x onerror=alert(1)>"
    fields = {"display_name": evil, "email": "", "roles": "researcher", "version": _version(people)}
    _done(ada.post("people/ana/edit", fields), "people/ana?done=person-changed")
    ada.post("people/ana/training", RECORD | {"course": "output-checker", "body": evil, "evidence": evil})
    assert _break(ada, username="ana", reason=evil * 2).status_code == 303
    for path in ("people", "people/ana", "people/ana/history", "people/ana/edit", "break-glass", "standing"):
        page: Any = ada.get(path).text
        assert "<img src=x" not in page, path
    assert "&lt;img src=x" in ada.get("people/ana").text
    assert Training.OUTPUT_CHECKER in airlock.world.instance.registry.person(ANA).trainings
