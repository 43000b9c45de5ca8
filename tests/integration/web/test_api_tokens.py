"""API tokens: made on their page, shown once, used by a program, listed with their last use, ended by one click."""

from __future__ import annotations

import re
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from tests.support.airlock_server import HOST, Browser, Service
from tests.support.airlock_world import World
from tests.support.api_client import Client, client, given_token, with_token

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.hub.store import tables
from saferoom.hub.store.credentials import Credentials
from saferoom.hub.store.notices_tables import LetterRow, ToldRow
from saferoom.hub.store.tokens_tables import TokenRow
from saferoom.hub.web.api.app import PATH as API
from saferoom.hub.web.texts import tokens as texts
from saferoom.ids import Username
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import AccountForm
from saferoom.projects.tokens.model import MOST_TOKENS, Ending, Scope, TokenForm

PASSWORD = "  Vier Wale im Nebel  "
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ANA, ADA, BEN = Username("ana"), Username("ada"), Username("ben")
HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "api.md"
_SECRET = re.compile(r"srt_[A-Za-z0-9_-]{43}")


@pytest.fixture
def place(place: World) -> World:
    """The instance, where ana can prove to be herself."""
    instance = place.instance
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    vars(instance)["credentials"] = Credentials(instance.database, instance.clock, instance.signing_key, quick)
    instance.credentials.set_password(ANA, PASSWORD, totp_secret=SEED)
    place.clock.advance(timedelta(seconds=31))
    return place


def code(place: World) -> str:
    return pyotp.TOTP(SEED).at(place.clock.now())


def form(place: World, **changes: str) -> dict[str, str]:
    return {"name": "nightly", "scope": "read", "days": "7", "password": PASSWORD, "code": code(place)} | changes


def made(browser: Browser, place: World, **changes: str) -> str:
    """Make a token on the page and return its secret."""
    answer = browser.post("tokens", form(place, **changes))
    assert answer.status_code == 200, answer.text
    found = _SECRET.findall(answer.text)
    assert len(found) == 1
    return str(found[0])


def test_token_is_made_used_listed_and_ended(airlock: Service) -> None:
    place, browser = airlock.world, airlock.browser("ana")
    page = browser.get("tokens").text
    assert "You have made no token" in page
    assert 'value="7"' in page
    assert "tokens" in browser.get("standing").text
    secret = made(browser, place)
    program = with_token(airlock, secret)
    assert program.get("me", Authorization=f"Bearer {secret}").json()["person"]["username"] == "ana"
    assert program.get("me", Authorization=f"bearer {secret}").status_code == 200
    page = browser.get("tokens").text
    assert secret not in page
    assert "nightly" in page
    assert "reading only" in page
    assert "just now" in page
    listed = program.get("tokens").json()["items"]
    assert [(one["token"]["name"], one["ending"]) for one in listed] == [("nightly", None)]
    gone = browser.post(f"tokens/{listed[0]['token']['id']}/end")
    assert gone.headers["location"].endswith("tokens?done=token-ended")
    assert program.get("me").status_code == 401
    assert texts.ENDINGS[Ending.ENDED].words in browser.get("tokens").text
    again = browser.post(f"tokens/{listed[0]['token']['id']}/end")
    assert again.status_code == 409


def test_making_leaves_an_event_a_notice_and_a_letter_but_no_secret(airlock: Service) -> None:
    browser = airlock.browser("ana")
    secret = made(browser, airlock.world, name="my own words", scope="act")
    with airlock.world.instance.database.reading() as session:
        row = session.query(TokenRow).one()
        notice = session.query(ToldRow).one()
        letter = session.query(LetterRow).one()
    assert secret not in str(vars(row))
    assert (row.username, row.scope, row.used_at) == ("ana", "act", None)
    assert row.expires_at - row.made_at == timedelta(days=7)
    assert (notice.to, notice.kind, notice.category) == ("ana", "token.made", "security")
    assert "my own words" not in str(notice.facts)
    assert letter.to == "ana"
    history = airlock.world.instance.people.history(Actor.person(ADA), ANA).items
    events = [line for line in history if line.action == "token.made"]
    assert [event.payload["token"] for event in events] == [row.id]
    assert secret not in str(events)
    page = browser.get("notices").text
    assert "An API token was made in your name" in page
    opened = browser.post(f"notices/{notice.id}/open")
    assert opened.headers["location"].endswith("/tokens")


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"password": "not mine at all"}, "The password or the code is wrong"),
    ({"code": "000000"}, "The password or the code is wrong"),
    ({"password": PASSWORD.strip()}, "The password or the code is wrong"),
    ({"days": "31"}, "This must be"),
    ({"days": "seven"}, "This must be"),
    ({"scope": "everything"}, "This must be"),
    ({"name": ""}, "Fill this in"),
)


def test_form_says_what_is_wrong_and_keeps_all_but_the_proof(airlock: Service) -> None:
    browser = airlock.browser("ana")
    for change, said in WRONG:
        sent = form(airlock.world, name="kept words") | change
        answer = browser.post("tokens", sent)
        assert answer.status_code == 422, change
        assert said in answer.text, change
        assert ("kept words" in answer.text) is bool(sent["name"])
        for proof in ("Vier Wale", "not mine", f'"{sent["code"]}"'):
            assert proof not in answer.text
    assert not airlock.world.instance.tokens.of(Actor.person(ANA), ANA).items


