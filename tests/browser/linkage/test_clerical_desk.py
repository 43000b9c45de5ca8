"""The desk of clerical review in a real browser: by keys, by buttons without script, at any width, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from tests.support.accessible import faults
from tests.support.desk_server import DeskService, desk_service
from tests.support.review_world import LINK, RON

from saferoom.hub.web.shell.navigation import REVIEW_PREFIX
from saferoom.projects.linkage.clerical import Choice, State

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    with desk_service(tmp_path_factory.mktemp("desk")) as made:
        yield made


@contextmanager
def opened(chromium: Chromium, desk: DeskService, name: str, **options: Any) -> Iterator[Page]:
    """Yield the review as `name` sees it; any error in the browser's console fails the test."""
    context = chromium.new_context(**options)
    secret = desk.reviewer(name).http.cookies["saferoom-airlock"]
    context.add_cookies([{"name": "saferoom-airlock", "value": secret, "domain": "127.0.0.1", "path": REVIEW_PREFIX}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{desk.url}review")
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def press(page: Page, key: str) -> None:
    """Press a key once the page listens to keys."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def number_of(page: Page) -> int:
    return int(page.locator(".desk-choices input[name=number]").get_attribute("value") or 0)


def state_of(desk: DeskService, number: int) -> State:
    with desk.world.clerical.store.reading() as tx:
        pair = tx.pair(LINK, number)
    assert pair is not None
    return pair.state


def test_review_by_keys_decides_undoes_and_ends_at_an_empty_page(
    chromium: Chromium, desk: DeskService, tmp_path: Path
) -> None:
    with opened(chromium, desk, "pia", viewport={"width": 1280, "height": 800}) as page:
        assert faults(page) == []
        first = number_of(page)
        press(page, "m")
        expect(page.get_by_role("status")).to_have_text("Noted: a match.")
        assert state_of(desk, first) is State.HALF
        assert number_of(page) != first
        press(page, "z")
        expect(page.get_by_role("status")).to_have_text("Taken back. The pair comes again.")
        assert (number_of(page), state_of(desk, first)) == (first, State.WAITING)
        press(page, "n")
        expect(page.get_by_role("status")).to_have_text("Noted: no match.")
        desk.world.clerical.decide(RON, LINK, first, Choice.NO_MATCH)
        page.get_by_label("Keys press the buttons").uncheck()
        before = number_of(page)
        press(page, "u")
        page.reload()
        assert number_of(page) == before, "keys that are turned off press nothing, and stay off"
        page.get_by_label("Keys press the buttons").check()
        for _ in range(11):
            press(page, "u")
            expect(page.get_by_role("status")).to_have_text("Noted: unsure.")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing to review")
        assert faults(page) == []
        page.screenshot(path=tmp_path / "empty.png")


def test_review_without_script_on_a_phone_works_by_buttons(
    chromium: Chromium, desk: DeskService, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"java_script_enabled": False, "viewport": {"width": 360, "height": 740}}
    with opened(chromium, desk, "sue", **options) as page:
        page.screenshot(path=tmp_path / "phone.png", full_page=True)
        first = number_of(page)
        page.get_by_role("button", name="No match").click()
        expect(page.get_by_role("status")).to_have_text("Noted: no match.")
        assert number_of(page) != first
