"""The HTTP API: people, break-glass, the catalogue, notices and letters; one service for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import NOW, world
from tests.support.api_client import Client, client, said
from tests.support.project_pages import proposed

from saferoom.hub.store.tokens_tables import AnswerRow
from saferoom.ids import Username
from saferoom.projects.people.model import Role
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import PersonForm

TODAY = NOW.date()
REASON = "Both checkers are ill and the answer is due tonight."
ROOT = Actor.operator("admin:root")


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service with a second administrator; each test has people of its own."""
    with world(tmp_path_factory.mktemp("api")) as place, service(place) as made:
        second = PersonForm(username=Username("alan"), display_name="Alan Abt", roles=frozenset({Role.ADMINISTRATOR}))
        place.instance.people.add(ROOT, second)
        yield made


@pytest.fixture
def rita(airlock: Service) -> Client:
    """A researcher's program."""
    return client(airlock, "rita")


@pytest.fixture
def dora(airlock: Service) -> Client:
    """A data owner's program."""
    return client(airlock, "dora")


@pytest.fixture
def ada(airlock: Service) -> Client:
    """An administrator's program."""
    return client(airlock, "ada")


def registered(ada: Client, name: str, *roles: str) -> dict[str, Any]:
    """Register somebody and return the dossier."""
    new = {"username": name, "display_name": name.capitalize(), "roles": list(roles)}
    made: dict[str, Any] = said(ada.post("people", new), 201)
    return made


def submit(rita: Client, slug: str) -> None:
    said(rita.post(f"projects/{slug}/submit", {"version": said(rita.get(f"projects/{slug}"))["version"]}))


def trained(ada: Client, name: str, course: str = "output-checker") -> None:
    dates = {"granted": "2026-01-01", "expires": "2030-01-01", "evidence": "Letter 12"}
    said(ada.post(f"people/{name}/trainings", {"course": course, "body": "The body"} | dates), 201)


def test_administrator_keeps_people_and_their_records(airlock: Service, ada: Client) -> None:
    made = registered(ada, "nina", "researcher")
    assert (made["sign_in"]["allowed"], made["sign_in"]["code"]) == (False, "accreditation-missing")
    assert made["password_set"] is False
    change = {"version": made["version"], "display_name": "Nina Newer", "roles": ["researcher"]}
    edited = said(ada.put("people/nina", change))
    assert said(ada.put("people/nina", change), 409)["error"]["code"] == "stale-version"
    dates = {"granted": "2026-01-01", "expires": "2030-01-01", "evidence": "Letter 12"}
    proof = said(ada.post("people/nina/accreditations", {"level": "full", "body": "The body"} | dates), 201)
    said(ada.post("people/nina/trainings", {"course": "safe-researcher", "body": "The body"} | dates), 201)
    said(ada.post(f"records/{proof['id']}/end", {"ending": "mistake", "reason": "The wrong person."}))
    now = said(ada.get("people/nina"))
    assert {record["ending"] for record in now["records"]} == {None, "mistake"}
    assert edited["person"]["display_name"] == "Nina Newer"
    assert now["sign_in"] == {"allowed": False, "code": "accreditation-missing", "reason": now["sign_in"]["reason"]}
    assert [(role["role"], role["granted_by"]) for role in now["roles"]] == [("researcher", "ada")]
    shut = said(ada.post("people/nina/close", {"version": now["version"], "reason": "She left."}))
    assert shut["person"]["active"] is False
    again = said(ada.post("people/nina/reopen", {"version": shut["version"], "reason": "She came back."}))
    assert again["person"]["active"] is True
    happened = said(ada.get("people/nina/history"))["items"]
    assert [event["words"] for event in happened][:2] == ["opened again", "closed"]
    assert "display_name: Nina → Nina Newer" in {detail for event in happened for detail in event["details"]}
    assert [one["username"] for one in said(ada.get("people?q=nina&role=researcher"))["items"]] == ["nina"]


