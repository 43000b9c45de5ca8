"""A security key from its registration to its removal, in a real Chromium with an authenticator of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from tests.support import live_world
from tests.support.accessible import faults
from tests.support.live import Live
from tests.support.live_world import PASSWORD

pytestmark = [pytest.mark.live, pytest.mark.browser]

WHO = "carla"
WITH_KEY = "Use a security key instead of a code"
STICK = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Desk:
    """A browser with a key in it."""

    live: Live
    page: Page
    stick: str

    @property
    def url(self) -> str:
        """The hub's address by the name that keys know."""
        return self.live.url.replace("127.0.0.1", "localhost")

    def fill(self, password: str = PASSWORD) -> None:
        """Fill in name and password."""
        self.page.goto(f"{self.url}/hub/login?next=/hub/second-factor")
        self.page.get_by_label("User name").fill(WHO)
        self.page.get_by_label("Password").fill(password)

    def sign_in_with_code(self, code: str) -> None:
        """Sign in as before."""
        self.fill()
        self.page.get_by_label("One-time code").fill(code)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_in_with_key(self) -> None:
        """Sign in with the key, by the keyboard alone from the password on."""
        self.fill()
        button = self.page.get_by_role("button", name=WITH_KEY)
        for _ in range(3):
            self.page.keyboard.press("Tab")
        expect(button).to_be_focused()
        self.page.keyboard.press("Enter")

    def add(self, name: str) -> None:
        """Add the key."""
        self.page.get_by_label("Name of a new key").fill(name)
        self.page.get_by_role("button", name="Add a security key").click()

    def sign_out(self) -> None:
        """Leave."""
        self.page.get_by_role("link", name="Sign out").click()
        self.page.wait_for_url("**/hub/login")


@pytest.fixture
def desk(live: Live, chromium: Chromium) -> Iterator[Desk]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    made = wire.send("WebAuthn.addVirtualAuthenticator", {"options": STICK})
    yield Desk(live, page, made["authenticatorId"])
    context.close()


def test_key_is_registered_signs_in_and_is_removed(live: Live, desk: Desk) -> None:
    page = desk.page
    desk.sign_in_with_code(live.fresh_code(WHO))
    expect(page.get_by_role("heading", level=1)).to_have_text("My second factor")
    assert faults(page) == []
    desk.add("blue stick")
    expect(page.get_by_role("status")).to_contain_text("The security key is added")
    assert faults(page) == []
    desk.add("the same once more")
    expect(page.get_by_role("alert")).to_contain_text("registered already")
    expect(page.get_by_role("alert")).to_be_focused()
    desk.sign_out()
    assert faults(page) == []

    desk.sign_in_with_key()
    expect(page.get_by_text("last used")).to_be_visible()
    page.get_by_role("button", name="Have only security keys count").click()
    expect(page.get_by_role("status")).to_contain_text("One-time codes do not let you in any more")
    assert faults(page) == []
    page.get_by_role("button", name="Remove blue stick").click()
    expect(page.get_by_role("alert")).to_contain_text("your last second factor")
    assert faults(page) == []
    page.get_by_role("button", name="Have codes count again").click()
    page.get_by_role("button", name="Remove blue stick").click()
    expect(page.get_by_role("status")).to_contain_text("is removed")
    desk.sign_out()

    desk.sign_in_with_key()
    expect(page.get_by_role("alert")).to_contain_text("the code or key is wrong")
    events = {
        action for _, action, about in live_world.audit_actions(live.instance, "2000") if about == f"person:{WHO}"
    }
    assert {"security-key.added", "security-key.removed", "codes.off", "codes.on"} <= events


def test_wrong_password_with_the_right_key_reads_as_any_other_refusal(live: Live, desk: Desk) -> None:
    desk.sign_in_with_code(live.fresh_code(WHO))
    desk.add("blue stick")
    expect(desk.page.get_by_role("status")).to_be_visible()
    desk.sign_out()
    desk.fill("not the password")
    desk.page.get_by_role("button", name=WITH_KEY).click()
    expect(desk.page.get_by_role("alert")).to_have_text("The user name, the password, or the code or key is wrong.")
    assert faults(desk.page) == []


def test_number_for_an_address_is_told_to_know_no_keys(live: Live, desk: Desk) -> None:
    desk.page.goto(f"{live.url}/hub/login")
    expect(desk.page.get_by_role("button", name=WITH_KEY)).to_be_disabled()
    expect(desk.page.get_by_text(f"Security keys work at {desk.url} only")).to_be_visible()
    assert faults(desk.page) == []


def test_page_that_waits_too_long_asks_for_a_sign_in(live: Live, desk: Desk) -> None:
    desk.sign_in_with_code(live.fresh_code(WHO))
    expect(desk.page.get_by_role("button", name="Add a security key")).to_be_visible()
    desk.page.context.clear_cookies(name="saferoom-fresh")
    desk.add("too late")
    expect(desk.page.get_by_role("alert")).to_contain_text("This page is too old")
    desk.page.reload()
    expect(desk.page.get_by_role("button", name="Add a security key")).to_have_count(0)
    assert faults(desk.page) == []
    desk.page.get_by_role("button", name="Sign in again").click()
    desk.page.get_by_label("User name").fill(WHO)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_label("One-time code").fill(live.fresh_code(WHO))
    desk.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.page.get_by_role("button", name="Add a security key")).to_be_visible()


def test_sign_in_page_without_scripts_offers_the_code_alone(live: Live, chromium: Chromium) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.url}/hub/login?next=/hub/second-factor")
    expect(page.get_by_role("button", name=WITH_KEY)).to_be_hidden()
    page.get_by_label("User name").fill(WHO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(live.fresh_code(WHO))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My second factor")
    expect(page.get_by_text("Adding a key needs JavaScript.")).to_be_visible()
    context.close()
