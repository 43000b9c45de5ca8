"""Attacks tried at every page and every form there is: forged forms, strange addresses, guessed ids, redirects away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select
from tests.support import checking_world as checking
from tests.support.airlock_server import HOST, PREFIX, Browser, Service, service
from tests.support.airlock_world import world
from tests.support.project_pages import RITA, UNTIL, running

from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.hub.web.areas import AREAS
from saferoom.ids import Username
from saferoom.projects.life.model import Alteration
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power
from saferoom.projects.people.permissions import Actor

ROUTES = sorted(
    {(method, route.path) for area in AREAS for r in area.routers for route in r.routes for method in route.methods}  # type: ignore[attr-defined]
)
GETS = [path for method, path in ROUTES if method == "GET"]
POSTS = [path for method, path in ROUTES if method == "POST"]
EVERYBODY = ("ana", "ben", "dora", "rita", "ada")


@dataclass(frozen=True)
class Filled:
    """The service with something behind every kind of address, and a browser of everybody."""

    airlock: Service
    ids: dict[str, str]
    browsers: dict[str, Browser]

    def address(self, path: str, **other: str) -> str:
        """Return a route's path with ids of things that exist, or the `other` ones."""
        return re.sub(r"\{(\w+)\}", lambda found: (self.ids | other)[found[1]], path).lstrip("/")

    def links(self) -> int:
        """Return how many links the audit trail has: every deed writes one."""
        with self.airlock.world.instance.database.reading() as session:
            return session.scalar(select(func.count()).select_from(AuditLinkRow)) or 0


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with world(tmp_path_factory.mktemp("every")) as made, service(made) as airlock:
        yield Filled(airlock, _ids(airlock), {name: airlock.browser(name) for name in EVERYBODY})


def _ids(airlock: Service) -> dict[str, str]:
    """Make one of everything that an address can name."""
    instance = airlock.world.instance
    request = checking.asked(airlock.world)
    release = airlock.world.approve(airlock.world.request()).release
    file = next(output for output in request.outputs if output.title == "pay.csv")
    form = EmergencyForm(
        username=Username("otto"), power=Power.OUTPUT_CHECKER, hours=2, reason="Both checkers are ill tonight."
    )
    emergency = instance.people.break_glass(Actor.operator("admin:root"), form)
    slug = running(airlock, "runs")
    instance.lives.amend(RITA, slug, Alteration(ends=UNTIL + timedelta(days=9)), "We need longer.")
    instance.airlock.return_to_author(checking.BEN, airlock.world.request(title="Another").id, "Say more.")
    notice = instance.notices.mine(Actor.person(checking.ANA)).items[0]
    with instance.database.reading() as session:
        letter = session.scalars(select(LetterRow.id)).first()
    assert release is not None
    return {
        "request_id": request.id,
        "output_id": file.id,
        "file_id": file.evaluation,
        "suffix": "csv",
        "name": "survey",
        "variable": "region",
        "plan": "teaching-file",
        "slug": slug,
        "dataset": "survey",
        "number": "1",
        "version": "1",
        "deed": "approve",
        "kind": "lineage",
        "release_id": release.id,
        "username": "rita",
        "record_id": "record-ana-full",
        "emergency_id": emergency.id,
        "notice_id": str(notice.id),
        "letter_id": str(letter),
        "token_id": "token-" + "a" * 24,
    }