def test_everybody_sees_themselves_and_nobody_else(rita: Client) -> None:
    mine = said(rita.get("me"))
    assert (mine["person"]["username"], mine["memberships"][0]["project"]) == ("rita", "income")
    assert mine["sign_in"]["allowed"] is True
    assert {one["ends"] for one in mine["next"]} >= {"accreditation", "training"}
    assert rita.get("people").status_code == 403
    assert rita.get("people/ana/history").content == rita.get("people/nobody/history").content
    assert rita.get("people/ana").json() == rita.get("people/nobody").json()
    assert rita.get("people/ana").status_code == 404
    new = {"username": "norman", "display_name": "Norman", "roles": ["administrator"]}
    assert rita.post("people", new).status_code == 403


def test_first_password_is_told_once_and_kept_nowhere(airlock: Service, ada: Client, rita: Client) -> None:
    registered(ada, "pia", "data-owner")
    key = {"Idempotency-Key": "only-once"}
    told = said(ada.post("people/pia/password", **key))
    found = airlock.world.instance.credentials.verify(
        "pia", told["password"], pyotp.TOTP(told["secret"]).at(NOW), "a test"
    )
    assert found
    assert said(ada.get("people/pia"))["password_set"] is True
    again = ada.post("people/pia/password", **key)
    assert again.status_code == 409
    with airlock.world.instance.database.reading() as session:
        kept = "".join(row.body for row in session.query(AnswerRow))
    for secret in (told["password"], told["secret"]):
        assert secret not in again.text
        assert secret not in kept
        assert secret not in ada.get("people/pia/history").text
    assert rita.post("people/pia/password").json() == rita.post("people/nobody/password").json()
    assert ada.post("people/ada/password").status_code == 403


def test_glass_is_broken_ended_and_reviewed_by_somebody_else(airlock: Service, ada: Client, rita: Client) -> None:
    registered(ada, "gus", "data-owner")
    trained(ada, "gus")
    ask = {"username": "gus", "power": "output-checker", "hours": 2, "reason": REASON}
    assert rita.post("break-glass", ask).status_code == 403
    assert said(ada.post("break-glass", ask | {"hours": 9}), 422)["error"]["field"] == "hours"
    made = said(ada.post("break-glass", ask), 201)
    assert (made["state"], made["opened_by"]) == ("open", "ada")
    gus = client(airlock, "gus")
    assert said(gus.get("me"))["emergencies"] == [made]
    here = f"break-glass/{made['id']}"
    assert said(gus.get(here)) == made
    assert rita.get(here).content == rita.get("break-glass/none").content
    verdict = {"judgement": "justified", "findings": "One output was checked, and it was harmless."}
    alan = client(airlock, "alan")
    assert alan.post(f"{here}/review", verdict).status_code == 409
    assert said(ada.post(f"{here}/end"))["state"] == "ended"
    assert ada.post(f"{here}/end").status_code == 409
    assert ada.post(f"{here}/review", verdict).status_code == 403
    reviewed = said(alan.post(f"{here}/review", verdict))
    assert (reviewed["justified"], reviewed["reviewed_by"]) == (True, "alan")
    assert made["id"] in {one["id"] for one in said(alan.get("break-glass"))["items"]}


def test_deputy_is_named_and_ended(airlock: Service, ada: Client, rita: Client) -> None:
    registered(ada, "dan", "data-owner")
    until = {"until": str(TODAY + timedelta(days=30))}
    assert rita.post("people/dan/deputy", until).json() == rita.post("people/nobody/deputy", until).json()
    assert said(ada.post("people/dan/deputy", {"until": "2020-01-01"}), 422)["error"]["field"] == "until"
    named = said(ada.post("people/dan/deputy", until), 201)
    assert (named["username"], named["until"]) == ("dan", until["until"])
    dan = client(airlock, "dan")
    assert said(dan.get("deputies"))["items"] == [named]
    assert rita.get("deputies").status_code == 403
    assert ada.post("people/dan/deputy", until).status_code == 409
    assert said(ada.post("people/dan/end-deputy"))["person"]["username"] == "dan"
    assert said(ada.get("deputies"))["items"] == []
    assert ada.post("people/dan/end-deputy").status_code == 409


