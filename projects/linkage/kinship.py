"""Parents and children as links between entities of the person index.

Two kinds of evidence: a *birth*, whose entries name the child and a parent, each linked to the index as a person; and
a
*household*, in which somebody is the child of the reference person (and of the partner, who is taken for a parent
only where a birth does not say otherwise). What cannot be is left out and counted, never repaired: somebody who is an
own parent or ancestor, a parent too young, and a second mother or father with no more evidence than the first.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.projects.linkage.spine import RECORD
from saferoom.projects.linkage.tables import insert, number, quoted, require, require_key, require_new, scratch

if TYPE_CHECKING:
    import duckdb

BIRTH = ("child_source", "child_record", "parent_source", "parent_record", "role")
MEMBER = ("entity_id", "household", "relationship")
CLAIM = ("child_id", "parent_id", "role", "basis")
KINSHIP = (*CLAIM, "records")
YOUNGEST_PARENT = 12
"""Years by which a parent is at least older than a child."""
BY_BIRTH, BY_HOUSEHOLD = "birth", "household"
_REFERENCE, _PARTNER, _CHILD = "reference person", "partner", "child"
_TABLES = ("_kinship_claim", "_kinship_ids", "_kinship_loop", "_kinship_aged", "_kinship_best")


@dataclass(frozen=True)
class Claimed:
    """What evidence says, in rows: how many, and how many name a record that is no entity's."""

    table: str
    rows: int
    child_unknown: int
    parent_unknown: int


@dataclass(frozen=True)
class Kinship:
    """Parent-child links, and claims that were left out by reason.

    Attributes
    ----------
    own : int
        Claims in which child and parent are one entity.
    too_young : int
        Claims in which the parent is not `YOUNGEST_PARENT` years older than the child.
    cyclic : int
        Links that would make somebody an own ancestor.
    contradicting : int
        Links to a second mother or father with no more evidence than another one.
    """

    table: str
    links: int
    own: int
    too_young: int
    cyclic: int
    contradicting: int


def from_births(connection: duckdb.DuckDBPyConnection, spine: str, births: str, into: str) -> Claimed:
    """Make claims (columns CLAIM) of births: entries joined through the links of their records to persons.

    Parameters
    ----------
    births : str
        A table with the columns BIRTH: one row for each parent's entry of a birth; `role` is 'mother' or 'father'.

    Raises
    ------
    BadInputError
        A column is missing, or a record is twice in the spine.
    """
    require(connection, births, "the table of births", BIRTH)
    require(connection, spine, "the person index", (*RECORD, "entity_id"))
    require_key(connection, spine, "the person index", RECORD)
    require_new(connection, [into])
    found = f"""
        SELECT c.entity_id AS child_id, p.entity_id AS parent_id, b.role, '{BY_BIRTH}' AS basis
        FROM {quoted(births)} b
        LEFT JOIN {quoted(spine)} c ON c.source = b.child_source AND c.record_id = b.child_record
        LEFT JOIN {quoted(spine)} p ON p.source = b.parent_source AND p.record_id = b.parent_record
    """
    connection.execute(
        f"CREATE TABLE {quoted(into)} AS FROM ({found}) WHERE child_id IS NOT NULL AND parent_id IS NOT NULL"
    )
    rows, child, parent = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE child_id IS NULL), count(*) FILTER (WHERE parent_id IS NULL)"
        f" FROM ({found})"
    ).fetchall()[0]
    return Claimed(into, int(rows), int(child), int(parent))


