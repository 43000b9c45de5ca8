"""Reading an owner's file into the engine, in the types that its description says.

Nothing of the file appears in a message: not DuckDB's texts, which quote values, and not the values refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from saferoom.errors import BadInputError
from saferoom.projects.catalogue.model import Dataset, Variable, VariableType

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_MAY_BE_NO_NUMBER = {"FLOAT", "DOUBLE"}
_STORED = {
    VariableType.INTEGER: _INTEGERS,
    VariableType.NUMBER: _INTEGERS | {"FLOAT", "DOUBLE", "DECIMAL"},
    VariableType.TEXT: {"VARCHAR", "ENUM"},
    VariableType.BOOLEAN: {"BOOLEAN"},
    VariableType.DATE: {"DATE"},
    VariableType.DATETIME: {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"},
}
STORAGE = {
    VariableType.INTEGER: "BIGINT",
    VariableType.NUMBER: "DOUBLE",
    VariableType.TEXT: "VARCHAR",
    VariableType.BOOLEAN: "BOOLEAN",
    VariableType.DATE: "DATE",
    VariableType.DATETIME: "TIMESTAMP",
}
"""The type of a column of an extract, where the owner's file does not say it more closely."""


def read(connection: duckdb.DuckDBPyConnection, dataset: Dataset, variables: Sequence[Variable], source: Path) -> None:
    """Read columns once into the table ``raw``: ``v0``, ``v1`` ... in the types they will have.

    Of CSV, ``bad0``, ``bad1`` ... tell which texts are no value of the column's type; of Parquet, which numbers are not
    finite, for columns that may hold such.
    """
    if source.suffix == ".csv":
        _read_csv(connection, dataset, variables, source)
    else:
        _read_parquet(connection, dataset, variables, source)


def stored_columns(connection: duckdb.DuckDBPyConnection, dataset: Dataset, source: Path) -> list[tuple[str, str]]:
    """Return the columns of a file in their order, each with how it is stored; of CSV, that is an empty text."""
    if source.suffix == ".csv":
        return [(name, "") for name in _csv_header(dataset, source)]
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(source)]).fetchall()
    return [(row[0], re.sub(r"\(.*", "", row[1], flags=re.DOTALL)) for row in described]


def bad_columns(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return those columns of ``raw`` that tell which values are none."""
    names = (str(row[0]) for row in connection.execute("DESCRIBE raw").fetchall())
    return {name for name in names if name.startswith("bad")}


def readable(kind: VariableType, stored: str) -> bool:
    """Tell whether a column that is stored so can be read as `kind`."""
    return stored in _STORED[kind]


def _read_parquet(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, variables: Sequence[Variable], source: Path
) -> None:
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(source)]).fetchall()
    stored = {row[0]: row[1] for row in described}
    _check_columns(dataset, variables, list(stored))
    parts = []
    for position, variable in enumerate(variables):
        kind = re.sub(r"\(.*", "", stored[variable.source_column], flags=re.DOTALL)
        if kind not in _STORED[variable.type]:
            raise BadInputError(
                f"{dataset.name}: column {variable.name} is described as {variable.type.value}, "
                f"but the file stores it as {kind.lower()}"
            )
        cast = "::VARCHAR" if variable.type is VariableType.TEXT else ""
        parts.append(f"{quoted(variable.source_column)}{cast} AS v{position}")
        if kind in _MAY_BE_NO_NUMBER:
            parts.append(f"coalesce(NOT isfinite({quoted(variable.source_column)}), false) AS bad{position}")
    query = f"CREATE TEMP TABLE raw AS SELECT {', '.join(parts)} FROM read_parquet(?)"  # noqa: S608
    connection.execute(query, [str(source)])


def _read_csv(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, variables: Sequence[Variable], source: Path
) -> None:
    header = _csv_header(dataset, source)
    _check_columns(dataset, variables, header)
    columns = {f"h{position}": "VARCHAR" for position in range(len(header))}
    parts = []
    for position, variable in enumerate(variables):
        text = f"h{header.index(variable.source_column)}"
        cast = f"TRY_CAST({text} AS {STORAGE[variable.type]})"
        bad = f"{text} IS NOT NULL AND ({cast} IS NULL)"
        if variable.type is VariableType.INTEGER:  # a cast alone would round
            bad = f"{text} IS NOT NULL AND ({cast} IS NULL OR NOT regexp_full_match(trim({text}), '[-+]?[0-9]+'))"
        elif variable.type is VariableType.NUMBER:
            bad = f"{text} IS NOT NULL AND ({cast} IS NULL OR NOT isfinite({cast}))"
        parts.append(f"{cast} AS v{position}, {bad} AS bad{position}")
    reading = (
        "read_csv($source, columns=$columns, auto_detect=false, header=true, delim=',', quote='\"', escape='\"',"
        " nullstr='', strict_mode=true, null_padding=false, ignore_errors=false)"
    )
    query = f"CREATE TEMP TABLE raw AS SELECT {', '.join(parts)} FROM {reading}"  # noqa: S608
    connection.execute(query, {"source": str(source), "columns": columns})


def _csv_header(dataset: Dataset, source: Path) -> list[str]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        raise BadInputError(
            f"{dataset.name}: the first line of the owner's file is not a CSV header in UTF-8"
        ) from None
    return header


def _check_columns(dataset: Dataset, variables: Sequence[Variable], found: Sequence[str]) -> None:
    for variable in variables:
        times = found.count(variable.source_column)
        if times != 1:
            lack = "has no column" if times == 0 else "has more than one column"
            raise BadInputError(f"{dataset.name}: the owner's file {lack} called {variable.source_column}")


def quoted(name: str) -> str:
    """Return a name as the engine reads it."""
    return '"' + name.replace('"', '""') + '"'


def what_failed(error: duckdb.Error) -> str:
    """Say why the engine failed, without its own words."""
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if line:
        return f"line {line[1]} of the owner's file is not a row of this CSV file"
    if isinstance(error, duckdb.InvalidInputException | duckdb.IOException):
        return "the owner's file cannot be read: it is damaged or incomplete, or not of the type that its name says"
    return f"the owner's file cannot be read ({type(error).__name__})"