def test_catalogue_tells_what_can_be_asked_for_and_no_more(rita: Client) -> None:
    assert {hit["name"] for hit in said(rita.get("catalogue"))["items"]} == {"survey", "register"}
    survey = said(rita.get("catalogue/survey"))
    assert survey["owner"] == "Dora Dahl"
    assert "source" not in survey
    assert "wage" in {line["name"] for line in said(rita.get("catalogue/survey/variables"))["items"]}
    assert (survey["kept_back"], survey["rules"][0]["rule"]) == (0, "threshold_units")
    region = said(rita.get("catalogue/survey/variables/region"))
    assert (region["type"], region["codes"], region["groups"]) == ("text", 4, [])
    codes = said(rita.get("catalogue/survey/variables/region/codes"))
    assert [one["code"] for one in codes["items"]] == ["north", "south", "east", "west"]
    assert said(rita.get("catalogue/survey/variables/wage/codes"))["items"] == []
    for strange in ("nothing", "A B", "survey/variables/nothing", "nothing/variables/region/codes"):
        assert rita.get(f"catalogue/{strange}").status_code == 404


def test_notices_are_read_by_whom_they_tell(airlock: Service, rita: Client, dora: Client) -> None:
    proposed(airlock, "schools")
    submit(rita, "schools")
    told = said(dora.get("notices?unread=true"))["items"][0]
    assert (told["subject"], told["about"]) == ("project", "schools")
    assert rita.post(f"notices/{told['id']}/read").status_code == 404
    assert said(dora.post(f"notices/{told['id']}/read"))["read_at"] is not None
    left = said(dora.get("notices?unread=true"))["total"]
    assert said(dora.post("notices/read")) == {"count": left}
    assert said(dora.post("notices/read")) == {"count": 0}


def test_preferences_are_ones_own_and_security_is_settled(rita: Client, dora: Client) -> None:
    before = said(rita.get("notices/preferences"))
    assert before["security"] == "at-once"
    chosen = {"requests": "daily", "work": "off", "projects": "daily", "ends": "off"}
    assert said(rita.put("notices/preferences", chosen)) == chosen | {"security": "at-once"}
    assert said(rita.get("notices/preferences"))["work"] == "off"
    assert said(dora.get("notices/preferences")) == before
    refused = said(rita.put("notices/preferences", chosen | {"security": "off"}), 422)
    assert "does not take" in refused["error"]["message"]


def test_letters_are_shown_to_administrators_without_their_words(airlock: Service, ada: Client, rita: Client) -> None:
    person = said(ada.get("people/dora"))
    change = {"version": person["version"], "display_name": "Dora Dahl", "roles": ["data-owner"]}
    said(ada.put("people/dora", change | {"email": "dora@example.org"}))
    before = {one["id"] for one in said(ada.get("letters?state=waiting"))["items"]}
    submit(rita, proposed(airlock, "letters"))
    waiting = said(ada.get("letters?state=waiting"))["items"]
    (letter,) = [one for one in waiting if one["id"] not in before]
    assert (letter["to"], letter["category"], letter["tries"], letter["ended_at"]) == ("dora", "projects", 0, None)
    assert "letters project" not in ada.get("letters").text
    counts = {one["state"]: one["count"] for one in said(ada.get("mailing"))["counts"]}
    assert counts["waiting"] == said(ada.get("letters?state=waiting"))["total"]
    assert said(ada.get("mailing"))["ready"] is False
    assert ada.post(f"letters/{letter['id']}/retry").status_code == 409
    assert ada.post("letters/none/retry").status_code == 404
    for path in ("letters", "mailing"):
        assert rita.get(path).status_code == 403
    assert rita.post(f"letters/{letter['id']}/retry").status_code == 403