FORGED = {
    "from nowhere": {},
    "from another site": {"Origin": "http://evil.example"},
    "from another site, as its browser says": {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "cross-site"},
    "from a script of a room": {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"},
    "from a frame": {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "iframe"},
}


@pytest.mark.parametrize("name", ["ben", "ada"])
def test_form_that_another_site_sends_does_nothing_at_any_address(filled: Filled, name: str) -> None:
    browser, before = filled.browsers[name], filled.links()
    token = browser.csrf()
    for path in POSTS:
        for how, headers in FORGED.items():
            answer = browser.bare_post(filled.address(path), {"csrf": token}, **headers)
            assert answer.status_code == 403, (path, how)
    assert filled.links() == before


def test_form_without_the_sessions_own_token_does_nothing_at_any_address(filled: Filled) -> None:
    ada, before = filled.browsers["ada"], filled.links()
    for path in POSTS:
        for token in ("", "x", filled.browsers["rita"].csrf()):
            answer = ada.bare_post(filled.address(path), {"csrf": token}, Origin=f"http://{HOST}")
            assert answer.status_code == 403, path
    assert filled.links() == before


def test_form_of_nobody_does_nothing_at_any_address(filled: Filled) -> None:
    nobody, before = filled.airlock.browser(), filled.links()
    for path in POSTS:
        answer = nobody.bare_post(filled.address(path), {"csrf": "x"}, Origin=f"http://{HOST}")
        assert answer.status_code in (401, 403), path
    assert filled.links() == before


STRANGE = (
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cboot.ini",
    "%00",
    "a%0d%0aSet-Cookie:%20a=b",
    "%ff%fe",
    "'%20OR%201=1--",
    "%7B%7B1237*1009%7D%7D",
    "99999999999999999999",
    "a" * 3000,
)


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
def test_strange_address_leads_nowhere_at_any_page(filled: Filled, strange: str) -> None:
    for path in (path for path in GETS if "{" in path):
        for place in re.findall(r"\{(\w+)\}", path):
            name = "ben" if path.startswith("/requests") else "ada"
            answer = filled.browsers[name].get(filled.address(path, **{place: strange}))
            assert answer.status_code in (403, 404, 405, 409, 422), (path, place)
            assert "root:" not in answer.text
            assert "1248133" not in answer.text
            assert "set-cookie" not in answer.headers


READ_BY_OTHERS = {
    "request_id": ("rita", "request-" + "a" * 24),
    "file_id": ("rita", "evaluation-" + "a" * 24),
    "slug": ("ana", "not-there"),
    "username": ("ana", "nobody"),
    "record_id": ("ana", "record-" + "a" * 24),
    "emergency_id": ("ana", "emergency-" + "a" * 24),
}
"""Who must not tell a thing that exists from one that was made up, by what names it in an address."""


@pytest.mark.parametrize("place", READ_BY_OTHERS)
def test_guessed_id_is_answered_like_one_that_was_made_up(filled: Filled, place: str) -> None:
    name, made_up = READ_BY_OTHERS[place]
    browser = filled.browsers[name]
    for method, path in ROUTES:
        if f"{{{place}}}" not in path or path.startswith("/register"):
            continue
        answers = []
        for id_ in (filled.ids[place], made_up):
            address = filled.address(path, **{place: id_})
            found = browser.get(address) if method == "GET" else browser.post(address)
            answers.append((found.status_code, _plain(found, id_)))
        assert answers[0] == answers[1], (method, path)
        assert answers[0][0] in (403, 404), (method, path)


def test_notice_of_somebody_else_is_neither_opened_nor_marked(filled: Filled) -> None:
    rita = filled.browsers["rita"]
    unread = filled.airlock.world.instance.notices.count(checking.ANA)
    for path in ("notices/{notice_id}/read", "notices/{notice_id}/open"):
        real, made_up = rita.post(filled.address(path)), rita.post(filled.address(path, notice_id="999999"))
        assert (real.status_code, _plain(real)) == (made_up.status_code, _plain(made_up))
        assert real.status_code == 404
    assert filled.airlock.world.instance.notices.count(checking.ANA) == unread


def _plain(answer: httpx.Response, id_: str = "") -> str:
    """Return a page without what differs between any two of them: tokens, and the id that was asked for."""
    text = re.sub(r'nonce="[^"]*"|name="csrf" value="[^"]*"', "", answer.text)
    return text.replace(id_, "") if id_ else text


AWAY = ("//evil.example", "/\\evil.example", "https://evil.example/", "%2f%2fevil.example", "javascript:alert(1)")


@pytest.mark.parametrize("host", [HOST, "evil.example"])
def test_every_redirect_leads_to_these_pages_whatever_was_asked(filled: Filled, host: str) -> None:
    """Neither the host that a request names nor a word in its address becomes part of where it leads."""
    ben, nobody = filled.browsers["ben"], filled.airlock.browser()
    headers = {
        "Host": host,
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    answers = []
    for away in AWAY:
        for asked in (f"queue?done={away}", f"?next={away}", away, f"requests?state={away}", f"{away}/../queue"):
            answers += [ben.get(asked, **headers), nobody.get(asked, **headers)]
    sent = {"csrf": ben.csrf(), "next": "//evil.example", "done": "//evil.example", "return": "//evil.example"}
    for path in ("requests/{request_id}/claim", "notices/read", "notices/choose"):
        answers.append(ben.bare_post(filled.address(path), sent, **headers, Origin=f"http://{host}"))
    leading = [answer.headers["location"] for answer in answers if answer.is_redirect]
    assert leading
    for place in leading:
        assert place.startswith((PREFIX, "/hub/api/oauth2/authorize?")), place
        assert "\\" not in place
        assert "evil.example" not in place.partition("?")[0]
