"""Relatives' word in a linkage of several sources: pairs decided anew, and entities put together of them again.

`families.confirm` decides pairs between families and households. Here its word joins all other pairs of a linkage, with
links that are known from before as witnesses, and clusters are made anew: where relatives say nothing, weights are as
they were, and chains of doubtful links are cut as they are without relatives.
"""

# ruff: noqa: S608 - SQL is put together from quoted names and our own
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.projects.linkage.families import RELATIVES_PASS as RELATIVES_PASS
from saferoom.projects.linkage.families import THRESHOLD, confirm
from saferoom.projects.linkage.linked import MODEL_PASS
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.standardising import literal
from saferoom.projects.linkage.tables import quoted, require_new, scratch

if TYPE_CHECKING:
    import duckdb

_SIDES = ("source_l", "record_id_l", "source_r", "record_id_r")
_PAIRS = (*_SIDES, "match_weight", "match_probability", "match_pass", "linked")
_ASKED, _TOLD, _NUMBERED = "_relating_asked", "_relating_told", "_relating_numbered"
_KNOWN_PASS = "known"  # noqa: S105 - a label, no secret
_SURE = 0.999999
_ALL_BITS = 40.0
_BITS = "log2(greatest(p.match_probability, 1e-6) / greatest(1 - p.match_probability, 1e-6))"
LEAST = 0.5
"""Of two candidates in one household one at most is linked, however low the plan's threshold."""


@dataclass(frozen=True)
class Relatives:
    """Who may speak for whom.

    Attributes
    ----------
    families : str
        A table with `source, record_id, family, role`.
    households : str
        A table with `source, record_id, household`.
    once : tuple of str
        Sources of families in which everybody has one record at most.
    """

    families: str
    households: str
    once: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heard:
    """What came of it: links of doubtful pairs that relatives made, and links that they spoke against."""

    added: int
    dropped: int


def hear(
    connection: duckdb.DuckDBPyConnection,
    pairs: str,
    relatives: Relatives,
    into: str,
    *,
    threshold: float,
    known: str | None = None,
) -> Heard:
    """Decide pairs anew by relatives' links; make the table `into` like `pairs`.

    Parameters
    ----------
    pairs : str
        Scored pairs with `source_l, record_id_l, source_r, record_id_r, match_weight, match_probability, match_pass,
        linked`.
    threshold : float
        What linking took for a link. With relatives heard it is no less than `LEAST`, and no more than what `confirm`
        takes: more is known then. A pair that was none becomes a link only where relatives speak for it.
    known : str, optional
        A table with `source, record_id, entity_id`: links of before, which witness and are not decided again.
    """
    require_new(connection, [into])
    run = connection.execute
    with scratch(connection, (_ASKED, _TOLD)):
        run(f"CREATE TEMP TABLE {_ASKED} AS SELECT {', '.join(_PAIRS)} FROM {quoted(pairs)}")
        if known is not None:
            run(f"""
                INSERT INTO {_ASKED}
                SELECT f.source, f.record_id, h.source, h.record_id, 0, {_SURE}, '{_KNOWN_PASS}', true
                FROM {quoted(relatives.families)} f JOIN {quoted(known)} a USING (source, record_id)
                JOIN {quoted(known)} b USING (entity_id) JOIN {quoted(relatives.households)} h
                    ON h.source = b.source AND h.record_id = b.record_id
                ANTI JOIN {_ASKED} p ON (p.source_l, p.record_id_l, p.source_r, p.record_id_r)
                    IN ((f.source, f.record_id, h.source, h.record_id), (h.source, h.record_id, f.source, f.record_id))
            """)
        confirm(
            connection,
            _ASKED,
            relatives.families,
            relatives.households,
            into=_TOLD,
            threshold=min(max(threshold, LEAST), THRESHOLD),
            single=relatives.once,
        )
        try:
            _write(connection, relatives, into)
        finally:
            run(f"DROP TABLE IF EXISTS {_TOLD}")
    added, dropped = run(f"""
        SELECT count(*) FILTER (WHERE n.linked AND NOT p.linked), count(*) FILTER (WHERE p.linked AND NOT n.linked)
        FROM {quoted(into)} n JOIN {quoted(pairs)} p USING ({", ".join(_SIDES)})
    """).fetchall()[0]
    return Heard(int(added), int(dropped))


