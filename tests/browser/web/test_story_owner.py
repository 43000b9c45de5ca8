"""A data owner's story: a proposal approved with rows, an output signed, a new version of the data confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from tests.support.airlock_world import NOW
from tests.support.project_pages import proposed
from tests.support.stories import Stage, Walker

from saferoom.hub.administration import Administration
from saferoom.hub.extract_wiring import provision
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.life.parts import Actor

pytestmark = pytest.mark.browser
RITA, ADA = (Actor.person(Username(name)) for name in ("rita", "ada"))
SURVEY = DatasetName("survey")
UNTIL = NOW.date() + timedelta(days=150)


def test_owner_approves_with_rows_signs_what_leaves_and_confirms_a_refresh(stage: Stage) -> None:
    world = stage.airlock.world
    _describe(stage, "2025", label="Hourly wage in euros")
    slug = proposed(stage.airlock, "schools")
    world.instance.lives.submit(RITA, slug)
    with stage.walker("dora", "projects") as dora:
        _approves(dora)
        world.instance.lives.confirm(ADA, slug)
        provision(world.home, world.instance.registry, slug, clock=world.clock)
        request = _asked_and_checked(stage, slug)
        _signs(dora, request)
        assert world.instance.airlock.found(request.id).state is State.RELEASED
        _describe(stage, "2026", type="integer")
        _confirms(dora)
        approval = next(one for one in world.instance.registry.approvals(slug) if one.dataset == "survey")
        assert (approval.terms.rows, approval.terms.checkers) == ("education >= 12", 2)
        assert world.instance.lives.view(RITA, slug).refreshes == {}


def _approves(dora: Walker) -> None:
    dora.tick("Waits for me")
    dora.press("Search")
    dora.follow("schools")
    dora.reads("dora: decide about survey")
    dora.follow("Approve")
    dora.write("Rows that may be used", "education >= twelve")
    dora.write("Until", UNTIL.isoformat())
    dora.choose("Fewest output checkers", "2")
    dora.tick("I want to sign off each output")
    dora.press("Approve on these terms")
    dora.page.get_by_role("alert").get_by_role("link", name="Rows").first.click()
    dora.page.keyboard.press("Control+A")
    dora.page.keyboard.type("education >= 12")
    assert dora.page.get_by_label("Until").first.input_value() == UNTIL.isoformat()
    dora.picture("owner-terms")
    dora.press("Approve on these terms")
    dora.told("Your decision is recorded.")
    dora.reads("rows where education >= 12", "at least 2 output checkers")


def _asked_and_checked(stage: Stage, slug: ProjectSlug) -> Request:
    """Rita has a statistic of the approved rows computed and asks for it; Ben and Cleo approve it."""
    room, airlock = stage.airlock.room("rita", slug), stage.airlock.world.instance.airlock
    query = {"statistic": "mean", "measure": "wage", "by": ["region"], "from": "survey", "protect": {"method": "auto"}}
    made = room.post("evaluations", {"query": query}).json()
    body = {"title": "Wages by region", "context": "For the report.", "controls": "None.", "outputs": [made["id"]]}
    asked = room.post("requests", body)
    assert asked.status_code == 201, (made, asked.text)
    (request,) = airlock.requests_of(Username("rita"), slug)
    for checker in ("ben", "cleo"):
        stage.airlock.world.approve(request, checker)
    assert airlock.found(request.id).state is State.AWAITING_SIGN_OFF
    return request


def _signs(dora: Walker, request: Request) -> None:
    dora.open("sign-offs")
    dora.follow("Wages by region")
    assert dora.page.url.endswith(request.id)
    dora.reads("Below are the very files that would leave")
    dora.picture("owner-sign")
    dora.write("Comment", "Good.")
    dora.press("Sign what leaves")
    dora.open("releases")
    dora.reads("Wages by region")


def _describe(stage: Stage, version: str, **wage: str) -> None:
    """Let an administrator apply a document with a new version of the survey, in which wages are described anew."""
    instance = stage.airlock.world.instance
    known = instance.registry.dataset(SURVEY)
    described = known.model_dump(mode="json", exclude_defaults=True) | {"kind": "dataset", "version": version}
    for variable in described["variables"]:
        variable.update(wage if variable["name"] == "wage" else {})
    console = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    console.apply(read_entries([(yaml.safe_dump(described), "survey.yaml")]))


def _confirms(dora: Walker) -> None:
    dora.open("projects/schools")
    dora.reads("Version 2026 changes what was approved in 2025.")
    dora.picture("owner-refresh", "section[aria-labelledby=data]")
    dora.page.get_by_role("link", name="survey").filter(has_text="onfirm").first.click()
    dora.look()
    dora.press("Confirm on these terms")
    dora.told("The change is confirmed.")
    dora.reads_not("The project keeps the earlier extract")
