"""Links that relatives confirm: families of one source against households of another (collective linkage).

A birth names a child, a mother and mostly a father. If the mother is found in a household, the father and the child
are likely to be found in it, too; so a doubtful pair of the father with somebody of that household is less doubtful
than its names and dates alone say. The same holds for two who are parents of another child together. This is what
finds people who moved or changed their name, in whose records little else agrees, and it works the better the larger
the family, not the better the records are kept.

How much a relative's word counts is learnt from the data, without labels, for each role and for each set of relatives
that are linked already: `m` is the share of links, and `u` that of pairs that are none, in which a linked relative is
in the household of the candidate or a parent with the candidate elsewhere. Confirmation multiplies the odds of a pair
by `m / u`, and a relative who lives elsewhere by `(1 - m) / (1 - u)`, but by no less than 1/8. Then candidates
compete again, as one person has one record in a register of people. This is repeated until nothing changes, because
every new link is a relative of others.

References
----------
Bhattacharya, I. and Getoor, L. (2007), Collective entity resolution in relational data, ACM TKDD 1(1). Office for
National Statistics (2022), Census 2021 to Census Coverage Survey matching: associative matching, in which people are
compared within households that are linked already.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.projects.linkage.spine import RECORD
from saferoom.projects.linkage.tables import number, quoted, require, require_key, require_new, scratch

if TYPE_CHECKING:
    import duckdb

RELATIVES_PASS = "relatives"  # noqa: S105 - a label, no secret
"""What `match_pass` says of links that relatives made."""
THRESHOLD = 0.8
PAIR = ("source_l", "record_id_l", "source_r", "record_id_r", "match_weight", "match_probability", "match_pass")
_MOST_ROUNDS = 6
_LARGEST_FAMILY = 12
_LARGEST_HOUSEHOLD = 30
_SURE_BITS, _MOST_BITS, _DOUBT_BITS = 20.0, 40.0, 3.0
_TABLES = ("_kin_family", "_kin_home", "_kin_pair", "_kin_link", "_kin_near", "_kin_word", "_kin_cell", "_kin_next")


@dataclass(frozen=True)
class Confirmed:
    """What came of asking relatives.

    Attributes
    ----------
    links, added, dropped : int
        Links now, those of them that were none before, and those of before that are none now.
    rounds : int
    """

    pairs: str
    links: int
    added: int
    dropped: int
    rounds: int


def confirm(
    connection: duckdb.DuckDBPyConnection,
    pairs: str,
    families: str,
    households: str,
    *,
    into: str,
    threshold: float = THRESHOLD,
    single: Sequence[str] = (),
) -> Confirmed:
    """Decide pairs of records anew by their relatives' links; make the table `into` with the columns PAIR and `linked`.

    Parameters
    ----------
    pairs : str
        Scored pairs with the columns PAIR and `linked`, as `linking.link` hands them on.
    families : str
        A table with `source`, `record_id`, `family` and `role`: who belongs together on the one side.
    households : str
        A table with `source`, `record_id` and `household`: who lives together on the other side.
    threshold : float
        Least probability of a link, relatives included.
    single : sequence of str
        Sources of families in which everybody has one record at most, so that a household's member is linked to one of
        them only.

    Raises
    ------
    BadInputError
        A column is missing, or a record has two families or households.
    """
    require(connection, pairs, "the table of pairs", (*PAIR, "linked"))
    for table, what, column in ((families, "families", "family"), (households, "households", "household")):
        require(connection, table, f"the table of {what}", (*RECORD, column))
        require_key(connection, table, f"the table of {what}", RECORD)
    require(connection, families, "the table of families", ("role",))
    require_new(connection, [into])
    with scratch(connection, _TABLES):
        _prepare(connection, pairs, families, households, single)
        before, rounds = -1, 0
        while rounds < _MOST_ROUNDS and before != (before := _links(connection)):
            _ask(connection)
            _decide(connection, threshold)
            rounds += 1
        return _write(connection, pairs, into, rounds)


def _prepare(
    connection: duckdb.DuckDBPyConnection, pairs: str, families: str, households: str, single: Sequence[str]
) -> None:
    """Number records, and turn pairs so that families are on the left; a pair within one side is left as it is."""
    connection.execute(f"""
        CREATE TEMP TABLE _kin_family AS
        SELECT row_number() OVER (ORDER BY source, record_id) AS l, source, record_id,
            CASE WHEN count(*) OVER (PARTITION BY family) <= {_LARGEST_FAMILY} THEN family END AS family, role
        FROM {quoted(families)}
    """)
    connection.execute(f"""
        CREATE TEMP TABLE _kin_home AS
        SELECT row_number() OVER (ORDER BY source, record_id) AS r, source, record_id,
            CASE WHEN count(*) OVER (PARTITION BY household) <= {_LARGEST_HOUSEHOLD} THEN household END AS household
        FROM {quoted(households)}
    """)
    listed = f"match_probability, linked, '{{}}' AS turned FROM {quoted(pairs)}"
    connection.execute(
        f"""
        CREATE TEMP TABLE _kin_pair AS
        SELECT f.l, h.r, f.source, f.family, f.role, f.source IN (SELECT unnest($single)) AS single, p.linked AS before,
            log2(greatest(p.match_probability, 1e-6) / greatest(1 - p.match_probability, 1e-6)) AS bits
        FROM (
            SELECT source_l, record_id_l, source_r, record_id_r, {listed.format("no")}
            UNION ALL SELECT source_r, record_id_r, source_l, record_id_l, {listed.format("yes")}
        ) p JOIN _kin_family f ON f.source = p.source_l AND f.record_id = p.record_id_l
        JOIN _kin_home h ON h.source = p.source_r AND h.record_id = p.record_id_r
        """,
        {"single": list(single)},
    )
    connection.execute("CREATE TEMP TABLE _kin_link AS SELECT l, r FROM _kin_pair WHERE before")


def _links(connection: duckdb.DuckDBPyConnection) -> int:
    """Return a number that is the same while links are: their sum of hashes."""
    return number(connection, "SELECT coalesce(sum(hash(l, r)::HUGEINT) % 9007199254740993, 0)::BIGINT FROM _kin_link")


def _ask(connection: duckdb.DuckDBPyConnection) -> None:
    """Find for every pair what its linked relatives say, and how much each such word counts."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE _kin_near AS
        SELECT a.r, b.r AS other, NULL AS family FROM _kin_home a JOIN _kin_home b USING (household) WHERE a.r <> b.r
        UNION ALL
        SELECT DISTINCT a.r, b.r, f.family FROM _kin_link a JOIN _kin_family f ON f.l = a.l
        JOIN _kin_family g ON g.family = f.family AND g.l <> f.l JOIN _kin_link b ON b.l = g.l WHERE a.r <> b.r
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE _kin_word AS
        WITH asked AS (
            SELECT p.l, p.r, p.family, p.role, g.role AS other_role, s.r AS other
            FROM _kin_pair p JOIN _kin_family g ON g.family = p.family AND g.l <> p.l JOIN _kin_link s ON s.l = g.l
        )
        SELECT a.l, a.r, any_value(a.role) AS role, string_agg(DISTINCT other_role, '+' ORDER BY other_role) AS others,
            bool_or(a.other = a.r) AS taken, bool_or(n.r IS NOT NULL) AS near
        FROM asked a LEFT JOIN _kin_near n
            ON n.r = a.r AND n.other = a.other AND n.family IS DISTINCT FROM a.family
        GROUP BY a.l, a.r
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE _kin_cell AS
        SELECT role, others, (count(*) FILTER (WHERE linked AND near) + 1) / (count(*) FILTER (WHERE linked) + 2) AS m,
            (count(*) FILTER (WHERE NOT linked AND near) + 1) / (count(*) FILTER (WHERE NOT linked) + 2) AS u
        FROM (
            SELECT w.*, s.l IS NOT NULL AS linked FROM _kin_word w JOIN _kin_pair p USING (l, r)
            LEFT JOIN _kin_link s USING (l, r) WHERE NOT taken AND (s.l IS NOT NULL OR p.bits < -4)
        ) GROUP BY role, others
    """)


def _decide(connection: duckdb.DuckDBPyConnection, threshold: float) -> None:
    """Weigh every pair with what relatives say and let candidates compete; links are those above the threshold."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE _kin_next AS
        WITH weighed AS (
            SELECT p.l, p.r, p.source, p.single, coalesce(w.taken, false) AS taken,
                least(greatest(p.bits, -{_SURE_BITS}), {_SURE_BITS}) + CASE WHEN w.l IS NULL OR c.m IS NULL THEN 0
                    WHEN w.near THEN greatest(log2(c.m / c.u), 0)
                    ELSE least(greatest(log2((1 - c.m) / (1 - c.u)), -{_DOUBT_BITS}), 0) END AS bits
            FROM _kin_pair p LEFT JOIN _kin_word w USING (l, r) LEFT JOIN _kin_cell c
                ON c.role = w.role AND c.others = w.others
        ), odds AS (
            SELECT *, CASE WHEN taken THEN 0 ELSE pow(2, least(bits, {_MOST_BITS})) END AS odds FROM weighed
        ), rivals AS (
            SELECT *, sum(odds) OVER (PARTITION BY l) AS of_left, CASE WHEN single
                THEN sum(odds) OVER (PARTITION BY r, source) - odds ELSE 0 END AS of_right FROM odds
        )
        SELECT l, r, bits, odds / (1 + of_left + of_right) AS probability FROM rivals
    """)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _kin_link AS SELECT l, r FROM _kin_next WHERE probability >= ?", [threshold]
    )


def _write(connection: duckdb.DuckDBPyConnection, pairs: str, into: str, rounds: int) -> Confirmed:
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        WITH decided AS (
            SELECT f.source, f.record_id, h.source AS other_source, h.record_id AS other_record, n.bits, n.probability,
                s.l IS NOT NULL AS linked
            FROM _kin_next n JOIN _kin_family f USING (l) JOIN _kin_home h USING (r) LEFT JOIN _kin_link s USING (l, r)
        ), both_ways AS (
            FROM decided UNION ALL
            SELECT other_source, other_record, source, record_id, bits, probability, linked FROM decided
        )
        SELECT p.source_l, p.record_id_l, p.source_r, p.record_id_r, coalesce(d.bits, p.match_weight) AS match_weight,
            coalesce(d.probability, p.match_probability) AS match_probability,
            CASE WHEN d.linked AND NOT p.linked THEN '{RELATIVES_PASS}' ELSE p.match_pass END AS match_pass,
            coalesce(d.linked, p.linked) AS linked, p.linked AS linked_before
        FROM {quoted(pairs)} p LEFT JOIN both_ways d ON d.source = p.source_l AND d.record_id = p.record_id_l
            AND d.other_source = p.source_r AND d.other_record = p.record_id_r
        ORDER BY ALL
    """)
    links, added, dropped = connection.execute(f"""
        SELECT count(*) FILTER (WHERE linked), count(*) FILTER (WHERE linked AND NOT linked_before),
            count(*) FILTER (WHERE linked_before AND NOT linked)
        FROM {quoted(into)}
    """).fetchall()[0]
    connection.execute(f"ALTER TABLE {quoted(into)} DROP COLUMN linked_before")
    return Confirmed(into, int(links), int(added), int(dropped), rounds)