def test_policy_of_the_instance_counts_at_once_and_for_tokens_of_before(place: World) -> None:
    place.instance.tokens.make(Actor.person(ANA), command(place, days=7))
    _, secret = given_token(place.instance, "ben", days=7)
    holder = place.instance.tokens.holder
    policy(place, 5)
    with pytest.raises(BadInputError, match="5 days at most"):
        place.instance.tokens.make(Actor.person(ANA), command(place, days=7))
    place.clock.advance(timedelta(days=4))
    assert holder(secret).username == "ben"
    place.clock.advance(timedelta(days=1))
    (listed,) = place.instance.tokens.of(Actor.person(BEN), BEN).items
    assert listed.ending is Ending.EXPIRED
    policy(place, 0)
    with pytest.raises(ForbiddenError, match="switched off"):
        place.instance.tokens.make(Actor.person(ANA), command(place))


def test_page_says_that_the_policy_allows_none(airlock: Service) -> None:
    policy(airlock.world, 0)
    page = airlock.browser("ana").get("tokens").text
    assert "allows no API tokens" in page
    assert 'type="password"' not in page


def test_more_tokens_than_ten_are_refused_until_one_ends(place: World) -> None:
    tokens, ana = place.instance.tokens, Actor.person(ANA)
    ids = [given_token(place.instance, "ana")[0].id for _ in range(MOST_TOKENS)]
    with pytest.raises(BadInputError, match="end one first"):
        tokens.make(ana, command(place))
    tokens.end(ana, ids[0])
    tokens.make(ana, command(place))
    with pytest.raises(WrongStateError):
        tokens.end(ana, ids[0])


def test_administrator_ends_all_tokens_of_somebody_who_is_told(airlock: Service) -> None:
    ana, ben = client(airlock, "ana"), client(airlock, "ben")
    client(airlock, "ana")
    browser = airlock.browser("ada")
    assert "End all API tokens" in browser.get("people/ana").text
    assert len(client(airlock, "ada").get("people/ana/tokens").json()["items"]) == 2
    answer = browser.post("people/ana/end-tokens")
    assert answer.headers["location"].endswith("people/ana?done=tokens-ended")
    assert (ana.get("me").status_code, ben.get("me").status_code) == (401, 200)
    assert client(airlock, "ada").post("people/ben/end-tokens").json() == {"count": 1}
    assert client(airlock, "ada").post("people/ben/end-tokens").json() == {"count": 0}
    assert client(airlock, "ada").post("people/nobody/end-tokens").status_code == 404
    assert client(airlock, "ada").get("people/nobody/tokens").status_code == 404
    with airlock.world.instance.database.reading() as session:
        told = [(one.to, one.kind) for one in session.query(ToldRow)]
    assert sorted(told) == [("ana", "token.ended"), ("ben", "token.ended")]


def test_tokens_of_others_are_unknown_to_everybody_but_administrators(place: World) -> None:
    tokens, (token, _) = place.instance.tokens, given_token(place.instance, "ana")
    for who in (BEN, Username("dora")):
        with pytest.raises(NotFoundError):
            tokens.of(Actor.person(who), ANA)
        with pytest.raises(NotFoundError, match="no such token"):
            tokens.end(Actor.person(who), token.id)
        with pytest.raises(NotFoundError, match="no such token"):
            tokens.end(Actor.person(who), "token-none")
        with pytest.raises(NotFoundError):
            tokens.end_all(Actor.person(who), ANA)
    with pytest.raises(ForbiddenError, match="their own"):
        tokens.make(Actor.operator("admin:root"), command(place))
    assert tokens.end(Actor.person(ADA), token.id).ended_by == "ada"


def test_lapse_close_and_new_password_end_tokens_for_good(place: World) -> None:
    instance, tokens = place.instance, place.instance.tokens
    closed, lapsed, replaced = (given_token(instance, name)[0] for name in ("rita", "chris", "ana"))
    kept = given_token(instance, "ben")[0]
    version = instance.people.dossier(Actor.person(ADA), Username("rita")).version
    after = instance.people.close(Actor.person(ADA), Username("rita"), AccountForm(reason="Left.", version=version))
    instance.people.reopen(Actor.person(ADA), Username("rita"), AccountForm(reason="Is back.", version=after.version))
    place.change(tables.PersonRecordRow, "record-chris-full", expires=(place.clock.now() - timedelta(days=1)).date())
    place.clock.advance(timedelta(seconds=1))
    instance.credentials.set_password(ANA, "Another eight whales", totp_secret=SEED)
    assert tokens.tidy() == 2
    assert tokens.tidy() == 0
    place.change(tables.PersonRecordRow, "record-chris-full", expires=(place.clock.now() + timedelta(days=99)).date())
    with tokens.store.reading() as tx:
        found = {one.id: tx.token(one.id) for one in (closed, lapsed, replaced, kept)}
    endings = [one.ending if one else None for one in found.values()]
    assert endings == [Ending.STANDING, Ending.STANDING, Ending.PASSWORD, None]


