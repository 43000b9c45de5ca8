"""The page of a room that waits for its turn, as a person sees it: place and reason, giving up, coming in, failing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from tests.support import live_world
from tests.support.accessible import faults
from tests.support.live import HubProcess, Live, free_port
from tests.support.live_world import ALPHA, PASSWORD
from tests.support.starting import pending

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.drive import HubSession
from saferoom.projects.administration.documents import read_entries

pytestmark = [pytest.mark.live, pytest.mark.browser]

_LONGEST_MS = 60_000


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that has one room at a time."""
    home = live_world.home_at(tmp_path_factory.mktemp("page"))
    running = Live(HubProcess(home, free_port(), options=("--rooms-most", "1")), live_world.build(home))
    try:
        running.hub.start()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def home_page(narrow: Live, chromium: Chromium) -> Iterator[Page]:
    """Ana's list of rooms, after she signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(narrow.url)
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(narrow.fresh_code("ana"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/hub/home")
    yield page
    context.close()


@pytest.fixture
def cleo(narrow: Live) -> Iterator[HubSession]:
    """Cleo, who has the one room; afterwards nobody has or waits for any."""
    cleo = narrow.session("cleo")
    cleo.start_room(ALPHA)
    try:
        yield cleo
    finally:
        for session in (narrow.session("ana"), cleo):
            session.stop_room(ALPHA)


@pytest.fixture
def waiting(home_page: Page, cleo: HubSession) -> Iterator[Page]:
    """The page of Ana's room that waits because Cleo has the one there is."""
    assert cleo.username == "cleo"
    home_page.reload()
    with home_page.context.expect_page() as opened:
        home_page.get_by_role("link", name="Start the room").click()
    page = opened.value
    said: list[str] = []
    # An answer that a test makes up is no fault of the page.
    page.on("console", lambda one: said.append(one.text) if one.type == "error" and "503" not in one.text else None)
    expect(page.get_by_role("status")).to_contain_text(
        "You are next, because all rooms are in use", timeout=_LONGEST_MS
    )
    yield page
    page.close()
    assert said == []


def test_who_waits_reads_where_they_stand_on_a_page_for_everybody(waiting: Page, tmp_path: Path) -> None:
    assert waiting.get_by_role("heading", level=1).inner_text() == "Your room is being prepared"
    assert waiting.get_by_role("link", name="Start it again").count() == 0
    assert faults(waiting) == []
    waiting.screenshot(path=str(tmp_path / "waiting.png"), full_page=True)
    # Said again and again, it is written once: a screen reader does not begin anew.
    waiting.evaluate(
        "() => { window.changes = 0; new MutationObserver((found) => { window.changes += found.length; })"
        ".observe(document.getElementById('progress'), {childList: true, characterData: true, subtree: true}); }"
    )
    waiting.wait_for_timeout(6_000)
    assert waiting.evaluate("window.changes") == 0


def test_start_is_given_up_by_keyboard_alone(waiting: Page, narrow: Live) -> None:
    button = waiting.get_by_role("button", name="Do not start it")
    for _ in range(30):
        waiting.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    else:
        raise AssertionError("the button is not reached by the keyboard")
    assert button.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
    waiting.keyboard.press("Enter")
    waiting.wait_for_url("**/hub/home", timeout=_LONGEST_MS)
    expect(waiting.get_by_role("link", name="Start the room")).to_be_visible()
    assert pending(narrow.session("ana")) == set()


def test_stop_that_does_not_reach_the_hub_is_told_and_can_be_tried_again(waiting: Page) -> None:
    waiting.route("**/hub/api/users/ana/servers/alpha", lambda route: route.fulfill(status=503))
    button = waiting.get_by_role("button", name="Do not start it")
    button.click()
    expect(waiting.get_by_role("alert")).to_contain_text("could not be stopped")
    expect(button).to_be_enabled()
    waiting.unroute("**/hub/api/users/ana/servers/alpha")
    button.click()
    waiting.wait_for_url("**/hub/home", timeout=_LONGEST_MS)


def test_room_opens_by_itself_when_it_is_its_turn(waiting: Page, cleo: HubSession) -> None:
    cleo.stop_room(ALPHA)
    waiting.wait_for_selector(".jp-Launcher", timeout=_LONGEST_MS)
    assert "/user/ana/alpha/" in waiting.url


def test_room_that_may_not_start_any_more_says_why_and_what_to_do(
    waiting: Page, narrow: Live, cleo: HubSession, tmp_path: Path
) -> None:
    admin = Administration(narrow.instance.database, SystemClock(), narrow.instance.signing_key, actor="admin")
    try:
        admin.apply(read_entries([(live_world.people_document("ana", accredited=False), "test")]))
        cleo.stop_room(ALPHA)
        expect(waiting.get_by_role("heading", level=1)).to_have_text(
            "The room could not be started", timeout=_LONGEST_MS
        )
    finally:
        live_world.restore(narrow.instance)
    assert waiting.title().startswith("The room could not be started ·")
    assert "ccreditation" in waiting.locator("#progress").inner_text()
    assert waiting.get_by_role("button", name="Do not start it").count() == 0
    assert waiting.get_by_role("progressbar").count() == 0
    assert faults(waiting) == []
    waiting.screenshot(path=str(tmp_path / "failed.png"), full_page=True)
    waiting.get_by_role("link", name="Start it again").click()
    waiting.wait_for_selector(".jp-Launcher", timeout=_LONGEST_MS)
