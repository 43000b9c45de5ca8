"""Attacks on API tokens: stolen digests, guessing, reading tokens that act, rooms, scripts in pages, replays."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from tests.attack.web.test_api_attacks import OPERATIONS, at
from tests.support.airlock_server import HOST, PREFIX, Service, service
from tests.support.airlock_world import World, world
from tests.support.api_client import client, given_token, with_token
from tests.support.on_disk import holding

from saferoom.errors import BadInputError, TooManyError, UnauthenticatedError
from saferoom.hub.store.attempts import MOST_PER_PERSON
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.credentials import Credentials
from saferoom.hub.store.tokens_tables import TokenRow
from saferoom.hub.web.app import room_app
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import Username
from saferoom.projects.people.permissions import Actor
from saferoom.projects.tokens.model import Scope, TokenForm, digest_of
from saferoom.projects.tokens.service import Tokens

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "Vier Wale im Nebel"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the attacks that leave nothing behind."""
    with world(tmp_path_factory.mktemp("tokens")) as place, service(place) as made:
        yield made


def links(airlock: Service) -> int:
    with airlock.world.instance.database.reading() as session:
        return session.query(AuditLinkRow).count()


def tokens_of(airlock: Service) -> int:
    with airlock.world.instance.database.reading() as session:
        return session.query(TokenRow).count()


def test_reading_token_does_nothing_at_any_call(shared: Service) -> None:
    program, before = client(shared, "chris", Scope.READ), links(shared)
    assert program.get("requests").status_code == 200
    for path, method in OPERATIONS:
        if method != "get":
            answer = program.call(method.upper(), at(path), {})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), (path, method)
            assert "reading only" in answer.json()["error"]["message"]
    assert links(shared) == before


def test_stolen_digest_is_no_token(shared: Service) -> None:
    token, secret = given_token(shared.world.instance, "ana")
    with shared.world.instance.database.reading() as session:
        kept = session.get_one(TokenRow, token.id).digest
    assert kept == digest_of(secret)
    for stolen in (
        kept,
        f"srt_{kept}",
        f"srt_{kept[:43]}",
        token.id,
        secret.swapcase(),
        secret[:-1],
        f"{secret}=",
        "srt_",
    ):
        assert with_token(shared, stolen).get("me").status_code == 401, stolen


def test_no_copy_of_the_store_holds_a_secret(shared: Service) -> None:
    ana = client(shared, "ana")
    assert ana.get("me").status_code == 200
    assert ana.post("notices/read", **{"Idempotency-Key": "k-of-ana"}).status_code == 200
    assert not holding(shared.world.home.root, ana.token, "k-of-ana")


def test_secret_is_in_no_line_of_the_log(shared: Service, capfd: pytest.CaptureFixture[str]) -> None:
    ana = client(shared, "ana")
    ana.get("me")
    with_token(shared, ana.token[:-1] + "!").get("me")
    said = capfd.readouterr()
    assert ana.token not in said.out + said.err
    assert ana.token[:-1] not in said.out + said.err


