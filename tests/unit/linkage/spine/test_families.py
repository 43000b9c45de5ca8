"""Relatives confirm doubtful links, and nobody is linked to a place that a relative has."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.projects.linkage.families import clusters_of, confirm
from saferoom.projects.linkage.spine import Known, settle

Engine = duckdb.DuckDBPyConnection
_PAIRS = (
    "source_l TEXT, record_id_l TEXT, source_r TEXT, record_id_r TEXT, match_weight DOUBLE, match_probability DOUBLE,"
    " match_pass TEXT, linked BOOLEAN"
)


class Village:
    """Births of a child, a mother and a father each, and the households where most of them live."""

    def __init__(self, families: int = 60) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"CREATE TABLE pairs ({_PAIRS})")
        self.connection.execute("CREATE TABLE families (source TEXT, record_id TEXT, family TEXT, role TEXT)")
        self.connection.execute("CREATE TABLE households (source TEXT, record_id TEXT, household TEXT)")
        people = [(role, number) for number in range(families) for role in ("child", "mother", "father")]
        for table, letter, columns in (("families", "f", 4), ("households", "h", 3)):
            source = "births" if table == "families" else "census"
            rows = [(source, f"{role}{n}", f"{letter}{n}", role)[:columns] for role, n in people]
            marks = ", ".join("?" for _ in rows[0])
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        # Everybody's own record, and somebody of another household who is somewhat alike.
        pairs = [(f"{role}{n}", f"{role}{n}", 0.999, True) for role, n in people]
        pairs += [(f"{role}{n}", f"{role}{(n + 7) % families}", 0.01, False) for role, n in people]
        self.connection.executemany("INSERT INTO pairs VALUES ('births', ?, 'census', ?, 1, ?, 'model', ?)", pairs)

    def pair(self, birth: str, census: str, probability: float) -> None:
        linked = probability >= 0.95
        self.connection.execute(
            "INSERT INTO pairs VALUES ('births', ?, 'census', ?, 1, ?, ?, ?)",
            [birth, census, probability, "model", linked],
        )

    def doubt(self, birth: str, census: str, probability: float) -> None:
        """Make the pair of both a doubtful one."""
        self.connection.execute("DELETE FROM pairs WHERE record_id_l = ? AND record_id_r = ?", [birth, census])
        self.pair(birth, census, probability)

    def linked(self, **options: object) -> dict[str, str]:
        confirm(self.connection, "pairs", "families", "households", into="decided", **options)  # type: ignore[arg-type]
        rows = self.connection.execute("SELECT record_id_l, record_id_r FROM decided WHERE linked").fetchall()
        return {str(birth): str(census) for birth, census in rows}


@pytest.fixture
def village() -> Iterator[Village]:
    made = Village()
    yield made
    made.connection.close()


def test_a_doubtful_father_is_found_in_the_household_of_mother_and_child(village: Village) -> None:
    village.doubt("father3", "father3", 0.3)
    village.doubt("father3", "father10", 0.5)
    found = village.linked()
    assert found["father3"] == "father3"
    made = village.connection.execute(
        "SELECT match_pass, match_probability FROM decided WHERE record_id_l = 'father3' AND linked"
    ).fetchall()
    assert made[0][0] == "relatives"
    assert made[0][1] > 0.8


def test_two_candidates_who_are_as_good_as_each_other_stay_unlinked(village: Village) -> None:
    village.connection.execute("INSERT INTO households VALUES ('census', 'twin', 'h3')")
    village.doubt("father3", "father3", 0.4)
    village.doubt("father3", "twin", 0.4)
    assert "father3" not in village.linked()


def test_nobody_is_linked_to_the_record_of_a_relative(village: Village) -> None:
    village.doubt("father3", "father3", 0.01)
    village.doubt("father3", "child3", 0.9)
    assert village.linked().get("father3") != "child3"


def test_one_record_of_a_register_is_linked_once_where_sources_are_single(village: Village) -> None:
    village.connection.execute("INSERT INTO families VALUES ('births', 'other', 'f_other', 'child')")
    village.doubt("other", "child3", 0.97)
    found = village.linked(single=["births"])
    assert found["child3"] == "child3"
    assert "other" not in found


def test_pairs_may_stand_either_way_round_and_the_order_of_rows_does_not_matter(village: Village) -> None:
    village.doubt("father3", "father3", 0.3)
    there = village.linked()
    village.connection.execute("DROP TABLE decided")
    village.connection.execute("""
        CREATE OR REPLACE TABLE pairs AS SELECT source_r AS source_l, record_id_r AS record_id_l, source_l AS source_r,
            record_id_l AS record_id_r, match_weight, match_probability, match_pass, linked FROM pairs
        ORDER BY hash(record_id_l)
    """)
    assert {birth: census for census, birth in village.linked().items()} == there


def test_linked_pairs_become_clusters_that_a_spine_takes(village: Village) -> None:
    village.linked()
    village.connection.execute("""
        CREATE TABLE records AS SELECT source, record_id FROM families
        UNION ALL SELECT source, record_id FROM households
        UNION ALL SELECT 'census', 'nobody'
    """)
    clusters_of(village.connection, "records", "decided", "links")
    made = settle(
        village.connection, Known(), "links", 1, lambda n: [f"{i:032x}" for i in range(n)], into=("spine", "spine_log")
    )
    assert (made.counts["records"], made.counts["entities"]) == (361, 181)


def test_a_record_of_two_families_is_refused(village: Village) -> None:
    village.connection.execute("INSERT INTO families VALUES ('births', 'child1', 'f9', 'child')")
    with pytest.raises(BadInputError, match="several rows for 1 of its source and record_id"):
        village.linked()
