"""Records put together pair by pair onto known entities: competition, decisions, and what the spine makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.hub.linkage import incremental
from saferoom.hub.linkage.incremental import LINKS
from saferoom.hub.linkage.joining import NO_SOURCE, Groups
from saferoom.hub.linkage.parting import RELEASED, UNPARTED, alone, as_before, release
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.spine import Known, settle


def groups(start: list[int], sources: list[int] | None = None) -> Groups:
    return Groups(np.array(start), np.array(sources or [NO_SOURCE] * len(start)))


def partition(found: Groups) -> set[frozenset[int]]:
    result = found.result().tolist()
    return {frozenset(n for n, group in enumerate(result) if group == one) for one in set(result)}


def test_pairs_join_groups_and_groups_stay_whole() -> None:
    found = groups([7, 7, 9, 3, 3, 5])
    assert found.join([(1, 2), (0, 2), (3, 5)]) == 0
    assert partition(found) == {frozenset({0, 1, 2}), frozenset({3, 4, 5})}


def test_source_has_one_record_in_a_group_and_the_surest_pair_wins() -> None:
    found = groups([0, 1, 2, 3], [0, 0, 1, 1])
    assert found.join([(0, 2), (1, 2), (0, 3), (1, 3)]) == 2
    assert partition(found) == {frozenset({0, 2}), frozenset({1, 3})}


def test_records_kept_apart_never_meet_even_by_way_of_others() -> None:
    found = groups([0, 1, 2, 3])
    found.keep_apart([(0, 3)])
    assert found.join([(0, 1), (1, 2), (2, 3)]) == 1
    assert partition(found) == {frozenset({0, 1, 2}), frozenset({3})}


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
    st.lists(st.integers(-1, 2), min_size=12, max_size=12),
)
def test_groups_only_grow_and_sources_never_meet_twice(
    start: list[int], pairs: list[tuple[int, int]], sources: list[int]
) -> None:
    kept = [(left, right) for left, right in pairs if max(left, right) < len(start)]
    found = groups(start, sources[: len(start)])
    found.join(kept)
    result = found.result().tolist()
    for left, one in enumerate(start):
        for right, other in enumerate(start):
            if one == other:
                assert result[left] == result[right]
            elif result[left] == result[right]:
                both = sources[left] == sources[right] != NO_SOURCE
                assert not both


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE known_spine (source VARCHAR, record_id VARCHAR, entity_id VARCHAR, match_probability DOUBLE,
                match_weight_band VARCHAR, match_pass VARCHAR);
            CREATE TABLE known_log (at_version BIGINT, event VARCHAR, entity_id VARCHAR, other_entity_id VARCHAR,
                records BIGINT);
            CREATE TABLE records (source VARCHAR, record_id VARCHAR);
            CREATE TABLE pairs (source_l VARCHAR, record_id_l VARCHAR, source_r VARCHAR, record_id_r VARCHAR,
                match_weight DOUBLE, match_probability DOUBLE, match_pass VARCHAR, linked BOOLEAN);
            CREATE TABLE decided (source_l VARCHAR, record_id_l VARCHAR, source_r VARCHAR, record_id_r VARCHAR,
                matched BOOLEAN);
        """)
        yield connection


def known(connection: duckdb.DuckDBPyConnection, *entities: list[tuple[str, str]]) -> None:
    for number, members in enumerate(entities):
        entity = f"{number:032x}"
        link = (1, "not linked", None) if len(members) == 1 else (0.9, "5 to 10", "model")
        for source, record in members:
            connection.execute("INSERT INTO known_spine VALUES (?, ?, ?, ?, ?, ?)", [source, record, entity, *link])
            connection.execute("INSERT INTO records VALUES (?, ?)", [source, record])
        connection.execute("INSERT INTO known_log VALUES (1, 'new', ?, NULL, ?)", [entity, len(members)])


def new(connection: duckdb.DuckDBPyConnection, *records: tuple[str, str]) -> None:
    connection.executemany("INSERT INTO records VALUES (?, ?)", [list(one) for one in records])


def pair(connection: duckdb.DuckDBPyConnection, left: tuple[str, str], right: tuple[str, str], weight: float) -> None:
    connection.execute("INSERT INTO pairs VALUES (?, ?, ?, ?, ?, .99, 'model', true)", [*left, *right, weight])


