"""Reference indexes: which records of which dataset are of which person, address or business.

An index is a spine (see `spine`) of one kind of entity. A dataset is a member of an index when its records are in it.
Records come in by linking, or because they *carry* an id already: that of the index itself, or the key of another
dataset whose records are in it. What is carried is looked up, never compared; what is carried and not known is counted
and left out, because a wrong id may not become an entity of its own.

References
----------
Office for National Statistics, Reference Data Management Framework (2021): indexes of people, businesses and
locations, with which datasets are joined in place of each with each other.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.spine import RECORD, SPINE
from saferoom.projects.linkage.tables import number, quoted, require, require_key, require_new
from saferoom.projects.linkage.weights import BY_KEY

if TYPE_CHECKING:
    import duckdb

CARRIED_PASS = "carried"  # noqa: S105 - a label, no secret
"""What `match_pass` says of records that carry an id."""


@dataclass(frozen=True)
class Carried:
    """Records that carry an id: how many, how many of them are linked, and why the others are not.

    Attributes
    ----------
    missing : int
        Records without an id.
    unknown : int
        Records whose id is not in the reference.
    """

    table: str
    records: int
    linked: int
    missing: int
    unknown: int


@dataclass(frozen=True)
class Membership:
    """How a dataset is in an index: numbers only.

    Attributes
    ----------
    shared : int
        Entities of this dataset's records that have records of another dataset, too.
    most : int
        The most records of the dataset that one entity has.
    """

    index: str
    source: str
    records: int
    entities: int
    shared: int
    most: int


def carried(connection: duckdb.DuckDBPyConnection, records: str, reference: str, into: str) -> Carried:
    """Link records that carry an id, without comparing anything; make the table `into` as a part of a spine.

    Parameters
    ----------
    records : str
        A table with `source`, `record_id` and `carried_id` (text; missing where the record carries none).
    reference : str
        A table with `carried_id` and `entity_id`: what is carried, and whose it is. For the index's own ids both are
        the same, but for dead ones, whose entity is their successor (see `spine.successors`).

    Raises
    ------
    BadInputError
        A column is missing, a record is twice in `records`, or an id stands for several entities.
    """
    require(connection, records, "the table of records", (*RECORD, "carried_id"))
    require_key(connection, records, "the table of records", RECORD)
    require(connection, reference, "the reference", ("carried_id", "entity_id"))
    require_key(connection, reference, "the reference", ("carried_id",))
    require_new(connection, [into])
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        SELECT r.source::TEXT AS source, r.record_id::TEXT AS record_id, e.entity_id::TEXT AS entity_id,
            1.0::DOUBLE AS match_probability, '{BY_KEY}' AS match_weight_band, '{CARRIED_PASS}' AS match_pass
        FROM {quoted(records)} r JOIN {quoted(reference)} e ON e.carried_id::TEXT = r.carried_id::TEXT
        WHERE e.entity_id IS NOT NULL ORDER BY source, record_id
    """)
    total, missing = (
        number(connection, f"SELECT count(*) FROM {quoted(records)} {where}")
        for where in ("", "WHERE carried_id IS NULL")
    )
    linked = number(connection, f"SELECT count(*) FROM {quoted(into)}")
    return Carried(into, total, linked, missing, total - missing - linked)


def own_ids(connection: duckdb.DuckDBPyConnection, spine: str, log: str, into: str) -> None:
    """Make the reference of an index's own ids: those that live stand for themselves, dead ones for their successor."""
    from saferoom.projects.linkage.spine import successors

    require_new(connection, [into, f"{into}_successors"])
    successors(connection, log, f"{into}_successors")
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        SELECT DISTINCT entity_id AS carried_id, entity_id FROM {quoted(spine)}
        UNION ALL SELECT entity_id, successor_id FROM {quoted(f"{into}_successors")} ORDER BY carried_id
    """)
    connection.execute(f"DROP TABLE {quoted(f'{into}_successors')}")


def memberships(connection: duckdb.DuckDBPyConnection, indexes: Mapping[str, str]) -> tuple[Membership, ...]:
    """Return how every dataset is in every index (name -> spine), by the names of index and dataset."""
    found: list[Membership] = []
    for index, spine in sorted(indexes.items()):
        require(connection, spine, f"the index '{index}'", SPINE)
        rows = connection.execute(f"""
            WITH held AS (
                SELECT source, entity_id, count(*) AS records,
                    count(*) OVER (PARTITION BY entity_id) > 1 AS shared
                FROM {quoted(spine)} GROUP BY source, entity_id
            )
            SELECT source, sum(records)::BIGINT, count(*), count(*) FILTER (WHERE shared), max(records)
            FROM held GROUP BY source ORDER BY source
        """).fetchall()
        found += [Membership(index, *row) for row in rows]
    return tuple(found)


def joined(connection: duckdb.DuckDBPyConnection, spine: str, parts: Mapping[str, str], into: str) -> None:
    """Make a spine of a linked one and of parts with records that carry ids (see `carried`).

    Raises
    ------
    BadInputError
        A record is in several of them.
    """
    require_new(connection, [into])
    tables = {"the spine": spine, **parts}
    for what, table in tables.items():
        require(connection, table, what, SPINE)
    union = " UNION ALL ".join(f"SELECT {', '.join(SPINE)} FROM {quoted(table)}" for table in tables.values())
    twice = number(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM ({union}) GROUP BY source, record_id HAVING count(*) > 1)",
    )
    if twice:
        raise BadInputError(f"{twice:,} records are linked and carry an id as well; a source does the one or the other")
    connection.execute(f"CREATE TABLE {quoted(into)} AS FROM ({union}) ORDER BY source, record_id")
