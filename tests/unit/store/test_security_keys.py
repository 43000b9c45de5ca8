"""People's keys: how many, how they are called, who removes them, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.factor_world import ANA, BEN, OLGA, PASSWORD, SOURCE, FactorWorld, factor_world

from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.jupyter.factors.desk import NO_ADDRESS, FactorDesk
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.hub.store.proofs import Code
from saferoom.hub.store.security_keys import MOST_KEYS
from saferoom.ids import Username


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FactorWorld]:
    with factor_world(tmp_path) as made:
        yield made


def told(world: FactorWorld, username: str) -> list[str]:
    with world.instance.database.reading() as session:
        return list(session.scalars(select(ToldRow.kind).where(ToldRow.to == username).order_by(ToldRow.id)))


def test_key_signs_in_and_its_use_is_noted(world: FactorWorld) -> None:
    key = world.owned()
    assert world.desk.factors(ANA).keys[0].used_at is None
    assert world.sign_in(key) == "ok"
    assert world.desk.factors(ANA).keys[0].used_at == world.clock.now()
    assert world.events("sign-in.succeeded")[-1][2]["factor"] == "key"


def test_key_is_enough_after_a_provider_named_somebody(world: FactorWorld) -> None:
    key = world.owned()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    shown = world.desk.signature(ANA, key.get(asked.options), asked.secret)
    assert world.credentials.verify_code(ANA, shown, SOURCE)
    again = world.desk.signature(ANA, key.get(asked.options), asked.secret)
    assert world.credentials.verify_code(ANA, again, SOURCE).code == "wrong-key"


def test_key_without_a_counter_signs_in_again_and_again(world: FactorWorld) -> None:
    key = world.owned(counts=False)
    assert [world.sign_in(key) for _ in range(3)] == ["ok"] * 3


def test_several_keys_call_their_person_the_same_and_others_otherwise(world: FactorWorld) -> None:
    first, second, bens = world.owned(name="one"), world.owned(name="two"), world.owned(BEN)
    assert first.handle == second.handle != bens.handle
    assert {one.name for one in world.desk.factors(ANA).keys} == {"one", "two"}
    assert world.sign_in(first) == world.sign_in(second) == "ok"


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "two\x00lines", "a\u202eb"])
def test_name_that_is_none_is_refused(world: FactorWorld, name: str) -> None:
    with pytest.raises(BadInputError, match="1 to 40 characters"):
        world.add(world.key(), name=name)
    assert world.desk.factors(ANA).keys == ()


def test_name_is_given_once(world: FactorWorld) -> None:
    world.owned(name="Blue  stick")
    with pytest.raises(BadInputError, match="a key of that name"):
        world.add(world.key(), name=" blue stick ")
    world.owned(BEN, name="blue stick")


def test_more_keys_than_there_may_be_are_refused(world: FactorWorld) -> None:
    for number in range(MOST_KEYS):
        world.owned(name=f"key {number}")
    with pytest.raises(WrongStateError, match="remove one first"):
        world.add(world.key(), name="one more")


def test_whoever_has_no_code_yet_adds_no_key(world: FactorWorld) -> None:
    with pytest.raises(WrongStateError, match="no one-time code here yet"):
        world.add(world.key(), OLGA)


def test_every_deed_is_in_the_trail_and_told_without_the_keys_name(world: FactorWorld) -> None:
    world.owned(name="my cousin's stick")
    (key,) = world.desk.factors(ANA).keys
    world.desk.switch_codes(ANA, False)
    world.desk.switch_codes(ANA, False)
    world.desk.switch_codes(ANA, True)
    world.desk.remove(ANA, key.id)
    kinds = ["security-key.added", "codes.off", "codes.on", "security-key.removed"]
    assert told(world, ANA) == kinds
    for kind in kinds:
        ((actor, subject, said),) = world.events(kind)
        assert (actor, subject) == ("ana", "person:ana")
        assert "cousin" not in str(said)


def test_administrator_removes_a_lost_key_with_a_reason_also_the_last_one(world: FactorWorld) -> None:
    key = world.owned()
    (one,) = world.desk.factors(ANA).keys
    world.desk.switch_codes(ANA, False)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(BadInputError, match="say why"):
            world.instance.security_keys.remove(ANA, one.id, actor="admin:root", reason=reason)
    world.instance.security_keys.remove(ANA, one.id, actor="admin:root", reason="lost in a train")
    assert world.events("security-key.removed") == [
        ("admin:root", "person:ana", {"key": one.id, "reason": "lost in a train"})
    ]
    assert world.sign_in(key) == "wrong-credentials"
    factors = world.desk.factors(ANA)
    assert (factors.codes, factors.keys) == (False, ())


def test_codes_that_are_off_still_count_for_whoever_is_signed_in(world: FactorWorld) -> None:
    world.owned()
    world.desk.switch_codes(ANA, False)
    assert world.credentials.verify(ANA, PASSWORD, Code(world.code(), inside=True), SOURCE)
    assert world.credentials.verify(ANA, PASSWORD, Code(world.code(), inside=True), SOURCE).code == "wrong-credentials"


def test_nobodys_factors_are_nobodys(world: FactorWorld) -> None:
    with pytest.raises(NotFoundError, match="nobody is registered"):
        world.desk.factors(Username("nobody"))


def test_hub_without_an_address_for_keys_says_so_and_lets_codes_be_switched_on(world: FactorWorld) -> None:
    key = world.owned()
    world.desk.switch_codes(ANA, False)
    without = FactorDesk(world.instance, None)
    assert without.why_not == NO_ADDRESS
    for deed in (
        lambda: without.begin_sign_in(ANA, SOURCE),
        lambda: without.begin_adding(ANA, SOURCE),
        lambda: without.add(ANA, "x", "{}", ""),
        lambda: without.switch_codes(ANA, False),
    ):
        with pytest.raises(BadInputError, match="not offered here"):
            deed()
    asked = world.desk.begin_sign_in(ANA, SOURCE)
    shown = without.signature(ANA, key.get(asked.options), asked.secret)
    assert world.credentials.verify(ANA, PASSWORD, shown, SOURCE).code == "wrong-credentials"
    without.switch_codes(ANA, True)
    assert without.factors(ANA).codes
