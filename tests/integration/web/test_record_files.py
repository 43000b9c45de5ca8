"""Records leave as a file: allowed on a page, asked for in a room by name, looked at by people, signed by the owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import world
from tests.support.api_client import client, said
from tests.support.record_files import DORA, NOISY, SURVEY, TEACHING, allow

from saferoom.ids import RequestId

RECORDS = "catalogue/survey/records"
FIELDS = {"name": "teaching-file", "plan": yaml.safe_dump(NOISY), "until": "2099-12-31", "releases": "1"}
WORDS = {"title": "A teaching file", "context": "For a course.", "controls": "By the owner's plan."}


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with world(tmp_path_factory.mktemp("records")) as place, service(place) as made:
        yield made


@pytest.fixture(scope="module")
def asked(airlock: Service) -> dict[str, Any]:
    """The answer that a room got for a file by a plan that was allowed on the page."""
    dora = airlock.browser("dora")
    assert "None is allowed" in dora.get(RECORDS).text
    done = dora.post(RECORDS, FIELDS)
    assert done.status_code == 303, done.text
    answer = airlock.room().post("record-files", {"dataset": "survey", "plan": "teaching-file"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_page_says_the_plan_in_words(airlock: Service, asked: dict[str, Any]) -> None:
    assert asked["type"] == "protected records"
    text = airlock.browser("dora").get(RECORDS).text
    for words in (
        "The file has the columns person_id, region, education, wage, and no others.",
        "recode of region (groups: south and west (south, west))",
        "noise of wage (size: 0.2)",
        "At least 10 records share each combination",
        "leaves once",
        "Nothing yet.",
        "Revoke teaching-file",
    ):
        assert words in text
    assert f'href="/services/airlock/{RECORDS}"' in airlock.browser("dora").get("catalogue/survey").text
    assert RECORDS not in airlock.browser("ana").get("catalogue/survey").text
    seen = airlock.browser("ada").get(RECORDS)
    assert seen.status_code == 200
    assert "Revoke" not in seen.text
    assert airlock.browser("ana").get(RECORDS).status_code == 404


def test_an_owner_tries_a_plan_and_nothing_of_it_is_kept(airlock: Service) -> None:
    dora = airlock.browser("dora")
    before = dora.get(RECORDS).text
    tried = dora.post(f"{RECORDS}/try", {**FIELDS, "name": "tried"})
    assert tried.status_code == 200, tried.text
    for words in ("What the plan would do", "Before: ", "After: ", "Risk before and after", "recode", 'value="tried"'):
        assert words in tried.text
    assert dora.get(RECORDS).text.count("<h2") == before.count("<h2")
    assert airlock.browser("ana").post(f"{RECORDS}/try", FIELDS).status_code == 404


def test_the_page_has_a_plan_to_begin_with_that_can_be_tried(airlock: Service) -> None:
    dora = airlock.browser("dora")
    page = dora.get(RECORDS).text
    example = page[page.index("A plan to begin with") :].partition("<code>")[2].partition("</code>")[0]
    assert example.startswith("keys: [region, education]\ncolumns: [region, education, wage]\n")
    assert "limits: {k: 10, max_risk: 0.1}" in example
    tried = dora.post(f"{RECORDS}/try", {**FIELDS, "name": "tried", "plan": example})
    assert tried.status_code == 200, tried.text
    assert "What the plan would do" in tried.text
    assert "A plan to begin with" not in airlock.browser("ada").get(RECORDS).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"plan": yaml.safe_dump({**TEACHING, "limits": {"k": 2, "max_risk": 0.1}})}, "at least 10"),
        ({"plan": yaml.safe_dump({**TEACHING, "keys": ["nonsense"]})}, "nonsense"),
        ({"projects": "no-such-project"}, "there is no extract to try it on"),
        ({"plan": "keys: ["}, "plan"),
    ],
)
def test_a_plan_that_cannot_be_tried_says_why_and_stays_typed(
    airlock: Service, changed: dict[str, str], said: str
) -> None:
    answer = airlock.browser("dora").post(f"{RECORDS}/try", {**FIELDS, "name": "tried", **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "What the plan would do" not in answer.text
    assert 'value="tried"' in answer.text


def test_rooms_list_the_plans_and_name_nothing_else(airlock: Service, asked: dict[str, Any]) -> None:
    assert asked["route"]["checkers"] == 2
    room = airlock.room()
    (plan,) = room.get("record-plans").json()
    assert (plan["dataset"], plan["name"]) == ("survey", "teaching-file")
    for body in (
        {"dataset": "survey", "plan": "teaching-file", "project": "income"},
        {"dataset": "survey", "plan": TEACHING},
        {"dataset": "survey", "plan": "teaching-file", "verdict": "pass"},
        {"dataset": "survey", "plan": "teaching-file", "digest": "0" * 64},
    ):
        assert room.post("record-files", body).status_code == 422
    assert room.post("record-files", {"dataset": "register", "plan": "teaching-file"}).status_code == 404


def test_checkers_and_the_owner_see_the_risk_and_the_first_rows_and_the_bundle_is_the_file(
    airlock: Service, asked: dict[str, Any]
) -> None:
    made = airlock.room().post("requests", {**WORDS, "files": [asked["id"]]})
    assert made.status_code == 201, made.text
    path = f"requests/{made.json()['id']}"
    for checker in ("ben", "cleo"):
        browser = airlock.browser(checker)
        page = browser.get(path)
        (frame,) = browser.frames(page)
        for words in ("Risk before and after", "The first rows of the file", "500 more rows of the file", "Before:"):
            assert words in frame.text
        assert "After the output checkers the data owner of survey signs" in page.text
        output = airlock.world.instance.airlock.found(RequestId(made.json()["id"])).outputs[0]
        browser.post(f"{path}/outputs/{output.id}/vote", {"choice": "approved", "comment": ""})
    owner = airlock.browser("dora")
    page = owner.get(path)
    assert "records protected by the data owner" in page.text
    (frame,) = owner.frames(page)
    assert "Risk in words" in frame.text
    assert owner.post(f"{path}/sign", {"round": "1", "comment": ""}).status_code == 303
    assert airlock.room().get(path).json()["state"] == "released"
    assert "project mobility, version 1" in owner.get(RECORDS).text


def test_a_plan_that_does_not_do_is_told_beside_its_field_and_nothing_is_lost(airlock: Service) -> None:
    loose = {**TEACHING, "limits": {"k": 2, "max_risk": 0.5}}
    page = airlock.browser("dora").post(RECORDS, {**FIELDS, "name": "loose", "plan": yaml.safe_dump(loose)})
    assert page.status_code == 422
    assert "limits.k must be at least 10" in page.text
    assert "max_risk: 0.5" in page.text
    broken = airlock.browser("dora").post(RECORDS, {**FIELDS, "name": "loose", "plan": "keys: ["})
    assert broken.status_code == 422
    assert [one.name for one in airlock.world.instance.registry.record_plans(SURVEY)] == ["teaching-file"]


def test_the_owner_allows_and_revokes_by_calls(airlock: Service) -> None:
    api = client(airlock, "dora")
    body = {"name": "by-call", "plan": yaml.safe_dump(TEACHING), "until": "2099-12-31", "projects": "income"}
    made = said(api.post("catalogue/survey/record-plans", body), 201)
    assert made["projects"] == ["income"]
    assert airlock.room("rita", "income").get("record-plans").json()[-1]["name"] in ("by-call", "teaching-file")
    gone = said(api.post("catalogue/survey/record-plans/by-call/revoke", {}), 200)
    assert gone["revoked_at"]
    assert {one["name"]: bool(one["revoked_at"]) for one in said(api.get("catalogue/survey/record-plans"), 200)} == {
        "by-call": True,
        "teaching-file": False,
    }


def test_every_change_of_a_plan_is_an_event_of_its_owner(airlock: Service) -> None:
    allow(airlock.world, name="third")
    with airlock.world.instance.database.reading() as session:
        from sqlalchemy import text

        rows = session.execute(text("SELECT actor, action, subject FROM audit_links WHERE action LIKE 'record_plan%'"))
        events = [tuple(row) for row in rows]
    assert (str(DORA), "record_plan.added", "record_plan:by-call of survey") in events
    assert (str(DORA), "record_plan.ended", "record_plan:by-call of survey") in events
    assert ("operator", "record_plan.added", "record_plan:third of survey") in events
