"""Known entities that people's decisions take apart: their records are compared anew, as new ones are.

A refresh compares new records with known ones and leaves known entities as they are. Where reviewers decided that two
records of one entity do not belong together, that entity is no longer known: its records are *released*, find their
places by the model's word among all others, and the log tells of a split.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from typing import TYPE_CHECKING

from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.tables import number

if TYPE_CHECKING:
    import duckdb

RELEASED = "released"
"""Table of records that are compared anew: `source`, `record_id`, and the `entity_id` that they had."""
UNPARTED = "unparted"
"""View of the known spine without them."""


def release(connection: duckdb.DuckDBPyConnection, decided: str, *, whole: bool) -> int:
    """Make `RELEASED` and `UNPARTED`; return how many entities are taken apart.

    Parameters
    ----------
    decided : str
        `source_l, record_id_l, source_r, record_id_r, matched`. What is decided of a record that no delivery has any
        more counts for nothing: there is nobody to compare.
    whole : bool
        Whether all present records of such an entity are released, or only those of which it was decided. New records
        of one source are not compared with each other, so that within one source the rest must stay known.
    """
    connection.execute(f"""
        CREATE TABLE {RELEASED} AS
        WITH present AS (SELECT k.* FROM known_spine k SEMI JOIN records USING (source, record_id)),
        apart AS (
            SELECT d.*, l.entity_id FROM {decided} d
            JOIN present l ON l.source = d.source_l AND l.record_id = d.record_id_l
            JOIN present r ON r.source = d.source_r AND r.record_id = d.record_id_r AND r.entity_id = l.entity_id
            WHERE NOT d.matched
        ), asked AS (
            SELECT source_l AS source, record_id_l AS record_id FROM apart
            UNION SELECT source_r, record_id_r FROM apart
        )
        SELECT source, record_id, entity_id FROM present p
        WHERE {"p.entity_id IN (SELECT entity_id FROM apart)" if whole else "(source, record_id) IN (FROM asked)"};
        CREATE VIEW {UNPARTED} AS SELECT k.* FROM known_spine k ANTI JOIN {RELEASED} USING (source, record_id)
    """)
    return number(connection, f"SELECT count(DISTINCT entity_id) FROM {RELEASED}")


def as_before(connection: duckdb.DuckDBPyConnection, spine: str) -> None:
    """Let records that were linked before tell of that link: a refresh compared them with new records alone."""
    connection.execute(f"""
        UPDATE {spine} SET match_probability = k.match_probability, match_weight_band = k.match_weight_band,
            match_pass = k.match_pass
        FROM {UNPARTED} k WHERE k.source = {spine}.source AND k.record_id = {spine}.record_id
            AND k.match_weight_band <> '{UNLINKED}' AND {spine}.match_weight_band <> '{UNLINKED}'
    """)


def alone(connection: duckdb.DuckDBPyConnection, spine: str) -> None:
    """Let records whose links were all refused, or whose partners left, tell of no link."""
    connection.execute(f"""
        UPDATE {spine} SET match_probability = 1, match_weight_band = '{UNLINKED}', match_pass = NULL
        WHERE match_weight_band <> '{UNLINKED}' AND entity_id IN (
            SELECT entity_id FROM {spine} GROUP BY entity_id HAVING count(*) = 1
        )
    """)
