"""Signing in through a provider, with the person's own one-time code as the second factor."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pyotp
import pytest
from tests.support.live_world import PASSWORD, SECRET
from tests.support.oidc import Browser, OidcWorld, alert, world

from saferoom.ids import Username

pytestmark = [pytest.mark.live, pytest.mark.oidc]


@pytest.fixture(scope="module")
def oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcWorld]:
    with world(tmp_path_factory.mktemp("oidc"), second_factor="local", acr_values=None) as made:
        yield made


@pytest.fixture
def browser(oidc: OidcWorld) -> Iterator[Browser]:
    with oidc.browser() as made:
        yield made


def fresh_code(oidc: OidcWorld, username: str) -> str:
    oidc.instance.credentials.set_password(Username(username), PASSWORD, totp_secret=SECRET)
    return pyotp.TOTP(SECRET).now()


def test_code_is_asked_for_after_the_provider_and_lets_in_once(oidc: OidcWorld, browser: Browser) -> None:
    code = fresh_code(oidc, "ana")
    page = browser.sign_in("a-1001", "/hub/token")
    assert page.url.path == "/hub/sign-in"
    assert "One-time code" in page.text
    assert not browser.inside()
    wrong = browser.answer(page, pyotp.TOTP(SECRET).at(0))
    assert wrong.status_code == 401
    assert "The code is wrong" in alert(wrong)
    assert not browser.inside()
    assert browser.answer(wrong, code).url.path == "/hub/token"
    assert browser.inside()
    with oidc.browser() as other:
        again = other.answer(other.sign_in("a-1001"), code)
        assert again.status_code == 401
        assert not other.inside()


def test_what_the_provider_says_of_second_factors_is_not_enough(browser: Browser) -> None:
    browser.sign_in("a-1003")
    assert browser.http.get("/hub/home").url.path == "/hub/login"
    assert browser.session("cleo").api("GET", "user").status_code == 403


def test_step_without_the_provider_leads_nowhere(oidc: OidcWorld, browser: Browser) -> None:
    code = fresh_code(oidc, "ana")
    page = browser.http.get("/hub/login")
    browser.http.cookies.set("saferoom-sign-in", "guess", domain="127.0.0.1", path="/hub/")
    form = {"_xsrf": browser.session("").xsrf("/hub/"), "answer": code}
    answer = browser.http.post("/hub/sign-in", data=form)
    assert page.status_code == 200
    assert answer.status_code == 409
    assert not browser.inside()


def test_code_of_another_person_is_wrong(oidc: OidcWorld, browser: Browser) -> None:
    other = pyotp.random_base32()
    oidc.instance.credentials.set_password(Username("ben"), PASSWORD, totp_secret=other)
    fresh_code(oidc, "cleo")
    assert browser.answer(browser.sign_in("a-1003"), pyotp.TOTP(other).now()).status_code == 401
    assert not browser.inside()


def test_guesses_at_the_code_come_to_an_end(oidc: OidcWorld, browser: Browser) -> None:
    code = fresh_code(oidc, "ben")
    page: httpx.Response = browser.sign_in("a-1004")
    for _ in range(10):
        page = browser.answer(page, pyotp.TOTP(SECRET).at(0))
        assert page.status_code == 401
    page = browser.answer(page, code)
    assert page.status_code == 429
    assert "too many failed sign-ins" in alert(page)
    assert not browser.inside()


def test_cross_site_form_is_refused(oidc: OidcWorld, browser: Browser) -> None:
    code = fresh_code(oidc, "cleo")
    browser.sign_in("a-1003")
    assert browser.http.post("/hub/sign-in", data={"answer": code}).status_code == 403
    assert not browser.inside()