def from_households(
    connection: duckdb.DuckDBPyConnection, members: str, sexes: str | None, births: str | None, into: str
) -> Claimed:
    """Make claims of households: a child of the reference person, and of the partner where births do not say otherwise.

    Parameters
    ----------
    members : str
        A table with the columns MEMBER; relationships are those to the household's reference person.
    sexes : str, optional
        A table with `entity_id` and `sex` ('F', 'M'), from which the role follows; without it, it is 'parent'.
    births : str, optional
        Claims of births (see `from_births`): a child with a parent of that role there gets none of a household.

    Raises
    ------
    BadInputError
        A column is missing, or a person is in two households.
    """
    require(connection, members, "the table of members", MEMBER)
    require_key(connection, members, "the table of members", ("entity_id",))
    require_new(connection, [into])
    role, join = "'parent'", ""
    if sexes is not None:
        require(connection, sexes, "the table of sexes", ("entity_id", "sex"))
        require_key(connection, sexes, "the table of sexes", ("entity_id",))
        role = "CASE s.sex WHEN 'F' THEN 'mother' WHEN 'M' THEN 'father' ELSE 'parent' END"
        join = f"LEFT JOIN {quoted(sexes)} s ON s.entity_id = p.entity_id"
    anti = ""
    if births is not None:
        require(connection, births, "the claims of births", CLAIM)
        anti = f"ANTI JOIN {quoted(births)} b ON b.child_id = f.child_id AND (b.role = f.role OR f.role = 'parent')"
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS FROM (
            SELECT c.entity_id AS child_id, p.entity_id AS parent_id, {role} AS role, '{BY_HOUSEHOLD}' AS basis
            FROM {quoted(members)} c JOIN {quoted(members)} p USING (household) {join}
            WHERE c.relationship = '{_CHILD}' AND p.relationship IN ('{_REFERENCE}', '{_PARTNER}')
        ) f {anti}
    """)
    rows = number(connection, f"SELECT count(*) FROM {quoted(into)}")
    return Claimed(into, rows, 0, 0)


def parent_child(connection: duckdb.DuckDBPyConnection, claims: list[str], born: str | None, into: str) -> Kinship:
    """Make the table of parent-child links (columns KINSHIP) of claims.

    Parameters
    ----------
    claims : list of str
        Tables with the columns CLAIM.
    born : str, optional
        A table with `entity_id` and `born` (a date): parents too young are left out.

    Raises
    ------
    BadInputError
        A column is missing, or a person has two dates.
    """
    for table in claims:
        require(connection, table, "the table of claims", CLAIM)
    require_new(connection, [into])
    union = " UNION ALL ".join(f"SELECT {', '.join(CLAIM)} FROM {quoted(table)}" for table in claims)
    with scratch(connection, _TABLES):
        own = number(connection, f"SELECT count(*) FROM ({union}) WHERE child_id = parent_id")
        # One link for each pair; a birth says more than a household.
        connection.execute(f"""
            CREATE TEMP TABLE _kinship_claim AS
            SELECT child_id, parent_id, arg_min(role, basis) AS role, min(basis) AS basis, count(*) AS records
            FROM ({union}) WHERE child_id <> parent_id GROUP BY child_id, parent_id
        """)
        young = _leave_out_young(connection, born)
        cyclic = _leave_out_cycles(connection)
        before = number(connection, "SELECT count(*) FROM _kinship_claim")
        _keep_best(connection, into)
        links = number(connection, f"SELECT count(*) FROM {quoted(into)}")
        return Kinship(into, links, own, young, cyclic, before - links)


def _leave_out_young(connection: duckdb.DuckDBPyConnection, born: str | None) -> int:
    if born is None:
        return 0
    require(connection, born, "the table of births' dates", ("entity_id", "born"))
    require_key(connection, born, "the table of births' dates", ("entity_id",))
    connection.execute(f"""
        CREATE TEMP TABLE _kinship_aged AS
        SELECT k.* FROM _kinship_claim k LEFT JOIN {quoted(born)} c ON c.entity_id = k.child_id
        LEFT JOIN {quoted(born)} p ON p.entity_id = k.parent_id
        WHERE coalesce(p.born + INTERVAL {YOUNGEST_PARENT} YEAR <= c.born, true)
    """)
    before, after = (number(connection, f"SELECT count(*) FROM {t}") for t in ("_kinship_claim", "_kinship_aged"))
    connection.execute("CREATE OR REPLACE TEMP TABLE _kinship_claim AS FROM _kinship_aged")
    return before - after


def _leave_out_cycles(connection: duckdb.DuckDBPyConnection) -> int:
    """Leave out links between people who are ancestors of each other: strongly connected components, by scipy."""
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    connection.execute("""
        CREATE TEMP TABLE _kinship_ids AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS number
        FROM (SELECT child_id AS id FROM _kinship_claim UNION SELECT parent_id FROM _kinship_claim)
    """)
    links = connection.execute("""
        SELECT c.number AS child, p.number AS parent FROM _kinship_claim k
        JOIN _kinship_ids c ON c.id = k.child_id JOIN _kinship_ids p ON p.id = k.parent_id
    """).fetchnumpy()
    size = number(connection, "SELECT count(*) FROM _kinship_ids")
    if not size:
        return 0
    ones = np.ones(len(links["child"]), dtype=np.int8)
    graph = csr_array((ones, (links["child"], links["parent"])), shape=(size, size))
    _, piece = connected_components(graph, directed=True, connection="strong")
    connection.execute("CREATE TEMP TABLE _kinship_loop (number BIGINT, piece BIGINT)")
    alone = np.bincount(piece)[piece] == 1
    insert(connection, "_kinship_loop", {"number": np.flatnonzero(~alone), "piece": piece[~alone].astype(np.int64)})
    before = number(connection, "SELECT count(*) FROM _kinship_claim")
    connection.execute("""
        DELETE FROM _kinship_claim WHERE (child_id, parent_id) IN (
            SELECT (c.id, p.id) FROM _kinship_loop a JOIN _kinship_loop b USING (piece)
            JOIN _kinship_ids c ON c.number = a.number JOIN _kinship_ids p ON p.number = b.number)
    """)
    return before - number(connection, "SELECT count(*) FROM _kinship_claim")


def _keep_best(connection: duckdb.DuckDBPyConnection, into: str) -> None:
    """Keep one mother and one father each: the one with more evidence; none where two have as much."""
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        WITH ranked AS (
            SELECT *, rank() OVER (PARTITION BY child_id, role ORDER BY basis, records DESC) AS place,
                role IN ('mother', 'father') AS single FROM _kinship_claim
        )
        SELECT {", ".join(KINSHIP)} FROM (
            SELECT *, count(*) FILTER (WHERE place = 1) OVER (PARTITION BY child_id, role) AS firsts FROM ranked
        ) WHERE NOT single OR (place = 1 AND firsts = 1) ORDER BY child_id, parent_id
    """)
