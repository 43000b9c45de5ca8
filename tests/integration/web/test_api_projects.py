"""The HTTP API: projects from proposal to close, people, the catalogue, notices, and the document of it all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.airlock_server import Service
from tests.support.api_client import Client, client, with_token
from tests.support.project_pages import UNTIL, proposed, running

PROPOSAL: dict[str, Any] = {
    "slug": "schools",
    "title": "Schools",
    "question": "Which schools?",
    "benefit": "Better ones.",
    "gateway": "The Act, section 64",
    "assessment": "DPIA 7",
    "members": ["rita"],
    "ends": UNTIL.isoformat(),
    "datasets": [{"dataset": "survey", "variables": ["region", "wage"], "rows": "wage > 0"}],
}
TERMS: dict[str, Any] = {"until": UNTIL.isoformat(), "variables": ["region", "wage"], "checkers": 2}


def said(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def version(by: Client, slug: str) -> int:
    found: int = said(by.get(f"projects/{slug}"))["version"]
    return found


@pytest.fixture
def rita(airlock: Service) -> Client:
    """A researcher's program."""
    return client(airlock, "rita")


@pytest.fixture
def dora(airlock: Service) -> Client:
    """The program of the survey's data owner."""
    return client(airlock, "dora")


@pytest.fixture
def ada(airlock: Service) -> Client:
    """An administrator's program."""
    return client(airlock, "ada")


def test_project_is_proposed_approved_paused_resumed_and_closed(rita: Client, dora: Client, ada: Client) -> None:
    made = said(rita.post("projects", PROPOSAL), 201)
    assert (made["slug"], made["state"]) == ("schools", "draft")
    better = PROPOSAL | {"title": "All schools"}
    edited = said(rita.put("projects/schools/proposal", {"version": made["version"], "proposal": better}))
    asked = said(rita.post("projects/schools/submit", {"version": edited["version"]}))
    here = "projects/schools/data/survey"
    decided = said(dora.post(f"{here}/approve", {"version": asked["version"], "terms": TERMS}))
    runs = said(ada.post("projects/schools/confirm", {"version": decided["version"]}))
    assert runs["state"] == "active"
    whole = said(rita.get("projects/schools"))
    assert whole["proposal"]["title"] == "All schools"
    assert [ruling["choice"] for ruling in whole["rulings"]] == ["approved"]
    revised = said(dora.post(f"{here}/revise", {"version": runs["version"], "terms": TERMS | {"checkers": 3}}))
    held = said(dora.post("projects/schools/pause", {"version": revised["version"], "reason": "A question."}))
    assert held["state"] == "paused"
    on = said(dora.post("projects/schools/resume", {"version": held["version"]}))
    assert on["state"] == "active"
    ended = said(dora.post(f"{here}/end", {"version": on["version"], "reason": "It is over."}))
    shut = said(ada.post("projects/schools/close", {"version": ended["version"], "reason": "Done."}))
    assert shut["state"] == "closed"


def test_somebody_elses_change_is_not_overwritten(airlock: Service, rita: Client) -> None:
    slug = proposed(airlock, "schools")
    edit = {"version": version(rita, slug), "proposal": PROPOSAL}
    said(rita.put(f"projects/{slug}/proposal", edit))
    assert said(rita.put(f"projects/{slug}/proposal", edit), 409)["error"]["code"] == "stale-version"


def test_proposal_is_given_back_declined_and_withdrawn(airlock: Service, rita: Client, dora: Client) -> None:
    for slug, deed, state in (("first", "return", "returned"), ("second", "decline", "declined")):
        proposed(airlock, slug)
        said(rita.post(f"projects/{slug}/submit", {"version": version(rita, slug)}))
        body = {"version": version(dora, slug), "reason": "Not like this."}
        said(dora.post(f"projects/{slug}/data/survey/{deed}", body))
        assert said(rita.get(f"projects/{slug}"))["state"] == state
    gone = said(rita.post("projects/first/withdraw", {"version": version(rita, "first")}))
    assert gone["state"] == "withdrawn"


def test_administrator_gives_back_or_declines_people(airlock: Service, rita: Client, dora: Client, ada: Client) -> None:
    for slug, deed, state in (("first", "return", "returned"), ("second", "decline", "declined")):
        proposed(airlock, slug)
        said(rita.post(f"projects/{slug}/submit", {"version": version(rita, slug)}))
        terms = {"version": version(dora, slug), "terms": TERMS}
        said(dora.post(f"projects/{slug}/data/survey/approve", terms))
        body = {"version": version(ada, slug), "reason": "Not these people."}
        assert said(ada.post(f"projects/{slug}/{deed}", body))["state"] == state


