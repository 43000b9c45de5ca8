"""Associations: periods of the same two entities are put together, whatever cannot be is refused, changes counted."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.projects.linkage.associations import associate, changes

BETWEEN = ("person_id", "business_id")
Period = tuple[str | None, str | None]
Line = tuple[str | None, str | None, str | None, str | None]


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def _evidence(engine: duckdb.DuckDBPyConnection, table: str, rows: list[Line]) -> None:
    engine.execute(f"CREATE TABLE {table} (person_id TEXT, business_id TEXT, first_day DATE, last_day DATE)")
    if rows:
        engine.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", rows)


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
    engine: duckdb.DuckDBPyConnection, periods: list[Period], wanted: list[tuple[str | None, str | None, int]]
) -> None:
    _evidence(engine, "tax", [("e1", "f1", *period) for period in periods[:1]])
    _evidence(engine, "pensions", [("e1", "f1", *period) for period in periods[1:]])
    made = associate(engine, BETWEEN, ["tax", "pensions"], "works")
    found = engine.execute("SELECT first_day::TEXT, last_day::TEXT, records FROM works").fetchall()
    assert found == wanted
    assert (made.rows, made.pairs, made.periods) == (len(periods), 1, len(wanted))


def test_gap_says_what_continues_a_period(engine: duckdb.DuckDBPyConnection) -> None:
    _evidence(engine, "jobs", [("e1", "f1", "2010-01-01", "2010-12-31"), ("e1", "f1", "2011-02-01", "2011-12-31")])
    assert associate(engine, BETWEEN, ["jobs"], "strict").periods == 2
    assert associate(engine, BETWEEN, ["jobs"], "lenient", gap=31 + 1).periods == 1


def test_evidence_without_days_has_open_periods_and_rows_without_an_entity_are_counted(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    engine.execute("CREATE TABLE forms AS SELECT * FROM (VALUES ('e1', 'f1'), ('e1', 'f1'), (NULL, 'f1'), ('e2', NULL))"
                   " t(person_id, business_id)")  # fmt: skip
    made = associate(engine, BETWEEN, ["forms"], "works")
    assert made.document() == {"rows": 4, "pairs": 1, "periods": 1, "left_missing": 1, "right_missing": 1}
    assert engine.execute("FROM works").fetchall() == [("e1", "f1", None, None, 2)]


def test_periods_that_end_before_they_begin_are_refused(engine: duckdb.DuckDBPyConnection) -> None:
    _evidence(engine, "jobs", [("e1", "f1", "2011-01-01", "2010-01-01")])
    with pytest.raises(BadInputError, match="the evidence has a period that ends before it begins; correct") as caught:
        associate(engine, BETWEEN, ["jobs"], "works")
    assert "2011" not in caught.value.message
    engine.execute("INSERT INTO jobs FROM jobs")
    with pytest.raises(BadInputError, match="the evidence has 2 periods that end before they begin"):
        associate(engine, BETWEEN, ["jobs"], "works")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("'e1' AS person_id", "'odd' has no column 'business_id'"),
        ("'e1' AS person_id, 'f1' AS business_id, '2011' AS first_day", "'odd' has 'first_day' that is no date"),
    ],
)
def test_evidence_of_another_shape_is_refused(engine: duckdb.DuckDBPyConnection, columns: str, said: str) -> None:
    engine.execute(f"CREATE TABLE odd AS SELECT {columns}")
    with pytest.raises(BadInputError, match=said):
        associate(engine, BETWEEN, ["odd"], "works")


def test_changes_since_the_version_before_are_counted_by_pairs(engine: duckdb.DuckDBPyConnection) -> None:
    day, later = "2010-01-01", "2011-01-01"
    _evidence(
        engine, "before", [("a", "x", day, None), ("b", "x", day, None), ("c", "x", day, day), ("d", "y", None, None)]
    )
    _evidence(
        engine, "after", [("a", "x", day, None), ("b", "x", day, later), ("c", "z", day, day), ("d", "y", None, None)]
    )
    assert changes(engine, BETWEEN, "before", "after") == {"new": 1, "gone": 1, "changed": 1, "same": 2}
    engine.execute("ALTER TABLE before DROP COLUMN last_day")
    assert changes(engine, BETWEEN, "before", "after") == {"new": 1, "gone": 1, "changed": 0, "same": 3}
    engine.execute("ALTER TABLE before DROP COLUMN first_day")
    assert changes(engine, BETWEEN, "before", "after") == {"new": 1, "gone": 1, "changed": 0, "same": 3}
    engine.execute("ALTER TABLE before DROP COLUMN person_id")
    assert changes(engine, BETWEEN, "before", "after") == {}
