"""The spine: which record is of which entity, with random ids that stay the same from version to version.

Every version of a linkage puts records into clusters anew. A cluster's name means nothing; what projects are given
follows from the entity's id, so the id has to outlive the version. Clusters are settled against the known spine:

1. A cluster takes over the id of the known entity with which it shares most records. One id goes to one cluster:
   pairs of cluster and entity are taken by the number of shared records, greatest first; of equal ones the entity that
   has more records in all goes first, then the smaller id, then the cluster with the smaller record.
2. A cluster that is left gets a new random id.
3. A record that is in no cluster any more (it disappeared from its delivery) keeps its entity. If that entity's id was
   taken over by no cluster, it goes where most of the entity's records went (of equal ones, to the cluster with the
   smallest record); if none of them went anywhere, the entity stays as it is.

So a version that says the same changes nothing, and the order of rows does not matter. An id that is given up is
never given again: its records were merged into another entity, and the log says which.

The log
-------
One row for each flow of records between entities, so that it adds up to the sizes of all entities:

============ =============================== ==========================================
event        `records` records came          to `entity_id`
============ =============================== ==========================================
``new``      from nowhere                    which did not exist
``joined``   from nowhere                    which existed, or was split off just now
``merged``   from `other_entity_id`, which   which lives on and stands for the other
             is dead from now on
``split``    from `other_entity_id`, which   which did not exist
             lives on
``moved``    from `other_entity_id`          which existed
============ =============================== ==========================================

The cost grows linearly with records but for sorting; step 1 goes in rounds, each of which settles every pair that is
the first of its cluster and of its entity.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage import settling
from saferoom.projects.linkage.settling import EVENTS as EVENTS
from saferoom.projects.linkage.settling import LINKS as LINKS
from saferoom.projects.linkage.settling import LOG as LOG
from saferoom.projects.linkage.settling import RECORD as RECORD
from saferoom.projects.linkage.settling import SPINE as SPINE
from saferoom.projects.linkage.settling import UNLINKED as UNLINKED
from saferoom.projects.linkage.settling import Known as Known
from saferoom.projects.linkage.settling import NewIds as NewIds
from saferoom.projects.linkage.settling import sizes_sql as sizes_sql
from saferoom.projects.linkage.tables import number, quoted, require, require_key, require_new, scratch

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Settled:
    """What was made.

    Attributes
    ----------
    counts : mapping of str to int
        `records` and `entities` of the new spine, records by event (see EVENTS), and `vanished` records, which are in
        no cluster any more.
    """

    spine: str
    log: str
    counts: Mapping[str, int]


def settle(
    connection: duckdb.DuckDBPyConnection,
    known: Known,
    links: str,
    at_version: int,
    new_ids: NewIds,
    *,
    into: tuple[str, str] = ("spine", "spine_log"),
    together: bool = False,
    parted: str | None = None,
) -> Settled:
    """Settle clusters against the known spine; make the new spine and its whole log as tables `into`.

    Parameters
    ----------
    links : str
        A table with the columns LINKS, one row for each record of the deliveries that are linked now.
    at_version : int
        Number of the version, greater than every one in the log.
    new_ids : callable
        Where randomness comes from.
    together : bool
        The links are of an incremental run, which compared new records with known ones only: that two known records
        are in different clusters then means nothing, and entities are kept together.
    parted : str, optional
        A table with the `entity_id` of those that are not.

    Raises
    ------
    BadInputError
        A table lacks a column, a record is twice in it, or the log does not add up to the spine; nothing is made.
    ValueError
        `new_ids` gives ids of another form, or ids that were given before.
    """
    import duckdb

    require_new(connection, into)
    settling.check(connection, known, links, at_version)
    try:
        with scratch(connection, settling.TABLES):
            settling.match(connection, known, links, together=together, parted=parted)
            settling.take_over(connection)
            settling.name(connection, known, new_ids)
            settling.write_spine(connection, known, links)
            settling.write_log(connection, known, at_version)
            for temporary, table in zip(("_settle_spine", "_settle_log"), into, strict=True):
                connection.execute(f"CREATE TABLE {quoted(table)} AS FROM temp.{temporary}")
            return Settled(*into, settling.counts(connection, at_version))
    except duckdb.Error:
        # The engine's own words may hold values of the data.
        raise BadInputError(
            "the spine could not be settled from these tables; a column may be of another type"
        ) from None


def successors(connection: duckdb.DuckDBPyConnection, log: str, into: str) -> None:
    """Make the table `into` (entity_id, successor_id): for every dead id the living entity that stands for it now."""
    require(connection, log, "the log", LOG)
    require_new(connection, [into])
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        WITH RECURSIVE merged AS (
            SELECT other_entity_id AS dead, entity_id AS heir FROM {quoted(log)} WHERE event = 'merged'
        ), chased AS (
            SELECT dead, heir FROM merged
            UNION ALL SELECT c.dead, m.heir FROM chased c JOIN merged m ON m.dead = c.heir
        )
        SELECT dead AS entity_id, heir AS successor_id FROM chased
        WHERE heir NOT IN (SELECT dead FROM merged) ORDER BY dead
    """)


def renumbered(connection: duckdb.DuckDBPyConnection, spine: str, same: str, into: str) -> int:
    """Make the spine `into` with new record numbers, where a new delivery numbers the same records anew.

    Parameters
    ----------
    same : str
        A table with `source`, `record_id` (the number in the spine) and `new_record_id`.

    Returns
    -------
    int
        How many records got another number. The log stays as it is, because entities keep their sizes.

    Raises
    ------
    BadInputError
        A record has two new numbers, or two records would have the same one.
    """
    require(connection, spine, "the spine", SPINE)
    require(connection, same, "the table of new numbers", (*RECORD, "new_record_id"))
    require_key(connection, same, "the table of new numbers", RECORD)
    require_new(connection, [into])
    query = f"""
        SELECT s.* REPLACE (coalesce(n.new_record_id, s.record_id) AS record_id)
        FROM {quoted(spine)} s LEFT JOIN {quoted(same)} n ON n.source = s.source AND n.record_id = s.record_id
    """
    twice = number(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM ({query}) GROUP BY source, record_id HAVING count(*) > 1)",
    )
    if twice:
        raise BadInputError(f"{twice:,} new numbers would stand for several records; every record needs its own")
    connection.execute(f"CREATE TABLE {quoted(into)} AS FROM ({query}) ORDER BY source, record_id")
    return number(
        connection, f"SELECT count(*) FROM {quoted(spine)} SEMI JOIN {quoted(same)} USING (source, record_id)"
    )
