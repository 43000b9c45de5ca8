"""The HTTP API: requests from draft to release and beyond, by every side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import judged, world
from tests.support.api_client import Client, client
from tests.support.checking_world import routed
from tests.support.naming import names

from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.wanted import WantedGroup


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the whole module; each test asks of requests of its own."""
    with world(tmp_path_factory.mktemp("api")) as made, service(made) as served:
        yield served


@pytest.fixture
def asked(airlock: Service) -> Request:
    """A request that waits for one checker."""
    return airlock.world.request()


def said(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> str:
    problem = said(answer, status)["error"]
    assert problem["code"] == code
    message: str = problem["message"]
    assert message
    return message


def vote(by: Client, request: Request, choice: str = "approved") -> httpx.Response:
    return by.post(f"requests/{request.id}/outputs/{request.outputs[0].id}/vote", {"choice": choice})


def test_draft_is_saved_submitted_approved_and_downloaded(airlock: Service) -> None:
    ana, ben = client(airlock, "ana"), client(airlock, "ben")
    record = airlock.world.instance.airlock.record_evaluation(Username("ana"), ProjectSlug("mobility"), judged())
    drafted = said(ana.post("requests", {"project": "mobility", "title": "A table"}), 201)
    assert drafted["state"] == "draft"
    here = f"requests/{drafted['id']}"
    groups = [{"context": "A first look.", "controls": "Nothing special.", "outputs": [record.id]}]
    content = {"version": drafted["version"], "title": "Better", "groups": groups}
    saved = said(ana.put(f"{here}/draft", content), 200)
    assert refused(ana.put(f"{here}/draft", content), 409, "stale-version")
    assert said(ana.post(f"{here}/submit", {"version": saved["version"]}), 200)["state"] == "submitted"
    whole = said(ben.get(here), 200)
    assert (whole["title"], whole["groups"][0]["context"]) == ("Better", "A first look.")
    output = whole["outputs"][0]["id"]
    assert said(ben.post(f"{here}/outputs/{output}/vote", {"choice": "approved"}), 200)["state"] == "released"
    bundle = ana.get(f"{here}/bundle")
    assert (bundle.status_code, bundle.content[:2]) == (200, b"PK")
    assert bundle.headers["content-disposition"] == f'attachment; filename="{drafted["id"]}.zip"'
    assert drafted["id"] in [line["id"] for line in said(ana.get("releases"), 200)["items"]]


def test_lists_show_each_side_its_own(airlock: Service, asked: Request) -> None:
    for name, path, found in (
        ("ana", "requests", True),
        ("ana", "requests?project=mobility&state=submitted", True),
        ("ana", "requests?state=released", False),
        ("ana", "requests?project=income", False),
        ("ana", "requests?page=9", False),
        ("rita", "requests", False),
        ("ben", "queue", True),
        ("ben", "queue?project=income", False),
        ("ben", "queue?risk=review&lane=declared&order=newest", True),
        ("dora", "sign-offs", False),
        ("ana", "releases", False),
    ):
        page = said(client(airlock, name).get(path), 200)
        assert (asked.id in [line["id"] for line in page["items"]]) == found, path
        assert page["next"] is None


def test_list_of_several_pages_names_the_next(airlock: Service) -> None:
    rita = client(airlock, "rita")
    for _ in range(51):
        airlock.world.instance.airlock.draft_groups(Username("rita"), ProjectSlug("income"), "", [WantedGroup()])
    first = said(rita.get("requests"), 200)
    assert (len(first["items"]), first["next"], first["pages"], first["total"]) == (50, 2, 2, 51)
    last = said(rita.get(f"requests?page={first['next']}"), 200)
    assert (len(last["items"]), last["next"]) == (1, None)


def test_claim_comment_and_return_reach_the_author(airlock: Service, asked: Request) -> None:
    ana, ben, here = client(airlock, "ana"), client(airlock, "ben"), f"requests/{asked.id}"
    said(ben.post(f"{here}/claim"), 200)
    assert [claim["by"] for claim in said(ben.get(here), 200)["claims"]] == ["ben"]
    said(ben.post(f"{here}/unclaim"), 200)
    private = {"body": "Between us.", "audience": "own_side", "output": asked.outputs[0].id}
    said(ben.post(f"{here}/comments", private), 200)
    said(ben.post(f"{here}/comments", {"body": "For you.", "audience": "both_sides"}), 200)
    assert said(ben.post(f"{here}/return", {"comment": "Round it."}), 200)["state"] == "returned"
    seen = said(ana.get(here), 200)
    assert {comment["body"] for comment in seen["comments"]} == {"For you.", "Round it."}
    assert not names(ana.get(here).text, "ben")
    assert said(ana.post(f"{here}/discard"), 200)["state"] == "returned"
    assert said(ana.post(f"{here}/withdraw"), 200)["state"] == "withdrawn"


def test_request_is_rejected_for_good(airlock: Service, asked: Request) -> None:
    ben, here = client(airlock, "ben"), f"requests/{asked.id}"
    assert said(ben.post(f"{here}/reject", {"comment": "Never."}), 200)["state"] == "rejected"
    refused(vote(ben, asked), 409, "wrong-state")


def test_owner_signs_and_withdraws_what_left(airlock: Service) -> None:
    with routed(airlock.world, owner_signs=True):
        asked, dora = airlock.world.request(), client(airlock, "dora")
    here = f"requests/{asked.id}"
    assert said(vote(client(airlock, "ben"), asked), 200)["state"] == "awaiting_sign_off"
    assert asked.id in [line["id"] for line in said(dora.get("sign-offs"), 200)["items"]]
    assert said(dora.post(f"{here}/sign-off"), 200)["state"] == "released"
    gone = {"cause": "wrong_numbers", "explanation": "The weights were wrong."}
    said(dora.post(f"{here}/withdraw-release", gone), 200)
    statement = said(client(airlock, "ana").get(here), 200)["withdrawal"]
    assert (statement["cause"], statement["by"]) == ("wrong_numbers", "data-owner")


def test_owner_who_does_not_sign_gives_it_back(airlock: Service) -> None:
    with routed(airlock.world, owner_signs=True):
        asked = airlock.world.request()
    vote(client(airlock, "ben"), asked)
    answer = client(airlock, "dora").post(f"requests/{asked.id}/refuse-sign-off", {"comment": "Not this."})
    assert said(answer, 200)["state"] == "returned"


DEEDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("submit", {"version": 1}),
    ("discard", {}),
    ("withdraw", {}),
    ("comments", {"body": "x", "audience": "own_side"}),
    ("claim", {}),
    ("unclaim", {}),
    ("outputs/{output}/vote", {"choice": "approved"}),
    ("return", {"comment": "x"}),
    ("reject", {"comment": "x"}),
    ("sign-off", {}),
    ("refuse-sign-off", {"comment": "x"}),
    ("withdraw-release", {"cause": "other", "explanation": "x"}),
    ("audit", {"finding": "fine"}),
    ("accept", {}),
    ("draft/outputs", {"version": 1, "evaluation": "evaluation-x"}),
)
READS = (
    "",
    "/outputs",
    "/review",
    "/earlier",
    "/leaving",
    "/leaving/{output}/csv",
    "/bundle",
    "/withdrawal",
    "/files/{evaluation}",
    "/files/{evaluation}/shown",
    "/draft",
)