def test_last_use_is_noted_once_a_minute(place: World) -> None:
    token, secret = given_token(place.instance, "ana")
    times = []
    for seconds in (0, 30, 31):
        place.clock.advance(timedelta(seconds=seconds))
        place.instance.tokens.holder(secret)
        with place.instance.tokens.store.reading() as tx:
            found = tx.token(token.id)
        times.append(found.used_at if found else None)
    assert times[0] == times[1]
    assert times[2] == place.clock.now()


@pytest.fixture
def draft() -> dict[str, str]:
    return {"project": "mobility", "title": "One of a kind"}


def drafts(ana: Client) -> int:
    found: int = ana.get("requests").json()["total"]
    return found


def test_call_with_a_key_is_done_once_and_answered_again(airlock: Service, draft: dict[str, str]) -> None:
    ana, other = client(airlock, "ana"), client(airlock, "ana")
    key = {"Idempotency-Key": "draft-1"}
    first, second = ana.post("requests", draft, **key), ana.post("requests", draft, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert drafts(ana) == 1
    # Keys belong to one token; without a key every call counts.
    assert other.post("requests", draft, **key).json()["id"] != first.json()["id"]
    ana.post("requests", draft)
    assert drafts(ana) == 3
    airlock.world.clock.advance(timedelta(hours=24))
    assert ana.post("requests", draft, **key).json()["id"] != first.json()["id"]


def test_key_of_another_call_is_refused_and_a_refusal_gives_it_back(airlock: Service, draft: dict[str, str]) -> None:
    ana, key = client(airlock, "ana"), {"Idempotency-Key": "k"}
    assert ana.post("requests", draft | {"project": "income"}, **key).status_code in (403, 404)
    assert ana.post("requests", {"title": 1}, **key).status_code == 422
    assert ana.post("requests", draft, **key).status_code == 201
    for path, body in (("requests", draft | {"title": "Another"}), ("requests/x/discard", {}), ("notices/read", {})):
        answer = ana.post(path, body, **key)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "Idempotency-Key")
    for strange in ("", "a b", "x" * 256):
        assert ana.post("requests", draft, **{"Idempotency-Key": strange}).status_code == 422
    assert drafts(ana) == 1


def test_call_that_broke_off_is_not_done_again(
    airlock: Service, draft: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, key = client(airlock, "ana"), {"Idempotency-Key": "k"}
    drafting = type(airlock.world.instance.airlock).draft_groups

    def breaks(*arguments: object) -> None:
        drafting(*arguments)  # type: ignore[arg-type]
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(type(airlock.world.instance.airlock), "draft_groups", breaks)
        assert ana.post("requests", draft, **key).status_code == 500
    answer = ana.post("requests", draft, **key)
    assert answer.status_code == 409
    assert "broke off" in answer.json()["error"]["message"]
    assert drafts(ana) == 1


def test_answers_that_are_too_many_are_refused(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from saferoom.errors import TooManyError
    from saferoom.hub.store import answers

    token, _ = given_token(place.instance, "ana")
    monkeypatch.setattr(answers, "MOST", 2)
    for key in "ab":
        assert place.instance.answers.begin(token.id, key, b"call") is None
    with pytest.raises(TooManyError):
        place.instance.answers.begin(token.id, "c", b"call")
    with pytest.raises(WrongStateError):
        place.instance.answers.begin(token.id, "a", b"call")


def test_script_of_the_how_to_fetches_what_was_released(
    airlock: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = airlock.world
    asked = place.request()
    for checker in ("ben", "cleo"):
        if place.instance.airlock.request(ANA, asked.id).release is None:
            place.approve(asked, checker)
    (tmp_path / ".saferoom-token").write_text(given_token(place.instance, "ana", Scope.READ)[1] + "\n")
    (script,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), flags=re.S)
    real = httpx.Client

    def over_the_socket(base_url: str, headers: dict[str, str]) -> httpx.Client:
        assert base_url == f"https://tre.example.org{API}/"
        at_socket = f"http://{HOST}{API}/"
        return real(base_url=at_socket, headers=headers, transport=httpx.HTTPTransport(uds=str(airlock.pages)))

    monkeypatch.setattr(httpx, "Client", over_the_socket)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(script, "how-to", "exec"), names)  # noqa: S102 - the how-to's own script
    with closing(names["api"]):
        assert zipfile.is_zipfile(tmp_path / f"{asked.id}.zip")
        with pytest.raises(RuntimeError, match="reading only"):
            names["call"]("POST", "notices/read", json={})


def command(place: World, days: int = 7) -> TokenForm:
    return TokenForm(name="nightly", scope=Scope.READ, days=days, password=PASSWORD, code=code(place))


def policy(place: World, days: int) -> None:
    with place.instance.database.transaction() as session:
        session.merge(
            tables.PlatformRow(
                id=1,
                risk_appetite={"kind": "risk-appetite"},
                release_route={"kind": "release-route"},
                api_token_days=days,
            )
        )
