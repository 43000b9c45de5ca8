"""The pages of notices, as a browser without script meets them."""

from __future__ import annotations

import re

import httpx
from tests.support.airlock_server import Browser, Service

from saferoom.hub.store.notices_tables import LetterRow, ToldRow
from saferoom.ids import Username
from saferoom.projects.notices.model import Category, How
from saferoom.projects.people.permissions import Actor


def _numbers(page: str) -> list[str]:
    return re.findall(r"notices/(\d+)/open", page)


def _location(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/services/airlock/")


def _returned(airlock: Service) -> str:
    request = airlock.world.request(title="TITLE-WORD", context="CONTEXT-WORD", controls="CONTROLS-WORD")
    airlock.world.instance.airlock.return_to_author(Username("ben"), request.id, "COMMENT-WORD")
    return str(request.id)


def test_author_reads_what_happened_and_goes_there(airlock: Service) -> None:
    request = _returned(airlock)
    ana = airlock.browser("ana")
    page = ana.get("notices").text
    assert f"Request {request} in project mobility was returned" in page
    assert f"An output checker has returned request {request} in project mobility." in page
    assert "Sign in" not in page.partition("<main")[2]
    assert re.search(r'class="count">1<', page)
    assert "TITLE-WORD" in page, "looked up for whoever may see the request; no notice and no letter has it"
    for word in ("CONTEXT-WORD", "CONTROLS-WORD", "COMMENT-WORD"):
        assert word not in page
    (number,) = _numbers(page)
    assert _location(ana.post(f"notices/{number}/open")) == f"requests/{request}"
    page = ana.get("notices").text
    assert 'class="count"' not in page
    assert "Nothing is unread" in ana.get("notices?only=unread").text


def test_notice_of_somebody_else_is_not_there_for_anybody_else(airlock: Service) -> None:
    _returned(airlock)
    (number,) = _numbers(airlock.browser("ana").get("notices").text)
    for who in ("rita", "ben", "ada"):
        browser = airlock.browser(who)
        for deed in ("read", "open"):
            assert browser.post(f"notices/{number}/{deed}").status_code == 404
            assert browser.post(f"notices/999999/{deed}").status_code == 404
    assert 'class="count">1<' in airlock.browser("ana").get("notices").text
    for odd in ("x", "-1", "9" * 30, "1%2e"):
        assert airlock.browser("ana").post(f"notices/{odd}/read").status_code == 404


def test_list_is_paged_and_marked_read_as_a_whole(airlock: Service) -> None:
    for _ in range(52):
        airlock.world.request()
    ben = airlock.browser("ben")
    page = ben.get("notices").text
    assert len(_numbers(page)) == 50
    assert "Page 1 of 2" in page
    assert len(_numbers(ben.get("notices?page=2").text)) == 2
    assert _location(ben.post("notices/read")) == "notices?done=notices-read"
    assert "Nothing is unread" in ben.get("notices?only=unread").text
    assert len(_numbers(ben.get("notices?page=2").text)) == 2


def test_bell_says_how_many_and_nothing_else(airlock: Service) -> None:
    request = _returned(airlock)
    ana = airlock.browser("ana")
    piece = ana.get("notices/bell", **{"Sec-Fetch-Dest": "empty"}).text
    assert 'class="count">1<' in piece
    assert request not in piece
    assert airlock.browser().get("notices/bell").status_code in (303, 401)


def test_choice_is_kept_and_security_is_none(airlock: Service) -> None:
    ana = airlock.browser("ana")
    assert "This cannot be switched off" in ana.get("notices/choose").text
    chosen = {"requests": "off", "work": "daily", "projects": "at-once", "ends": "daily"}
    assert _location(ana.post("notices/choose", chosen)) == "notices/choose?done=notices-chosen"
    now = airlock.world.instance.notices.preferences(Actor.person(Username("ana")))
    assert now[Category.REQUESTS] is How.OFF
    assert now[Category.SECURITY] is How.AT_ONCE
    assert re.search(r'name="requests" value="off" checked', ana.get("notices/choose").text)
    wrong = ana.post("notices/choose", chosen | {"requests": "never"})
    assert wrong.status_code == 422
    assert 'href="#field-requests"' in wrong.text
    assert ana.post("notices/choose", chosen | {"security": "off"}).status_code == 422
    assert airlock.world.instance.notices.preferences(Actor.person(Username("ana"))) == now


def test_letters_are_for_administrators_without_what_they_say(airlock: Service) -> None:
    request = _returned(airlock)
    for who in ("ana", "ben", "dora"):
        assert airlock.browser(who).get("notices/letters").status_code == 403
        assert airlock.browser(who).post("notices/letters/letter-x/retry").status_code == 403
    ada = airlock.browser("ada")
    page = ada.get("notices/letters").text
    assert "ana" in page
    assert "not set up" in page
    assert request not in page
    assert "No letters" in ada.get("notices/letters?state=given-up").text
    with airlock.world.instance.database.transaction() as session:
        letter = session.query(LetterRow).filter_by(to="ana").one()
        letter.state, letter.reason = "given-up", "the mail server refuses the address for good (550)"
        id_ = letter.id
    page = ada.get("notices/letters?state=given-up").text
    assert "refuses the address for good (550)" in page
    assert _location(ada.post(f"notices/letters/{id_}/retry")) == "notices/letters?done=letter-retried"
    assert ada.post(f"notices/letters/{id_}/retry").status_code == 409
    assert ada.post("notices/letters/letter-none/retry").status_code == 404


def test_forms_of_other_pages_do_nothing(airlock: Service) -> None:
    _returned(airlock)
    ana = airlock.browser("ana")
    (number,) = _numbers(ana.get("notices").text)
    stranger = {"Origin": "https://evil.example"}
    assert ana.bare_post(f"notices/{number}/read", {"csrf": ana.csrf()}, **stranger).status_code == 403
    assert ana.bare_post("notices/read", {"csrf": "guessed"}, Origin="http://hub.example").status_code == 403
    with airlock.world.instance.database.reading() as session:
        assert session.query(ToldRow).filter_by(to="ana", read_at=None).count() == 1


def test_count_is_on_every_page_and_not_for_strangers(airlock: Service) -> None:
    _returned(airlock)
    ana: Browser = airlock.browser("ana")
    for path in ("requests", "releases", "standing", "nowhere"):
        assert 'class="count">1<' in ana.get(path).text, path
    assert 'id="bell"' not in airlock.browser().get("register").text


def test_administrators_see_how_email_is_set_up(airlock: Service) -> None:
    ada, path = airlock.browser("ada"), airlock.world.home.mail_settings
    path.write_text("host: x\n")
    page = ada.get("notices/letters").text
    assert "set up wrongly" in page
    assert "mail.yaml" in page
    path.write_text("host: smtp.example.org\nsender: safe@example.org\naddress: https://safe.example.org/\n")
    assert "through smtp.example.org, port 587, encrypted (STARTTLS)" in ada.get("notices/letters").text
