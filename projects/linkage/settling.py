"""The steps of settling clusters against a known spine, each a query; `spine` says what they amount to."""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.graphs import pieces
from saferoom.projects.linkage.tables import insert, number, quoted, require, require_key
from saferoom.projects.linkage.weights import band_sql

if TYPE_CHECKING:
    import duckdb

NewIds = Callable[[int], Sequence[str]]
"""Gives so many random ids of 128 bits, as 32 hexadecimal digits each."""
RECORD = ("source", "record_id")
SPINE = (*RECORD, "entity_id", "match_probability", "match_weight_band", "match_pass")
LINKS = (*RECORD, "cluster_id", "match_probability", "match_weight", "match_pass")
LOG = ("at_version", "event", "entity_id", "other_entity_id", "records")
EVENTS = ("new", "joined", "merged", "split", "moved")
UNLINKED = "not linked"
"""The band of a record that is linked to no other."""
_ID = re.compile(r"[0-9a-f]{32}")
TABLES = ("_settle_record", "_settle_pair", "_settle_heir", "_settle_spine", "_settle_log", "_settle_ids")


@dataclass(frozen=True)
class Known:
    """The last version's tables; both None where there is none."""

    spine: str | None = None
    log: str | None = None


def sizes_sql(log: str) -> str:
    """Return the query that replays a log: entity_id and how many records it has (dead ones have none)."""
    return f"""
        SELECT entity_id, sum(records)::BIGINT AS records FROM (
            SELECT entity_id, records FROM {quoted(log)}
            UNION ALL SELECT other_entity_id, -records FROM {quoted(log)} WHERE other_entity_id IS NOT NULL
        ) GROUP BY entity_id
    """


def check(connection: duckdb.DuckDBPyConnection, known: Known, links: str, at_version: int) -> None:
    require(connection, links, "the table of links", LINKS)
    require_key(connection, links, "the table of links", RECORD)
    loose = number(connection, f"SELECT count(*) FROM {quoted(links)} WHERE cluster_id IS NULL")
    if loose:
        raise BadInputError(f"the table of links has {loose:,} records without a cluster; every record is in one")
    if known.spine is None and known.log is None:
        return
    if known.spine is None or known.log is None:
        raise BadInputError("a known spine needs its log, and a log its spine; give both or neither")
    require(connection, known.spine, "the known spine", SPINE)
    require_key(connection, known.spine, "the known spine", RECORD)
    require(connection, known.log, "the known log", LOG)
    last = number(connection, f"SELECT max(at_version) FROM {quoted(known.log)}")
    if at_version <= last:
        raise BadInputError("the version is not after the last one of the log; give it a greater number")
    apart = number(
        connection,
        f"""
        SELECT count(*) FROM (SELECT * FROM ({sizes_sql(known.log)}) WHERE records <> 0) l FULL JOIN (
            SELECT entity_id, count(*) AS records FROM {quoted(known.spine)} GROUP BY entity_id
        ) s USING (entity_id) WHERE l.records IS DISTINCT FROM s.records
        """,
    )
    if apart:
        raise BadInputError(f"the known log does not add up to the known spine for {apart:,} entities; one was changed")


def match(
    connection: duckdb.DuckDBPyConnection, known: Known, links: str, *, together: bool, parted: str | None = None
) -> None:
    """Make the records (with their cluster's number and known entity) and pairs of cluster and entity."""
    entity = "NULL::TEXT" if known.spine is None else "k.entity_id"
    join = "" if known.spine is None else f"LEFT JOIN {quoted(known.spine)} k USING (source, record_id)"
    connection.execute(f"""
        CREATE TEMP TABLE _settle_record AS
        WITH numbered AS (
            SELECT l.source, l.record_id, l.cluster_id, {entity} AS entity_id,
                row_number() OVER (ORDER BY l.source, l.record_id) AS number
            FROM {quoted(links)} l {join}
        )
        SELECT source, record_id, entity_id, min(number) OVER (PARTITION BY cluster_id) AS cluster FROM numbered
    """)
    if together:
        keep_together(connection, parted)
    sizes = "SELECT NULL::TEXT AS entity_id, 0 AS size WHERE false"
    if known.spine is not None:
        sizes = f"SELECT entity_id, count(*) AS size FROM {quoted(known.spine)} GROUP BY entity_id"
    connection.execute(f"""
        CREATE TEMP TABLE _settle_pair AS
        SELECT cluster, entity_id, count(*) AS shared, any_value(size) AS size
        FROM _settle_record JOIN ({sizes}) USING (entity_id) GROUP BY cluster, entity_id
    """)


