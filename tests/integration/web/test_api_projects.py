"""The HTTP API: projects from proposal to deletion, and the document of it all; one service for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import world
from tests.support.api_client import Client, client, said, with_token
from tests.support.project_pages import SURVEY, UNTIL, proposed, running

from saferoom.hub.store import tables
from saferoom.projects.administration.changes import compare
from saferoom.projects.catalogue.model import Variable
from saferoom.projects.life.sealing import check_certificate

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


def version(by: Client, slug: str) -> int:
    found: int = said(by.get(f"projects/{slug}"))["version"]
    return found


def describe(airlock: Service, number: str, variables: tuple[Variable, ...]) -> None:
    """Describe the survey otherwise, as its owner's document would."""
    lives = airlock.world.instance.lives
    with lives.store.transaction() as tx:
        before = tx.registry.dataset(SURVEY)
        after = before.model_copy(update={"version": number, "variables": variables})
        change = compare("dataset", SURVEY, before, after)
        assert change is not None
        tx.write(change, "admin:root")


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service; each test has projects of its own."""
    with world(tmp_path_factory.mktemp("api")) as place, service(place) as made:
        yield made


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


def reason(by: Client, slug: str, words: str = "Not like this.") -> dict[str, Any]:
    return {"version": version(by, slug), "reason": words}


def terms(by: Client, slug: str, **changes: Any) -> dict[str, Any]:
    return {"version": version(by, slug), "terms": TERMS | changes}


def test_project_is_proposed_approved_paused_resumed_and_handed_over(
    airlock: Service, rita: Client, dora: Client, ada: Client
) -> None:
    made = said(rita.post("projects", PROPOSAL), 201)
    assert (made["slug"], made["state"]) == ("schools", "draft")
    better = PROPOSAL | {"title": "All schools", "members": ["rita", "ana"]}
    edited = said(rita.put("projects/schools/proposal", {"version": made["version"], "proposal": better}))
    asked = said(rita.post("projects/schools/submit", {"version": edited["version"]}))
    here = "projects/schools/data/survey"
    decided = said(dora.post(f"{here}/approve", {"version": asked["version"], "terms": TERMS}))
    runs = said(ada.post("projects/schools/confirm", {"version": decided["version"]}))
    assert runs["state"] == "active"
    whole = said(rita.get("projects/schools"))
    assert whole["proposal"]["title"] == "All schools"
    assert [ruling["choice"] for ruling in whole["rulings"]] == ["approved"]
    assert {"amend", "hand_over", "close"} <= set(whole["can"])
    assert not {"confirm", "pause", "approve"} & set(whole["can"])
    revised = said(dora.post(f"{here}/revise", {"version": runs["version"], "terms": TERMS | {"checkers": 3}}))
    assert said(dora.get("projects/schools"))["approvals"][0]["checkers"] == 3
    held = said(dora.post("projects/schools/pause", {"version": revised["version"], "reason": "A question."}))
    assert held["state"] == "paused"
    assert said(rita.get("projects/schools"))["holds"][0]["side"] == "dora"
    on = said(dora.post("projects/schools/resume", {"version": held["version"]}))
    assert on["state"] == "active"
    stranger = {"version": on["version"], "lead": "chris"}
    assert said(rita.post("projects/schools/hand-over", stranger), 422)["error"]["field"] == "lead"
    said(rita.post("projects/schools/hand-over", {"version": on["version"], "lead": "ana"}))
    ana = client(airlock, "ana")
    assert said(ana.get("projects/schools"))["lead"] == "ana"
    assert rita.post("projects/schools/close", reason(rita, "schools")).status_code == 403
    said(dora.post(f"{here}/end", reason(dora, "schools")))
    assert said(ana.post("projects/schools/close", reason(ana, "schools")))["state"] == "closed"
    done = [event["action"] for event in said(rita.get("projects/schools/history"))["items"]]
    assert done.index("project.closed") < done.index("project.handed_over") < done.index("project.proposed")


def test_closed_project_is_sealed_deleted_and_certified(airlock: Service, rita: Client, dora: Client) -> None:
    place = airlock.world
    with place.instance.database.transaction() as session:
        kept = tables.PlatformRow(id=1, risk_appetite={}, release_route={}, retention_days=0)
        session.merge(kept)
    slug = running(airlock, "ends")
    ada = client(airlock, "ada")
    said(ada.post(f"projects/{slug}/close", reason(ada, slug)))
    assert ada.post(f"projects/{slug}/seal").status_code == 409
    place.clock.advance(timedelta(minutes=2))
    for other in (rita, dora):
        assert other.post(f"projects/{slug}/seal").status_code == 403
    assert said(ada.post(f"projects/{slug}/seal"))["state"] == "sealed"
    sealed = said(rita.get(f"projects/{slug}"))["seal"]
    assert (sealed["certificate"], sealed["deleted_at"]) == (None, None)
    assert rita.get(f"projects/{slug}/certificate").status_code == 404
    assert ada.post(f"projects/{slug}/delete", {"version": version(ada, slug)}).status_code == 409
    place.clock.advance(timedelta(days=1))
    assert dora.post(f"projects/{slug}/delete", {"version": version(ada, slug)}).status_code == 403
    assert said(ada.post(f"projects/{slug}/delete", {"version": version(ada, slug)}))["state"] == "deleted"
    proof = said(rita.get(f"projects/{slug}/certificate"))
    certificate = check_certificate(proof, place.instance.signing_key.verifying_key)
    assert (certificate.project, certificate.deleted_by) == (slug, "ada")
    assert said(rita.get(f"projects/{slug}"))["seal"]["certificate"] == proof
    assert client(airlock, "ana").get(f"projects/{slug}/certificate").status_code == 404


def test_what_was_read_can_be_sent_again_as_it_is(airlock: Service, rita: Client, dora: Client) -> None:
    draft = proposed(airlock, "draft")
    read = said(rita.get(f"projects/{draft}"))
    said(rita.put(f"projects/{draft}/proposal", {"version": read["version"], "proposal": read["proposal"]}))
    assert said(rita.get(f"projects/{draft}"))["proposal"] == read["proposal"]
    runs = running(airlock, "runs")
    limits = {"name": "strict", "threshold_units": 20, "structural": ["*"]}
    here = f"projects/{runs}/data/survey/revise"
    said(dora.post(here, terms(dora, runs, risk_appetite=limits, budget={"epsilon": "1.5", "delta": 1e-6})))
    now = said(dora.get(f"projects/{runs}"))["rulings"][-1]["terms"]
    assert (now["risk_appetite"]["threshold_units"], now["budget"]["epsilon"]) == (20, "1.5")
    said(dora.post(here, {"version": version(dora, runs), "terms": now}))
    assert said(dora.get(f"projects/{runs}"))["rulings"][-1]["terms"] == now


def test_releases_of_a_project_are_told_to_its_people_alone(
    airlock: Service, rita: Client, dora: Client, ada: Client
) -> None:
    slug = proposed(airlock, "leaves")
    said(rita.post(f"projects/{slug}/submit", {"version": version(rita, slug)}))
    said(dora.post(f"projects/{slug}/data/survey/approve", terms(dora, slug, checkers=1)))
    said(ada.post(f"projects/{slug}/confirm", {"version": version(ada, slug)}))
    assert said(rita.get(f"projects/{slug}/releases"))["items"] == []
    left = airlock.world.approve(airlock.world.request("rita", slug))
    (told,) = said(rita.get(f"projects/{slug}/releases"))["items"]
    assert (told["request"], told["title"]) == (left.id, left.title)
    ana = client(airlock, "ana")
    for part in ("", "/releases", "/history", "/certificate"):
        assert ana.get(f"projects/{slug}{part}").content == ana.get(f"projects/nothing{part}").content


def test_somebody_elses_change_is_not_overwritten(airlock: Service, rita: Client) -> None:
    slug = proposed(airlock, "raced")
    edit = {"version": version(rita, slug), "proposal": PROPOSAL}
    said(rita.put(f"projects/{slug}/proposal", edit))
    assert said(rita.put(f"projects/{slug}/proposal", edit), 409)["error"]["code"] == "stale-version"


def test_proposal_is_given_back_declined_and_withdrawn(airlock: Service, rita: Client, dora: Client) -> None:
    for slug, deed, state in (("back", "return", "returned"), ("not", "decline", "declined")):
        proposed(airlock, slug)
        said(rita.post(f"projects/{slug}/submit", {"version": version(rita, slug)}))
        said(dora.post(f"projects/{slug}/data/survey/{deed}", reason(dora, slug)))
        assert said(rita.get(f"projects/{slug}"))["state"] == state
    gone = said(rita.post("projects/back/withdraw", {"version": version(rita, "back")}))
    assert gone["state"] == "withdrawn"


def test_administrator_gives_back_or_declines_people(airlock: Service, rita: Client, dora: Client, ada: Client) -> None:
    for slug, deed, state in (("first", "return", "returned"), ("second", "decline", "declined")):
        proposed(airlock, slug)
        said(rita.post(f"projects/{slug}/submit", {"version": version(rita, slug)}))
        said(dora.post(f"projects/{slug}/data/survey/approve", terms(dora, slug)))
        assert said(ada.post(f"projects/{slug}/{deed}", reason(ada, slug)))["state"] == state


def test_amendment_is_agreed_confirmed_declined_or_taken_back(
    airlock: Service, rita: Client, dora: Client, ada: Client
) -> None:
    slug = running(airlock, "amended")
    here = f"projects/{slug}/amendments"

    def asked() -> str:
        said(rita.post(here, {"version": version(rita, slug), "change": {"add": ["ana"]}, "why": "We need Ana."}))
        return f"{here}/{said(rita.get(f'projects/{slug}'))['amendments'][-1]['number']}"

    said(rita.post(f"{asked()}/withdraw", {"version": version(rita, slug)}))
    said(dora.post(f"{asked()}/data/survey/decline", reason(dora, slug)))
    third = asked()
    assert ada.post(f"{third}/decline", reason(ada, slug)).status_code == 409
    said(dora.post(f"{third}/data/survey/approve", {"version": version(dora, slug)}))
    assert dora.post(f"{third}/decline", reason(dora, slug)).status_code == 403
    said(ada.post(f"{third}/decline", reason(ada, slug, "Ana is busy.")))
    fourth = asked()
    said(dora.post(f"{fourth}/data/survey/approve", terms(dora, slug)))
    said(ada.post(f"{fourth}/confirm", {"version": version(ada, slug)}))
    whole = said(rita.get(f"projects/{slug}"))
    states = [one["state"] for one in whole["amendments"]]
    assert states == ["withdrawn", "declined", "declined", "applied"]
    assert whole["amendments"][2]["reason"] == "Ana is busy."
    assert whole["amendments"][3]["change"]["add"] == ["ana"]
    assert whole["proposal"]["members"] == ["ana", "rita"]


def test_refresh_is_shown_and_confirmed_once(airlock: Service, rita: Client, dora: Client) -> None:
    slug = running(airlock, "refreshed")
    here = f"projects/{slug}/data/survey/confirm-refresh"
    assert dora.post(here, terms(dora, slug)).status_code == 409
    before = airlock.world.instance.registry.dataset(SURVEY)
    describe(airlock, "1.1", before.variables)
    describe(airlock, "2", tuple(one for one in before.variables if one.name != "wage"))
    try:
        confirm(slug, rita, dora)
    finally:
        describe(airlock, "3", before.variables)


def confirm(slug: str, rita: Client, dora: Client) -> None:
    here = f"projects/{slug}/data/survey/confirm-refresh"
    (found,) = said(rita.get(f"projects/{slug}"))["refreshes"]
    assert (found["before"], found["after"]) == ("1.1", "2")
    assert [change["sentence"] for change in found["changes"]] == ["wage: is gone (was number)"]
    assert rita.post(here, {"version": version(rita, slug)}).status_code == 403
    said(
        dora.post(
            here, {"version": version(dora, slug), "terms": TERMS | {"variables": ["region"], "rows": "education > 0"}}
        )
    )
    assert said(rita.get(f"projects/{slug}"))["refreshes"] == []


def test_problem_of_a_proposal_names_its_field(rita: Client) -> None:
    unknown = {"slug": "unknown-data", "datasets": [{"dataset": "nothing"}]}
    for change, field in (({"slug": "No Slug"}, "slug"), (unknown, "datasets")):
        problem = said(rita.post("projects", PROPOSAL | change), 422)["error"]
        assert problem["field"].split(".")[0] == field
        assert "No Slug" not in problem["message"]


def test_others_are_refused_what_is_not_theirs_to_decide(airlock: Service, rita: Client, ada: Client) -> None:
    slug = running(airlock, "closed-to-others")
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
    proposed(airlock, "mine")
    found = said(rita.get("projects?state=draft&q=mine"))["items"]
    assert [(line["slug"], line["lead"]) for line in found] == [("mine", "rita")]
    assert "The mine project" not in dora.get("projects").text
    assert "mine" not in {line["slug"] for line in said(dora.get("projects?waiting=true"))["items"]}


def test_document_is_public_and_describes_every_call(airlock: Service) -> None:
    document = said(with_token(airlock, "").get("openapi.json"))
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"token": []}]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            assert ("requestBody" in call) == (method in ("post", "put")), path
            assert {"401", "403", "404", "409", "422", "429"} <= set(call["responses"]), path
