"""Signing in through a provider in a real Chromium: every page on the way, with a code, a key and an invitation."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from tests.support.accessible import faults
from tests.support.live_world import PASSWORD, SECRET
from tests.support.oidc import OidcWorld, world

from saferoom.ids import Username

pytestmark = [pytest.mark.live, pytest.mark.oidc, pytest.mark.browser]

THROUGH = "Sign in through Example University"
STICK = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcWorld]:
    folder = tmp_path_factory.mktemp("oidc")
    # Keys know names alone, no numbers.
    with world(folder, host="localhost", second_factor="local", acr_values=None) as made:
        yield made


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    wire = context.new_cdp_session(made)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": STICK})
    yield made
    context.close()


def begin(oidc: OidcWorld, page: Page, account: str, next_url: str = "/hub/second-factor") -> None:
    """Sign in at the provider as `account`, and come back."""
    page.goto(oidc.hub.url.replace("127.0.0.1", "localhost") + f"/hub/oauth_login?next={next_url}")
    page.locator("input[name=login]").fill(account)
    page.locator("input[name=login]").press("Enter")


def code(oidc: OidcWorld, username: str) -> str:
    oidc.instance.credentials.set_password(Username(username), PASSWORD, totp_secret=SECRET)
    return pyotp.TOTP(SECRET).now()


def test_code_then_key_after_the_provider(oidc: OidcWorld, page: Page) -> None:
    shown = code(oidc, "ana")
    page.goto(oidc.hub.url.replace("127.0.0.1", "localhost") + "/hub/login")
    expect(page.get_by_role("link", name=THROUGH)).to_be_visible()
    assert faults(page) == []
    begin(oidc, page, "a-1001")
    expect(page.get_by_role("heading", level=1)).to_have_text("One step is left")
    assert faults(page) == []
    page.get_by_label("One-time code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    assert faults(page) == []
    page.get_by_label("One-time code").fill(shown)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("My second factor")
    page.get_by_label("Name of a new key").fill("laptop")
    page.get_by_role("button", name="Add a security key").click()
    expect(page.get_by_role("status")).to_contain_text("is added")
    assert faults(page) == []
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("link", name=THROUGH)).to_be_visible()

    page.context.clear_cookies()
    begin(oidc, page, "a-1001")
    page.get_by_role("button", name="Use a security key instead").click()
    expect(page.get_by_text("last used")).to_be_visible()
    # Fresh again: the key was one more proof of who is there.
    expect(page.get_by_role("button", name="Remove laptop")).to_be_visible()


def test_key_of_another_person_is_refused_after_the_provider(oidc: OidcWorld, page: Page) -> None:
    begin(oidc, page, "a-1003")
    page.get_by_label("One-time code").fill(code(oidc, "cleo"))
    page.keyboard.press("Enter")
    page.get_by_label("Name of a new key").fill("cleo's")
    page.get_by_role("button", name="Add a security key").click()
    expect(page.get_by_role("status")).to_contain_text("is added")
    page.context.clear_cookies()
    begin(oidc, page, "a-1004")
    page.get_by_role("button", name="Use a security key instead").click()
    expect(page.get_by_role("alert")).to_contain_text("The security key was not accepted")
    assert faults(page) == []


def test_invitation_is_used_in_a_browser(oidc: OidcWorld, page: Page) -> None:
    made = oidc.instance.sign_in_links.invite(Username("olga"), actor="admin:root", days=1)
    begin(oidc, page, "a-2002")
    expect(page.get_by_role("heading", level=1)).to_have_text("Use your invitation")
    assert faults(page) == []
    page.get_by_label("Code of your invitation").fill("AAAA-BBBB-CCCC-DDDD")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("was used or has expired")
    assert faults(page) == []
    page.get_by_label("Code of your invitation").fill(made.code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("One step is left")


def test_refusal_after_the_provider_is_a_page_to_go_on_from(oidc: OidcWorld, page: Page) -> None:
    begin(oidc, page, "a-1002")
    expect(page.get_by_text("accreditation expired on")).to_be_visible()
    assert faults(page) == []
