"""Associations between indexes: a person at an address, working for a business, at a school, and from when to when.

The evidence is records that carry both sides: one record that is in both indexes (a census form names a person and an
address), or a row that names a record of each (an employment names a taxpayer and an employer). Each has a period where
the source knows one. Periods of the same two entities that overlap or follow each other within `gap` days become one.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.spine import RECORD
from saferoom.projects.linkage.tables import number, quoted, require, require_key, require_new

if TYPE_CHECKING:
    import duckdb

EVIDENCE = ("left_source", "left_record", "right_source", "right_record", "first_day", "last_day")
ASSOCIATION = ("left_id", "association", "right_id", "first_day", "last_day", "records")
_ID = "entity_id"


class Association(StrEnum):
    """What the left entity (a person) is to the right one."""

    AT_ADDRESS = "at_address"
    WORKS_FOR = "works_for"
    AT_SCHOOL = "at_school"


@dataclass(frozen=True)
class Associated:
    """What was made of the evidence.

    Attributes
    ----------
    rows : int
        Rows of evidence.
    pairs : int
        Pairs of entities that are associated at some time.
    left_unknown, right_unknown : int
        Rows whose record is in no entity of that side's index.
    """

    table: str
    rows: int
    pairs: int
    left_unknown: int
    right_unknown: int


def in_both(connection: duckdb.DuckDBPyConnection, left: str, right: str, periods: str | None, into: str) -> None:
    """Make evidence of records that are in both indexes.

    Parameters
    ----------
    left, right : str
        Spines of the two indexes.
    periods : str, optional
        A table with `source`, `record_id`, `first_day`, `last_day`; a record without one has an unknown period.
    """
    require_new(connection, [into])
    days, join = "NULL::DATE AS first_day, NULL::DATE AS last_day", ""
    if periods is not None:
        require(connection, periods, "the table of periods", (*RECORD, "first_day", "last_day"))
        require_key(connection, periods, "the table of periods", RECORD)
        days = "p.first_day, p.last_day"
        join = f"LEFT JOIN {quoted(periods)} p ON p.source = l.source AND p.record_id = l.record_id"
    for what, spine in (("the left index", left), ("the right index", right)):
        require(connection, spine, what, (*RECORD, _ID))
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        SELECT l.source AS left_source, l.record_id AS left_record, l.source AS right_source,
            l.record_id AS right_record, {days}
        FROM {quoted(left)} l JOIN {quoted(right)} r ON r.source = l.source AND r.record_id = l.record_id {join}
    """)


def associate(
    connection: duckdb.DuckDBPyConnection,
    association: Association,
    indexes: tuple[str, str],
    evidence: str,
    into: str,
    *,
    gap: int = 1,
) -> Associated:
    """Make the table `into` of an association with the columns ASSOCIATION.

    Parameters
    ----------
    indexes : tuple of two str
        Spines of the left and the right index.
    evidence : str
        A table with the columns EVIDENCE; a missing day is an open end.
    gap : int
        Periods that begin at most so many days after the last one ended continue it.

    Returns
    -------
    Associated
        With counts only.

    Raises
    ------
    BadInputError
        A column is missing, or a period ends before it begins; nothing is made.

    Notes
    -----
    One sort of the evidence by entities and first day. Ids on both sides are entities' and never leave the trusted
    side as they are.
    """
    require(connection, evidence, "the evidence", EVIDENCE)
    require_new(connection, [into])
    backwards = number(connection, f"SELECT count(*) FROM {quoted(evidence)} WHERE last_day < first_day")
    if backwards:
        raise BadInputError(f"the evidence has {backwards:,} periods that end before they begin; correct their days")
    for what, spine in zip(("the left index", "the right index"), indexes, strict=True):
        require(connection, spine, what, (*RECORD, _ID))
        require_key(connection, spine, what, RECORD)
    found = f"""
        SELECT l.entity_id AS left_id, r.entity_id AS right_id, e.first_day::DATE AS first_day,
            e.last_day::DATE AS last_day
        FROM {quoted(evidence)} e
        LEFT JOIN {quoted(indexes[0])} l ON l.source = e.left_source AND l.record_id = e.left_record
        LEFT JOIN {quoted(indexes[1])} r ON r.source = e.right_source AND r.record_id = e.right_record
    """
    connection.execute(f"CREATE TABLE {quoted(into)} AS {_merged(found, association, gap)}")
    rows, left, right = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE left_id IS NULL), count(*) FILTER (WHERE right_id IS NULL)"
        f" FROM ({found})"
    ).fetchall()[0]
    pairs = number(connection, f"SELECT count(DISTINCT (left_id, right_id)) FROM {quoted(into)}")
    return Associated(into, int(rows), pairs, int(left), int(right))


def _merged(found: str, association: Association, gap: int) -> str:
    """Return the query that puts periods together; an open end counts as the first or last day there is."""
    pair = "PARTITION BY left_id, right_id ORDER BY opens, closes"
    return f"""
        WITH found AS (
            SELECT left_id, right_id, coalesce(first_day, '-infinity'::DATE) AS opens,
                coalesce(last_day, 'infinity'::DATE) AS closes
            FROM ({found}) WHERE left_id IS NOT NULL AND right_id IS NOT NULL
        ), before AS (
            SELECT *, max(closes) OVER ({pair} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM found
        ), starts AS (
            SELECT *, count(*) FILTER (WHERE until IS NULL OR (isfinite(until) AND isfinite(opens)
                AND opens > until + {int(gap)})) OVER ({pair} ROWS UNBOUNDED PRECEDING) AS period FROM before
        )
        SELECT left_id, '{association.value}' AS association, right_id,
            CASE WHEN isfinite(min(opens)) THEN min(opens) END AS first_day,
            CASE WHEN isfinite(max(closes)) THEN max(closes) END AS last_day, count(*) AS records
        FROM starts GROUP BY left_id, right_id, period ORDER BY left_id, right_id, min(opens)
    """
