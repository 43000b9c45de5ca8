"""Forms in a real browser: what is wrong is said beside the field, by keyboard and by screen reader, without script."""

from __future__ import annotations

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.accessible import faults
from tests.support.airlock_pages import opened
from tests.support.airlock_server import Service
from tests.support.budget_pages import budgeted, charged

from saferoom.ids import Username

pytestmark = pytest.mark.browser
PASSWORD, SEED = "Seven quiet whales below", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def send_as_it_is(page: Page) -> None:
    """Send the page's form past the browser's own checks, as an older browser would."""
    page.eval_on_selector("main form", "form => form.setAttribute('novalidate', '')")
    page.locator("main form button.main").click()


def test_wrong_form_is_accessible_and_leads_to_what_is_wrong(chromium: Chromium, airlock: Service) -> None:
    with opened(chromium, airlock, "ada", "new-person") as page:
        page.get_by_label("Name", exact=True).fill("Nora Nagy")
        send_as_it_is(page)
        page.get_by_role("alert").wait_for()
        assert faults(page) == []
        assert page.get_by_label("Name", exact=True).input_value() == "Nora Nagy"
        wrong = page.get_by_label("User name", exact=True)
        assert wrong.get_attribute("aria-invalid") == "true"
        said = page.locator("#" + str(wrong.get_attribute("aria-describedby")).split()[-1])
        assert "Fill this in." in said.inner_text()
        page.get_by_role("alert").get_by_role("link", name="User name").press("Enter")
        page.keyboard.type("nora")
        assert wrong.input_value() == "nora"


def test_enter_in_a_row_sends_the_form_and_takes_no_row_away(chromium: Chromium, airlock: Service) -> None:
    with opened(chromium, airlock, "ana", "projects/new", java_script_enabled=False) as page:
        page.get_by_label("Short name").fill("pay-gaps")
        page.get_by_label("Title").fill("Pay gaps")
        page.get_by_label("User name").fill("rita")
        page.get_by_role("button", name="Add another person").click()
        assert page.get_by_label("User name").count() == 2
        assert page.get_by_label("User name").first.input_value() == "rita"
        page.get_by_label("User name").first.press("Enter")
        page.wait_for_url("**/projects/pay-gaps**")
        assert page.get_by_text("rita").first.is_visible()


def test_token_is_made_with_proof_shown_once_used_by_a_program_and_ended_by_one_click(
    chromium: Chromium, airlock: Service
) -> None:
    instance = airlock.world.instance
    instance.credentials.set_password(Username("ana"), PASSWORD, totp_secret=SEED)
    with opened(chromium, airlock, "ana", "tokens") as page:
        page.get_by_label("Name", exact=True).fill("nightly")
        page.get_by_label("read", exact=False).first.check()
        page.get_by_label("Password").fill("not mine at all")
        page.get_by_label("code").fill("000000")
        page.get_by_role("button", name="Make the token").click()
        page.get_by_role("alert").wait_for()
        assert faults(page) == []
        assert page.get_by_label("Name", exact=True).input_value() == "nightly"
        assert [page.get_by_label(secret).input_value() for secret in ("Password", "code")] == ["", ""]
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("code").fill(pyotp.TOTP(SEED).at(airlock.world.clock.now()))
        page.get_by_role("button", name="Make the token").click()
        shown = page.locator("code", has_text="srt_").inner_text()
        assert faults(page) == []
        address = f"{airlock.url}api/v1/me"
        program = httpx.Client(headers={"Authorization": f"Bearer {shown}"}, trust_env=False)
        with program:
            assert program.get(address).status_code == 200
            page.goto(airlock.url + "tokens")
            assert shown not in page.content()
            page.get_by_role("button", name="nightly").click()
            page.get_by_role("button", name="nightly").wait_for(state="detached")
            assert program.get(address).status_code == 401


def test_limit_of_a_privacy_budget_is_set_without_script_and_one_that_is_too_low_is_explained(
    chromium: Chromium, airlock: Service
) -> None:
    with opened(chromium, airlock, "dora", "sign-offs", java_script_enabled=False) as page:
        page.get_by_role("link", name="Budgets").click()
        page.get_by_role("link", name="Dataset 'survey'", exact=True).click()
        assert page.get_by_text("Nothing can be released with noise until a limit is set.").is_visible()
        page.get_by_role("textbox", name="Epsilon").fill("4")
        page.get_by_role("textbox", name="Delta").fill("0.000001")
        page.get_by_role("textbox", name="Delta").press("Enter")
        page.get_by_text("The limit is set.").wait_for()
        assert page.get_by_text("Set by dora").is_visible()
    budgeted(airlock.world, version=1)
    charged(airlock.world, "one", 100_000_000)
    with opened(chromium, airlock, "dora", "budgets/lineage/survey") as page:
        page.get_by_role("textbox", name="Epsilon").fill("1")
        page.get_by_role("button", name="Set the limit").click()
        page.get_by_role("alert").wait_for()
        assert faults(page) == []
        wrong = page.get_by_role("textbox", name="Epsilon")
        assert (wrong.get_attribute("aria-invalid"), wrong.input_value()) == ("true", "1")
        said = page.locator("#" + str(wrong.get_attribute("aria-describedby")).split()[-1])
        assert "epsilon has to be 2.2" in said.inner_text()
        page.get_by_label("Nothing more than is spent").check()
        page.get_by_role("button", name="Set the limit").click()
        page.get_by_text("Nothing is left.").wait_for()
