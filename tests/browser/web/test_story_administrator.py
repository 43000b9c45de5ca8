"""An administrator's story: somebody comes in, the glass is broken in a night, a project is paused, closed, deleted."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.support.airlock_world import NOW
from tests.support.people_pages import ROOT
from tests.support.project_pages import proposed
from tests.support.stories import Stage, Walker

from saferoom.hub.store import tables
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life import sealing
from saferoom.projects.life.parts import Actor
from saferoom.projects.people.model import Role
from saferoom.projects.people.records import PersonForm

pytestmark = pytest.mark.browser
SCHOOLS = ProjectSlug("schools")
RITA, DORA = (Actor.person(Username(name)) for name in ("rita", "dora"))
CONSOLE = Actor.console("admin:root")


def test_administrator_registers_breaks_the_glass_and_ends_a_project(stage: Stage) -> None:
    world = stage.airlock.world
    roles = frozenset({Role.ADMINISTRATOR})
    world.instance.people.add(ROOT, PersonForm(username=Username("alan"), display_name="Alan Abt", roles=roles))
    with stage.walker("ada", "people") as ada:
        _registers_nora(ada)
        _breaks_the_glass(ada)
    _is_seen_and_reviewed(stage)
    _is_proposed_and_approved(stage)
    with stage.walker("ada", "projects") as ada:
        _confirms_and_pauses(ada)
        _closes(ada)
    world.clock.advance(timedelta(minutes=5))
    assert world.instance.lives.tidy() == (SCHOOLS,)
    world.clock.advance(timedelta(days=3653))
    for record in ("full", "safe-researcher", "output-checker"):
        world.change(tables.PersonRecordRow, f"record-ada-{record}", expires=NOW.date() + timedelta(days=9000))
    with stage.walker("ada", f"projects/{SCHOOLS}") as ada:
        _destroys(ada, stage)


def _registers_nora(ada: Walker) -> None:
    ada.follow("Register somebody")
    ada.page.get_by_label("User name", exact=True).fill("nora")
    ada.page.get_by_label("Name", exact=True).fill("Nora Nagy")
    ada.write("E-mail address", "nora at example.org")
    ada.tick("Researcher")
    ada.press("Register", exact=True)
    ada.page.get_by_role("alert").get_by_role("link", name="E-mail address").click()
    ada.page.keyboard.press("Control+A")
    ada.page.keyboard.type("nora@example.org")
    assert ada.page.get_by_label("Researcher").is_checked()
    ada.press("Register", exact=True)
    ada.told("The person is registered.")
    ada.reads("No password is set yet")
    _records(ada, "Record an accreditation", "Kind", "Full", "UKSA, Digital Economy Act")
    _records(ada, "Record a training", "Training", "Safe researcher training", "ONS")
    ada.picture("administrator-person")
    ada.press("Set a first password")
    ada.reads("Shown this once")
    ada.follow("Done")
    ada.reads_not("No password is set yet")
    ada.open("people?q=nora")
    ada.reads("Nora Nagy", "1 person")


def _records(ada: Walker, link: str, field: str, kind: str, body: str) -> None:
    ada.follow(link)
    ada.choose(field, kind)
    ada.page.get_by_role("textbox").first.fill(body)
    ada.write("Expires", (NOW.date() + timedelta(days=1000)).isoformat())
    for label in ("Granted", "Passed"):
        if ada.page.get_by_label(label).count():
            ada.write(label, (NOW.date() - timedelta(days=30)).isoformat())
    ada.write("Evidence", "Letter of 1 February 2026")
    ada.press(link.split(" an ")[0].split(" a ")[0])
    ada.told("recorded")


def _breaks_the_glass(ada: Walker) -> None:
    ada.open("people/rita")
    ada.follow("Break the glass for rita")
    ada.choose("Power", "Output checker")
    ada.write("For how many hours", "9")
    ada.write("Reason", "Both checkers are ill, and the minister's answer is due tonight.")
    ada.press("Break the glass")
    ada.page.get_by_role("alert").first.wait_for()
    ada.write("For how many hours", "2")
    ada.picture("administrator-break-glass")
    ada.press("Break the glass")
    ada.told("The power counts from now on.")


def _is_seen_and_reviewed(stage: Stage) -> None:
    """Everybody concerned sees it on every page; it ends by time; another administrator judges it."""
    request = stage.airlock.world.request()
    with stage.walker("rita", f"requests/{request.id}") as rita:
        rita.press("Approve output 1")
        rita.told("Released")
    with stage.walker("dora", "releases") as dora:
        dora.reads("rita")
        dora.open("break-glass")
        dora.reads("in force")
    stage.airlock.world.clock.advance(timedelta(hours=3))
    stage.airlock.world.instance.people.sweep()
    with stage.walker("rita", "") as rita:
        rita.open("requests")
        assert rita.page.get_by_role("link", name="Output checking").count() == 0
    with stage.walker("alan", "break-glass") as alan:
        alan.follow("rita")
        alan.choose("Was it justified?", "Justified")
        alan.write("Findings", "One request was checked, in time.")
        alan.press("Record the review")
        alan.told("The review is recorded.")


def _is_proposed_and_approved(stage: Stage) -> None:
    lives = stage.airlock.world.instance.lives
    slug = proposed(stage.airlock, SCHOOLS)
    lives.submit(RITA, slug)
    terms = Terms(until=NOW.date() + timedelta(days=150), variables=("region", "wage"))
    lives.approve(DORA, slug, DatasetName("survey"), terms)


def _confirms_and_pauses(ada: Walker) -> None:
    ada.tick("Waits for me")
    ada.press("Search")
    ada.follow("schools")
    ada.follow("Confirm the people")
    ada.press("Confirm: the project runs")
    ada.told("The project runs.")
    ada.follow("Pause the project")
    ada.write("Reason", "A file was found where it does not belong.")
    ada.press("Pause", exact=True)
    ada.told("The project pauses.")
    ada.reads("A file was found where it does not belong")
    ada.follow("Resume")
    ada.press("Lift the hold")
    ada.told("Your hold is lifted.")


def _closes(ada: Walker) -> None:
    ada.follow("Close the project")
    ada.write("Reason", "The work is done.")
    ada.press("Close for good")
    ada.told("The project is closed.")


def _destroys(ada: Walker, stage: Stage) -> None:
    ada.reads("closed and sealed")
    ada.follow("Delete the sealed workspace")
    ada.press("Destroy it")
    ada.told("The certificate of it is signed.")
    ada.picture("administrator-certificate")
    certificate = ada.saves("Signed certificate")
    key = stage.airlock.world.instance.signing_key.verifying_key
    life = stage.airlock.world.instance.lives.life(CONSOLE, SCHOOLS)
    assert life.seal is not None
    statement = sealing.open_statement(life.seal.statement, key, SCHOOLS)
    found = sealing.check_certificate(json.loads(certificate.read_text()), key, statement)
    assert (found.project, found.deleted_by) == (SCHOOLS, "ada")
