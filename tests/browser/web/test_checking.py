"""Checking in a real browser: files in frames that can do nothing, keys, what has changed, drafts put together."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support import checking_world as checking
from tests.support.accessible import faults
from tests.support.airlock_pages import each, opened
from tests.support.airlock_server import PREFIX, Service
from tests.support.airlock_world import MOBILITY

from saferoom.projects.airlock.model import Choice, Lane
from saferoom.projects.airlock.states import State

pytestmark = pytest.mark.browser


@pytest.fixture
def seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """The pages of checking and of drafts: who looks, and where."""
    world, deeds = airlock.world, airlock.world.instance.airlock
    again, returned, disputed = checking.asked_again(world), checking.asked(world, "Returned"), checking.asked(world)
    statistic = next(output for output in returned.outputs if output.lane is Lane.DECLARED)
    deeds.return_to_author(checking.BEN, returned.id, "Take the variant.", [statistic.id])
    for output in disputed.outputs:
        deeds.vote(checking.BEN, disputed.id, output.id, Choice.APPROVED)
        deeds.vote(checking.CLEO, disputed.id, output.id, Choice.CHANGES_REQUESTED, "Too few.")
    draft = deeds.draft_groups(checking.ANA, MOBILITY, "A draft", checking.groups(world))
    return {
        "queue": ("ben", "queue?order=riskiest"),
        "queue, nothing found": ("ben", "queue?risk=pass"),
        "submitted again": ("ben", f"requests/{again.id}"),
        "disputed": ("ben", f"requests/{disputed.id}"),
        "audits": ("ben", "audits"),
        "to sign": ("dora", "sign-offs"),
        "draft": ("ana", f"requests/{draft.id}"),
        "draft, put together": ("ana", f"requests/{draft.id}/edit"),
        "returned with a variant": ("ana", f"requests/{returned.id}"),
        "returned, put together": ("ana", f"requests/{returned.id}/edit"),
    }


def test_pages_are_accessible_in_light_and_dark_and_fit_every_width(
    chromium: Chromium, airlock: Service, seen: dict[str, tuple[str, str]]
) -> None:
    assert each(chromium, airlock, seen, faults) == {}


def test_file_is_shown_in_a_frame_with_its_finding_at_the_cell(chromium: Chromium, airlock: Service) -> None:
    request = checking.asked(airlock.world)
    with opened(chromium, airlock, "ben", f"requests/{request.id}", java_script_enabled=False) as page:
        page.locator("iframe.file").first.scroll_into_view_if_needed()
        table = page.frame_locator("iframe.file").first
        cell = table.locator("td.review")
        cell.wait_for()
        assert cell.inner_text().split()[-1] == "7"
        assert table.get_by_text("Hidden in the file:").is_visible()
        page.locator("iframe.file").last.scroll_into_view_if_needed()
        page.frame_locator("iframe.file").last.get_by_text("import pandas as pd").wait_for()


def test_room_reads_nothing_out_of_a_frame_even_with_a_stolen_key(chromium: Chromium, airlock: Service) -> None:
    """A page without a policy of its own plays the room, on the same host, in the checker's own browser."""
    request = checking.asked(airlock.world)
    ben = airlock.browser("ben")
    stolen = ben.frame_addresses(ben.get(f"requests/{request.id}"))[0]
    context = chromium.new_context()
    cookie = {"name": "saferoom-airlock", "value": ben.http.cookies["saferoom-airlock"], "domain": "127.0.0.1"}
    context.add_cookies([{**cookie, "path": PREFIX}])  # type: ignore[typeddict-item]
    context.route(
        "**/user/ben/income/lab", lambda route: route.fulfill(body="<h1>A room</h1>", content_type="text/html")
    )
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{airlock.port}/user/ben/income/lab")
    try:
        assert page.evaluate(READ_FRAME, stolen) == "closed"
        assert page.frames[1].locator("td.review").count() == 1  # it is there, and out of reach
        assert page.evaluate(FETCH, stolen) == 403
        assert page.evaluate(FETCH, stolen.partition("?")[0]) == 403
        without = page.evaluate(READ_FRAME, stolen.partition("?")[0])
        assert "region" not in without
    finally:
        context.close()


READ_FRAME = """path => new Promise(done => {
    const frame = document.createElement('iframe');
    frame.src = path;
    frame.onload = () => {
        let said = 'closed';
        try { said = frame.contentDocument ? frame.contentDocument.body.innerText : 'closed'; } catch (error) { }
        try { said = frame.contentWindow.document.body.innerText; } catch (error) { }
        done(said);
    };
    document.body.append(frame);
})"""
FETCH = "async path => (await fetch(path, {credentials: 'include'})).status"


