"""Signing in through a real OpenID Connect provider: who gets in, who does not, and what becomes of sessions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support import live_world
from tests.support.live_world import ALPHA, PASSWORD
from tests.support.oidc import Browser, OidcWorld, alert, world
from tests.support.on_disk import holding

from saferoom.hub.jupyter.config import REFRESH_SECONDS
from saferoom.hub.jupyter.oidc.provider import DISCOVERY_SECONDS
from saferoom.ids import Username
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import AccountForm

pytestmark = [pytest.mark.live, pytest.mark.oidc]


_ASK_THE_SOCKET = """
import socket
for head in {heads!r}:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("/run/hub.sock")
        one.sendall(head.encode())
        print(one.makefile("rb").readline().split()[1].decode())
"""


@pytest.fixture(scope="module")
def oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcWorld]:
    with world(tmp_path_factory.mktemp("oidc")) as made:
        yield made


@pytest.fixture
def browser(oidc: OidcWorld) -> Iterator[Browser]:
    with oidc.browser() as made:
        yield made


def ended_within(browser: Browser, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while browser.inside():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def test_linked_person_gets_in_with_the_registrys_name_and_projects(browser: Browser) -> None:
    page = browser.sign_in("a-1001")
    assert page.status_code == 200
    home = browser.http.get("/hub/home").text
    assert "Ana Alvarez" in home
    assert "Project alpha" in home


def test_what_the_provider_says_of_groups_and_names_gives_nothing(browser: Browser) -> None:
    browser.sign_in("a-1001")
    model = browser.session("ana").api("GET", "user").json()
    assert model["name"] == "ana"
    assert model["groups"] == [ALPHA]
    assert not model["admin"]
    assert "Project beta" not in browser.http.get("/hub/home").text


def test_sign_in_is_in_the_audit_trail_without_the_providers_id(oidc: OidcWorld, browser: Browser) -> None:
    browser.sign_in("a-1001")
    assert ("ana", "sign-in.succeeded", "person:ana") in live_world.audit_actions(oidc.instance, "2000")
    assert not holding(oidc.hub.home.root, "a-1001")
    assert "a-1001" not in oidc.hub.log.read_text()


def test_account_without_a_second_factor_is_refused_with_what_to_do(browser: Browser) -> None:
    page = browser.sign_in("a-3001")
    assert page.status_code == 403
    assert "did not say that it asked for a second factor" in alert(page)
    assert not browser.inside()


def test_person_not_in_good_standing_is_refused_with_the_reason(browser: Browser) -> None:
    page = browser.sign_in("a-1002")
    assert page.status_code == 403
    assert "accreditation expired on" in alert(page)
    assert not browser.inside()


def test_account_with_a_persons_e_mail_address_and_name_is_nobodys(browser: Browser) -> None:
    page = browser.sign_in("a-2001")
    assert "belongs to nobody here" in page.text
    assert not browser.inside()


def test_invitation_links_an_account_once_and_then_it_gets_in_by_itself(oidc: OidcWorld) -> None:
    made = oidc.instance.sign_in_links.invite(Username("olga"), actor="admin:root", days=1)
    with oidc.browser() as browser:
        page = browser.sign_in("a-2002")
        wrong = browser.answer(page, "AAAA-BBBB-CCCC-DDDD")
        assert wrong.status_code == 403
        assert "not known, was used or has expired" in alert(wrong)
        browser.answer(wrong, made.code.lower())
        assert browser.inside()
    with oidc.browser() as again:
        again.sign_in("a-2002")
        assert again.inside()
    with oidc.browser() as thief:
        refused = thief.answer(thief.sign_in("a-2003"), made.code)
        assert refused.status_code == 403
        assert not thief.inside()


def test_password_form_is_closed(browser: Browser) -> None:
    browser.http.get("/hub/login")
    form = {"username": "ana", "password": PASSWORD, "totp": "000000", "_xsrf": browser.session("").xsrf("/hub/")}
    answer = browser.http.post("/hub/login", data=form)
    assert answer.status_code == 403
    assert "Sign in through the provider" in answer.text
    assert 'name="password"' not in browser.http.get("/hub/login").text


def test_address_that_came_back_once_signs_nobody_in_again(oidc: OidcWorld, browser: Browser) -> None:
    back = browser.until_back("a-1001")
    cookies = list(browser.http.cookies.jar)
    assert browser.http.get(back).status_code == 200
    assert browser.inside()
    assert browser.http.get(back).status_code == 409
    with oidc.browser() as thief:
        # With the state's cookie as well: whoever copied the whole browser comes too late.
        for cookie in cookies:
            thief.http.cookies.jar.set_cookie(cookie)
        answer = thief.http.get(back)
        assert answer.status_code == 409
        assert "not under way in this browser" in alert(answer)
        assert not thief.inside()


def test_address_meant_for_another_browser_signs_nobody_in(oidc: OidcWorld, browser: Browser) -> None:
    back = browser.until_back("a-1001")
    with oidc.browser() as victim:
        assert victim.http.get(back).status_code == 409
        victim.begin()
        assert victim.http.get(back).status_code == 409
        assert not victim.inside()


def test_code_of_another_sign_in_is_refused(oidc: OidcWorld, browser: Browser) -> None:
    stolen = parse_qs(urlsplit(browser.until_back("a-1001")).query)["code"][0]
    with oidc.browser() as thief:
        own = httpx.URL(thief.until_back("a-2003"))
        answer = thief.http.get(own.copy_set_param("code", stolen))
        assert answer.status_code == 401
        assert "could not be verified" in alert(answer)
        assert not thief.inside()


def test_code_that_another_client_got_is_refused(oidc: OidcWorld, browser: Browser) -> None:
    own = httpx.URL(browser.until_back("a-2003"))
    with oidc.browser() as other:
        page = other.http.get(
            f"{oidc.provider.issuer}/auth",
            params={
                "client_id": "another",
                "response_type": "code",
                "scope": "openid",
                "redirect_uri": f"{oidc.hub.url}/hub/oauth_callback",
                "state": "x",
                "code_challenge": "x" * 43,
                "code_challenge_method": "S256",
            },
        )
        answer = other.http.post(page.url, data={"login": "a-1001"}, follow_redirects=False)
        while not (target := str(answer.headers["location"])).startswith(oidc.hub.url):
            answer = other.http.get(httpx.URL(answer.url).join(target), follow_redirects=False)
    code = httpx.URL(target).params["code"]
    assert browser.http.get(own.copy_set_param("code", code)).status_code == 401
    assert not browser.inside()


def test_answer_in_the_name_of_another_provider_is_refused(browser: Browser) -> None:
    back = httpx.URL(browser.until_back("a-1001"))
    assert browser.http.get(back.copy_set_param("iss", "http://localhost:1/")).status_code == 401
    assert not browser.inside()


def test_who_is_declined_reads_our_words_and_not_the_addresss(browser: Browser) -> None:
    page = browser.sign_in("nobody-there")
    assert page.status_code == 403
    assert "did not sign you in" in alert(page)
    assert "<b>nobody" not in page.text
    assert "nobody</b>" not in page.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/x", "///evil.example", r"/\evil.example", "javascript:alert(1)"]
)
def test_sign_in_leads_to_no_other_site(browser: Browser, oidc: OidcWorld, target: str) -> None:
    browser.http.follow_redirects = True
    page = browser.sign_in("a-1001", target)
    assert str(page.url).startswith(oidc.hub.url)
    assert all("evil" not in (httpx.URL(one.headers["location"]).host or "") for one in page.history)
    assert browser.inside()


def test_sign_in_leads_back_to_where_it_began(browser: Browser) -> None:
    assert browser.sign_in("a-1001", "/hub/token?x=1").url.path == "/hub/token"


def test_cookies_of_a_sign_in_go_to_the_hub_alone(browser: Browser) -> None:
    browser.begin()
    (state,) = [one for one in browser.http.cookies.jar if one.name == "oauthenticator-state"]
    assert state.path == "/hub/"
    assert state.has_nonstandard_attr("HttpOnly")
    assert state.get_nonstandard_attr("SameSite") == "Lax"
    assert state.expires is not None
    assert state.expires - time.time() < 700


def test_room_neither_begins_nor_ends_a_sign_in_at_the_hubs_socket(oidc: OidcWorld, browser: Browser) -> None:
    browser.sign_in("a-1003")
    room = browser.session("cleo").start_room(ALPHA)
    with oidc.browser() as other:
        back = other.until_back("a-1001")
        cookies = "; ".join(f"{one.name}={one.value}" for one in other.http.cookies.jar if one.path == "/hub/")
        heads = [
            f"GET {where} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Saferoom-Proxy: guess\r\nCookie: {cookies}\r\n\r\n"
            for where in (back.removeprefix(oidc.hub.url), "/hub/oauth_login", "/hub/sign-in")
        ]
        try:
            said = room.execute(_ASK_THE_SOCKET.format(heads=heads))
            assert said.text.split() == ["403", "403", "403"], said
        finally:
            browser.session("cleo").stop_room(ALPHA)
        # The very same, through the proxy, would have been somebody's sign-in.
        other.http.get(back)
        assert other.inside()


def test_closed_account_ends_the_session(oidc: OidcWorld, browser: Browser) -> None:
    browser.sign_in("a-1004")
    assert browser.inside()
    people, operator = oidc.instance.people, Actor.operator("admin:root")
    version = people.dossier(operator, Username("ben")).version
    people.close(operator, Username("ben"), AccountForm(reason="left the project", version=version))
    assert ended_within(browser, REFRESH_SECONDS + 5)


def test_unlinking_ends_the_session_and_the_room(oidc: OidcWorld, browser: Browser) -> None:
    browser.sign_in("a-1003")
    session = browser.session("cleo")
    room = session.start_room(ALPHA)
    assert room.execute("1 + 1").results
    since = oidc.instance.clock.now().isoformat()
    oidc.instance.sign_in_links.unlink(Username("cleo"), actor="admin:root")
    try:
        assert ended_within(browser, REFRESH_SECONDS + 5)
        deadline = time.monotonic() + REFRESH_SECONDS + 10
        while ("hub", "room.ended", f"project:{ALPHA}") not in live_world.audit_actions(oidc.instance, since):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        # The session at the provider goes on; it opens nothing here.
        assert "belongs to nobody here" in browser.begin().text
        assert not browser.inside()
    finally:
        oidc.link("cleo")


def test_provider_that_is_away_keeps_everybody_out_ends_no_session_and_is_found_again(oidc: OidcWorld) -> None:
    with oidc.browser() as inside, oidc.browser() as outside:
        inside.sign_in("a-1001")
        oidc.provider.stop()
        try:
            time.sleep(DISCOVERY_SECONDS)
            page = outside.begin()
            assert page.status_code == 503
            assert "Example University cannot be reached" in alert(page)
            assert not outside.inside()
            assert inside.inside()
        finally:
            oidc.provider.start()
        outside.sign_in("a-1001")
        assert outside.inside()
