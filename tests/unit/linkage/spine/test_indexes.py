"""Indexes and what is between them: carried ids are looked up, memberships counted, periods put together."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
from tests.support.spine_world import SpineWorld

from saferoom.errors import BadInputError
from saferoom.projects.linkage.associations import Association, associate, in_both
from saferoom.projects.linkage.indexes import Membership, carried, joined, memberships, own_ids

_SPINE = (
    "source TEXT, record_id TEXT, entity_id TEXT, match_probability DOUBLE, match_weight_band TEXT, match_pass TEXT"
)
_EVIDENCE = "left_source TEXT, left_record TEXT, right_source TEXT, right_record TEXT, first_day DATE, last_day DATE"
Rows = list[tuple[Any, ...]]


@pytest.fixture
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _spine(engine: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[str, str, str]]) -> str:
    engine.execute(f"CREATE TABLE {name} ({_SPINE})")
    engine.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, 1, 'not linked', NULL)", rows)
    return name


def _evidence(engine: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str | None, str | None]]) -> str:
    engine.execute(f"CREATE OR REPLACE TABLE evidence ({_EVIDENCE})")
    engine.executemany("INSERT INTO evidence VALUES ('p', ?, 'b', ?, ?, ?)", rows)
    return "evidence"


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


@pytest.mark.parametrize(
    ("periods", "wanted"),
    [
        # Overlapping, contained, and on the next day: one. A gap: two.
        ([("2010-01-01", "2010-12-31"), ("2010-06-01", "2011-05-31")], [("2010-01-01", "2011-05-31", 2)]),
        ([("2010-01-01", "2012-12-31"), ("2010-06-01", "2010-07-01"), ("2012-12-31", "2013-01-31")],
         [("2010-01-01", "2013-01-31", 3)]),
        ([("2011-01-01", "2011-12-31"), ("2010-01-01", "2010-12-31")], [("2010-01-01", "2011-12-31", 2)]),
        ([("2010-01-01", "2010-12-31"), ("2011-01-02", None)],
         [("2010-01-01", "2010-12-31", 1), ("2011-01-02", None, 1)]),
        ([(None, "2010-12-31"), (None, "2009-12-31")], [(None, "2010-12-31", 2)]),
        ([("2010-01-01", None), ("2015-01-01", "2016-01-01")], [("2010-01-01", None, 2)]),
        ([(None, None), ("2015-01-01", "2016-01-01")], [(None, None, 2)]),
    ],
)  # fmt: skip
def test_periods_of_one_pair_are_put_together(
    engine: duckdb.DuckDBPyConnection, periods: list[tuple[str | None, str | None]], wanted: Rows
) -> None:
    _spine(engine, "people", [("p", "1", "e1")])
    _spine(engine, "firms", [("b", "1", "f1")])
    _evidence(engine, [("1", "1", first, last) for first, last in periods])
    made = associate(engine, Association.WORKS_FOR, ("people", "firms"), "evidence", "works")
    found = engine.execute("SELECT first_day::TEXT, last_day::TEXT, records FROM works").fetchall()
    assert found == wanted
    assert (made.rows, made.pairs) == (len(periods), 1)


def test_evidence_of_records_in_no_index_is_counted_and_left_out(engine: duckdb.DuckDBPyConnection) -> None:
    _spine(engine, "people", [("p", "1", "e1"), ("p", "2", "e1")])
    _spine(engine, "firms", [("b", "1", "f1")])
    _evidence(engine, [("1", "1", None, None), ("2", "1", None, None), ("3", "1", None, None), ("1", "9", None, None)])
    made = associate(engine, Association.AT_SCHOOL, ("people", "firms"), "evidence", "at_school")
    assert (made.rows, made.pairs, made.left_unknown, made.right_unknown) == (4, 1, 1, 1)
    assert engine.execute("FROM at_school").fetchall() == [("e1", "at_school", "f1", None, None, 2)]


def test_periods_that_end_before_they_begin_are_refused(engine: duckdb.DuckDBPyConnection) -> None:
    _spine(engine, "people", [("p", "1", "e1")])
    _spine(engine, "firms", [("b", "1", "f1")])
    _evidence(engine, [("1", "1", "2011-01-01", "2010-01-01")])
    with pytest.raises(BadInputError, match="1 periods that end before they begin") as caught:
        associate(engine, Association.WORKS_FOR, ("people", "firms"), "evidence", "works")
    assert "2011" not in caught.value.message


def test_records_in_both_indexes_are_evidence_with_their_period(engine: duckdb.DuckDBPyConnection) -> None:
    _spine(engine, "people", [("c", "1", "e1"), ("c", "2", "e2"), ("t", "1", "e1")])
    _spine(engine, "homes", [("c", "1", "h1"), ("c", "2", "h1")])
    engine.execute("CREATE TABLE days AS SELECT 'c' AS source, '1' AS record_id, DATE '2021-03-21' AS first_day,"
                   " DATE '2021-03-21' AS last_day")  # fmt: skip
    in_both(engine, "people", "homes", "days", "evidence")
    associate(engine, Association.AT_ADDRESS, ("people", "homes"), "evidence", "lives")
    day = date(2021, 3, 21)
    assert engine.execute("FROM lives").fetchall() == [
        ("e1", "at_address", "h1", day, day, 1),
        ("e2", "at_address", "h1", None, None, 1),
    ]
