"""Who may change a second factor, from where, and when; and signing in with a key at the real hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.authenticator import SoftKey
from tests.support.live import Live
from tests.support.live_world import ALPHA, PASSWORD, people_document, restore

from saferoom.clock import SystemClock
from saferoom.errors import UnauthenticatedError
from saferoom.hub.administration import Administration
from saferoom.hub.drive import HubSession
from saferoom.hub.store.security_keys import SecurityKey
from saferoom.ids import Username
from saferoom.projects.administration.documents import read_entries

pytestmark = pytest.mark.live

WHO, OTHER = Username("rhea"), Username("rolf")
_SAID = re.compile(r'class="note (?:pass|fail)" role="(?:status|alert)">([^<]+)<')
_ASK_THE_SOCKET = """
import socket
for call in ("GET /hub/second-factor", "POST /hub/security-key", "POST /hub/second-factor", "POST /hub/login"):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("/run/hub.sock")
        one.sendall(f"{call} HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
        print(one.makefile("rb").readline().split()[1].decode())
"""


def key_for(live: Live) -> SoftKey:
    return SoftKey(live.url.replace("127.0.0.1", "localhost"), "localhost")


def deed(session: HubSession, which: str, **fields: str) -> httpx.Response:
    """Press a button of the page."""
    form = {"deed": which, "_xsrf": session.xsrf("/hub/"), **fields}
    return session.http.post("/hub/second-factor", data=form)


def add(session: HubSession, key: SoftKey, name: str = "blue stick", **changed: Any) -> httpx.Response:
    asked = deed(session, "options")
    assert asked.headers["content-type"].startswith("application/json"), asked.text
    return deed(session, "add", name=name, key=key.create(asked.text, **changed))


def sign_in(live: Live, key: SoftKey, username: str = WHO, password: str = PASSWORD) -> HubSession:
    """Sign in with a key as the script of the page does."""
    session = HubSession(live.url)
    session.http.get("/hub/login")
    xsrf = session.xsrf("/hub/")
    asked = session.http.post("/hub/security-key", data={"username": username}, headers={"X-XSRFToken": xsrf})
    fields = {"username": username, "password": password, "totp": "", "key": key.get(asked.text), "_xsrf": xsrf}
    answer = session.http.post("/hub/login", data=fields, follow_redirects=False)
    if answer.status_code != 302:
        session.close()
        raise UnauthenticatedError(answer.text)
    session.username = username
    return session


def keys(live: Live, username: Username = WHO) -> tuple[SecurityKey, ...]:
    return live.instance.security_keys.factors(username).keys


def said(page: httpx.Response) -> str:
    found = _SAID.search(page.text)
    return found[1] if found else page.text


@pytest.fixture
def inside(live: Live) -> Iterator[HubSession]:
    """Rhea, who has just signed in with a code, and has no key."""
    with live.sign_in(WHO) as session:
        yield session


def test_key_added_after_a_fresh_sign_in_lets_in(live: Live, inside: HubSession) -> None:
    key = key_for(live)
    assert "is added" in said(add(inside, key))
    with sign_in(live, key) as session:
        assert "Rhea Reviewer" in session.http.get("/hub/second-factor").text
        (one,) = keys(live)
        assert one.used_at is not None
        assert "is removed" in said(deed(session, "remove", id=one.id))
    with pytest.raises(UnauthenticatedError, match="the code or key is wrong"):
        sign_in(live, key)


def test_sign_in_that_is_not_fresh_changes_nothing(live: Live, inside: HubSession) -> None:
    add(inside, key_for(live))
    inside.http.cookies.delete("saferoom-fresh")
    before = live.instance.security_keys.factors(WHO)
    for name, fields in (
        ("options", {}),
        ("add", {"name": "x", "key": "{}"}),
        ("remove", {"id": before.keys[0].id}),
        ("codes-off", {}),
    ):
        answer = deed(inside, name, **fields)
        assert answer.status_code == 409
        assert "Sign in again before you change" in answer.text
    assert live.instance.security_keys.factors(WHO) == before


def test_fresh_sign_in_of_one_person_is_not_anothers(live: Live, inside: HubSession) -> None:
    with live.sign_in(OTHER) as other:
        cookie = next(one for one in other.http.cookies.jar if one.name == "saferoom-fresh")
        inside.http.cookies.delete("saferoom-fresh")
        inside.http.cookies.jar.set_cookie(cookie)
        assert deed(inside, "codes-off").status_code == 409
        assert deed(inside, "options").status_code == 409


def test_nobody_adds_a_key_before_being_signed_in(live: Live) -> None:
    with HubSession(live.url) as session:
        session.http.get("/hub/login")
        for name in ("options", "add", "remove", "codes-off"):
            assert deed(session, name).status_code in (403, 409)
        assert session.http.get("/hub/second-factor").url.path == "/hub/login"


def test_form_of_another_site_is_refused(live: Live, inside: HubSession) -> None:
    add(inside, key_for(live))
    (one,) = keys(live)
    for fields in ({"deed": "remove", "id": one.id}, {"deed": "codes-off"}, {"deed": "options"}):
        assert inside.http.post("/hub/second-factor", data=fields).status_code == 403
        assert inside.http.post("/hub/second-factor", data=fields | {"_xsrf": "guess"}).status_code == 403
    assert inside.http.post("/hub/security-key", data={"username": WHO}).status_code == 403
    assert keys(live) == (one,)


def test_key_of_another_person_cannot_be_removed_by_its_id(live: Live, inside: HubSession) -> None:
    with live.sign_in(OTHER) as other:
        add(other, key_for(live))
        (one,) = keys(live, OTHER)
        answer = deed(inside, "remove", id=one.id)
        assert answer.status_code == 404
        assert "There is no such security key" in said(answer)
        assert keys(live, OTHER) == (one,)


def test_challenge_reads_the_same_for_everybody(live: Live, inside: HubSession) -> None:
    add(inside, key_for(live))
    asked = []
    with HubSession(live.url) as session:
        session.http.get("/hub/login")
        for username in (WHO, "chen", "nobody", ""):
            answer = session.http.post(
                "/hub/security-key", data={"username": username}, headers={"X-XSRFToken": session.xsrf("/hub/")}
            )
            options = json.loads(answer.text)
            assert len(options.pop("challenge")) == 43
            asked.append((answer.status_code, options))
    assert all(one == asked[0] for one in asked)
    assert asked[0][0] == 200
    assert asked[0][1]["rpId"] == "localhost"
    assert asked[0][1]["userVerification"] == "required"


def test_account_that_lapsed_changes_nothing_and_does_not_get_in_with_its_key(live: Live) -> None:
    key, cleo = key_for(live), Username("cleo")
    admin = Administration(live.instance.database, SystemClock(), live.instance.signing_key, actor="test")
    with live.sign_in(cleo) as session:
        add(session, key)
        before = live.instance.security_keys.factors(cleo)
        try:
            admin.apply(read_entries([(people_document(cleo, accredited=False), "x")]))
            for which in ("codes-off", "options"):
                assert deed(session, which).status_code == 403
            assert live.instance.security_keys.factors(cleo) == before
            with pytest.raises(UnauthenticatedError, match="accreditation expired on"):
                sign_in(live, key, cleo)
        finally:
            restore(live.instance)


def test_room_reaches_no_page_of_second_factors(live: Live) -> None:
    result = live.room("ana", ALPHA).execute(_ASK_THE_SOCKET)
    assert result.error == ""
    # Whoever asks through the proxy is sent to the sign-in page by the first one.
    assert result.text.split() == ["403"] * 4


def test_answer_of_any_length_is_refused(live: Live, inside: HubSession) -> None:
    deed(inside, "options")
    answer = deed(inside, "add", name="x" * 100_000, key="x" * 500_000)
    assert answer.status_code == 422
    assert keys(live) == ()


def test_rooms_pages_may_not_ask_for_keys(live: Live) -> None:
    live.room("ana", ALPHA)
    answer = live.session("ana").http.get(f"/user/ana/{ALPHA}/api")
    assert "publickey-credentials-get=()" in answer.headers["permissions-policy"]
    assert "publickey-credentials-create=()" in answer.headers["permissions-policy"]