def clusters_of(connection: duckdb.DuckDBPyConnection, records: str, pairs: str, into: str) -> None:
    """Make the table of links (see `spine.LINKS`) of all records: those that pairs link, together; the others alone.

    Parameters
    ----------
    records : str
        A table with `source` and `record_id`, every record once.
    """
    import numpy as np

    from saferoom.projects.linkage.graphs import pieces
    from saferoom.projects.linkage.tables import insert

    require_key(connection, records, "the table of records", RECORD)
    require_new(connection, [into])
    with scratch(connection, ("_kin_numbered", "_kin_piece")):
        connection.execute(f"""
            CREATE TEMP TABLE _kin_numbered AS
            SELECT source, record_id, row_number() OVER (ORDER BY source, record_id) - 1 AS number
            FROM {quoted(records)}
        """)
        edges = connection.execute(f"""
            SELECT a.number AS a, b.number AS b FROM {quoted(pairs)} p
            JOIN _kin_numbered a ON a.source = p.source_l AND a.record_id = p.record_id_l
            JOIN _kin_numbered b ON b.source = p.source_r AND b.record_id = p.record_id_r WHERE p.linked
        """).fetchnumpy()
        size, links = number(connection, "SELECT count(*) FROM _kin_numbered"), np.arange(len(edges["a"]))
        found = pieces(size, np.concatenate([edges["a"], edges["b"]]), np.concatenate([links, links]))
        connection.execute("CREATE TEMP TABLE _kin_piece (number BIGINT, piece BIGINT)")
        insert(connection, "_kin_piece", {"number": np.arange(size), "piece": found})
        connection.execute(f"""
            CREATE TABLE {quoted(into)} AS
            WITH sides AS (
                SELECT source_l AS source, record_id_l AS record_id, match_probability, match_weight, match_pass
                FROM {quoted(pairs)} WHERE linked
                UNION ALL SELECT source_r, record_id_r, match_probability, match_weight, match_pass
                FROM {quoted(pairs)} WHERE linked
            ), best AS (
                SELECT * FROM sides QUALIFY row_number() OVER (
                    PARTITION BY source, record_id ORDER BY match_probability DESC, match_weight DESC, match_pass) = 1
            )
            SELECT n.source, n.record_id, 'c' || p.piece AS cluster_id,
                coalesce(b.match_probability, 1.0)::DOUBLE AS match_probability, b.match_weight, b.match_pass
            FROM _kin_numbered n JOIN _kin_piece p USING (number) LEFT JOIN best b USING (source, record_id)
            ORDER BY n.source, n.record_id
        """)