def settled(
    connection: duckdb.DuckDBPyConnection, *, one_to_one: bool = True, whole: bool = True
) -> tuple[dict[tuple[str, str], str], dict[str, int]]:
    """Return whose every record is, by the number of a known entity or ``new``, and the records by event."""
    plan = LinkPlan.model_validate(
        {
            "datasets": [{"name": name, "file": "-", "id": "record_id"} for name in ("a", "b", "c")],
            "fields": {"surname": "surname"},
            "one_to_one": one_to_one,
        },
        strict=False,
    )
    release(connection, "decided", whole=whole)
    incremental._first_links(connection, UNPARTED)
    incremental._put_together(connection, plan, "decided")
    before = Known("known_spine", "known_log")
    made = settle(connection, before, LINKS, 2, _ids, into=("s", "l"), together=True, parted=RELEASED)
    as_before(connection, "s")
    alone(connection, "s")
    rows = connection.execute("SELECT source, record_id, entity_id FROM s").fetchall()
    whose = {
        (source, record): str(int(entity, 16)) if int(entity, 16) < 9 else "new" for source, record, entity in rows
    }
    return whose, {name: count for name, count in made.counts.items() if count and name in _EVENTS}


_EVENTS = ("new", "joined", "merged", "split", "moved")


def _ids(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(100, 100 + count)]


def test_new_record_joins_the_entity_of_its_surest_pair(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1")], [("a", "2")])
    new(engine, ("b", "x"))
    pair(engine, ("b", "x"), ("a", "1"), 7.0)
    pair(engine, ("b", "x"), ("a", "2"), 12.0)
    whose, events = settled(engine)
    assert whose == {("a", "1"): "0", ("a", "2"): "1", ("b", "x"): "1"}
    assert events == {"joined": 1}


def test_record_without_a_pair_is_somebody_new(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1")])
    new(engine, ("b", "x"))
    assert settled(engine) == ({("a", "1"): "0", ("b", "x"): "new"}, {"new": 1})


def test_new_record_that_is_of_two_entities_merges_them_and_the_log_says_so(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("b", "1")], [("c", "1")])
    new(engine, ("b", "x"))
    pair(engine, ("b", "x"), ("a", "1"), 9.0)
    pair(engine, ("b", "x"), ("c", "1"), 9.0)
    loose, events = settled(engine, one_to_one=False)
    assert set(loose.values()) == {"0"}
    assert events == {"joined": 1, "merged": 1}


def test_entity_that_has_a_record_of_the_source_takes_no_other(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("b", "1")], [("c", "1")])
    new(engine, ("b", "x"))
    pair(engine, ("b", "x"), ("a", "1"), 9.0)
    pair(engine, ("b", "x"), ("c", "1"), 8.0)
    whose, events = settled(engine)
    assert whose[("b", "x")] == "1"
    assert events == {"joined": 1}


def test_decision_of_people_joins_and_keeps_apart(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1")], [("b", "1")], [("c", "1")])
    new(engine, ("b", "x"))
    engine.execute("INSERT INTO decided VALUES ('a', '1', 'b', '1', true), ('c', '1', 'b', 'x', false)")
    pair(engine, ("b", "x"), ("c", "1"), 20.0)
    whose, events = settled(engine)
    assert whose[("a", "1")] == whose[("b", "1")]
    assert whose[("b", "x")] == "new"
    assert events == {"merged": 1, "new": 1}


def bands(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    rows = connection.execute("SELECT source, record_id, match_weight_band FROM s").fetchall()
    return {(source, record): band for source, record, band in rows}


def test_decision_takes_a_known_entity_apart_and_the_log_says_so(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("b", "1")], [("a", "2"), ("b", "2")])
    engine.execute("INSERT INTO decided VALUES ('b', '1', 'a', '1', false)")
    pair(engine, ("a", "1"), ("b", "1"), -20.0)  # compared anew, and still not joined
    whose, events = settled(engine)
    assert whose == {("a", "1"): "0", ("b", "1"): "new", ("a", "2"): "1", ("b", "2"): "1"}
    assert events == {"split": 1}
    assert engine.execute("SELECT event, other_entity_id, records FROM l WHERE at_version = 2").fetchall() == [
        ("split", f"{0:032x}", 1)
    ]
    assert bands(engine)["a", "1"] == bands(engine)["b", "1"] == "not linked"
    assert bands(engine)["a", "2"] == "5 to 10"


def test_records_of_an_entity_taken_apart_find_their_places_anew(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("b", "1"), ("c", "1")], [("c", "2")])
    engine.execute("INSERT INTO decided VALUES ('a', '1', 'b', '1', false)")
    pair(engine, ("b", "1"), ("c", "1"), 12.0)
    pair(engine, ("a", "1"), ("c", "1"), 7.0)
    pair(engine, ("a", "1"), ("c", "2"), 6.0)
    whose, events = settled(engine)
    assert whose == {("b", "1"): "0", ("c", "1"): "0", ("a", "1"): "1", ("c", "2"): "1"}
    assert events == {"moved": 1}
    assert bands(engine)["b", "1"] == "10 to 15"


