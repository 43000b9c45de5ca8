"""Somebody with the database in hand reads what was run, or changes it behind the airlock's back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.empty_store import tampering
from tests.support.inputs import heard
from tests.support.on_disk import holding

from saferoom.errors import IntegrityError
from saferoom.hub import keys
from saferoom.hub.store.inputs_tables import InputChainRow, InputRow
from saferoom.ids import Username

ANA, BEN, CHRIS = Username("ana"), Username("ben"), Username("chris")
SECRET = "salary_of_one_person = 98765"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def kept(here: World) -> World:
    """Four inputs of two people, anchored."""
    here.instance.inputs.record(MOBILITY, ANA, [heard(SECRET), heard("b")])
    here.clock.advance(timedelta(minutes=1))
    here.instance.inputs.record(MOBILITY, CHRIS, [heard("c"), heard("d")])
    here.instance.inputs.anchor()
    assert here.instance.inputs.verify() == 4
    return here


def test_no_text_is_in_the_database_or_beside_it(kept: World) -> None:
    with kept.instance.database.reading() as session:
        for table in inspect(session.connection()).get_table_names():
            rows = session.execute(text(f'select * from "{table}"')).all()
            assert SECRET not in repr(rows), table
    assert not holding(kept.home.root, SECRET)


def test_key_is_none_of_the_others(here: World) -> None:
    others = {keys.memory_key(here.home), keys.pseudonym_key(here.home), keys.cell_key_secret(here.home)}
    assert keys.inputs_key(here.home) not in others


def _change(at: int, **values: object) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        for name, value in values.items():
            setattr(session.get_one(InputRow, (MOBILITY, at)), name, value)

    return change


def _remove(at: int) -> Callable[[Session], None]:
    return lambda session: session.delete(session.get_one(InputRow, (MOBILITY, at)))


def _cut_off(session: Session) -> None:
    """Remove the newest, and have the chain end before it."""
    session.delete(session.get_one(InputRow, (MOBILITY, 4)))
    chain = session.get_one(InputChainRow, MOBILITY)
    chain.seq, chain.anchored, chain.digest = 3, 3, session.get_one(InputRow, (MOBILITY, 3)).digest


def _pretend_its_time_was_over(session: Session) -> None:
    session.delete(session.get_one(InputRow, (MOBILITY, 1)))
    session.get_one(InputChainRow, MOBILITY).gone = 1


def _pretend_the_time_of_all_was_over(session: Session) -> None:
    """The trail has the digest of the newest, as an anchor and not as the end of what was destroyed."""
    session.query(InputRow).delete()
    session.get_one(InputChainRow, MOBILITY).gone = 4


def _everything(session: Session) -> None:
    session.query(InputRow).delete()
    session.query(InputChainRow).delete()


@pytest.mark.parametrize(
    "change",
    [
        _change(2, person="chris"),
        _change(2, sealed=b"x"),
        _change(2, digest="0" * 64),
        _remove(1),
        _remove(2),
        _remove(4),
        _cut_off,
        _pretend_its_time_was_over,
        _pretend_the_time_of_all_was_over,
        _everything,
    ],
)
def test_whatever_is_changed_or_removed_is_noticed(kept: World, change: Callable[[Session], None]) -> None:
    with tampering(kept.instance.database) as session:
        change(session)
    with pytest.raises(IntegrityError, match="the inputs of project mobility were changed after the fact"):
        kept.instance.inputs.verify()


def test_time_of_an_input_cannot_be_moved(kept: World) -> None:
    with tampering(kept.instance.database) as session:
        session.get_one(InputRow, (MOBILITY, 2)).at += timedelta(days=1)
    with pytest.raises(IntegrityError, match="input 2 is not what was heard"):
        kept.instance.inputs.verify()


def test_input_put_in_anothers_place_is_not_shown(kept: World) -> None:
    with tampering(kept.instance.database) as session:
        first, third = session.get_one(InputRow, (MOBILITY, 1)), session.get_one(InputRow, (MOBILITY, 3))
        first.sealed, third.sealed = third.sealed, first.sealed
    with pytest.raises(IntegrityError):
        kept.instance.inputs.look(BEN, MOBILITY)
