"""The address index: which records are at one address, also where an address is missing or a postcode is mistyped.

The key that everybody uses, address and postcode alike, loses whoever has an error in either, and these are not the
same people in every group. So records are placed in two steps:

1. Records with the same cleaned address belong together when their postcodes are the same, or one is missing, or
differ by one or two letters (typed or swapped) from that of more records; the postcode of most stands for the
address. 2. A record without an address is placed at an address of its postcode by what tells households apart: the
share of people of one household who have one surname (`m`, found from the records of step 1) over how common the
surname is in the same postcode, and whether a relative who is linked already lives there (`relatives`). All addresses
of the postcode compete, and so does that it is at none of them. Without a postcode, only relatives can place it.

A household, after the occupied-address method, is the people whose records are at one address on a day: the measure
`household-from-address` counts them from an association of persons and addresses (`associations`).

References
----------
Office for National Statistics, Administrative Data Census: occupied addresses. Fellegi, I. P. and Sunter, A. B.
(1969), A theory for record linkage, JASA 64 (weights).
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.projects.linkage.plan import DatasetPlan, FieldKind, LinkPlan, LinkType
from saferoom.projects.linkage.spine import RECORD
from saferoom.projects.linkage.tables import number, quoted, require, require_key, require_new, scratch

if TYPE_CHECKING:
    import duckdb

RELATIVE = ("source", "record_id", "other_source", "other_record_id")
THRESHOLD = 0.9
_FIELDS = {"surname": FieldKind.SURNAME, "postcode": FieldKind.POSTCODE, "address": FieldKind.ADDRESS}
PLACED_BY = ("key: address and postcode", "address, postcode mistyped or missing", "postcode and surname", "relatives")
"""What `match_pass` says of records that were placed."""
_TYPO = 2
_NOWHERE = 3.0
"""Odds that a record without an address is at none of the others', in addresses of its postcode."""
_TABLES = ("_home_plain", "_home_key", "_home_at", "_home_share", "_home_lost", "_home_kin", "_home_chosen")


@dataclass(frozen=True)
class Placed:
    """How records were placed: `records`, `addresses`, and records by what placed them; `nowhere` are left alone."""

    table: str
    records: int
    addresses: int
    placed: dict[str, int]
    nowhere: int


def place(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    into: str,
    *,
    relatives: str | None = None,
    threshold: float = THRESHOLD,
) -> Placed:
    """Make the table `into` of links (see `spine.LINKS`): records of one address are one cluster.

    Parameters
    ----------
    records : str
        A table with `source`, `record_id`, `surname`, `postcode` and `address`, as delivered.
    relatives : str, optional
        A table with the columns RELATIVE, both ways: records of people who are parent and child, or parents of a child
        together.
    threshold : float
        Least probability of an address found in step 2.

    Raises
    ------
    BadInputError
        A column is missing, or a record is twice in the table.
    """
    require(connection, records, "the table of records", (*RECORD, *_FIELDS))
    require_key(connection, records, "the table of records", RECORD)
    if relatives is not None:
        require(connection, relatives, "the table of relatives", RELATIVE)
    require_new(connection, [into])
    with scratch(connection, _TABLES):
        _clean(connection, records)
        _by_address(connection)
        _by_household(connection, relatives, threshold)
        return _write(connection, into)


def _clean(connection: duckdb.DuckDBPyConnection, records: str) -> None:
    """Make `_home_plain` (number, source, record_id, surname, postcode, address), cleaned as linking cleans them."""
    from saferoom.projects.linkage.comparisons import internal_names
    from saferoom.projects.linkage.preparing import prepare

    plan = LinkPlan(
        datasets=(DatasetPlan(name="records", file="-", id="record_id"),), fields=_FIELDS, link_type=LinkType.DEDUPE
    )
    names = internal_names(plan)
    numbered = f"SELECT row_number() OVER (ORDER BY source, record_id)::TEXT AS number, * FROM {quoted(records)}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _home_key AS {numbered}")
    view = "(SELECT number AS record_id, surname, postcode, address FROM _home_key)"
    prepare(connection, {"records": view}, plan, {"records": 0}, "_home_cleaned")
    connection.execute(f"""
        CREATE TEMP TABLE _home_plain AS
        SELECT k.number::BIGINT AS number, k.source::TEXT AS source, k.record_id::TEXT AS record_id,
            c.{names["surname"]} AS surname, c.{names["postcode"]} AS postcode, c.{names["address"]} AS address
        FROM _home_cleaned c JOIN _home_key k ON k.number = c.record_id
    """)
    connection.execute("DROP TABLE _home_cleaned")


