"""Indexes: carried ids are looked up and memberships counted."""

from __future__ import annotations

import duckdb
import pytest
from tests.support.spine_world import SpineWorld

from saferoom.errors import BadInputError
from saferoom.projects.linkage.indexes import Membership, carried, joined, memberships, own_ids

_SPINE = (
    "source TEXT, record_id TEXT, entity_id TEXT, match_probability DOUBLE, match_weight_band TEXT, match_pass TEXT"
)


@pytest.fixture
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _spine(engine: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[str, str, str]]) -> str:
    engine.execute(f"CREATE TABLE {name} ({_SPINE})")
    engine.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, 1, 'not linked', NULL)", rows)
    return name


def test_carried_ids_link_without_comparing_and_unknown_ones_are_counted(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute("CREATE TABLE reference AS FROM (VALUES ('k1', 'e1'), ('k2', 'e2')) t(carried_id, entity_id)")
    engine.execute(
        "CREATE TABLE records AS FROM (VALUES ('s', '1', 'k1'), ('s', '2', 'k1'), ('s', '3', 'secret'),"
        " ('s', '4', NULL)) t(source, record_id, carried_id)"
    )
    made = carried(engine, "records", "reference", "part")
    assert (made.records, made.linked, made.missing, made.unknown) == (4, 2, 1, 1)
    assert engine.execute("SELECT record_id, entity_id, match_weight_band, match_pass FROM part").fetchall() == [
        ("1", "e1", "by a key", "carried"),
        ("2", "e1", "by a key", "carried"),
    ]
    assert "secret" not in repr(made)


def test_an_id_that_stands_for_two_entities_is_refused(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute("CREATE TABLE reference AS FROM (VALUES ('k1', 'e1'), ('k1', 'e2')) t(carried_id, entity_id)")
    engine.execute("CREATE TABLE records AS FROM (VALUES ('s', '1', 'k1')) t(source, record_id, carried_id)")
    with pytest.raises(BadInputError, match="several rows for 1 of its carried_id") as caught:
        carried(engine, "records", "reference", "part")
    assert "k1" not in caught.value.message


def test_dead_ids_of_the_index_itself_stand_for_their_successor() -> None:
    world = SpineWorld()
    world.settle([[("a", "1"), ("a", "2")], [("a", "3")]])
    world.settle([[("a", "1"), ("a", "2"), ("a", "3")]])
    own_ids(world.connection, "spine_2", "log_2", "own")
    alive, dead = (f"{number:032x}" for number in (0, 1))
    assert world.rows("FROM own") == [(alive, alive), (dead, alive)]


def test_memberships_count_records_entities_and_those_that_others_have_too(engine: duckdb.DuckDBPyConnection) -> None:
    _spine(engine, "people", [("s", "1", "e1"), ("s", "2", "e1"), ("s", "3", "e2"), ("t", "1", "e1")])
    assert memberships(engine, {"person": "people"}) == (
        Membership("person", "s", 3, 2, 1, 2),
        Membership("person", "t", 1, 1, 1, 1),
    )


def test_a_record_that_is_linked_and_carried_is_refused(engine: duckdb.DuckDBPyConnection) -> None:
    _spine(engine, "linked", [("s", "1", "e1")])
    _spine(engine, "part", [("t", "1", "e1")])
    joined(engine, "linked", {"the part": "part"}, "whole")
    assert engine.execute("SELECT source FROM whole").fetchall() == [("s",), ("t",)]
    with pytest.raises(BadInputError, match="1 records are linked and carry an id as well"):
        joined(engine, "whole", {"the part": "part"}, "again")
