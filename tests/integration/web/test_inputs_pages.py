"""What was run, as output checkers and researchers see it on pages and by the API."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY, World
from tests.support.api_client import client
from tests.support.inputs import heard

from saferoom.digests import sha256
from saferoom.hub.administration import Administration
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.ids import Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.inputs.model import Heard, Kind

ANA, CHRIS = Username("ana"), Username("chris")
AT = "projects/mobility/inputs"
HOSTILE = "<script>alert(1)</script>'\"&{{7*7}}\u202e\x00"


@pytest.fixture
def place(place: World) -> World:
    """The instance, where two members ran something."""
    inputs = place.instance.inputs
    inputs.record(
        MOBILITY, ANA, [heard("df = 1"), heard(HOSTILE), Heard("", Kind.UNREADABLE, "??", 7, sha256(b""), True)]
    )
    place.clock.advance(timedelta(minutes=1))
    inputs.record(MOBILITY, CHRIS, [heard("chris_was_here = 1")])
    return place


def shown(answer: httpx.Response) -> str:
    """Return a page that was shown."""
    assert answer.status_code == 200, answer.text
    return answer.text


def test_checker_sees_what_everybody_ran_escaped_and_marked(airlock: Service) -> None:
    page = shown(airlock.browser("ben").get(AT))
    assert "Code run in " in page
    assert page.index("chris_was_here") < page.index("df = 1")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert "not understood" in page
    assert "Cut: the whole has 7 bytes" in page


def test_characters_that_nobody_sees_are_written_out(airlock: Service) -> None:
    page = shown(airlock.browser("ben").get(AT))
    assert "\u202e" not in page
    assert "\\u202e\\x00" in page
    assert "characters that turn the direction of writing" in page


def test_members_see_their_own_and_have_no_choice_of_people(airlock: Service) -> None:
    page = shown(airlock.browser("chris").get(f"{AT}?person=ana"))
    assert "What you ran in " in page
    assert "chris_was_here" in page
    assert "df = 1" not in page
    assert 'name="person"' not in page


def test_search_and_choice_of_a_person_keep_what_was_typed(airlock: Service) -> None:
    browser = airlock.browser("ben")
    page = shown(browser.get(f"{AT}?q=DF&person=ana"))
    assert "df = 1" in page
    assert "chris_was_here" not in page
    assert 'value="DF"' in page
    assert "<option selected>ana</option>" in page
    assert "Nothing like that was run" in shown(browser.get(f"{AT}?q=nothing-like-it"))
    assert "Nothing like that was run" in shown(browser.get(f"{AT}?person=%3Cb%3E"))


def test_request_leads_to_what_its_author_ran_before_it(place: World, airlock: Service) -> None:
    request = place.request()
    place.clock.advance(timedelta(minutes=1))
    place.instance.inputs.record(MOBILITY, ANA, [heard("too_late = 1")])
    browser = airlock.browser("ben")
    link = shown(browser.get(f"requests/{request.id}")).partition(f'href="/services/airlock/{AT}?')[2].partition('"')[0]
    page = shown(browser.get(f"{AT}?{link.replace('&amp;', '&')}"))
    assert "df = 1" in page
    assert "too_late" not in page
    assert "chris_was_here" not in page
    assert "Only what was run before" in page


def test_project_leads_its_members_to_what_they_ran(place: World, airlock: Service) -> None:
    instance = place.instance
    admin = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    project = "kind: project\nslug: mobility\ntitle: Moving up\nmembers: [ana, chris]\n"
    admin.apply(read_entries([(project, "change")]))
    assert f'href="/services/airlock/{AT}"' in shown(airlock.browser("ana").get("projects/mobility"))
    assert f'href="/services/airlock/{AT}"' not in shown(airlock.browser("ada").get("projects/mobility"))


@pytest.mark.parametrize("before", ["yesterday", "2026-03-02", "2026-03-02T09:00:00", "<b>"])
def test_moment_that_is_none_is_refused_with_a_sentence(airlock: Service, before: str) -> None:
    answer = airlock.browser("ben").get(f"{AT}?before={before}")
    assert answer.status_code == 422
    assert "must be a day and time with its zone" in answer.text
    assert "<b>" not in answer.text


def test_search_that_stops_leads_on_to_what_is_older(airlock: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.projects.inputs.service.READ_AT_ONCE", 2)
    browser = airlock.browser("ben")
    page = shown(browser.get(f"{AT}?q=1"))
    assert "The search read back to" in page
    link = page.partition(f'<a href="/services/airlock/{AT}?')[2].partition('"')[0]
    assert "q=1" in link
    assert browser.get(f"{AT}?{link.replace('&amp;', '&')}").status_code == 200


def test_every_look_by_page_and_api_is_an_event(place: World, airlock: Service) -> None:
    airlock.browser("ben").get(f"{AT}?q=df")
    client(airlock, "ben").get("projects/mobility/inputs")
    with place.instance.database.reading() as session:
        rows = session.query(AuditLinkRow).filter_by(action="inputs.viewed").all()
    assert [(row.actor, row.subject) for row in rows] == [("ben", "inputs:mobility")] * 2
    assert "df" not in repr([row.payload for row in rows])


def test_api_lists_inputs_with_all_that_was_heard(airlock: Service) -> None:
    found = client(airlock, "ben").get("projects/mobility/inputs?person=ana&q=DF").json()
    (one,) = found["items"]
    assert (one["seq"], one["person"], one["kind"], one["text"]) == (1, "ana", "execute", "df = 1")
    assert (one["bytes"], one["sha256"], one["cut"]) == (6, sha256(b"df = 1"), False)
    assert (found["total"], found["next"], found["read_to"]) == (1, None, None)
    refused = client(airlock, "ana").get("projects/mobility/inputs")
    assert refused.status_code == 403
    assert "to no program" in refused.text
    assert "df = 1" not in refused.text
    assert client(airlock, "rita").get("projects/mobility/inputs").status_code == 404
    assert client(airlock, "ben").get("projects/mobility/inputs?before=2026-03-02").status_code == 422
