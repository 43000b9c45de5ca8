"""Privacy budgets on the pages, at the API and from ``saferoom admin budget``: one deed, three faces."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from tests.support.airlock_server import PREFIX, Service
from tests.support.airlock_world import World
from tests.support.api_client import client, said
from tests.support.budget_pages import budgeted, charged
from tests.support.project_pages import running

from saferoom.hub.cli.main import main
from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.people.permissions import Actor

SURVEY = "budgets/lineage/survey"
FORM = {"allows": "up-to", "epsilon": "4", "delta": "0.000001", "version": "0"}
DORA = Actor.person(Username("dora"))
Terminal = Callable[..., tuple[int, str, str]]


def _done(answer: httpx.Response, path: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, PREFIX + path), answer.text


def test_owner_sets_a_limit_on_the_page_and_reads_what_is_left(airlock: Service) -> None:
    dora = airlock.browser("dora")
    assert "no budget" in dora.get("budgets").text
    assert "Nothing can be released with noise until a limit is set." in dora.get(SURVEY).text
    _done(dora.post(SURVEY, FORM), f"{SURVEY}?done=limit-set")
    page = dora.get(f"{SURVEY}?done=limit-set").text
    assert "The limit is set." in page
    assert "Set by dora, 2 March 2026, 09:00 UTC: up to epsilon 4 and delta 1e-6." in page
    assert "epsilon 4, delta 1e-6" in page
    airlock.world.change(tables.ApprovalRow, ("mobility", "survey"), budget={"epsilon": "4", "delta": "0.000001"})
    made = charged(airlock.world, "one", 100_000_000)
    page = dora.get(SURVEY).text
    for words in ("rho 0.1</strong>", made.id, "being drawn", "33 % spent", "by ana in project mobility", "a week"):
        assert words in page
    ana = airlock.browser("ana")
    page = ana.get(SURVEY).text
    assert "33 % spent" in page
    assert made.id not in page
    assert "Only the data owner sets the limit of a dataset." in page
    assert made.id in ana.get("budgets/project/mobility").text
    assert "Its data owner revises those" not in page
    assert "projects/mobility" in ana.get("budgets/approval/mobility:survey").text
    assert "By privacy loss distributions" in ana.get(f"{SURVEY}/composition").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epsilon": ""}, "Say the epsilon that may be lost."),
        ({"delta": ""}, "Say a delta above 0"),
        ({"delta": "0"}, "This must be a number above 0 and below 1"),
        ({"epsilon": "lots"}, "This must be a number above 0 and at most 1000"),
        ({"epsilon": "0.001"}, "This is below what is spent already"),
        ({"allows": "no-limit"}, "A dataset always has a limit"),
        ({"allows": ""}, "Fill this in."),
    ],
)
def test_wrong_limit_comes_back_with_what_was_typed_and_a_sentence(
    airlock: Service, changes: dict[str, str], sentence: str
) -> None:
    budgeted(airlock.world)
    charged(airlock.world, "one")
    dora = airlock.browser("dora")
    answer = dora.post(SURVEY, FORM | {"version": "1", "epsilon": "3.25"} | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text or 'id="field-allows-wrong"' in answer.text
    assert f'value="{changes.get("epsilon", "3.25")}"' in answer.text
    assert "up to epsilon 4" in dora.get(SURVEY).text


def test_second_who_sets_a_limit_is_told_and_keeps_what_was_typed(airlock: Service) -> None:
    dora = airlock.browser("dora")
    _done(dora.post(SURVEY, FORM | {"epsilon": "5"}), f"{SURVEY}?done=limit-set")
    answer = dora.post(SURVEY, FORM | {"epsilon": "7"})
    assert answer.status_code == 409
    assert 'value="7"' in answer.text
    assert "Now it says: 5" in answer.text
    _done(dora.post(SURVEY, FORM | {"epsilon": "7", "version": "1"}), f"{SURVEY}?done=limit-set")


def test_form_of_somebody_who_sets_no_limit_is_not_judged(airlock: Service) -> None:
    for who, status in (("ana", 403), ("ada", 403), ("otto", 404)):
        assert airlock.browser(who).post(SURVEY, {"epsilon": "nonsense"}).status_code == status


def test_budget_of_a_project_is_found_from_its_page_by_those_who_may_see_it(airlock: Service) -> None:
    slug = running(airlock, "runs")
    link = f"budgets/project/{slug}"
    assert link in airlock.browser("rita").get(f"projects/{slug}").text
    checked = airlock.browser("ben").get(f"projects/{slug}")
    assert (checked.status_code, link in checked.text) == (200, False)


def test_catalogue_tells_what_a_dataset_was_linked_from(airlock: Service) -> None:
    airlock.world.change(tables.DatasetRow, "survey", linked_from=["register"])
    assert "<dt>Linked from</dt><dd>register</dd>" in airlock.browser("ana").get("catalogue/survey").text
    assert said(client(airlock, "ana").get("catalogue/survey"))["linked_from"] == ["register"]
    assert "Linked from" not in airlock.browser("ana").get("catalogue/register").text


def test_charges_are_cut_into_pages(airlock: Service) -> None:
    budgeted(airlock.world)
    for number in range(51):
        charged(airlock.world, f"key-{number}", 1000)
    dora = airlock.browser("dora")
    assert dora.get(SURVEY).text.count("<code>charge-") == 50
    second = dora.get(f"{SURVEY}?page=2").text
    assert second.count("<code>charge-") == 1
    assert "Page 2 of 2" in second


def test_notice_of_a_budget_leads_to_its_page(airlock: Service) -> None:
    budgeted(airlock.world)
    charged(airlock.world, "one", 200_000_000)
    dora = airlock.browser("dora")
    page = dora.get("notices").text
    assert "Privacy budget: 50 % of that for dataset &#39;survey&#39; is spent" in page
    notice = next(one for one in airlock.world.instance.notices.mine(DORA).items if one.kind == "budget.used")
    _done(dora.post(f"notices/{notice.id}/open"), SURVEY)


# The HTTP API


def test_api_sets_shows_and_lists(airlock: Service) -> None:
    dora, ana = client(airlock, "dora"), client(airlock, "ana")
    body = {"allows": "up-to", "epsilon": 4, "delta": 1e-6, "version": 0}
    made = said(dora.put(SURVEY, body))
    assert made["limit"] == {"rho": 296131422, "delta": 500000000}
    assert made["said"]["epsilon"] == "4"
    assert (made["address"], made["may_set"], made["version"]) == ("lineage/survey", True, 1)
    assert said(dora.put(SURVEY, body), 409)["error"]["code"] == "stale-version"
    airlock.world.change(tables.ApprovalRow, ("mobility", "survey"), budget={"epsilon": "9", "delta": "0.000001"})
    charge = charged(airlock.world, "one")
    found = said(ana.get(SURVEY))
    assert (found["left"]["rho"], found["may_set"]) == (286131422, False)
    assert found["promised"]["epsilon"] == pytest.approx(0.63, abs=0.05)
    (listed,) = said(dora.get(f"{SURVEY}/charges"))["items"]
    assert listed["id"] == charge.id
    assert listed["accounts"] == ["approval/mobility:survey", "lineage/survey", "owner/dora", "project/mobility"]
    assert said(ana.get(f"{SURVEY}/charges"), 403)
    composed = said(ana.get("budgets/project/mobility/composition"))
    assert 0 < composed["pld"]["epsilon"] < composed["zcdp"]["epsilon"]
    addresses = [one["address"] for one in said(ana.get("budgets?kind=project"))["items"]]
    assert addresses == ["project/mobility"]
    assert said(client(airlock, "otto").get(SURVEY), 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"epsilon": 0}, "epsilon"),
        ({"epsilon": "many"}, "epsilon"),
        ({"delta": 1}, "delta"),
        ({"allows": "everything"}, "allows"),
        ({"version": -1}, "version"),
        ({"version": 2**31}, "version"),
    ],
)
def test_api_refuses_absurd_limits_by_the_fields_name(airlock: Service, changes: dict[str, object], field: str) -> None:
    body = {"allows": "up-to", "epsilon": 4, "delta": 1e-6, "version": 0} | changes
    refused = said(client(airlock, "dora").put(SURVEY, body), 422)["error"]
    assert refused["field"] == field
    assert "many" not in refused["message"]


# The command line


@pytest.fixture
def admin(place: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Run a command and return its status, output and errors."""
    monkeypatch.setenv("SAFEROOM_HOME", str(place.home.root))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["admin", "budget", *words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_operator_sets_shows_and_closes_a_projects_budget(place: World, admin: Terminal) -> None:
    budgeted(place)
    charged(place, "one")
    status, out, _ = admin("set", "project/mobility", "--epsilon", "2", "--delta", "0.000001")
    assert status == 0
    assert "up to epsilon 2 and delta 1e-6" in out
    status, out, _ = admin("show", "project/mobility", "--json")
    found = json.loads(out)
    assert found["limit"]["rho"] > found["spent"]["rho"] == 10_000_000
    assert found["composition"]["pld"]["epsilon"] < found["composition"]["zcdp"]["epsilon"]
    assert "By privacy loss distributions, for information: epsilon" in admin("show", "project/mobility")[1]
    assert admin("set", "project/mobility", "--nothing-more", "--json")[0] == 0
    assert json.loads(admin("show", "project/mobility", "--json")[1])["left"] == {"rho": 0, "delta": 0}
    assert "no limit of its own" in admin("set", "project/mobility", "--no-limit")[1]
    assert "0.01" in admin("charges", "project/mobility")[1]
    assert json.loads(admin("charges", "project/mobility", "--json")[1])["total"] == 1
    assert admin("charges", "owner/otto")[1] == "Nothing was charged yet.\n"


def test_operator_lists_budgets(place: World, admin: Terminal) -> None:
    budgeted(place)
    status, out, _ = admin("list")
    assert (status, "lineage/survey" in out, "0.296131422" in out) == (0, True, True)
    found = json.loads(admin("list", "--kind", "owner", "--search", "dora", "--json")[1])
    assert [one["address"] for one in found["budgets"]] == ["owner/dora"]
    assert admin("list", "--search", "nothing at all")[1] == "There is no budget like that.\n"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("set", "project/mobility"), 2, "say one of: --epsilon with --delta, --nothing-more, --no-limit"),
        (("set", "project/mobility", "--epsilon", "1", "--no-limit"), 2, "say one of"),
        (("set", "project/mobility", "--epsilon", "1"), 2, "say a delta above 0"),
        (
            ("set", "project/mobility", "--epsilon", "x", "--delta", "1e-6"),
            2,
            "--epsilon: This must be a number above 0",
        ),
        (("set", "lineage/survey", "--nothing-more"), 1, "Only the data owner sets the limit of a dataset"),
        (("set", "approval/mobility:survey", "--nothing-more"), 1, "part of the approval's terms"),
        (("show", "project/none"), 1, "There is no such privacy budget"),
        (("show", "nonsense"), 1, "there is no such privacy budget"),
        (("list", "--kind", "planet"), 2, "lineage"),
    ],
)
def test_command_that_cannot_be_done_says_why(
    admin: Terminal, words: tuple[str, ...], status: int, sentence: str
) -> None:
    ended, out, err = admin(*words)
    assert (ended, out) == (status, "")
    assert sentence in " ".join(err.split())
