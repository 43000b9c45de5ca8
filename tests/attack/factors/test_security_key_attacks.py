"""Forging, replaying and borrowing signatures of security keys, and racing past the limits of keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.authenticator import PRESENT, VERIFIED, SoftKey, b64
from tests.support.factor_world import ANA, BEN, OLGA, PASSWORD, SOURCE, FactorWorld, factor_world

from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.jupyter.factors.challenges import CHALLENGE_LIFETIME, Purpose
from saferoom.hub.jupyter.factors.party import LONGEST_ANSWER
from saferoom.hub.store.attempts import MOST_PER_PERSON
from saferoom.hub.store.security_keys import MOST_KEYS

WRONG = "wrong-credentials"
ELSEWHERE = "https://safe.example.org.evil.example"

FORGERIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": ELSEWHERE},
    "another port": {"origin": "https://safe.example.org:8443"},
    "without TLS": {"origin": "http://safe.example.org"},
    "another relying party": {"rp_id": "evil.example"},
    "a frame in another site": {"cross_origin": True},
    "another challenge": {"challenge": b64(b"x" * 32)},
    "an empty challenge": {"challenge": ""},
    "somebody who was not there": {"flags": VERIFIED},
    "somebody who was not verified": {"flags": PRESENT},
}
AT_SIGN_IN: dict[str, dict[str, Any]] = FORGERIES | {
    "a key that is just made": {"type": "webauthn.create"},
    "another person's handle": {"handle": b"y" * 32},
    "no handle": {"handle": None},
    "a changed signature": {"tampered": True},
}
AT_ADDING: dict[str, dict[str, Any]] = FORGERIES | {
    "a signature": {"type": "webauthn.get"},
    "no algorithm": {"alg": 0},
    "an algorithm with shared secrets": {"alg": 5},
    "an id beyond what there may be": {"id": b"z" * 1024},
    "an attestation of another kind": {"fmt": "android-safetynet"},
    "an attestation nobody knows": {"fmt": "mine"},
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FactorWorld]:
    with factor_world(tmp_path) as made:
        yield made


@pytest.mark.parametrize("forgery", AT_SIGN_IN)
def test_forged_signature_lets_nobody_in(world: FactorWorld, forgery: str) -> None:
    key = world.owned()
    assert world.sign_in(key, **AT_SIGN_IN[forgery]) == WRONG
    assert world.reason() == "key"
    assert world.sign_in(key) == "ok"


@pytest.mark.parametrize("forgery", AT_ADDING)
def test_forged_new_key_is_not_added(world: FactorWorld, forgery: str) -> None:
    with pytest.raises(BadInputError, match="not what was asked for"):
        world.add(world.key(), **AT_ADDING[forgery])
    assert world.desk.factors(ANA).keys == ()


def test_signature_counts_once(world: FactorWorld) -> None:
    key = world.owned(counts=False)
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    answer = key.get(asked.options)
    assert world.show(answer, asked.secret) == "ok"
    assert world.show(answer, asked.secret) == WRONG
    again = world.desk.begin_sign_in(ANA, SOURCE)
    assert world.show(answer, again.secret) == WRONG


def test_challenge_of_another_browser_is_of_no_use(world: FactorWorld) -> None:
    key = world.owned(counts=False)
    mine, thiefs = world.desk.begin_sign_in(ANA, SOURCE), world.desk.begin_sign_in(ANA, "10.6.6.6")
    assert world.show(key.get(mine.options), thiefs.secret) == WRONG
    assert world.show(key.get(mine.options), "") == WRONG
    # A wrong answer used the thief's up; the own one is still good.
    assert world.show(key.get(thiefs.options), thiefs.secret) == WRONG
    assert world.show(key.get(mine.options), mine.secret) == "ok"


def test_challenge_for_one_person_is_of_no_use_for_another(world: FactorWorld) -> None:
    key = world.owned(BEN)
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    assert world.show(key.get(asked.options), asked.secret, BEN) == WRONG


def test_key_of_another_person_lets_nobody_in(world: FactorWorld) -> None:
    key = world.owned(BEN)
    assert world.sign_in(key, ANA) == WRONG
    world.owned(ANA)
    assert world.sign_in(key, ANA) == WRONG
    assert world.sign_in(key, BEN) == "ok"


def test_challenge_of_a_sign_in_makes_no_key_and_the_other_way_round(world: FactorWorld) -> None:
    key = world.owned()
    signing, adding = world.desk.begin_sign_in(ANA, SOURCE), world.desk.begin_adding(ANA, SOURCE)
    options = json.loads(adding.options) | {"challenge": json.loads(signing.options)["challenge"]}
    with pytest.raises(BadInputError, match="not what was asked for"):
        world.desk.add(ANA, "second", world.key().create(options), signing.secret)
    assert world.show(key.get(adding.options), adding.secret) == WRONG


def test_challenge_is_of_no_use_when_it_is_old(world: FactorWorld) -> None:
    key = world.owned()
    asked, adding = world.desk.begin_sign_in(ANA, SOURCE), world.desk.begin_adding(ANA, SOURCE)
    answer, made = key.get(asked.options), world.key().create(adding.options)
    world.clock.advance(CHALLENGE_LIFETIME)
    assert world.show(answer, asked.secret) == WRONG
    with pytest.raises(BadInputError, match="took too long"):
        world.desk.add(ANA, "second", made, adding.secret)


def test_key_added_for_one_person_is_not_another_ones(world: FactorWorld) -> None:
    asked = world.desk.begin_adding(BEN, SOURCE)
    with pytest.raises(BadInputError, match="not what was asked for"):
        world.desk.add(ANA, "mine now", world.key().create(asked.options), asked.secret)


def test_key_that_is_somebodys_is_not_added_for_another(world: FactorWorld) -> None:
    key = world.owned(BEN)
    with pytest.raises(WrongStateError, match="registered already"):
        world.add(world.key(id=key.id), ANA)
    assert world.sign_in(key, BEN) == "ok"


@pytest.mark.parametrize("count", [0, 3, 7])
def test_counter_that_does_not_rise_is_refused_and_told(world: FactorWorld, count: int) -> None:
    key = world.owned(count=6)
    assert world.sign_in(key) == "ok"
    assert world.sign_in(key, count=count) == WRONG
    assert world.reason() == "key-counter"
    ((actor, subject, said),) = world.events("security-key.doubted")
    assert (actor, subject) == ("ana", "person:ana")
    assert said["key"] == world.desk.factors(ANA).keys[0].id
    assert "security-key.doubted" in _told(world)
    assert world.sign_in(key, count=8) == "ok"


def test_counter_is_not_looked_at_for_whoever_does_not_know_the_password(world: FactorWorld) -> None:
    key = world.owned(count=6)
    assert world.sign_in(key, password="wrong", count=1) == WRONG
    assert world.events("security-key.doubted") == []


def test_password_alone_or_key_alone_is_nothing(world: FactorWorld) -> None:
    key = world.owned()
    assert world.sign_in(key, password="wrong") == WRONG
    assert world.show("", "") == WRONG
    assert world.credentials.verify(ANA, PASSWORD, "", SOURCE).code == WRONG


def test_refusals_do_not_tell_who_exists_or_who_has_keys(world: FactorWorld) -> None:
    key = world.owned()
    refusals = []
    for username in (ANA, BEN, OLGA, "nobody", "Not A Name \x00 \ud800"):
        asked = world.desk.begin_sign_in(username, SOURCE)
        options = json.loads(asked.options)
        assert options.pop("challenge")
        decision = world.credentials.verify(
            username, "wrong", world.desk.signature(username, key.get(asked.options), asked.secret), SOURCE
        )
        refusals.append((options, decision))
    assert all(one == refusals[0] for one in refusals)
    assert "allowCredentials" not in refusals[0][0] or refusals[0][0]["allowCredentials"] == []


def test_guesses_with_keys_and_codes_count_together(world: FactorWorld) -> None:
    key, strange = world.owned(), world.key()
    for number in range(MOST_PER_PERSON):
        strange.handle = key.handle
        found = world.sign_in(strange) if number % 2 else world.credentials.verify(ANA, PASSWORD, "000000", SOURCE).code
        assert found == WRONG
    assert world.sign_in(key) == "too-many-attempts"


@pytest.mark.parametrize(
    "answer",
    ["", "{", "null", "[]", '"x"', "{}", "[" * 5000, '{"id": 1}', "\ud800", "x" * (LONGEST_ANSWER + 1), "\x00"],
)
def test_answers_that_are_none_are_refused(world: FactorWorld, answer: str) -> None:
    asked, adding = world.desk.begin_sign_in(ANA, SOURCE), world.desk.begin_adding(ANA, SOURCE)
    assert world.show(answer or " ", asked.secret) == WRONG
    with pytest.raises(BadInputError, match="not what was asked for"):
        world.desk.add(ANA, "x", answer, adding.secret)


def test_answer_beyond_what_is_read_is_refused_though_it_is_good(world: FactorWorld) -> None:
    key = world.owned()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    answer = key.get(asked.options)[:-1] + ', "more": "' + "x" * LONGEST_ANSWER + '"}'
    assert world.show(answer, asked.secret) == WRONG


def test_many_keys_at_once_do_not_pass_the_limit(world: FactorWorld) -> None:
    ready = []
    first = world.owned(name="first")
    for number in range(MOST_KEYS + 3):
        asked = world.desk.begin_adding(ANA, SOURCE)
        ready.append((f"key {number}", world.key().create(asked.options), asked.secret))
    start, refused = threading.Barrier(len(ready)), []

    def add(name: str, answer: str, secret: str) -> None:
        start.wait()
        try:
            world.desk.add(ANA, name, answer, secret)
        except WrongStateError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=add, args=one) for one in ready]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(world.desk.factors(ANA).keys) == MOST_KEYS
    assert len(refused) == len(ready) - MOST_KEYS + 1
    assert world.sign_in(first) == "ok"


def test_one_signature_shown_twice_at_once_lets_in_once(world: FactorWorld) -> None:
    key = world.owned()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    answer, start, found = key.get(asked.options), threading.Barrier(4), []

    def show() -> None:
        start.wait()
        found.append(world.show(answer, asked.secret))

    threads = [threading.Thread(target=show) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == ["ok", WRONG, WRONG, WRONG]


def test_last_second_factor_stays(world: FactorWorld) -> None:
    world.owned()
    (key,) = world.desk.factors(ANA).keys
    world.desk.switch_codes(ANA, False)
    with pytest.raises(WrongStateError, match="your last second factor"):
        world.desk.remove(ANA, key.id)
    world.desk.switch_codes(ANA, True)
    world.desk.remove(ANA, key.id)
    with pytest.raises(WrongStateError, match="add a security key first"):
        world.desk.switch_codes(ANA, False)


def test_key_of_another_person_is_not_removed(world: FactorWorld) -> None:
    world.owned(BEN)
    (key,) = world.desk.factors(BEN).keys
    with pytest.raises(NotFoundError, match="no such security key"):
        world.desk.remove(ANA, key.id)
    assert world.desk.factors(BEN).keys == (key,)


def test_flood_of_challenges_takes_none_away_from_others(world: FactorWorld) -> None:
    key = world.owned()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    for number in range(1000):
        world.desk.begin_sign_in(f"guess-{number}", "10.6.6.6")
    assert world.show(key.get(asked.options), asked.secret) == "ok"
    assert len(world.desk._challenges._open) < 250


def test_codes_that_were_switched_off_let_nobody_in(world: FactorWorld) -> None:
    world.owned()
    world.desk.switch_codes(ANA, False)
    assert world.credentials.verify(ANA, PASSWORD, world.code(), SOURCE).code == WRONG
    assert world.reason() == "codes-off"
    assert world.credentials.verify_code(ANA, world.code(), SOURCE).code == "wrong-code"


def test_new_password_ends_keys_that_a_thief_may_have_added(world: FactorWorld) -> None:
    key = world.owned()
    world.desk.switch_codes(ANA, False)
    world.credentials.set_password(ANA, PASSWORD, actor="admin:root")
    assert world.sign_in(key) == WRONG
    assert world.desk.factors(ANA).keys == ()
    assert world.desk.factors(ANA).codes
    assert world.events("credentials.set")[-1][2] == {"keys_ended": "1"}


def test_challenge_is_never_given_out_again(world: FactorWorld) -> None:
    challenges = world.desk._challenges
    values = {challenges.begin(Purpose.SIGN_IN, ANA, SOURCE)[1].value for _ in range(50)}
    assert len(values) == 50
    assert all(len(value) == 32 for value in values)


def test_key_that_was_removed_while_it_signed_lets_nobody_in(world: FactorWorld) -> None:
    key: SoftKey = world.owned()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    shown = world.desk.signature(ANA, key.get(asked.options), asked.secret)
    holds = shown.holds

    def slowly(*about: Any) -> bool:
        held = holds(*about)
        world.desk.remove(ANA, world.desk.factors(ANA).keys[0].id)
        return held

    shown.holds = slowly  # type: ignore[method-assign, assignment]
    assert world.credentials.verify(ANA, PASSWORD, shown, SOURCE).code == WRONG
    assert world.reason() == "key-removed"


def _told(world: FactorWorld) -> list[str]:
    from sqlalchemy import select

    from saferoom.hub.store.notices_tables import ToldRow

    with world.instance.database.reading() as session:
        return list(session.scalars(select(ToldRow.kind).where(ToldRow.to == ANA)))