def test_within_one_source_the_rest_of_the_entity_stays_known(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("a", "2"), ("a", "3"), ("a", "4")])
    engine.execute("INSERT INTO decided VALUES ('a', '1', 'a', '2', false)")
    pair(engine, ("a", "1"), ("a", "3"), 12.0)
    pair(engine, ("a", "2"), ("a", "3"), 7.0)
    whose, events = settled(engine, one_to_one=False, whole=False)
    assert whose == {("a", "1"): "0", ("a", "3"): "0", ("a", "4"): "0", ("a", "2"): "new"}
    assert events == {"split": 1}
    assert bands(engine) == {("a", "1"): "10 to 15", ("a", "2"): "not linked"} | dict.fromkeys(
        [("a", "3"), ("a", "4")], "5 to 10"
    )


def test_decision_about_somebody_who_left_takes_nothing_apart(engine: duckdb.DuckDBPyConnection) -> None:
    known(engine, [("a", "1"), ("b", "1")])
    engine.execute("DELETE FROM records WHERE source = 'b'; INSERT INTO decided VALUES ('a', '1', 'b', '1', false)")
    assert settled(engine) == ({("a", "1"): "0", ("b", "1"): "0"}, {})


def test_pair_that_people_decided_about_is_as_they_say(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute("ALTER TABLE pairs RENAME TO scored")
    engine.execute("""
        INSERT INTO scored VALUES ('a', '1', 'b', '1', 3, .5, 'model', false),
            ('a', '2', 'b', '2', 4, .96, 'model', true), ('a', '3', 'b', '3', 9, .99, 'model', true);
        INSERT INTO decided VALUES ('b', '1', 'a', '1', true), ('a', '2', 'b', '2', false);
    """)
    assert incremental._judge(engine, "scored", "decided")
    assert engine.execute("SELECT record_id_l, linked FROM pairs ORDER BY 1").fetchall() == [
        ("1", True),
        ("2", False),
        ("3", True),
    ]


def test_places_put_everybody_of_an_address_together_and_keep_their_ids(engine: duckdb.DuckDBPyConnection) -> None:
    fields = {"name": "surname", "home": "address", "code": "postcode"}
    sources = [{"name": name, "file": "-", "id": "record_id"} for name in ("a", "b")]
    plan = LinkPlan.model_validate({"datasets": sources, "fields": fields}, strict=False)
    rows = [
        ("a", "1", "Abbot", "1 High Street", "QX1 1AB"),
        ("a", "2", "Abbot", "1 High Street", "QX1 1AB"),
        ("b", "1", "Baker", "1 high st.", "QX11AB"),
        ("b", "2", "Cole", "7 Mill Lane", "QX2 2CD"),
        ("b", "3", "Dunn", None, None),
    ]
    engine.execute(
        "DROP TABLE records; DROP TABLE pairs; CREATE TABLE records (source VARCHAR, record_id VARCHAR, name VARCHAR,"
        " home VARCHAR, code VARCHAR)"
    )
    engine.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", [list(one) for one in rows])
    made = incremental.compare_places(engine, plan)
    assert made.whole
    assert engine.execute("SELECT count(*) FROM pairs").fetchall() == [(0,)]
    settle(engine, Known(), made.links, 1, _ids, into=("s", "l"))
    whose = {
        (source, record): entity
        for source, record, entity in engine.execute("SELECT source, record_id, entity_id FROM s").fetchall()
    }
    assert whose["a", "1"] == whose["a", "2"] == whose["b", "1"]
    assert len({whose["a", "1"], whose["b", "2"], whose["b", "3"]}) == 3
    bands = engine.execute(
        "SELECT record_id FROM s WHERE source = 'b' AND match_weight_band <> 'not linked'"
    ).fetchall()
    assert bands == [("1",), ("2",)]  # who has no address is placed nowhere
