"""Stories of output checkers: one returns a request with a safe variant; two disagree until a third looks."""

from __future__ import annotations

import pytest
from tests.support import checking_world as checking
from tests.support.airlock_world import INCOME
from tests.support.stories import Stage, Walker

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.verdict import Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.uploads import Screened, Upload

pytestmark = pytest.mark.browser
RITA = Username("rita")


def focus(walker: Walker) -> str:
    return str(walker.page.evaluate("document.activeElement.textContent")).strip()


def test_checker_returns_a_request_with_a_safe_variant_and_approves_what_comes_back(stage: Stage) -> None:
    airlock = stage.airlock.world.instance.airlock
    request = checking.asked(stage.airlock.world)
    with stage.walker("ben", "queue") as ben:
        _finds_and_claims(ben, request)
        _votes_by_keyboard(ben)
        _returns_with_the_variant(ben)
    with stage.walker("ana", f"requests/{request.id}") as ana:
        ana.reads("It came back with safe variants", "Take the variant, please.")
        ana.press("Accept and submit again")
        ana.told("submitted")
    with stage.walker("ben", f"requests/{request.id}") as ben:
        ben.reads("submission 2")
        ben.unfold("Since submission 1")
        ben.picture("checker-changes", "section[aria-labelledby=output-1]")
        for number in (1, 2):
            ben.press(f"Approve output {number}")
        ben.told("Your vote is recorded.")
    assert airlock.found(request.id).state is State.PARTLY_REVIEWED
    stage.airlock.world.approve(airlock.found(request.id), "cleo")
    with stage.walker("ben", f"requests/{request.id}") as ben:
        bundle = ben.saves("Download what was released")
        assert bundle.read_bytes()[:2] == b"PK"


def _finds_and_claims(ben: Walker, request: Request) -> None:
    ben.choose("Order", "riskiest first")
    ben.press("Show")
    ben.reads("Waits for output checkers", "1 request")
    ben.picture("checker-queue")
    ben.page.keyboard.press("j")
    with ben.page.expect_navigation():
        ben.page.keyboard.press("Enter")
    ben.look()
    assert ben.page.url.endswith(request.id)
    ben.page.keyboard.press("q")
    ben.page.wait_for_url("**/queue")
    ben.follow(request.title)
    ben.press("I am looking at this")
    ben.told("Others see that you are looking at this request.")
    ben.reads("few people stand behind a cell", "Cheapest safe variant", "ben is looking at it")
    ben.picture("checker-output", "section[aria-labelledby=output-1]")


def _votes_by_keyboard(ben: Walker) -> None:
    for key in ("j", "j", "x"):
        ben.page.keyboard.press(key)
    assert focus(ben) == "Request changes"
    with ben.page.expect_navigation():
        ben.page.keyboard.press("Enter")
    ben.look()
    ben.page.get_by_role("alert").get_by_role("link").first.press("Enter")
    ben.page.keyboard.type("Which year is it?")
    for _ in range(2):
        ben.page.keyboard.press("Tab")
    assert focus(ben) == "Request changes"
    with ben.page.expect_navigation():
        ben.page.keyboard.press("Enter")
    ben.look()
    ben.told("Your vote is recorded.")
    ben.page.locator("iframe.file").first.scroll_into_view_if_needed()
    ben.page.frame_locator("iframe.file").first.locator("td.review").wait_for()


def _returns_with_the_variant(ben: Walker) -> None:
    ben.page.keyboard.press("r")
    ben.page.keyboard.type("Take the variant, please.")
    ben.tick("output 1: small cells are left out")
    ben.press("Return to the author")
    ben.told("The request went back to its author with your comment.")


def test_two_checkers_disagree_unseen_by_each_other_and_a_third_decides(stage: Stage) -> None:
    request = _figures(stage)
    airlock = stage.airlock.world.instance.airlock
    at = f"requests/{request.id}"
    with stage.walker("ben", at) as ben, stage.walker("cleo", at) as cleo, stage.walker("chris", at) as chris:
        ben.reads("You see nobody else's votes and comments")
        _votes(ben, "Approve output 1", "It is a figure of means.")
        cleo.open(at)
        cleo.reads_not("It is a figure of means.", "ben: approved")
        chris.open(at)
        chris.reads_not("It is a figure of means.")
        _votes(cleo, "Request changes", "The smallest bar is of three people.")
        cleo.reads("disagree")
        ben.open(at)
        ben.reads("The smallest bar is of three people.", "changes requested", "The majority decides.")
        ben.picture("checkers-disagree", "section[aria-labelledby=output-1] > form")
        assert airlock.found(request.id).state is State.REVIEWED
        chris.open("queue")
        chris.reads("The output checkers disagree: one more has to look.")
        chris.follow("Means by region")
        _votes(chris, "Approve output 1", "No bar is of fewer than 30.")
        chris.told("Released: the signed bundle is ready.")
        assert airlock.found(request.id).state is State.RELEASED
        cleo.open(at)
        cleo.reads("released", "No bar is of fewer than 30.")
    with stage.walker("rita", at) as rita:
        rita.reads("Download the signed bundle")
        rita.saves("Download the signed bundle")


def _figures(stage: Stage) -> Request:
    """Return a request of Rita's for a file, at which two have to look; Chris is independent of her project."""
    airlock = stage.airlock.world.instance.airlock
    upload = Upload(RITA, INCOME, "means.csv", b"region,mean\nnorth,21.4\nsouth,20.9\n")
    report = FileReport("means.csv", "csv", Verdict.REVIEW, ())
    file = airlock.record_file(upload, Screened(report, checking.table_view("means.csv")))
    return airlock.submit(RITA, INCOME, [file.id], "Means by region", "For the report.", "Thirty people or more.")


def _votes(checker: Walker, button: str, words: str) -> None:
    form = checker.page.get_by_role("group", name="Your vote on output 1")
    form.get_by_label("Comment").fill(words)
    checker.press(button, within=form)
