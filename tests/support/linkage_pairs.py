"""A linked version of two made-up sources, with the truth kept: probabilities mean what they say, groups differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

GROUPS = ("white", "asian", "black")


@dataclass(frozen=True)
class World:
    """Relations `records`, `pairs`, `clusters`, and the truth in `truth` (source_l .. record_id_r, matched)."""

    connection: duckdb.DuckDBPyConnection
    precision: float
    recall: float

    def number(self, sql: str) -> float:
        """Return the one number a query gives."""
        row = self.connection.execute(sql).fetchone()
        return float(row[0]) if row else 0.0


def world(people: int = 6000, seed: int = 1, lost: Mapping[str, float] | None = None) -> World:
    """Return two sources of the same people; a share of each group in `lost` has weak evidence only.

    Weak pairs have probabilities spread evenly over 0 to 1 and are true as often as they say; strong pairs are at least
    .96. Accepted is what has at least .9.
    """
    lost = {"white": 0.04, "asian": 0.04, "black": 0.04} if lost is None else lost
    cases = " ".join(f"WHEN '{name}' THEN {share}" for name, share in lost.items())
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute("SELECT setseed(?)", [seed / 1000])
    con.execute(f"""
        CREATE TABLE people AS
        SELECT i, ['white', 'white', 'white', 'asian', 'black'][1 + (i * 7919) % 5] ethnicity,
            'region ' || (i * 104729) % 6 region, random() a, random() b, random() c FROM range({people}) t(i)
    """)
    con.execute(f"""
        CREATE TABLE drawn AS
        SELECT *, CASE WHEN a < CASE ethnicity {cases} END THEN b ELSE .96 + .04 * b END p FROM people
    """)
    con.execute("CREATE TABLE known AS SELECT *, c < p AS matched FROM drawn")
    con.execute("""
        CREATE TABLE records AS
        SELECT 'schools' source, 's' || i record_id, ethnicity, region FROM people
        UNION ALL SELECT 'tax', 't' || i, ethnicity, region FROM people
    """)
    con.execute("""
        CREATE TABLE pairs AS
        SELECT 'schools' source_l, 's' || i record_id_l, 'tax' source_r, 't' || i record_id_r,
            log2(p / (1 - p) + 1e-300) match_weight, p match_probability, 'model' match_pass, matched
        FROM known WHERE p > .001
    """)
    con.execute("CREATE TABLE truth AS SELECT * EXCLUDE (match_weight, match_probability, match_pass) FROM pairs")
    con.execute("""
        CREATE TABLE clusters AS
        SELECT 'schools' source, 's' || i record_id, CASE WHEN p >= .9 THEN 'c' || i ELSE 's' || i END cluster_id,
            p match_probability, log2(p / (1 - p)) match_weight, 'model' match_pass FROM known
        UNION ALL SELECT 'tax', 't' || i, CASE WHEN p >= .9 THEN 'c' || i ELSE 't' || i END, p, log2(p / (1 - p)),
            'model' FROM known
    """)
    found = con.execute("""
        SELECT avg(matched::INT) FILTER (WHERE p >= .9), count(*) FILTER (WHERE matched AND p >= .9) / count_if(matched)
        FROM known
    """).fetchone()
    assert found is not None
    return World(con, float(found[0]), float(found[1]))