def test_amendment_is_agreed_confirmed_declined_or_taken_back(
    airlock: Service, rita: Client, dora: Client, ada: Client
) -> None:
    slug = running(airlock, "schools")
    here = f"projects/{slug}/amendments"

    def asked() -> int:
        said(rita.post(here, {"version": version(rita, slug), "change": {"add": ["ana"]}, "why": "We need Ana."}))
        number: int = said(rita.get(f"projects/{slug}"))["amendments"][-1]["number"]
        return number

    one = asked()
    said(rita.post(f"{here}/{one}/withdraw", {"version": version(rita, slug)}))
    two = asked()
    no = {"version": version(dora, slug), "reason": "Nobody else."}
    said(dora.post(f"{here}/{two}/data/survey/decline", no))
    three = asked()
    said(dora.post(f"{here}/{three}/data/survey/approve", {"version": version(dora, slug), "terms": TERMS}))
    said(ada.post(f"{here}/{three}/confirm", {"version": version(ada, slug)}))
    whole = said(rita.get(f"projects/{slug}"))
    assert [one["state"] for one in whole["amendments"]] == ["withdrawn", "declined", "applied"]
    assert whole["proposal"]["members"] == ["ana", "rita"]


def test_refresh_that_nobody_asked_for_is_a_conflict(airlock: Service, dora: Client) -> None:
    slug = running(airlock, "schools")
    body = {"version": version(dora, slug), "terms": TERMS}
    assert dora.post(f"projects/{slug}/data/survey/confirm-refresh", body).status_code == 409


def test_problem_of_a_proposal_names_its_field(rita: Client) -> None:
    for change, field in (({"slug": "No Slug"}, "slug"), ({"datasets": [{"dataset": "nothing"}]}, "datasets")):
        problem = said(rita.post("projects", PROPOSAL | change), 422)["error"]
        assert problem["field"].split(".")[0] == field
        assert "No Slug" not in problem["message"]


def test_others_are_refused_what_is_not_theirs_to_decide(airlock: Service, rita: Client, ada: Client) -> None:
    slug = running(airlock, "schools")
    now = version(rita, slug)
    assert rita.post(f"projects/{slug}/data/survey/revise", {"version": now, "terms": TERMS}).status_code == 403
    assert ada.post("projects", PROPOSAL).status_code == 403
    checker, outsider = client(airlock, "ben"), client(airlock, "ana")
    for deed in ("pause", "close"):
        body = {"version": now, "reason": "x"}
        assert checker.post(f"projects/{slug}/{deed}", body).status_code == 403
        real, none = (outsider.post(f"projects/{name}/{deed}", body) for name in (slug, "none"))
        assert (real.status_code, real.content) == (404, none.content)
    assert outsider.get(f"projects/{slug}").json() == outsider.get("projects/none").json()


def test_projects_are_listed_to_whom_they_concern(airlock: Service, rita: Client, dora: Client) -> None:
    proposed(airlock, "schools")
    found = said(rita.get("projects?state=draft&q=schools"))["items"]
    assert [(line["slug"], line["lead"]) for line in found] == [("schools", "rita")]
    assert "schools" not in dora.get("projects").text
    assert said(dora.get("projects?waiting=true"))["items"] == []


def test_administrator_keeps_people_and_their_records(airlock: Service, ada: Client) -> None:
    new = {"username": "nina", "display_name": "Nina New", "roles": ["researcher"]}
    made = said(ada.post("people", new), 201)
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
    shut = said(ada.post("people/nina/close", {"version": now["version"], "reason": "She left."}))
    assert shut["person"]["active"] is False
    again = said(ada.post("people/nina/reopen", {"version": shut["version"], "reason": "She came back."}))
    assert again["person"]["active"] is True
    assert [one["username"] for one in said(ada.get("people?q=nina&role=researcher"))["items"]] == ["nina"]


def test_everybody_sees_themselves_and_nobody_else(rita: Client) -> None:
    mine = said(rita.get("me"))
    assert (mine["person"]["username"], mine["memberships"][0]["project"]) == ("rita", "income")
    assert rita.get("people").status_code in (403, 404)
    assert rita.get("people/ana").json() == rita.get("people/nobody").json()
    assert rita.get("people/ana").status_code == 404
    new = {"username": "nina", "display_name": "Nina", "roles": ["administrator"]}
    assert rita.post("people", new).status_code in (403, 404)


def test_catalogue_tells_what_can_be_asked_for_and_no_more(rita: Client) -> None:
    assert {hit["name"] for hit in said(rita.get("catalogue"))["items"]} == {"survey", "register"}
    survey = said(rita.get("catalogue/survey"))
    assert survey["owner"] == "Dora Dahl"
    assert "source" not in survey
    assert "wage" in {line["name"] for line in said(rita.get("catalogue/survey/variables"))["items"]}
    for strange in ("nothing", "A B"):
        assert rita.get(f"catalogue/{strange}").status_code == 404


def test_notices_are_read_by_whom_they_tell(airlock: Service, rita: Client, dora: Client) -> None:
    proposed(airlock, "schools")
    said(rita.post("projects/schools/submit", {"version": version(rita, "schools")}))
    (told,) = said(dora.get("notices?unread=true"))["items"]
    assert (told["subject"], told["about"]) == ("project", "schools")
    assert rita.post(f"notices/{told['id']}/read").status_code == 404
    assert said(dora.post(f"notices/{told['id']}/read"))["read_at"] is not None
    assert said(dora.post("notices/read")) == {"count": 0}


def test_document_is_public_and_describes_every_call(airlock: Service) -> None:
    document = said(with_token(airlock, "").get("openapi.json"))
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"token": []}]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            assert ("requestBody" in call) == (method in ("post", "put")), path
            assert {"401", "403", "404", "409", "422", "429"} <= set(call["responses"]), path