def keep_together(connection: duckdb.DuckDBPyConnection, parted: str | None) -> None:
    """Put clusters that share a known entity that is not `parted` into one, which gets the smallest number of them."""
    import numpy as np

    kept = "entity_id IS NOT NULL"
    if parted is not None:
        kept += f" AND entity_id NOT IN (SELECT entity_id FROM {quoted(parted)})"
    edges = connection.execute(f"""
        SELECT cluster, dense_rank() OVER (ORDER BY entity_id) AS entity
        FROM (SELECT DISTINCT cluster, entity_id FROM _settle_record WHERE {kept}) ORDER BY cluster
    """).fetchnumpy()
    clusters, place = np.unique(edges["cluster"], return_inverse=True)
    together = pieces(len(clusters), place, edges["entity"])
    # The first cluster of every piece has its smallest number, because clusters are in order.
    _, first = np.unique(together, return_index=True)
    rows = {"cluster": clusters, "least": clusters[first][together]}
    connection.execute("CREATE TEMP TABLE _settle_ids (cluster BIGINT, least BIGINT)")
    insert(connection, "_settle_ids", rows)
    connection.execute(
        "UPDATE _settle_record SET cluster = least FROM _settle_ids i WHERE i.cluster = _settle_record.cluster"
    )
    connection.execute("DROP TABLE temp._settle_ids")


def take_over(connection: duckdb.DuckDBPyConnection) -> None:
    """Find who takes over which id, in rounds of pairs that are first for both sides."""
    connection.execute("CREATE TEMP TABLE _settle_heir (cluster BIGINT, entity_id TEXT)")
    order = "shared DESC, size DESC, entity_id, cluster"
    connection.execute("CREATE TEMP TABLE _settle_ids AS FROM _settle_pair")
    while True:
        before = number(connection, "SELECT count(*) FROM _settle_heir")
        connection.execute(f"""
            INSERT INTO _settle_heir SELECT cluster, entity_id FROM (
                SELECT cluster, entity_id, row_number() OVER (PARTITION BY cluster ORDER BY {order}) AS of_cluster,
                    row_number() OVER (PARTITION BY entity_id ORDER BY {order}) AS of_entity
                FROM _settle_ids
            ) WHERE of_cluster = 1 AND of_entity = 1
        """)
        if number(connection, "SELECT count(*) FROM _settle_heir") == before:
            break
        connection.execute("""
            CREATE OR REPLACE TEMP TABLE _settle_ids AS SELECT p.* FROM _settle_ids p
            ANTI JOIN _settle_heir c ON c.cluster = p.cluster ANTI JOIN _settle_heir e ON e.entity_id = p.entity_id
        """)
    connection.execute("DROP TABLE temp._settle_ids")


def name(connection: duckdb.DuckDBPyConnection, known: Known, new_ids: NewIds) -> None:
    """Give every cluster that took over no id a new one; `born` tells the two apart."""
    unnamed = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT cluster FROM _settle_record ANTI JOIN _settle_heir USING (cluster) ORDER BY cluster"
        ).fetchall()
    ]
    ids = list(new_ids(len(unnamed)))
    if len(set(ids)) != len(unnamed) or not all(_ID.fullmatch(one) for one in ids):
        raise ValueError("new ids must be as many as asked for, all different, of 32 hexadecimal digits")
    connection.execute("ALTER TABLE temp._settle_heir ADD COLUMN born BOOLEAN DEFAULT false")
    insert(connection, "_settle_heir", {"cluster": unnamed, "entity_id": ids, "born": [True] * len(ids)})
    if known.log is not None and number(
        connection,
        f"SELECT count(*) FROM _settle_heir h WHERE born AND entity_id IN (SELECT entity_id FROM {quoted(known.log)})",
    ):
        raise ValueError("a new id was given before; new ids must be random")


