"""What modules of linkage that read and make DuckDB tables share: names, columns, keys, and refusals without values."""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.projects.measures.checking import quoted as quoted

if TYPE_CHECKING:
    import duckdb


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str, what: str) -> dict[str, str]:
    """Return the columns of a table or view with their types.

    Raises
    ------
    BadInputError
        There is no such table.
    """
    import duckdb

    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    except duckdb.Error:
        raise BadInputError(f"{what} cannot be read: there is no such table") from None
    return {str(row[0]): str(row[1]) for row in rows}


def require(connection: duckdb.DuckDBPyConnection, relation: str, what: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the types of a table's columns, which are to have all of `columns`.

    Raises
    ------
    BadInputError
        The table or one of the columns is missing.
    """
    found = columns_of(connection, relation, what)
    missing = [column for column in columns if column not in found]
    if missing:
        raise BadInputError(f"{what} has no column '{missing[0]}'; it needs {', '.join(columns)}")
    return found


def require_key(connection: duckdb.DuckDBPyConnection, relation: str, what: str, key: Sequence[str]) -> None:
    """Refuse a table with a missing value in its key, or with two rows of one key.

    Raises
    ------
    BadInputError
        With how many rows are so, never which.
    """
    names = ", ".join(quoted(column) for column in key)
    empty = " OR ".join(f"{quoted(column)} IS NULL" for column in key)
    missing = number(connection, f"SELECT count(*) FROM {quoted(relation)} WHERE {empty}")
    words = " and ".join(key)
    if missing:
        raise BadInputError(f"{what} has {missing:,} rows without {words}; every row needs it")
    twice = number(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM {quoted(relation)} GROUP BY {names} HAVING count(*) > 1)",
    )
    if twice:
        raise BadInputError(f"{what} has several rows for {twice:,} of its {words}; keep one of each")


def number(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
) -> int:
    """Return the one whole number that a query gives (0 for a missing one)."""
    # Everything is fetched: the engine takes no other work on an unfinished result.
    rows = connection.execute(sql, parameters or []).fetchall()
    return int(rows[0][0] or 0) if rows else 0


def require_new(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Refuse names of tables that exist already: no version is ever overwritten.

    Raises
    ------
    BadInputError
        One of them exists, or two are the same.
    """
    marks = ", ".join("lower(?)" for _ in names)
    taken = number(
        connection,
        f"SELECT count(*) FROM information_schema.tables WHERE lower(table_name) IN ({marks})",
        list(names),
    )
    if taken or len({name.lower() for name in names}) < len(names):
        raise BadInputError("there is a table of that name already; give the new version another name")


@contextmanager
def scratch(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Iterator[None]:
    """Drop temporary tables afterwards, whatever happens; and those that are left of before."""
    _drop(connection, names)
    try:
        yield
    finally:
        _drop(connection, names)


def _drop(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")


def insert(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Any]) -> None:
    """Put rows, given as columns of equal length, into a table that has these columns in this order."""
    import pyarrow as pa

    if not len(next(iter(columns.values()))):
        return
    connection.register("_saferoom_rows", pa.table(dict(columns)))
    try:
        connection.execute(f"INSERT INTO {quoted(table)} SELECT * FROM _saferoom_rows")
    finally:
        connection.unregister("_saferoom_rows")