def test_outsider_learns_nothing_from_any_deed(airlock: Service, asked: Request) -> None:
    rita = client(airlock, "rita")
    for path, body in DEEDS:
        deed = path.format(output=asked.outputs[0].id)
        real, none = (rita.post(f"requests/{id_}/{deed}", body) for id_ in (asked.id, "request-that-is-not"))
        assert (real.status_code, real.content) == (404, none.content), path
    output = asked.outputs[0]
    for path in READS:
        read = path.format(output=output.id, evaluation=output.evaluation)
        real, none = (rita.get(f"requests/{id_}{read}") for id_ in (asked.id, "request-that-is-not"))
        assert (real.status_code, real.content) == (404, none.content), path
    taken = f"draft/outputs/{output.evaluation}?version=1"
    real, none = (rita.call("DELETE", f"requests/{id_}/{taken}") for id_ in (asked.id, "request-that-is-not"))
    assert (real.status_code, real.content) == (404, none.content)


def test_author_is_forbidden_what_checkers_and_owners_do(airlock: Service, asked: Request) -> None:
    ana = client(airlock, "ana")
    for deed in ("claim", "outputs/{output}/vote", "return", "reject", "sign-off", "refuse-sign-off", "audit"):
        path, body = next(one for one in DEEDS if one[0] == deed)
        answer = ana.post(f"requests/{asked.id}/{path.format(output=asked.outputs[0].id)}", body)
        refused(answer, 403, "forbidden")
    refused(ana.get("queue"), 403, "forbidden")


def test_deed_in_the_wrong_state_is_a_conflict(airlock: Service, asked: Request) -> None:
    refused(client(airlock, "ana").post(f"requests/{asked.id}/submit", {"version": asked.version}), 409, "wrong-state")
    refused(client(airlock, "ana").get(f"requests/{asked.id}/bundle"), 409, "wrong-state")