def write_spine(connection: duckdb.DuckDBPyConnection, known: Known, links: str) -> None:
    """Make the new spine, with the entity that each record had before."""
    alone = "l.match_weight IS NULL AND l.match_pass IS NULL"
    band = f"CASE WHEN {alone} THEN '{UNLINKED}' ELSE {band_sql('l.match_weight')} END"
    vanished = ""
    if known.spine is not None:
        vanished = f"""
            UNION ALL SELECT k.source, k.record_id, coalesce(t.entity_id, m.entity_id, k.entity_id),
                k.match_probability, k.match_weight_band, k.match_pass, k.entity_id, true
            FROM {quoted(known.spine)} k ANTI JOIN _settle_record r USING (source, record_id)
            LEFT JOIN _settle_heir t ON t.entity_id = k.entity_id
            LEFT JOIN most p ON p.entity_id = k.entity_id LEFT JOIN _settle_heir m ON m.cluster = p.cluster
        """
    connection.execute(f"""
        CREATE TEMP TABLE _settle_ids AS
        WITH most AS (
            SELECT entity_id, cluster FROM _settle_pair
            QUALIFY row_number() OVER (PARTITION BY entity_id ORDER BY shared DESC, cluster) = 1
        )
        SELECT r.source::TEXT AS source, r.record_id::TEXT AS record_id, h.entity_id,
            l.match_probability::DOUBLE AS match_probability, {band} AS match_weight_band,
            l.match_pass::TEXT AS match_pass, r.entity_id AS before, false AS vanished
        FROM _settle_record r JOIN _settle_heir h USING (cluster)
        JOIN {quoted(links)} l ON l.source = r.source AND l.record_id = r.record_id
        {vanished}
    """)
    connection.execute(
        f"CREATE TEMP TABLE _settle_spine AS SELECT {', '.join(SPINE)} FROM _settle_ids ORDER BY source, record_id"
    )


def write_log(connection: duckdb.DuckDBPyConnection, known: Known, at_version: int) -> None:
    earlier = "" if known.log is None else f"SELECT {', '.join(LOG)} FROM {quoted(known.log)} UNION ALL"
    connection.execute(
        f"""
        CREATE TEMP TABLE _settle_log AS
        WITH flow AS (
            SELECT before, entity_id, count(*) AS records FROM _settle_ids
            WHERE before IS DISTINCT FROM entity_id GROUP BY before, entity_id
        ), born AS (SELECT entity_id FROM _settle_heir WHERE born),
        parted AS (SELECT DISTINCT entity_id FROM flow WHERE before IS NOT NULL),
        alive AS (SELECT DISTINCT entity_id FROM _settle_ids),
        heirs AS (
            SELECT p.entity_id AS dead, h.entity_id AS heir FROM _settle_pair p JOIN _settle_heir h USING (cluster)
            WHERE p.entity_id NOT IN (SELECT entity_id FROM alive)
            QUALIFY row_number() OVER (PARTITION BY p.entity_id ORDER BY shared DESC, p.cluster) = 1
        )
        {earlier} SELECT $version::BIGINT AS at_version, CASE
            WHEN before IS NULL AND entity_id IN (FROM born) AND entity_id NOT IN (FROM parted) THEN 'new'
            WHEN before IS NULL THEN 'joined'
            WHEN entity_id IN (FROM born) THEN 'split'
            WHEN (before, entity_id) IN (SELECT (dead, heir) FROM heirs) THEN 'merged'
            ELSE 'moved' END AS event, entity_id, before AS other_entity_id, records::BIGINT AS records
        FROM flow ORDER BY at_version, entity_id, other_entity_id NULLS FIRST
        """,
        {"version": at_version},
    )


def counts(connection: duckdb.DuckDBPyConnection, at_version: int) -> dict[str, int]:
    counts = {
        "records": number(connection, "SELECT count(*) FROM _settle_spine"),
        "entities": number(connection, "SELECT count(DISTINCT entity_id) FROM _settle_spine"),
        "vanished": number(connection, "SELECT count(*) FROM _settle_ids WHERE vanished"),
    }
    events = connection.execute(
        "SELECT event, sum(records) FROM _settle_log WHERE at_version = ? GROUP BY event", [at_version]
    ).fetchall()
    return counts | dict.fromkeys(EVENTS, 0) | {str(event): int(records) for event, records in events}
