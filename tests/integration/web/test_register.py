"""The public register: everybody reads it, nobody learns a name, a title or a query from it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from tests.support.airlock_server import Browser, Service
from tests.support.airlock_world import MOBILITY, PEOPLE
from tests.support.naming import names

from saferoom.audit import HEAD_TYPE
from saferoom.hub.store.registry import PLATFORM_ID
from saferoom.hub.store.tables import DatasetRow, PlatformRow, ProjectRow
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.keys.rotations import read_key_list

PAGES = ("register", "register/projects", "register/projects/mobility", "register/datasets", "register/releases")
DOCUMENTS = ("register.json", "register.jsonld")
SECRET = "Unpublished title"


@pytest.fixture
def released(airlock: Service) -> Request:
    """A released request; its words and people must stay inside."""
    asked = airlock.world.request(title=SECRET, context="Unpublished context", controls="Unpublished controls")
    return airlock.world.approve(asked)


def document(airlock: Service, path: str = "register.json") -> Any:
    answer = airlock.browser().get(path)
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_anybody_reads_every_page_without_signing_in(airlock: Service, released: Request) -> None:
    assert released.release is not None
    nobody = airlock.browser()
    for path in (*PAGES, f"register/releases/{released.release.id}"):
        page = nobody.get(path)
        assert page.status_code == 200, path
        assert 'aria-current="page">Register' in page.text
        assert "csrf" not in page.text
        assert "Sign in" in page.text


def test_register_says_what_left_and_how_it_was_checked(airlock: Service, released: Request) -> None:
    assert released.release is not None
    assert released.approval is not None
    (found,) = document(airlock)["releases"]
    assert found == {
        "id": released.release.id,
        "at": "2026-03-02T09:00:00.000000Z",
        "project": "mobility",
        "datasets": [{"name": "survey", "version": "1"}],
        "outputs": {"declared": 1},
        "automatic": False,
        "checkers": 1,
        "bundle": {"sha256": released.release.bundle},
        "audit": {"link": released.approval.link_seq, "digest": released.approval.link_digest},
        "withdrawn": None,
    }
    page = airlock.browser().get(f"register/releases/{released.release.id}").text
    assert released.release.bundle in page


def test_register_names_projects_with_their_state_and_data(airlock: Service, released: Request) -> None:
    airlock.world.change(ProjectRow, "income", ends=date(2026, 3, 1))
    found = {project["slug"]: project for project in document(airlock)["projects"]}
    assert (found["mobility"]["state"], found["mobility"]["releases"]) == ("active", 1)
    assert (found["income"]["state"], found["income"]["releases"]) == ("closed", 0)
    assert found["mobility"]["datasets"] == ["register", "survey"]


def test_register_shows_the_signed_head_that_its_key_checks(airlock: Service, released: Request) -> None:
    from saferoom.signing import VerifyingKey

    nobody = airlock.browser()
    key = VerifyingKey.from_pem(nobody.get("register/key.pem").content)
    said = key.open_json(nobody.get("register/head.json").json(), HEAD_TYPE)
    shown = document(airlock)["audit_head"]
    assert (shown["seq"], shown["digest"]) == (said["seq"], said["digest"])
    assert said["digest"] in nobody.get("register").text


def test_register_before_the_first_release_has_no_head(airlock: Service) -> None:
    assert document(airlock)["audit_head"] is None
    answer = airlock.browser().get("register/head.json")
    assert (answer.status_code, "no signed head yet" in answer.text) == (404, True)
    assert "signed with the first release" in airlock.browser().get("register").text


def test_response_times_are_those_of_decisions_by_people(airlock: Service) -> None:
    waiting = airlock.world.request()
    airlock.world.clock.advance(timedelta(hours=3))
    airlock.world.approve(waiting)
    times = document(airlock)["response_times"]
    assert times["overall"] == {
        "decisions": 1,
        "automatic": 0,
        "median_seconds": 10_800.0,
        "p95_seconds": 10_800.0,
    }
    assert [(month["month"], month["lane"]) for month in times["months"]] == [("2026-03", "declared")]
    assert "3 hours" in airlock.browser().get("register").text


def test_dcat_catalogue_names_each_dataset_with_what_the_profile_demands(airlock: Service, released: Request) -> None:
    platform = airlock.world.instance.registry.platform().model_copy(update={"environment": "Office of Schools"})
    with airlock.world.instance.database.transaction() as session:
        session.merge(PlatformRow(id=PLATFORM_ID, **platform.model_dump(mode="json")))
    graph = document(airlock, "register.jsonld")["@graph"]
    by_id = {node["@id"]: node for node in graph}
    (catalogue,) = (node for node in graph if node["@type"] == "dcat:Catalog")
    assert by_id[catalogue["dct:publisher"]["@id"]]["foaf:name"] == "Office of Schools"
    assert "Office of Schools: who looks" in airlock.browser().get("register").text
    datasets = [by_id[link["@id"]] for link in catalogue["dcat:dataset"]]
    assert {node["dct:identifier"] for node in datasets} == {"survey", "register"}
    assert all(node["dct:title"]["@value"] and node["dct:description"]["@value"] for node in datasets)
    (release,) = (node for node in graph if node["@type"] == "prov:Entity")
    assert release["prov:wasGeneratedBy"]["@id"] in by_id
    assert release["prov:wasDerivedFrom"][0]["@id"] in by_id


def test_every_link_of_the_linked_data_leads_to_a_node_of_its_own(airlock: Service, released: Request) -> None:
    whole = document(airlock, "register.jsonld")
    own = {node["@id"] for node in whole["@graph"]}

    def links(value: Any) -> list[str]:
        if isinstance(value, dict):
            here = [value["@id"]] if set(value) == {"@id"} and "#" in value["@id"] else []
            return here + [link for part in value.values() for link in links(part)]
        return [link for part in value for link in links(part)] if isinstance(value, list) else []

    inside = [link for link in links(whole["@graph"]) if link.startswith("/services/")]
    assert inside
    assert set(inside) <= own


def everything(nobody: Browser, release: str) -> str:
    paths = (*PAGES, *DOCUMENTS, f"register/releases/{release}", "register/head.json")
    return "\n".join(nobody.get(path).text for path in paths)


def test_register_tells_no_person_no_title_no_query_and_no_request(airlock: Service, released: Request) -> None:
    assert released.release is not None
    told = everything(airlock.browser(), released.release.id)
    names = [name for name, _ in PEOPLE.values()]
    for secret in (SECRET, "Unpublished", *names, released.id, released.outputs[0].title, "education"):
        assert secret not in told, secret
    for username in PEOPLE:
        assert f'"{username}"' not in told
        assert f">{username}<" not in told


def test_register_tells_nothing_of_what_has_not_left(airlock: Service) -> None:
    waiting = airlock.world.request(title=SECRET)
    told = everything(airlock.browser(), "release-nothing")
    assert waiting.id not in told
    assert SECRET not in told
    assert document(airlock)["releases"] == []


def test_withdrawn_release_says_so_with_its_signed_statement(airlock: Service, released: Request) -> None:
    from saferoom.projects.airlock.records import Cause

    assert released.release is not None
    withdraw = airlock.world.instance.airlock.withdraw_release
    withdraw(Username("dora"), released.id, Cause.WRONG_NUMBERS, "The weights of 2019 point at one household.")
    airlock.world.clock.advance(timedelta(minutes=1))
    (found,) = document(airlock)["releases"]
    assert found["withdrawn"]["cause"] == "wrong_numbers"
    assert found["withdrawn"]["statement"]["payloadType"]
    told = everything(airlock.browser(), released.release.id)
    assert "Withdrawn on" in told
    assert "household" not in told
    assert not names(told, "dora")


def test_list_of_withdrawals_is_signed_as_a_whole(airlock: Service, released: Request) -> None:
    from saferoom.projects.airlock.records import Cause
    from saferoom.projects.airlock.withdrawals import read_withdrawals
    from saferoom.signing import VerifyingKey

    nobody = airlock.browser()
    key = VerifyingKey.from_pem(nobody.get("register/key.pem").content)
    assert read_withdrawals(nobody.get("register/withdrawals.json").content, key) == {}
    airlock.world.instance.airlock.withdraw_release(Username("dora"), released.id, Cause.OTHER, "Because.")
    airlock.world.clock.advance(timedelta(minutes=1))
    listed = nobody.get("register/withdrawals.json").content
    assert released.release is not None
    assert list(read_withdrawals(listed, key)) == [released.release.id]
    assert b"Because" not in listed


def test_answers_are_kept_and_asked_for_again_by_what_they_were(airlock: Service, released: Request) -> None:
    nobody, tags = airlock.browser(), {}
    for path in (*PAGES, *DOCUMENTS):
        first = nobody.get(path)
        assert first.headers["cache-control"] == "public, max-age=60", path
        tags[path] = first.headers["etag"]
        again = nobody.get(path, **{"If-None-Match": f'"other", {tags[path]}'})
        assert (again.status_code, again.content) == (304, b""), path
        # A new nonce here would not be the one in the page that the browser has.
        assert "content-security-policy" not in again.headers
    airlock.world.clock.advance(timedelta(minutes=1))
    airlock.world.change(ProjectRow, "mobility", title="Another title")
    airlock.world.change(DatasetRow, "survey", title="Another survey")
    airlock.world.approve(airlock.world.request())
    changed = [path for path, tag in tags.items() if nobody.get(path, **{"If-None-Match": tag}).status_code == 200]
    assert changed == [*PAGES, *DOCUMENTS]


def test_page_with_somebodys_name_on_it_is_kept_nowhere(airlock: Service) -> None:
    page = airlock.browser("dora").get("register")
    assert "Dora Dahl" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["vary"] == "Cookie"
    assert "etag" not in page.headers


def test_script_is_shown_the_page_of_nobody(airlock: Service) -> None:
    page = airlock.browser("dora").get("register", **{"Sec-Fetch-Dest": "empty"})
    assert page.status_code == 200
    assert "csrf" not in page.text
    assert "Dora Dahl" not in page.text


def test_what_is_not_in_the_register_is_not_found(airlock: Service) -> None:
    nobody = airlock.browser()
    for path in (
        "register/projects/nothing",
        "register/projects/..%2Fincome",
        "register/projects/" + "a" * 400,
        "register/releases/nothing",
        "register/releases/" + "r" * 4000,
        "register/requests/x",
    ):
        assert nobody.get(path).status_code == 404, path


def test_pages_of_the_register_are_cut(airlock: Service) -> None:
    from saferoom.projects.paging import Cut

    with airlock.world.instance.database.transaction() as session:
        session.add_all(ProjectRow(slug=f"more-{n:03}", title=f"More {n:03}", active=True) for n in range(120))
    first, last = (airlock.browser().get(f"register/projects?page={n}").text for n in (1, 3))
    assert first.count('class="item"') == Cut().size
    assert "Page 1 of 3" in first
    assert last.count('class="item"') == 122 - 2 * Cut().size
    assert "No projects on this page" in airlock.browser().get("register/projects?page=99").text
    for strange in ("0", "-1", "x", "9" * 5000, "²"):
        assert "Page 1 of 3" in airlock.browser().get(f"register/projects?page={strange}").text
    assert len(document(airlock)["projects"]) == 122


def test_whole_register_is_put_together_once_in_a_while(airlock: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    records = airlock.world.instance.public_register._records
    head = Mock(wraps=records.head)
    monkeypatch.setattr(records, "head", head)
    for _ in range(5):
        document(airlock)
    assert head.call_count == 1
    airlock.world.clock.advance(timedelta(seconds=31))
    document(airlock)
    assert head.call_count == 2


def test_project_of_another_name_shows_only_its_own_releases(airlock: Service, released: Request) -> None:
    assert released.release is not None
    assert released.release.id in airlock.browser().get(f"register/projects/{MOBILITY}").text
    assert released.release.id not in airlock.browser().get("register/projects/income").text


def test_list_of_keys_verifies_a_bundle_and_stays_the_same(airlock: Service) -> None:
    fetched = [airlock.browser().get("register/keys.json") for _ in range(2)]
    assert fetched[0].status_code == 200
    assert fetched[0].content == fetched[1].content
    released = airlock.world.approve(airlock.world.request())
    assert released.release is not None
    bundle = airlock.world.instance.vault.get(released.release.bundle)
    assert verify_bundle(bundle, read_key_list(fetched[0].content)).ok
