"""Stored script, in a real browser: whatever people and files say, on whatever page, no script of theirs runs."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support import checking_world as checking
from tests.support.airlock_pages import opened
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY, NOW, judged
from tests.support.people_pages import ROOT
from tests.support.project_pages import RITA, UNTIL

from saferoom.disclosure.files.model import Concealed, FileReport, Grid, Passage
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.hub.store import tables
from saferoom.hub.web.shell import rendering
from saferoom.ids import DatasetName, EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock.model import Cause, Choice, Request
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.airlock.wanted import WantedGroup
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life.model import Alteration, Proposal, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power, Training
from saferoom.projects.people.records import TrainingForm

pytestmark = pytest.mark.browser
EVIL = (
    "\"'></textarea></title><script>ran('script')</script><img src=x onerror=\"ran('img')\">"
    "<svg onload=\"ran('svg')\"></svg>{{7*7}}"
)
LONG = EVIL + (
    "</style><a href=\"javascript:ran('a')\">a</a><base href=//evil.example>"
    "<iframe srcdoc='<script>parent.ran(1)</script>'></iframe>"
)
NAME = EVIL.replace("/", "").replace(":", "")[:140]
"""The same as the name of a file, where some letters are refused."""
WATCH = """
window.hits = [];
window.ran = (how) => { window.hits.push(how); };
addEventListener('securitypolicyviolation', (event) => { window.hits.push('policy: ' + event.effectiveDirective); });
"""
PLANTED = "img[src='x'], svg[onload], [onerror], iframe[srcdoc], base, a[href^='javascript'], script:not([src])"
SHOWN = """() => [document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map(one => one.value)]
    .some(text => text.includes("<script>ran('script')") || text.includes("script>ran('script')"))"""
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"title": EVIL},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [EVIL]},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "execution_count": 1,
            "source": ["print(1)  # ", EVIL],
            "outputs": [
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": LONG, "text/plain": "a table"}},
                {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": "ran('js')"}},
                {"output_type": "stream", "name": "stdout", "text": [EVIL]},
            ],
        },
    ],
}


@pytest.fixture
def planted(airlock: Service) -> dict[str, list[str]]:
    """Script in every word that anybody can leave; return the pages that show some of it, by who looks."""
    world, deeds = airlock.world, airlock.world.instance.airlock
    for name in ("ana", "rita", "dora"):
        world.change(tables.PersonRow, name, display_name=EVIL)
    world.change(tables.DatasetRow, "survey", title=EVIL, description=LONG)
    world.change(tables.ProjectRow, "mobility", title=EVIL)
    asked, returned, released = _asked(airlock), world.request(title=EVIL + "2"), world.request(title=EVIL + "3")
    draft = deeds.draft_groups(checking.ANA, MOBILITY, EVIL, [_group(_file(airlock))])
    for output in asked.outputs:
        deeds.vote(checking.BEN, asked.id, output.id, Choice.CHANGES_REQUESTED, LONG)
    deeds.comment(checking.BEN, asked.id, LONG, public=False)
    deeds.return_to_author(checking.BEN, returned.id, LONG)
    world.approve(released)
    deeds.withdraw_release(checking.BEN, released.id, Cause.OTHER, LONG)
    _project(airlock)
    emergency = _people(airlock)
    ids = (asked.id, returned.id, released.id)
    return {
        "ana": ["requests", *(f"requests/{id_}" for id_ in ids), f"requests/{draft.id}/edit", "notices", "standing"],
        "ben": ["queue", "releases", *(f"requests/{id_}" for id_ in ids)],
        "cleo": ["catalogue?q=region", "catalogue/survey", "register/projects/mobility"],
        "dora": ["projects", "projects/evil", "projects/evil/amendments/1/survey/agree", "break-glass", "notices"],
        "rita": ["projects/evil", "projects/evil/history", "projects/evil/amend", "projects/evil/do/close"],
        "ada": ["people", "people/rita", "people/rita/history", f"break-glass/{emergency}", "people/rita/edit"],
    }


def _file(airlock: Service) -> EvaluationId:
    finding = Finding("low-count", Risk.LOW_COUNT, Verdict.REVIEW, ((EVIL, 2, 1),), f"in {EVIL}", EVIL)
    view = View(
        grids=(Grid(EVIL, (EVIL, "count"), ((EVIL, "7"),), 2),),
        passages=(Passage(EVIL, f"</ol></div>{LONG}", is_code=True),),
        concealed=(Concealed(EVIL, EVIL),),
        left_out=(EVIL,),
    )
    upload = Upload(checking.ANA, MOBILITY, NAME, EVIL.encode())
    return airlock.world.instance.airlock.record_file(
        upload, Screened(FileReport(NAME, "html", Verdict.REVIEW, (finding,)), view)
    ).id


def _group(*ids: EvaluationId, supporting: tuple[EvaluationId, ...] = ()) -> WantedGroup:
    return WantedGroup(ids, LONG, LONG, NAME[:80], supporting)


def _asked(airlock: Service) -> Request:
    """A statistic with a label, a file, and what the check itself makes of a notebook, a page and a drawing."""
    deeds, room = airlock.world.instance.airlock, airlock.room()
    statistic = deeds.record_evaluation(checking.ANA, MOBILITY, judged(label=EVIL)).id
    sent = {"work.ipynb": json.dumps(NOTEBOOK), "page.html": f"<h1>Pay</h1>{LONG}", "drawing.svg": f"<svg>{LONG}</svg>"}
    kept = tuple(EvaluationId(room.upload(name, text.encode()).json()["id"]) for name, text in sent.items())
    return deeds.submit_groups(checking.ANA, MOBILITY, EVIL, [_group(statistic, _file(airlock), supporting=kept)])


def _project(airlock: Service) -> None:
    lives, survey, slug = airlock.world.instance.lives, DatasetName("survey"), ProjectSlug("evil")
    people = frozenset({Username("rita")})
    wish = Wish(dataset=survey, variables=("region", "wage"))
    proposal = Proposal(
        slug=slug, title=EVIL, members=people, ends=UNTIL, datasets=(wish,),
        question=LONG, benefit=LONG, gateway=LONG, assessment=LONG, outputs=LONG,
    )  # fmt: skip
    lives.propose(RITA, proposal)
    lives.submit(RITA, slug)
    dora = Actor.person(Username("dora"))
    lives.approve(dora, slug, survey, Terms(until=UNTIL, variables=("region", "wage")))
    lives.confirm(Actor.person(Username("ada")), slug)
    lives.amend(RITA, slug, Alteration(ends=UNTIL.replace(year=UNTIL.year + 1)), LONG)
    lives.pause(dora, slug, LONG)


def _people(airlock: Service) -> str:
    people = airlock.world.instance.people
    form = TrainingForm(course=Training.OUTPUT_CHECKER, body=EVIL, granted=NOW.date(), expires=UNTIL, evidence=LONG)
    people.train(ROOT, Username("rita"), form)
    asked = EmergencyForm(username=Username("rita"), power=Power.OUTPUT_CHECKER, hours=2, reason=LONG)
    return people.break_glass(ROOT, asked).id


def found(page: Page) -> list[str]:
    """Return what of somebody's script ran on the page, was stopped by its policy, or became a part of it."""
    for place in page.locator("iframe.file").all():
        place.scroll_into_view_if_needed()
        place.content_frame.locator("body").wait_for()
    hits = list(page.evaluate("window.hits"))
    for frame in page.frames:
        parts = frame.locator(PLANTED).evaluate_all("all => all.map(one => one.outerHTML)")
        hits += [f"in the page: {part[:60]}" for part in parts]
    return hits