def test_keys_move_the_focus_press_nothing_and_leave_writing_alone(chromium: Chromium, airlock: Service) -> None:
    request = checking.asked(airlock.world)
    with opened(chromium, airlock, "ben", f"requests/{request.id}") as page:
        focus = "document.activeElement.textContent.trim()"
        page.keyboard.press("j")
        assert page.evaluate(focus).startswith("Output 1")
        page.keyboard.press("a")
        assert page.evaluate(focus) == "Approve output 1"
        page.keyboard.press("j")
        assert page.evaluate(focus).startswith("Output 2")
        page.keyboard.press("k")
        page.keyboard.press("x")
        assert page.evaluate(focus) == "Request changes"
        page.keyboard.press("c")
        page.keyboard.type("a question? jkaxrcq")
        assert page.locator("textarea:focus").input_value() == "a question? jkaxrcq"
        page.locator("h1").click()
        page.keyboard.press("?")
        assert page.get_by_text("next request or output").is_visible()
        page.get_by_label("Use these keys").uncheck()
        page.locator("h1").click()
        page.keyboard.press("?")
        assert page.get_by_text("next request or output").is_visible()
        page.reload()
        page.keyboard.press("?")
        assert not page.get_by_text("next request or output").is_visible()
    assert airlock.world.instance.airlock.request(checking.BEN, request.id).votes == ()


def test_checker_returns_with_a_safe_variant_and_author_sees_it_without_script(
    chromium: Chromium, airlock: Service
) -> None:
    request = checking.asked(airlock.world)
    with opened(chromium, airlock, "ben", f"requests/{request.id}", java_script_enabled=False) as page:
        assert page.get_by_text("Small cells are left out: passes").is_visible()
        page.get_by_label("Comment for the author").fill("Take this one.")
        page.get_by_label("output 1: small cells are left out").check()
        page.get_by_role("button", name="Return to the author").click()
        page.wait_for_url("**?done=returned")
    with opened(chromium, airlock, "ana", f"requests/{request.id}", java_script_enabled=False) as page:
        assert page.get_by_text("It came back with safe variants").is_visible()
        assert page.get_by_role("button", name="Accept and submit again").is_visible()


def test_checker_sees_what_has_changed_since_the_last_submission(chromium: Chromium, airlock: Service) -> None:
    request = checking.asked_again(airlock.world)
    with opened(chromium, airlock, "ben", f"requests/{request.id}") as page:
        page.get_by_text("Since submission 1: changed: 1 line added, 0 lines removed").first.click()
        assert page.locator("li.added", has_text="where:").inner_text().split() == [
            "added:",
            "where:",
            "education",
            ">=",
            "9",
        ]
        page.get_by_text("Title: changed").click()
        assert "Education and pay of adults" in page.locator("li.added", has_text="adults").inner_text()
        assert page.locator("li.added", has_text="frame[frame.education").count() == 1


def test_author_puts_a_draft_together_and_submits_it_without_script(chromium: Chromium, airlock: Service) -> None:
    statistic = checking.statistic(airlock.world)
    with opened(chromium, airlock, "ana", "requests", java_script_enabled=False) as page:
        page.get_by_text("Begin a draft here").click()
        page.get_by_label("Project").select_option("mobility")
        page.get_by_label("Title (may stay empty)").fill("Regions")
        page.get_by_role("button", name="Begin a draft").click()
        page.wait_for_url("**/edit?done=drafted")
        page.get_by_label("What to add").select_option(statistic)
        page.get_by_role("button", name="Add it").click()
        page.wait_for_url("**/edit?done=added")
        page.get_by_label("Context").fill("For chapter two.")
        page.get_by_role("button", name="Add another group").click()
        assert page.get_by_label("Context").first.input_value() == "For chapter two."
        page.get_by_label("Controls").first.fill("Nothing special.")
        page.get_by_role("button", name="Take away group 2").click()
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url("**/edit?done=saved")
        page.get_by_role("button", name="Submit", exact=True).click()
        page.wait_for_url("**?done=submitted")
    (made,) = airlock.world.instance.airlock.requests_of(checking.ANA)
    assert (made.state, made.title, made.context) == (State.SUBMITTED, "Regions", "For chapter two.")


def test_two_windows_of_one_draft_do_not_overwrite_each_other(chromium: Chromium, airlock: Service) -> None:
    deeds = airlock.world.instance.airlock
    draft = deeds.draft_groups(checking.ANA, MOBILITY, "A draft", checking.groups(airlock.world))
    with opened(chromium, airlock, "ana", f"requests/{draft.id}/edit") as page:
        deeds.save(checking.ANA, draft.id, draft.version, "Of the other window", checking.groups(airlock.world))
        page.get_by_label("Title").fill("Of this window")
        with page.expect_response("**/edit") as answer:
            page.get_by_role("button", name="Save", exact=True).click()
        assert answer.value.status == 409
        assert page.get_by_label("Title").input_value() == "Of this window"
        assert page.get_by_text("Now it says: Of the other window").is_visible()
        page.context.pages[0].evaluate("console.clear()")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url("**/edit?done=saved")
    assert deeds.request(checking.ANA, draft.id).title == "Of this window"
