"""Who gets in, and what those read who do not."""

from __future__ import annotations

import pyotp
import pytest
from tests.support.live import Live
from tests.support.live_world import ALPHA, PASSWORD, SECRET

from saferoom.errors import ForbiddenError, TooManyError, UnauthenticatedError
from saferoom.hub.drive import HubSession

pytestmark = pytest.mark.live

WRONG = "The user name, the password, or the code or key is wrong."


def test_sign_in_with_password_and_code_shows_the_persons_projects(live: Live) -> None:
    with live.sign_in("ana") as session:
        page = session.http.get("/hub/home").text
    assert "Project alpha" in page
    assert "Project beta" not in page
    assert "Ana Alvarez" in page


def test_sign_in_with_a_wrong_password_is_refused(live: Live) -> None:
    with HubSession(live.url) as session, pytest.raises(UnauthenticatedError, match=WRONG):
        session.sign_in("ana", "wrong", live.fresh_code("ana"))


def test_sign_in_with_a_wrong_code_is_refused(live: Live) -> None:
    live.fresh_code("ana")
    code = pyotp.TOTP(SECRET).at(0)
    with HubSession(live.url) as session, pytest.raises(UnauthenticatedError, match=WRONG):
        session.sign_in("ana", PASSWORD, code)


def test_sign_in_with_a_code_used_before_is_refused(live: Live) -> None:
    code = live.fresh_code("ana")
    with HubSession(live.url) as session:
        session.sign_in("ana", PASSWORD, code)
    with HubSession(live.url) as session, pytest.raises(UnauthenticatedError, match=WRONG):
        session.sign_in("ana", PASSWORD, code)


def test_sign_in_of_an_unknown_person_reads_like_a_wrong_password(live: Live) -> None:
    with HubSession(live.url) as session, pytest.raises(UnauthenticatedError, match=WRONG):
        session.sign_in("nobody", PASSWORD, "123456")


def test_sign_in_with_lapsed_accreditation_is_refused_with_the_reason(live: Live) -> None:
    with HubSession(live.url) as session, pytest.raises(ForbiddenError, match="accreditation expired on"):
        session.sign_in("lena", PASSWORD, live.fresh_code("lena"))


def test_sign_in_after_too_many_failures_is_refused_even_with_the_right_password(live: Live) -> None:
    with HubSession(live.url) as session:
        for _ in range(10):
            with pytest.raises(UnauthenticatedError):
                session.sign_in("chen", "wrong", "000000")
        with pytest.raises(TooManyError, match="wait 15 minutes"):
            session.sign_in("chen", PASSWORD, pyotp.TOTP(SECRET).now())


def test_checker_without_projects_is_sent_to_the_airlock(live: Live) -> None:
    with live.sign_in("carla") as session:
        page = session.http.get("/hub/home").text
    assert "You are not a member of any project" in page
    assert "/services/airlock/" in page


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(live: Live) -> None:
    with live.sign_in("ana") as session:
        cookies = {one.name: one for one in session.http.cookies.jar}
    assert "jupyterhub-hub-login" in cookies
    login = cookies["jupyterhub-hub-login"]
    assert login.path == "/hub/"
    assert login.has_nonstandard_attr("HttpOnly")
    assert login.get_nonstandard_attr("SameSite") == "Lax"
    assert login.expires is not None


def test_pages_need_a_session(live: Live) -> None:
    with HubSession(live.url) as session:
        assert session.http.get("/hub/home").url.path == "/hub/login"
        assert session.api("GET", "users").status_code == 403


def test_signing_out_ends_the_session(live: Live) -> None:
    with live.sign_in("carla") as session:
        session.sign_out()
        assert session.http.get("/hub/home").url.path == "/hub/login"


def test_nobody_can_make_tokens_or_administer_through_the_web(live: Live) -> None:
    with live.sign_in("olga") as session:
        assert session.api("POST", "users/olga/tokens", json={"note": "x"}).status_code == 403
        assert session.api("GET", "users").status_code == 403
        assert session.http.get("/hub/admin").status_code == 403
        assert session.http.get(f"/user/ana/{ALPHA}/lab").status_code in (403, 404)