def looked(chromium: Chromium, airlock: Service, name: str, paths: Iterable[str]) -> dict[str, list[str]]:
    """Open the pages as `name` and return what was found on each."""
    seen = {}
    with opened(chromium, airlock, name, "register") as page:
        page.add_init_script(WATCH)
        page.on("dialog", lambda dialog: dialog.dismiss())
        for path in paths:
            page.goto(airlock.url + path)
            seen[path] = found(page)
            # Where nothing of it is to be seen, nothing was tried.
            seen[path] += [] if page.evaluate(SHOWN) else ["does not show it"]
            seen[path] += [f"title {page.title()!r}"] if "49" in page.title() else []
    return {path: what for path, what in seen.items() if what}


def test_no_script_runs_that_somebody_left_in_words_labels_names_or_files(
    chromium: Chromium, airlock: Service, planted: dict[str, list[str]]
) -> None:
    seen = {name: looked(chromium, airlock, name, paths) for name, paths in planted.items()}
    assert {name: what for name, what in seen.items() if what} == {}


def test_mutation_script_that_is_not_escaped_is_found(
    chromium: Chromium, airlock: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = airlock.world.request(title=EVIL)
    monkeypatch.setattr(rendering, "_environment", rendering._environment.overlay(autoescape=False))
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    try:
        text = airlock.browser("ben").get(f"requests/{request.id}").text
        context.route("**/planted", lambda route: route.fulfill(body=text, content_type="text/html"))
        page.goto(f"http://127.0.0.1:{airlock.port}/planted")
        page.wait_for_function("window.hits.length > 0")
        assert {"script", "svg"} <= set(page.evaluate("window.hits"))
        assert found(page) != []
    finally:
        context.close()