def _by_address(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `_home_at` (number, home, pass): step 1."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE _home_key AS
        SELECT address, postcode, count(*) AS records, min(number) AS home FROM _home_plain
        WHERE address IS NOT NULL GROUP BY address, postcode
    """)
    # Of one address, a postcode stands for another that is close to it and has fewer records; what stands for another
    # may be close to a third one itself, and two steps are enough for postcodes. A missing one is what is left.
    connection.execute(f"""
        CREATE TEMP TABLE _home_at AS
        WITH chosen AS (
            SELECT a.home, b.home AS stands FROM _home_key a JOIN _home_key b
                ON b.address = a.address AND (b.records, -b.home) > (a.records, -a.home)
            WHERE damerau_levenshtein(a.postcode, b.postcode) <= {_TYPO}
            QUALIFY row_number() OVER (PARTITION BY a.home ORDER BY b.records DESC, b.home) = 1
        ), known AS (
            SELECT k.address, k.postcode, k.home AS first, coalesce(d.stands, c.stands, k.home) AS home
            FROM _home_key k LEFT JOIN chosen c ON c.home = k.home LEFT JOIN chosen d ON d.home = c.stands
        ), only_one AS (
            SELECT address, min(home) AS home FROM known WHERE postcode IS NOT NULL
            GROUP BY address HAVING min(home) = max(home)
        ), final AS (
            SELECT k.address, k.postcode, k.first, CASE WHEN k.postcode IS NULL THEN coalesce(o.home, k.home)
                ELSE k.home END AS home FROM known k LEFT JOIN only_one o USING (address)
        )
        SELECT p.number, f.home, CASE WHEN f.home = f.first THEN 0 ELSE 1 END AS pass, 1.0::DOUBLE AS probability
        FROM _home_plain p JOIN final f ON f.address = p.address AND f.postcode IS NOT DISTINCT FROM p.postcode
    """)


def _by_household(connection: duckdb.DuckDBPyConnection, relatives: str | None, threshold: float) -> None:
    """Add to `_home_at` records without an address: step 2."""
    connection.execute("CREATE TEMP TABLE _home_lost AS FROM _home_plain ANTI JOIN _home_at USING (number)")
    kin = "SELECT NULL::BIGINT AS number, NULL::BIGINT AS other WHERE false"
    if relatives is not None:
        kin = f"""
            SELECT DISTINCT a.number, b.number AS other FROM {quoted(relatives)} k
            JOIN _home_plain a ON a.source = k.source AND a.record_id = k.record_id
            JOIN _home_plain b ON b.source = k.other_source AND b.record_id = k.other_record_id
        """
    connection.execute(f"CREATE TEMP TABLE _home_kin AS {kin}")
    shared, crowd, together, strangers = _learn(connection)
    connection.execute(f"""
        CREATE TEMP TABLE _home_chosen AS
        WITH codes AS (
            SELECT DISTINCT p.postcode, a.home FROM _home_at a JOIN _home_plain p USING (number)
            WHERE a.pass = 0 AND p.postcode IS NOT NULL
        ), possible AS (
            SELECT l.number, c.home FROM _home_lost l JOIN codes c USING (postcode)
            UNION SELECT l.number, a.home FROM _home_lost l JOIN _home_kin k USING (number)
            JOIN _home_at a ON a.number = k.other LEFT JOIN codes c ON c.home = a.home
            WHERE coalesce(damerau_levenshtein(l.postcode, c.postcode) <= {_TYPO}, true)
        ), seen AS (
            SELECT n.number, n.home, bool_or(r.surname = l.surname) AS named, bool_or(k.other IS NOT NULL) AS kin
            FROM possible n JOIN _home_lost l USING (number) JOIN _home_at a ON a.home = n.home
            JOIN _home_plain r ON r.number = a.number LEFT JOIN _home_kin k
                ON k.number = n.number AND k.other = a.number
            GROUP BY n.number, n.home
        ), weighed AS (
            SELECT s.*, CASE WHEN named THEN {shared} / least(f.share * {crowd}, 1) WHEN named IS NULL THEN 1
                ELSE {1 - shared} END * CASE WHEN kin THEN {together / strangers} ELSE 1 END AS odds
            FROM seen s JOIN _home_lost l USING (number) LEFT JOIN _home_share f USING (surname)
        ), decided AS (
            SELECT number, home, kin, odds / (sum(odds) OVER (PARTITION BY number) + {_NOWHERE}) AS probability
            FROM weighed
        )
        SELECT number, home, CASE WHEN kin THEN 3 ELSE 2 END AS pass, probability FROM decided
        WHERE probability >= {float(threshold)}
        QUALIFY row_number() OVER (PARTITION BY number ORDER BY probability DESC, home) = 1
    """)
    connection.execute("INSERT INTO _home_at FROM _home_chosen")


def _learn(connection: duckdb.DuckDBPyConnection) -> tuple[float, float, float, float]:
    """Return what step 1's households say of surnames and relatives.

    Returns
    -------
    tuple of float
        Share of two people at one address with one surname; how much more common a surname is among neighbours than
        among all; share of relatives who are at one address; and the chance that one lives at a given other address of
        the postcode.
    """
    connection.execute("""
        CREATE TEMP TABLE _home_share AS
        SELECT surname, count(*) / sum(count(*)) OVER () AS share FROM _home_plain
        WHERE surname IS NOT NULL GROUP BY surname
    """)
    row = connection.execute("""
        WITH named AS (
            SELECT a.home, p.postcode, p.surname, count(*) AS people FROM _home_at a JOIN _home_plain p USING (number)
            WHERE p.surname IS NOT NULL AND p.postcode IS NOT NULL GROUP BY a.home, p.postcode, p.surname
        ), homes AS (SELECT home, sum(people) AS people FROM named GROUP BY home
        ), codes AS (SELECT postcode, surname, sum(people) AS people FROM named GROUP BY postcode, surname
        ), sizes AS (SELECT postcode, sum(people) AS people, sum(square) AS square FROM (
            SELECT postcode, home, sum(people) AS people, sum(people) ** 2 AS square FROM named GROUP BY postcode, home
        ) GROUP BY postcode), pairs AS (
            SELECT (SELECT sum(people * (people - 1)) FROM named) AS same_home_alike,
                (SELECT sum(people * (people - 1)) FROM homes) AS same_home,
                (SELECT sum(people ** 2) FROM codes) - (SELECT sum(people ** 2) FROM named) AS neighbours_alike,
                (SELECT sum(people ** 2 - square) FROM sizes) AS neighbours,
                (SELECT sum(share ** 2) FROM _home_share) AS by_chance
        )
        SELECT (same_home_alike + 1) / (same_home + 2), CASE WHEN neighbours > 0 AND by_chance > 0
            THEN greatest(neighbours_alike / neighbours / by_chance, 1) ELSE 1 END FROM pairs
    """).fetchall()[0]
    kin, neighbours = connection.execute("""
        SELECT (count(*) FILTER (WHERE a.home = b.home) + 1) / (count(*) + 2),
            (count(*) FILTER (WHERE a.home <> b.home AND p.postcode = q.postcode) + 1) / (count(*) + 2)
        FROM _home_kin k JOIN _home_at a ON a.number = k.number JOIN _home_at b ON b.number = k.other
        JOIN _home_plain p ON p.number = a.number JOIN _home_plain q ON q.number = b.number
    """).fetchall()[0]
    homes = max(2, number(connection, "SELECT count(DISTINCT home) FROM _home_at"))
    codes = max(1, number(connection, "SELECT count(DISTINCT postcode) FROM _home_plain"))
    return float(row[0] or 0.5), float(row[1] or 1.0), float(kin), float(neighbours) / max(1.0, homes / codes - 1)


def _write(connection: duckdb.DuckDBPyConnection, into: str) -> Placed:
    cases = " ".join(f"WHEN {number} THEN '{label}'" for number, label in enumerate(PLACED_BY))
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS
        SELECT p.source, p.record_id, 'a' || coalesce(a.home, p.number) AS cluster_id,
            coalesce(a.probability, 1.0)::DOUBLE AS match_probability, NULL::DOUBLE AS match_weight,
            CASE a.pass {cases} END AS match_pass
        FROM _home_plain p LEFT JOIN _home_at a USING (number) ORDER BY p.source, p.record_id
    """)
    counts = connection.execute("SELECT pass, count(*) FROM _home_at GROUP BY pass ORDER BY pass").fetchall()
    records = number(connection, "SELECT count(*) FROM _home_plain")
    placed = {PLACED_BY[number]: int(count) for number, count in counts}
    addresses = number(connection, "SELECT count(DISTINCT home) FROM _home_at")
    return Placed(into, records, addresses, placed, records - sum(placed.values()))
