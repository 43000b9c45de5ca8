"""The pages about projects, as a browser without script meets them."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import httpx
import pytest
from tests.support.airlock_server import Browser, Service
from tests.support.airlock_world import NOW

from saferoom.hub.administration import Administration
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.life.model import Proposal, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.service import Lives
from saferoom.projects.life.states import State

SLUG = ProjectSlug("schools")
ENDS = str(NOW.date() + timedelta(days=200))
WORDS = {
    "title": "Schools & <b>places</b>",
    "question": "Which schools?",
    "benefit": "Better ones.",
    "gateway": "The Act, section 64",
    "assessment": "DPIA 7",
    "ends": ENDS,
}


@pytest.fixture
def lives(airlock: Service) -> Lives:
    return airlock.world.instance.lives


@pytest.fixture
def rita(airlock: Service) -> Browser:
    return airlock.browser("rita")


def _done(answer: httpx.Response, path: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/services/airlock/{path}"), answer.text


def _version(lives: Lives) -> str:
    return str(lives.life(Actor.console("admin:root"), SLUG).version)


def _many(browser: Browser, path: str, fields: list[tuple[str, str]]) -> httpx.Response:
    """Send a form in which a field may come several times."""
    grouped: dict[str, list[str]] = {"csrf": [browser.csrf()]}
    for name, value in fields:
        grouped.setdefault(name, []).append(value)
    url = f"/services/airlock/{path}"
    return browser.http.post(url, data=grouped, headers={"Origin": "http://hub.example"})


def _proposed(rita: Browser) -> None:
    fields = [("slug", SLUG), *WORDS.items(), ("datasets.0.dataset", "survey")]
    fields += [("datasets.0.variables", "region"), ("datasets.0.variables", "wage")]
    _done(_many(rita, "projects/new", fields), f"projects/{SLUG}?done=drafted")


def test_project_is_proposed_approved_and_confirmed_on_pages_alone(
    airlock: Service, lives: Lives, rita: Browser
) -> None:
    _proposed(rita)
    page = rita.get(f"projects/{SLUG}").text
    assert "Schools &amp; &lt;b&gt;places" in page
    assert "submit the proposal" in page
    _done(rita.post(f"projects/{SLUG}/do/submit", {"version": _version(lives)}), f"projects/{SLUG}?done=submitted")
    dora = airlock.browser("dora")
    assert SLUG in dora.get("projects?waiting=yes").text
    form = dora.get(f"projects/{SLUG}/data/survey/approve").text
    assert "Which schools?" in form
    fields = [("variables", "region"), ("until", ENDS), ("checkers", "2"), ("version", _version(lives))]
    fields += [("rows", "wage > 0"), ("epsilon", "1.5"), ("delta", "0.000001"), ("appetite", "strict")]
    _done(_many(dora, f"projects/{SLUG}/data/survey/approve", fields), f"projects/{SLUG}?done=approved")
    ada = airlock.browser("ada")
    assert SLUG in ada.get("projects?waiting=yes").text
    _done(ada.post(f"projects/{SLUG}/do/confirm", {"version": _version(lives)}), f"projects/{SLUG}?done=confirmed")
    life = lives.life(Actor.person(Username("rita")), SLUG)
    assert life.state is State.ACTIVE
    (approval,) = airlock.world.instance.registry.approvals(SLUG)
    assert (approval.variables, approval.rows, approval.checkers) == (("region",), "wage > 0", 2)
    assert approval.budget is not None
    assert str(approval.budget.epsilon) == "1.5"
    page = rita.get(f"projects/{SLUG}").text
    assert "rows where wage &gt; 0" in page
    assert "privacy budget epsilon 1.5" in page


def test_owner_of_linked_records_is_told_what_linking_adds(airlock: Service, lives: Lives, rita: Browser) -> None:
    _proposed(rita)
    rita.post(f"projects/{SLUG}/do/submit", {"version": _version(lives)})
    page = f"projects/{SLUG}/data/survey/approve"
    assert "match_weight_band" not in airlock.browser("dora").get(page).text
    instance = airlock.world.instance
    survey = instance.registry.dataset(DatasetName("survey")).model_dump(mode="json", exclude_defaults=True)
    survey["units"] = [*survey["units"], "entity"]
    survey["variables"] += [
        {"name": "surname", "type": "text", "role": "direct", "identifies": "surname"},
        {"name": "entity", "type": "text", "role": "id", "linked_through": "person"},
    ]
    admin = Administration(instance.database, instance.clock, instance.signing_key, "admin:ada")
    admin.apply(read_entries([(json.dumps({"kind": "dataset", **survey}), "survey")]))
    told = airlock.browser("dora").get(page).text
    for name in ("match_weight_band", "match_pass", "linkage_weight"):
        assert f"<code>{name}</code>" in told


def test_wrong_fields_come_back_with_what_was_typed_and_a_sentence_beside_each(rita: Browser) -> None:
    fields = [("slug", "Not A Slug"), *WORDS.items(), ("ends", ""), ("members.0.username", "nobody")]
    answer = _many(rita, "projects/new", [f for f in fields if f != ("ends", ENDS)])
    assert answer.status_code == 422
    assert "Which schools?" in answer.text
    assert 'aria-invalid="true"' in answer.text
    fields = [("slug", SLUG), *WORDS.items(), ("members.0.username", "nobody")]
    answer = _many(rita, "projects/new", fields)
    assert answer.status_code == 422
    assert "obody is registered as nobody" in answer.text


def test_proposal_that_lacks_something_says_what_when_it_is_submitted(rita: Browser, lives: Lives) -> None:
    _done(_many(rita, "projects/new", [("slug", SLUG), ("title", "Bare")]), f"projects/{SLUG}?done=drafted")
    answer = rita.post(f"projects/{SLUG}/do/submit", {"version": _version(lives)})
    assert answer.status_code == 422
    assert "name the law" in answer.text.lower()


def test_condition_that_cannot_be_applied_stands_beside_its_dataset(rita: Browser) -> None:
    fields = [("slug", SLUG), *WORDS.items(), ("datasets.3.dataset", "survey")]
    fields += [("datasets.3.variables", "region"), ("datasets.3.rows", "region; drop table x")]
    answer = _many(rita, "projects/new", fields)
    assert answer.status_code == 422
    assert re.search(r'id="field-datasets-3-rows-wrong"', answer.text)


def test_dataset_of_the_catalogue_is_chosen_in_a_new_proposal(rita: Browser) -> None:
    page = rita.get("projects/new?dataset=survey").text
    assert 'name="datasets.0.dataset" value="survey"' in page
    assert 'name="datasets.0.variables" value="region"' in page
    assert rita.get("projects/new?dataset=nothing").status_code == 200


def test_second_editor_is_told_and_keeps_what_was_typed(rita: Browser, lives: Lives) -> None:
    _proposed(rita)
    seen = _version(lives)
    first = [*WORDS.items(), ("version", seen)]
    _done(_many(rita, f"projects/{SLUG}/edit", first), f"projects/{SLUG}?done=saved")
    second = [*(WORDS | {"question": "Another question?"}).items(), ("version", seen)]
    answer = _many(rita, f"projects/{SLUG}/edit", second)
    assert answer.status_code == 409
    assert "Another question?" in answer.text
    assert "Now it says: Which schools?" in answer.text


def test_outsiders_learn_nothing_of_a_project(airlock: Service, rita: Browser) -> None:
    _proposed(rita)
    ana = airlock.browser("ana")
    for path in ("", "/edit", "/history", "/do/submit", "/data/survey/approve", "/amend", "/do/never"):
        real, none = ana.get(f"projects/{SLUG}{path}"), ana.get(f"projects/other{path}")
        assert (real.status_code, none.status_code) == (404, 404), path
        assert _main(real.text).replace(SLUG, "other") == _main(none.text), path
    assert SLUG not in ana.get("projects").text


def _main(page: str) -> str:
    found = re.search(r"<main.*</main>", page, re.DOTALL)
    assert found
    return html.unescape(re.sub(r'nonce="[^"]*"|value="[^"]*"', "", found[0]))


def test_who_may_not_gets_403_and_who_comes_at_the_wrong_time_409(
    airlock: Service, rita: Browser, lives: Lives
) -> None:
    _proposed(rita)
    rita.post(f"projects/{SLUG}/do/submit", {"version": _version(lives)})
    version = {"version": _version(lives)}
    assert rita.post(f"projects/{SLUG}/do/confirm", version).status_code == 403
    assert airlock.browser("ada").post(f"projects/{SLUG}/do/confirm", version).status_code == 409
    assert rita.post(f"projects/{SLUG}/do/submit", version).status_code == 409
    assert rita.post(f"projects/{SLUG}/data/survey/decline", {"reason": "no"} | version).status_code == 403


def test_running_project_is_paused_amended_and_closed_on_pages(airlock: Service, lives: Lives, rita: Browser) -> None:
    _running(lives)
    dora = airlock.browser("dora")
    _done(
        dora.post(f"projects/{SLUG}/do/pause", {"reason": "a leak", "version": _version(lives)}),
        f"projects/{SLUG}?done=paused",
    )
    assert "a leak" in rita.get(f"projects/{SLUG}").text.lower()
    assert airlock.browser("ada").post(f"projects/{SLUG}/do/lift", {"version": _version(lives)}).status_code == 403
    _done(dora.post(f"projects/{SLUG}/do/lift", {"version": _version(lives)}), f"projects/{SLUG}?done=lifted")
    assert rita.get(f"projects/{SLUG}/amend").status_code == 200
    fields = [("add.0.username", "ana"), ("ends", ENDS), ("why", "We need Ana."), ("version", _version(lives))]
    fields += [("datasets.0.dataset", "survey"), ("datasets.0.variables", "region"), ("datasets.0.variables", "wage")]
    _done(_many(rita, f"projects/{SLUG}/amend", fields), f"projects/{SLUG}?done=amended")
    assert "add ana" in dora.get(f"projects/{SLUG}/amendments/1/survey/agree").text
    fields = [("variables", "region"), ("until", ENDS), ("version", _version(lives))]
    _done(_many(dora, f"projects/{SLUG}/amendments/1/survey/agree", fields), f"projects/{SLUG}?done=agreed")
    ada = airlock.browser("ada")
    _done(
        ada.post(f"projects/{SLUG}/amendments/1/confirm", {"version": _version(lives)}),
        f"projects/{SLUG}?done=agreed",
    )
    assert "ana" in airlock.world.instance.registry.project(SLUG).members
    answer = rita.post(f"projects/{SLUG}/do/close", {"reason": "done", "version": _version(lives)})
    _done(answer, f"projects/{SLUG}?done=closed")
    assert rita.get(f"projects/{SLUG}/certificate").status_code == 404
    assert "project closed" in rita.get(f"projects/{SLUG}/history").text


def _running(lives: Lives) -> None:
    from saferoom.projects.approvals.model import Terms

    rita, until = Actor.person(Username("rita")), NOW.date() + timedelta(days=200)
    wish = Wish(dataset="survey", variables=("region", "wage"))  # type: ignore[arg-type]
    words = {name: value for name, value in WORDS.items() if name != "ends"}
    lives.propose(
        rita,
        Proposal.model_validate(
            {"slug": SLUG, **words, "ends": until, "members": frozenset({"rita"}), "datasets": (wish,)}
        ),
    )
    lives.submit(rita, SLUG)
    dora = Actor.person(Username("dora"))
    lives.approve(dora, SLUG, wish.dataset, Terms(until=until, variables=("region", "wage")))
    lives.confirm(Actor.console("admin:root"), SLUG)
