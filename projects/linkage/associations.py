"""Associations between indexes: a person at an address, working for a business, at a school, and from when to when.

The evidence is rows that carry an entity of each: one record that is in both indexes (a census form names a person and
an address), or a row that names a record of each (an employment names a taxpayer and an employer). Each has a period
where the source knows one. Periods of the same two entities that overlap or follow each other within `gap` days become
one, whichever source they come from.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.tables import columns_of, number, quoted, require_new

if TYPE_CHECKING:
    import duckdb

PERIOD = ("first_day", "last_day")
RECORDS = "records"
"""The column with how many rows of evidence are behind a period."""


@dataclass(frozen=True)
class Associated:
    """What was made of the evidence, in numbers.

    Attributes
    ----------
    rows : int
        Rows of evidence.
    pairs : int
        Pairs of entities that are associated at some time.
    periods : int
        Rows of the table that was made.
    left_missing, right_missing : int
        Rows of evidence without an entity on that side; they are left out.
    """

    rows: int
    pairs: int
    periods: int
    left_missing: int
    right_missing: int

    def document(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return asdict(self)


def associate(
    connection: duckdb.DuckDBPyConnection,
    between: tuple[str, str],
    evidence: Sequence[str],
    into: str,
    *,
    gap: int = 1,
) -> Associated:
    """Make the table `into` of an association: the two columns of `between`, `first_day`, `last_day` and `records`.

    Parameters
    ----------
    between : tuple of two str
        The columns with the ids of the two sides' entities.
    evidence : sequence of str
        Tables with these columns and, where the source knows them, the dates `first_day` and `last_day`; a missing day
        is an open end.
    gap : int
        Periods that begin at most so many days after the last one ended continue it.

    Raises
    ------
    BadInputError
        A column is missing or no date, or a period ends before it begins; nothing is made.

    Notes
    -----
    One sort of the evidence by entities and first day. Ids on both sides are entities' and never leave the trusted
    side as they are.
    """
    require_new(connection, [into])
    left, right = map(quoted, between)
    parts = [f"SELECT {left} AS l, {right} AS r, {_days(connection, table, between)} FROM {quoted(table)}"
             for table in evidence]  # fmt: skip
    found = " UNION ALL ".join(parts)
    backwards = number(connection, f"SELECT count(*) FROM ({found}) WHERE last_day < first_day")
    if backwards:
        count = "a period that ends" if backwards == 1 else f"{backwards:,} periods that end"
        raise BadInputError(
            f"the evidence has {count} before {'it begins' if backwards == 1 else 'they begin'}; correct the days"
        )
    connection.execute(f"CREATE TABLE {quoted(into)} AS {_merged(found, (left, right), gap)}")
    rows, no_left, no_right = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE l IS NULL), count(*) FILTER (WHERE r IS NULL) FROM ({found})"
    ).fetchall()[0]
    pairs, periods = connection.execute(
        f"SELECT count(DISTINCT ({left}, {right})), count(*) FROM {quoted(into)}"
    ).fetchall()[0]
    return Associated(int(rows), int(pairs), int(periods), int(no_left), int(no_right))


def changes(
    connection: duckdb.DuckDBPyConnection, between: tuple[str, str], before: str, after: str
) -> Mapping[str, int]:
    """Return how many pairs of entities an association has that it had not before, and so on.

    Parameters
    ----------
    before, after : str
        Tables with the columns of `between`, and mostly `first_day` and `last_day`.

    Returns
    -------
    mapping
        `new`, `gone`, `changed` (other periods) and `same`; empty where the version before had other columns. A pair
        of which an entity was merged into another since is gone under the one id and new under the other.
    """
    had, has = (columns_of(connection, table, f"'{table}'") for table in (before, after))
    if not set(between) <= set(had):
        return {}
    known = [quoted(name) for name in PERIOD if name in had and name in has]
    days = f"list(({', '.join(known)},) ORDER BY {', '.join(known)})" if known else "NULL"
    left, right = map(quoted, between)
    sides = [f"(SELECT {left} AS l, {right} AS r, {days} AS days FROM {quoted(table)} GROUP BY l, r)"
             for table in (before, after)]  # fmt: skip
    new, gone, changed, same = connection.execute(f"""
        SELECT count(*) FILTER (WHERE b.l IS NULL), count(*) FILTER (WHERE a.l IS NULL),
            count(*) FILTER (WHERE a.days IS DISTINCT FROM b.days AND a.l IS NOT NULL AND b.l IS NOT NULL),
            count(*) FILTER (WHERE a.days IS NOT DISTINCT FROM b.days AND a.l IS NOT NULL AND b.l IS NOT NULL)
        FROM {sides[0]} b FULL JOIN {sides[1]} a ON a.l = b.l AND a.r = b.r
    """).fetchall()[0]
    return {"new": int(new), "gone": int(gone), "changed": int(changed), "same": int(same)}


def _days(connection: duckdb.DuckDBPyConnection, table: str, between: tuple[str, str]) -> str:
    """Return the select items of the two days of a table of evidence, once it was found to be one."""
    columns = columns_of(connection, table, f"'{table}'")
    for name in between:
        if name not in columns:
            raise BadInputError(f"'{table}' has no column '{name}', so it says nothing of this association")
    for name in PERIOD:
        if columns.get(name, "DATE") != "DATE":
            raise BadInputError(f"'{table}' has '{name}' that is no date; make it one, or leave it out")
    return ", ".join(quoted(name) if name in columns else f"NULL::DATE AS {name}" for name in PERIOD)


def _merged(found: str, between: tuple[str, str], gap: int) -> str:
    """Return the query that puts periods together; an open end counts as the first or last day there is."""
    pair = "PARTITION BY l, r ORDER BY opens, closes"
    return f"""
        WITH found AS (
            SELECT l, r, coalesce(first_day, '-infinity'::DATE) AS opens,
                coalesce(last_day, 'infinity'::DATE) AS closes
            FROM ({found}) WHERE l IS NOT NULL AND r IS NOT NULL
        ), before AS (
            SELECT *, max(closes) OVER ({pair} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM found
        ), starts AS (
            SELECT *, count(*) FILTER (WHERE until IS NULL OR (isfinite(until) AND isfinite(opens)
                AND opens > until + {int(gap)})) OVER ({pair} ROWS UNBOUNDED PRECEDING) AS period FROM before
        )
        SELECT l AS {between[0]}, r AS {between[1]}, CASE WHEN isfinite(min(opens)) THEN min(opens) END AS first_day,
            CASE WHEN isfinite(max(closes)) THEN max(closes) END AS last_day, count(*) AS {RECORDS}
        FROM starts GROUP BY l, r, period ORDER BY l, r, min(opens)
    """
