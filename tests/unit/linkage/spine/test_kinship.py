"""Parents and children from births and households; what cannot be is left out and counted."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.projects.linkage.kinship import Claimed, Kinship, from_births, from_households, parent_child

Engine = duckdb.DuckDBPyConnection


@pytest.fixture
def engine() -> Iterator[Engine]:
    connection = duckdb.connect()
    yield connection
    connection.close()


def _table(engine: Engine, name: str, columns: str, rows: list[tuple[object, ...]]) -> str:
    engine.execute(f"CREATE TABLE {name} ({columns})")
    if rows:
        engine.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' for _ in rows[0])})", rows)
    return name


def _claims(engine: Engine, rows: list[tuple[str, str, str, str]], name: str = "claims") -> str:
    return _table(engine, name, "child_id TEXT, parent_id TEXT, role TEXT, basis TEXT", list(rows))


def _links(engine: Engine, table: str = "kin") -> set[tuple[object, ...]]:
    return set(engine.execute(f"SELECT child_id, parent_id, role, basis FROM {table}").fetchall())


def test_births_are_joined_through_person_links_and_unknown_records_counted(engine: Engine) -> None:
    _table(engine, "spine", "source TEXT, record_id TEXT, entity_id TEXT",
           [("b", "1", "child"), ("p", "1", "mother"), ("p", "2", "father")])  # fmt: skip
    _table(engine, "births", "child_source TEXT, child_record TEXT, parent_source TEXT, parent_record TEXT, role TEXT",
           [("b", "1", "p", "1", "mother"), ("b", "1", "p", "2", "father"), ("b", "1", "p", "9", "father"),
            ("b", "9", "p", "1", "mother")])  # fmt: skip
    assert from_births(engine, "spine", "births", "claims") == Claimed("claims", 4, 1, 1)
    made = parent_child(engine, ["claims"], None, "kin")
    assert made == Kinship("kin", 2, 0, 0, 0, 0)
    assert _links(engine) == {("child", "mother", "mother", "birth"), ("child", "father", "father", "birth")}


def test_no_births_at_all_are_no_error(engine: Engine) -> None:
    _table(engine, "spine", "source TEXT, record_id TEXT, entity_id TEXT", [])
    _table(engine, "births", "child_source TEXT, child_record TEXT, parent_source TEXT, parent_record TEXT, role TEXT",
           [])  # fmt: skip
    assert from_births(engine, "spine", "births", "claims") == Claimed("claims", 0, 0, 0)
    assert parent_child(engine, ["claims"], None, "kin") == Kinship("kin", 0, 0, 0, 0, 0)


def test_households_tell_of_parents_where_births_do_not(engine: Engine) -> None:
    _table(engine, "members", "entity_id TEXT, household TEXT, relationship TEXT",
           [("anna", "h", "reference person"), ("ben", "h", "partner"), ("cleo", "h", "child"),
            ("dan", "h", "sharer"), ("eve", "i", "child")])  # fmt: skip
    _table(engine, "sexes", "entity_id TEXT, sex TEXT", [("anna", "F"), ("ben", "M")])
    _claims(engine, [("cleo", "paul", "father", "birth")], "births")
    made = from_households(engine, "members", "sexes", "births", "claims")
    assert made.rows == 1
    assert parent_child(engine, ["births", "claims"], None, "kin").links == 2
    assert _links(engine) == {("cleo", "paul", "father", "birth"), ("cleo", "anna", "mother", "household")}


def test_without_sexes_a_household_tells_of_parents_without_a_role(engine: Engine) -> None:
    _table(engine, "members", "entity_id TEXT, household TEXT, relationship TEXT",
           [("anna", "h", "reference person"), ("ben", "h", "partner"), ("cleo", "h", "child")])  # fmt: skip
    from_households(engine, "members", None, None, "claims")
    parent_child(engine, ["claims"], None, "kin")
    assert {row[1:3] for row in _links(engine)} == {("anna", "parent"), ("ben", "parent")}


def test_what_cannot_be_is_left_out_and_counted(engine: Engine) -> None:
    _claims(engine, [
        ("a", "a", "mother", "birth"),  # one's own mother
        ("b", "c", "mother", "birth"), ("c", "d", "mother", "birth"), ("d", "b", "mother", "birth"),  # in a circle
        ("d", "m", "father", "birth"),
        ("e", "f", "mother", "birth"),  # too young
        ("g", "h", "mother", "birth"), ("g", "i", "mother", "birth"),  # two mothers
        ("k", "l", "mother", "birth"), ("k", "l", "mother", "birth"), ("k", "m", "mother", "birth"),
    ])  # fmt: skip
    _table(engine, "born", "entity_id TEXT, born DATE", [("e", "2000-01-01"), ("f", "1988-01-02"), ("g", None)])
    made = parent_child(engine, ["claims"], "born", "kin")
    assert made == Kinship("kin", 2, 1, 1, 3, 3)
    assert _links(engine) == {("d", "m", "father", "birth"), ("k", "l", "mother", "birth")}


def test_a_parent_who_is_old_enough_to_the_day_stays(engine: Engine) -> None:
    _claims(engine, [("e", "f", "mother", "birth")])
    _table(engine, "born", "entity_id TEXT, born DATE", [("e", "2000-01-01"), ("f", "1988-01-01")])
    assert parent_child(engine, ["claims"], "born", "kin").links == 1


def test_a_birth_says_more_than_households(engine: Engine) -> None:
    _claims(engine, [("a", "b", "mother", "household"), ("a", "b", "mother", "household"),
                     ("a", "c", "mother", "birth")])  # fmt: skip
    assert parent_child(engine, ["claims"], None, "kin").contradicting == 1
    assert _links(engine) == {("a", "c", "mother", "birth")}


def test_people_in_two_households_or_with_two_dates_are_refused(engine: Engine) -> None:
    _table(engine, "members", "entity_id TEXT, household TEXT, relationship TEXT",
           [("anna", "h", "child"), ("anna", "i", "child")])  # fmt: skip
    with pytest.raises(BadInputError, match="several rows for 1 of its entity_id") as caught:
        from_households(engine, "members", None, None, "claims")
    assert "anna" not in caught.value.message
    with pytest.raises(BadInputError, match="no column 'child_id'"):
        parent_child(engine, ["members"], None, "kin")