def test_guessing_is_slowed_down_before_the_store_is_asked_and_good_tokens_go_on(
    airlock: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, guesser = client(airlock, "ana"), with_token(airlock, "srt_" + "A" * 43)
    assert ana.get("me").status_code == 200
    most, asked = Rate.UNKNOWN_TOKENS.value.amount, 0
    real = Tokens.holder

    def counted(tokens: Tokens, secret: str) -> object:
        nonlocal asked
        asked += 1
        return real(tokens, secret)

    monkeypatch.setattr(Tokens, "holder", counted)
    for _ in range(most - 2):
        airlock.parts.rates.note(Rate.UNKNOWN_TOKENS, "everybody")
    assert [guesser.get("me").status_code for _ in range(4)] == [401, 401, 429, 429]
    assert asked == 2
    refused = guesser.get("me")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert ana.get("me").status_code == 200
    # What has not even the form of a token costs nothing and is told so.
    assert with_token(airlock, "x" * 40).get("me").status_code == 401


def test_rate_counts_a_person_over_all_tokens_and_says_when_to_come_back(airlock: Service) -> None:
    first, second = client(airlock, "ana"), client(airlock, "ana")
    assert (first.get("me").status_code, second.get("me").status_code) == (200, 200)
    airlock.parts.rates.spend(Rate.CALLS, Username("ana"), Rate.CALLS.value.amount - 2)
    for program in (first, second, client(airlock, "ana")):
        answer = program.get("me")
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert client(airlock, "ben").get("me").status_code == 200


def test_token_opens_no_door_of_rooms_and_the_hub_is_not_asked(shared: Service) -> None:
    secret, asked = given_token(shared.world.instance, "ana")[1], shared.hub.asked
    inside = shared.with_token(secret)
    paths = room_app(shared.parts).openapi()["paths"]
    doors = {(method.upper(), path) for path, methods in paths.items() for method in methods} - {("GET", "/health")}
    assert len(doors) > 5
    for method, path in sorted(doors):
        answer = inside.http.request(method, path, json={}, headers={"Authorization": f"token {secret}"})
        assert answer.status_code == 403, (method, path)
    for path in (f"{PREFIX}api/v1/me", "/api/v1/me", f"{PREFIX}tokens", "/services/airlock/api/v1/requests"):
        assert inside.http.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 404
    assert shared.hub.asked == asked


@pytest.mark.parametrize(
    "header",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": f"http://{HOST}"}, {"Origin": "null"}],
)
def test_script_in_a_page_of_the_same_host_cannot_call(shared: Service, header: dict[str, str]) -> None:
    ana, before = client(shared, "ana"), links(shared)
    assert ana.get("me", **header).status_code == 403
    assert ana.post("requests", {"project": "mobility", "title": "A row: 51234"}, **header).status_code == 403
    assert links(shared) == before


def test_token_makes_no_token(shared: Service) -> None:
    ana, count = client(shared, "ana"), tokens_of(shared)
    wanted = {"name": "more", "scope": "act", "days": 30, "password": PASSWORD, "code": "000000"}
    assert ana.post("tokens", wanted).status_code == 405
    answer = ana.http.post(f"{PREFIX}tokens", data=wanted, headers={"Authorization": f"Bearer {ana.token}"})
    assert answer.status_code in (401, 403)
    assert ana.http.get(f"{PREFIX}tokens", headers={"Authorization": f"Bearer {ana.token}"}).status_code == 303
    assert tokens_of(shared) == count


def test_form_of_another_site_and_without_the_sessions_word_makes_none(shared: Service) -> None:
    browser, count = shared.browser("ana"), tokens_of(shared)
    fields = {"name": "x", "scope": "act", "days": "7", "password": PASSWORD, "code": "000000"}
    own = {"Origin": f"http://{HOST}"}
    assert browser.bare_post("tokens", fields, **own).status_code == 403
    assert browser.post("tokens", fields, Origin="http://evil.example").status_code == 403
    assert browser.post("tokens", fields, **{"Sec-Fetch-Site": "same-site"}).status_code == 403
    token = given_token(shared.world.instance, "ben")[0]
    assert browser.post(f"tokens/{token.id}/end").status_code == 404
    assert browser.post("tokens/token-none/end").status_code == 404
    assert tokens_of(shared) == count + 1


def test_ended_and_expired_tokens_are_not_good_again(airlock: Service) -> None:
    place = airlock.world
    ended, expiring = given_token(place.instance, "ana"), given_token(place.instance, "ana", days=1)
    place.instance.tokens.end(Actor.person(Username("ana")), ended[0].id)
    assert with_token(airlock, ended[1]).get("me").status_code == 401
    assert with_token(airlock, expiring[1]).get("me").status_code == 200
    place.clock.advance(timedelta(days=1))
    assert with_token(airlock, expiring[1]).get("me").status_code == 401


def test_repeated_deed_is_done_once_and_many_at_once_are_one(airlock: Service) -> None:
    ana, draft = client(airlock, "ana"), {"project": "mobility", "title": "Only one"}
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(ana.post, "requests", draft, **{"Idempotency-Key": "one"}) for _ in range(6)]
        answers = [call.result() for call in calls]
    done = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(done) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert ana.get("requests").json()["total"] == 1
    # Without a key a deed that was done is refused by its state.
    (request,) = done
    assert ana.post(f"requests/{request}/discard").status_code == 200
    assert ana.post(f"requests/{request}/discard").status_code == 409


def test_answer_of_another_person_is_never_given(airlock: Service) -> None:
    key = {"Idempotency-Key": "the same"}
    first = client(airlock, "ana").post("notices/read", **key)
    second = client(airlock, "rita").post("notices/read", **key)
    assert "idempotent-replayed" not in first.headers.keys() | second.headers.keys()


@pytest.fixture
def proving(place: World) -> World:
    """The instance, where ana and ben can prove to be themselves."""
    instance = place.instance
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    vars(instance)["credentials"] = Credentials(instance.database, instance.clock, instance.signing_key, quick)
    for name, password in (("ana", PASSWORD), ("ben", "Neun Nachtigallen")):
        instance.credentials.set_password(Username(name), password, totp_secret=SEED)
    place.clock.advance(timedelta(minutes=1))
    return place


def wanted(place: World, password: str = PASSWORD) -> TokenForm:
    code = pyotp.TOTP(SEED).at(place.clock.now())
    return TokenForm(name="x", scope=Scope.ACT, days=7, password=password, code=code)


def test_code_counts_once_and_not_with_anothers_password(proving: World) -> None:
    tokens, ana, ben = proving.instance.tokens, Actor.person(Username("ana")), Actor.person(Username("ben"))
    with pytest.raises(BadInputError, match="wrong"):
        tokens.make(ben, wanted(proving))
    tokens.make(ana, wanted(proving))
    with pytest.raises(BadInputError, match="counts once"):
        tokens.make(ana, wanted(proving))


def test_stolen_session_cannot_guess_the_password(proving: World) -> None:
    tokens, ana = proving.instance.tokens, Actor.person(Username("ana"))
    for number in range(MOST_PER_PERSON):
        with pytest.raises(BadInputError):
            tokens.make(ana, wanted(proving, password=f"guess number {number}"))
    with pytest.raises(TooManyError):
        tokens.make(ana, wanted(proving))
    assert not tokens.of(ana, Username("ana")).items


def test_guess_of_the_form_of_a_secret_is_not_looked_up(proving: World) -> None:
    for guess in ("", "srt_", "srt_" + "a" * 42, "srt_" + "ä" * 43, "x" * 10_000, "srt_" + "a" * 43 + "\n"):
        with pytest.raises(UnauthenticatedError):
            proving.instance.tokens.holder(guess)


def test_secrets_are_256_random_bits_and_never_the_same(proving: World) -> None:
    drawn = {proving.instance.tokens.draw() for _ in range(200)}
    assert len(drawn) == 200
    assert {len(one) for one in drawn} == {47}
