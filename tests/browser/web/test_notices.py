"""Notices in a real browser: the bell asks by itself; a notice leads to what it is about; by keyboard, too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from tests.support.airlock_pages import each, opened
from tests.support.airlock_server import Service
from tests.support.notice_pages import notices_seen

from saferoom.ids import Username

pytestmark = pytest.mark.browser


def test_bell_counts_by_itself_and_a_notice_leads_to_its_request(chromium: Chromium, airlock: Service) -> None:
    request = airlock.world.request()
    with opened(chromium, airlock, "ana", "releases") as page:
        page.clock.install()
        page.reload()
        expect(page.locator("#bell .count")).to_have_count(0)
        airlock.world.instance.airlock.return_to_author(Username("ben"), request.id, "Say more.")
        page.clock.run_for(61_000)
        expect(page.locator("#bell .count")).to_have_text("1 unread")
        page.locator("#bell").focus()
        page.keyboard.press("Enter")
        expect(
            page.get_by_role("heading", name=f"Request {request.id} in project mobility was returned")
        ).to_be_visible()
        page.get_by_role("button", name="Open").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/requests/{request.id}")
        expect(page.locator("#bell .count")).to_have_count(0)


def test_pages_are_read_without_script(chromium: Chromium, airlock: Service) -> None:
    def missing(page: Page) -> bool:
        return not (page.locator("h1").is_visible() and page.locator("#bell").is_visible())

    assert each(chromium, airlock, notices_seen(airlock), missing, java_script_enabled=False) == {}


def test_choice_is_made_without_script(chromium: Chromium, airlock: Service) -> None:
    with opened(chromium, airlock, "ana", "notices/choose", java_script_enabled=False) as page:
        page.get_by_role("group", name="My requests").get_by_label("Once a day, together").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("Your choice is saved")
        chosen = page.get_by_role("group", name="My requests").get_by_label("Once a day, together")
        expect(chosen).to_be_checked()
