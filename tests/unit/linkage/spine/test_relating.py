"""Relatives' word in a whole linkage: witnesses of before, weights, and entities put together anew."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.relating import Heard, Relatives, entities, hear

FAMILIES = 60
PLAN = LinkPlan.model_validate(
    {
        "datasets": [{"name": name, "file": "-", "id": "record_id"} for name in ("births", "school", "census")],
        "fields": {"surname": "surname"},
    },
    strict=False,
)
ASKED = Relatives("families", "households")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield mothers and fathers found in a census, except for the last family's father, who is doubtful."""
    with duckdb.connect() as made:
        made.execute(f"""
            CREATE TABLE families AS SELECT 'births' AS source, role || n AS record_id, 'f' || n AS family, role
            FROM range({FAMILIES}) t(n), (VALUES ('mother'), ('father')) r(role);
            CREATE TABLE households AS SELECT 'census' AS source, record_id, 'h' || family[2:] AS household
            FROM families;
            CREATE TABLE records AS SELECT source, record_id FROM families UNION ALL
            SELECT source, record_id FROM households UNION ALL SELECT 'school', 'pupil' || n FROM range(3) t(n);
            CREATE TABLE pairs AS SELECT 'births' AS source_l, record_id AS record_id_l, 'census' AS source_r,
                record_id AS record_id_r, 12::DOUBLE AS match_weight, 0.999::DOUBLE AS match_probability,
                'model' AS match_pass, true AS linked FROM families;
            INSERT INTO pairs SELECT 'births', role || n, 'census', role || (n + 7) % {FAMILIES}, -6, 0.01, 'model',
                false FROM range({FAMILIES}) t(n), (VALUES ('mother'), ('father')) r(role);
            UPDATE pairs SET match_probability = 0.3, match_weight = -1.2, linked = false
            WHERE record_id_l = 'father59' AND record_id_r = 'father59';
            INSERT INTO pairs VALUES ('births', 'mother1', 'school', 'pupil1', 3.25, 0.97, 'key 1: x', true)
        """)
        yield made


def row(con: duckdb.DuckDBPyConnection, table: str, birth: str, other: str) -> tuple[object, ...]:
    found = con.execute(
        f"SELECT linked, match_pass, match_weight FROM {table} WHERE record_id_l = ? AND record_id_r = ?",
        [birth, other],
    ).fetchall()
    (only,) = found
    return tuple(only)


def test_mother_speaks_for_the_father_and_what_nobody_is_asked_about_stays(con: duckdb.DuckDBPyConnection) -> None:
    assert hear(con, "pairs", ASKED, "heard", threshold=0.9) == Heard(added=1, dropped=0)
    linked, by, weight = row(con, "heard", "father59", "father59")
    assert (linked, by) == (True, "relatives")
    assert isinstance(weight, float)
    assert weight > -1.2
    assert row(con, "heard", "mother1", "pupil1") == (True, "key 1: x", 3.25)
    counts = [con.execute(f"SELECT count(*) FROM {name}").fetchall() for name in ("pairs", "heard")]
    assert counts[0] == counts[1]


def test_links_of_before_witness_and_are_not_told_again(con: duckdb.DuckDBPyConnection) -> None:
    """In a refresh the mother was linked long ago; only the father's pair is compared."""
    con.execute("""
        CREATE TABLE known AS SELECT source, record_id, record_id AS entity_id FROM records
        WHERE source <> 'school' AND record_id <> 'father59';
        CREATE TABLE scored AS FROM pairs WHERE NOT linked
    """)
    alone = hear(con, "scored", ASKED, "alone", threshold=0.9)
    told = hear(con, "scored", ASKED, "told", threshold=0.9, known="known")
    assert (alone.added, told.added) == (0, 1)
    assert con.execute("SELECT count(*) FROM told").fetchall() == con.execute("SELECT count(*) FROM scored").fetchall()
    assert row(con, "told", "father59", "father59")[:2] == (True, "relatives")


def test_entities_are_made_of_links_and_contradicting_chains_are_cut(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("INSERT INTO pairs VALUES ('births', 'mother1', 'census', 'mother2', 0.1, 0.6, 'model', true)")
    hear(con, "pairs", ASKED, "heard", threshold=0.5)
    con.execute("UPDATE heard SET linked = true WHERE record_id_l = 'mother1' AND record_id_r = 'mother2'")
    entities(con, "records", "heard", "made", PLAN)
    every = con.execute("SELECT source, record_id, cluster_id, match_pass FROM made").fetchall()
    assert len(every) == len({one[:2] for one in every}) == 4 * FAMILIES + 3
    cluster = {one[:2]: one[2] for one in every}
    assert cluster["births", "father59"] == cluster["census", "father59"]
    assert cluster["births", "mother1"] == cluster["census", "mother1"] == cluster["school", "pupil1"]
    assert cluster["census", "mother2"] == cluster["births", "mother2"] != cluster["births", "mother1"]
    assert row(con, "heard", "mother1", "mother2")[0] is False
    assert {one[3] for one in every if one[:2] == ("school", "pupil0")} == {None}