def _write(connection: duckdb.DuckDBPyConnection, relatives: Relatives, into: str) -> None:
    """Add what relatives said to the weight of each pair that they were asked about; leave out what was known."""
    family, home = (
        f"(SELECT DISTINCT source FROM {quoted(table)})" for table in (relatives.families, relatives.households)
    )
    asked = f"(source_l IN {family} AND source_r IN {home}) OR (source_r IN {family} AND source_l IN {home})"
    spoken = f"t.linked AND (p.linked OR ({asked}) AND t.match_weight > least(greatest({_BITS}, -20), 20) + 0.001)"
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        SELECT {", ".join(_SIDES)},
            CASE WHEN {asked} THEN p.match_weight + round(t.match_weight - least(greatest({_BITS}, -20), 20), 6)
                ELSE p.match_weight END AS match_weight,
            t.match_probability,
            CASE WHEN ({spoken}) AND NOT p.linked THEN '{RELATIVES_PASS}' ELSE p.match_pass END AS match_pass,
            {spoken} AS linked
        FROM {_ASKED} p JOIN {_TOLD} t USING ({", ".join(_SIDES)})
        WHERE p.match_pass IS DISTINCT FROM '{_KNOWN_PASS}'
        ORDER BY {", ".join(_SIDES)}
    """)


def entities(connection: duckdb.DuckDBPyConnection, records: str, pairs: str, into: str, plan: LinkPlan) -> None:
    """Make the table of clusters `into` from linked pairs; a pair whose records are not of one entity is no link then.

    Parameters
    ----------
    records : str
        Every record once, with `source` and `record_id`.
    pairs : str
        A table as `hear` makes it; its `linked` is set anew.
    """
    import numpy as np
    import pyarrow as pa

    from saferoom.projects.linkage.classes import Pairs
    from saferoom.projects.linkage.clusters import cluster
    from saferoom.projects.linkage.deciding import Decided

    require_new(connection, [into])
    run = connection.execute
    place = "CASE source " + " ".join(f"WHEN {literal(one.name)} THEN {n}" for n, one in enumerate(plan.datasets))
    with scratch(connection, (_NUMBERED,)):
        run(f"""
            CREATE TEMP TABLE {_NUMBERED} AS SELECT source, record_id, {place} END AS place,
                row_number() OVER (ORDER BY place, record_id) AS id FROM {quoted(records)}
        """)
        found = run(f"""
            SELECT least(l.id, r.id) AS l, greatest(l.id, r.id) AS r, least(l.place, r.place) AS ls,
                greatest(l.place, r.place) AS rs, coalesce(p.match_weight, {_ALL_BITS})::DOUBLE AS weight,
                CASE WHEN p.match_pass IN ('{MODEL_PASS}', '{RELATIVES_PASS}') THEN -1 ELSE 0 END AS passed,
                p.match_probability AS probability, p.linked
            FROM {quoted(pairs)} p
            JOIN {_NUMBERED} l ON l.source = p.source_l AND l.record_id = p.record_id_l
            JOIN {_NUMBERED} r ON r.source = p.source_r AND r.record_id = p.record_id_r ORDER BY 1, 2
        """).fetchnumpy()
        left, right, ls, rs, passed = (np.asarray(found[c], dtype=np.int64) for c in ("l", "r", "ls", "rs", "passed"))
        weight, probability = (np.asarray(found[c], dtype=np.float64) for c in ("weight", "probability"))
        linked = np.asarray(found["linked"], dtype=bool)
        sources = np.asarray(run(f"SELECT place FROM {_NUMBERED} ORDER BY id").fetchnumpy()["place"], dtype=np.int64)
        decided = Decided(0.0, 0.0, weight, probability, linked, {}, {})
        made = cluster(Pairs(left, right, ls, rs, weight, passed), decided, sources, plan)
        numbered = pa.table({"id": np.arange(1, len(made) + 1), "cluster": made})
        connection.register("_relating_made", numbered)
        try:
            _clusters(connection, pairs, into)
        finally:
            connection.unregister("_relating_made")


def _clusters(connection: duckdb.DuckDBPyConnection, pairs: str, into: str) -> None:
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS SELECT n.source, n.record_id, 'c' || m.cluster AS cluster_id
        FROM {_NUMBERED} n JOIN _relating_made m USING (id)
    """)
    connection.execute(f"""
        UPDATE {quoted(pairs)} SET linked = false FROM {quoted(into)} a, {quoted(into)} b
        WHERE linked AND a.source = source_l AND a.record_id = record_id_l AND b.source = source_r
            AND b.record_id = record_id_r AND a.cluster_id <> b.cluster_id
    """)
    connection.execute(f"""
        CREATE OR REPLACE TABLE {quoted(into)} AS
        WITH sides AS (
            SELECT source_l AS source, record_id_l AS record_id, * FROM {quoted(pairs)} WHERE linked
            UNION ALL SELECT source_r, record_id_r, * FROM {quoted(pairs)} WHERE linked
        ), best AS (
            SELECT source, record_id, arg_max(struct_pack(w := match_weight, p := match_probability, s := match_pass),
                coalesce(match_weight, 'infinity'::DOUBLE)) AS best FROM sides GROUP BY source, record_id
        )
        SELECT source, record_id, cluster_id, coalesce(b.best.p, 1.0)::DOUBLE AS match_probability,
            b.best.w AS match_weight, b.best.s AS match_pass
        FROM {quoted(into)} LEFT JOIN best b USING (source, record_id) ORDER BY source, record_id
    """)
