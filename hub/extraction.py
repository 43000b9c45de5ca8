"""One dataset made into one project's extract with DuckDB: checked, pseudonymised, reordered.

Nothing of the owner's file appears in a message: not DuckDB's texts, which quote values, and not the values refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.plain_ids import ambiguous, one_form
from saferoom.errors import BadInputError
from saferoom.hub.row_filter import keep_rows, read_besides
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.manifest import ExtractColumn
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey, lineage_sql, pseudonym_sql

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
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


@dataclass(frozen=True)
class Extracted:
    """What was written."""

    rows: int
    columns: tuple[ExtractColumn, ...]
    one_each: tuple[str, ...]
    """Units that have one row each."""


class Extraction:
    """Makes the extracts of one project; ids of all its datasets are checked together for equal pseudonyms."""

    def __init__(self, keys: Mapping[str, PseudonymKey], lineages: Mapping[str, LineageKey], scratch: Path) -> None:
        self._keys = keys
        self._lineages = lineages
        self._connection = duckdb.connect(
            config={"temp_directory": str(scratch), "autoinstall_known_extensions": False}
        )
        self._connection.execute("CREATE TEMP TABLE seen (unit VARCHAR, id VARCHAR, pseudonym BIGINT)")

    def close(self) -> None:
        """Forget everything that was read."""
        self._connection.close()

    def extract(
        self, dataset: Dataset, names: Sequence[str], source: Path, target: Path, where: str | None = None
    ) -> Extracted:
        """Write the columns `names` of `dataset` from the owner's file `source` to the Parquet file `target`.

        Parameters
        ----------
        where : str, optional
            The condition that approved rows meet, in the language of declared queries.

        Raises
        ------
        BadInputError
            The file is unreadable, lacks a column, or holds what the dataset's description does not allow.
        """
        variables = [variable for name in names if (variable := dataset.variable(name)) is not None]
        if len(variables) != len(names) or any(variable.role is VariableRole.DIRECT for variable in variables):
            raise BadInputError(f"{dataset.name}: an extract may hold only described variables that do not identify")
        read = [*variables, *read_besides(dataset, names, where)]
        try:
            self._read(dataset, read, source)
            self._check(dataset, read)
            if where is not None:
                keep_rows(self._connection, dataset, read, where)
            return self._write(variables, target)
        except duckdb.Error as error:
            raise BadInputError(f"{dataset.name}: {_what_failed(error)}") from None
        finally:
            self._connection.execute("DROP TABLE IF EXISTS raw; DROP TABLE IF EXISTS clean")

    def check_collisions(self) -> None:
        """Refuse when two ids of one unit have the same pseudonym (about one chance in 10^6 at 4 million ids)."""
        twice = self._number(
            "SELECT count(*) FROM (SELECT 1 FROM (SELECT DISTINCT unit, id, pseudonym FROM seen)"
            " GROUP BY unit, pseudonym HAVING count(*) > 1)"
        )
        if twice:
            raise BadInputError("two ids have the same pseudonym, so this project's extracts cannot be made")

    def crosswalk(self, unit: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the pseudonyms of `unit` in rising order, and the lineage key of each."""
        inner, outer = self._lineages[unit].pads()
        # Owners write the same id differently from version to version.
        form = one_form("id", ambiguous("SELECT id FROM seen WHERE unit = $unit"))
        found = self._connection.execute(
            f"SELECT pseudonym, {lineage_sql('form', '$inner', '$outer')} AS lineage FROM (SELECT DISTINCT pseudonym, "  # noqa: S608
            f"{form} AS form FROM seen WHERE unit = $unit) ORDER BY pseudonym",
            {"inner": inner, "outer": outer, "unit": unit},
        ).fetchnumpy()
        pseudonyms, lineage = found["pseudonym"], found["lineage"]
        if len(np.unique(lineage)) != len(lineage):
            raise BadInputError("two ids have the same lineage key, so this project's extracts cannot be made")
        return np.asarray(pseudonyms, dtype=np.int64), np.asarray(lineage, dtype=np.uint64)

    def _read(self, dataset: Dataset, variables: Sequence[Variable], source: Path) -> None:
        """Read the columns once into `raw`, named by position, in the types they will have."""
        if source.suffix == ".csv":
            self._read_csv(dataset, variables, source)
        else:
            self._read_parquet(dataset, variables, source)

    def _read_parquet(self, dataset: Dataset, variables: Sequence[Variable], source: Path) -> None:
        described = self._connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(source)]).fetchall()
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
            parts.append(f"{_quoted(variable.source_column)}{cast} AS v{position}, false AS bad{position}")
        query = f"CREATE TEMP TABLE raw AS SELECT {', '.join(parts)} FROM read_parquet(?)"  # noqa: S608
        self._connection.execute(query, [str(source)])

    def _read_csv(self, dataset: Dataset, variables: Sequence[Variable], source: Path) -> None:
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
        self._connection.execute(query, {"source": str(source), "columns": columns})

    def _check(self, dataset: Dataset, variables: Sequence[Variable]) -> None:
        """Count what may not be; every count is named with its column, never with a value."""
        rows = self._number("SELECT count(*) FROM raw")
        if rows == 0:
            raise BadInputError(f"{dataset.name}: the owner's file has no rows")
        for position, variable in enumerate(variables):
            bad = self._number(f"SELECT count(*) FROM raw WHERE bad{position}")  # noqa: S608
            if bad:
                raise _refused(dataset, variable, bad, f"cannot be read as {variable.type.value}")
            if variable.role is VariableRole.ID:
                missing = self._number(f"SELECT count(*) FROM raw WHERE coalesce({_id_text(position)}, '') = ''")  # noqa: S608
                if missing:
                    raise _refused(dataset, variable, missing, "is missing; every row needs its unit ids")
            if variable.codelist is not None:
                unknown = f"v{position} IS NOT NULL AND NOT list_contains($codes, v{position})"
                codes = {"codes": list(variable.codelist)}
                outside = self._number(f"SELECT count(*) FROM raw WHERE {unknown}", codes)  # noqa: S608
                if outside:
                    raise _refused(dataset, variable, outside, "is not in the variable's codelist")

    def _write(self, variables: Sequence[Variable], target: Path) -> Extracted:
        parts, parameters = [], {}
        for position, variable in enumerate(variables):
            part = f"v{position}"
            if variable.role is VariableRole.ID:
                inner, outer = f"inner{position}", f"outer{position}"
                parameters[inner], parameters[outer] = self._keys[variable.name].pads()
                part = pseudonym_sql(_id_text(position), f"${inner}", f"${outer}")
            parts.append(f"{part} AS {_quoted(variable.name)}")
        ids = [(p, v) for p, v in enumerate(variables) if v.role is VariableRole.ID]
        kept = "".join(f", {_id_text(p)} AS id{p}" for p, _ in ids)
        self._connection.execute(
            f"CREATE TEMP TABLE clean AS SELECT {', '.join(parts)}{kept} FROM raw",  # noqa: S608
            parameters,
        )
        for position, variable in ids:
            self._connection.execute(
                f"INSERT INTO seen SELECT DISTINCT ?, id{position}, {_quoted(variable.name)} FROM clean",  # noqa: S608
                [variable.name],
            )
        names = ", ".join(_quoted(variable.name) for variable in variables)
        # Ordered by pseudonym first, then by every value: the owner's order would tell who is who.
        query = f"SELECT {names} FROM clean ORDER BY ALL"  # noqa: S608
        self._connection.execute(f"COPY ({query}) TO {_text(str(target))} (FORMAT parquet, COMPRESSION zstd)")
        described = self._connection.execute(f"DESCRIBE SELECT {names} FROM clean").fetchall()  # noqa: S608
        columns = tuple(_column(v, row[1]) for v, row in zip(variables, described, strict=True))
        rows = self._number("SELECT count(*) FROM clean")
        return Extracted(rows, columns, tuple(v.name for _, v in ids if self._ids(v.name) == rows))

    def _ids(self, name: str) -> int:
        return self._number(f"SELECT count(DISTINCT {_quoted(name)}) FROM clean")  # noqa: S608

    def _number(self, query: str, parameters: Mapping[str, object] | None = None) -> int:
        row = self._connection.execute(query, parameters or {}).fetchone()
        return int(row[0]) if row else 0


def _column(variable: Variable, storage: str) -> ExtractColumn:
    return ExtractColumn(
        name=variable.name,
        type=variable.type if variable.role is not VariableRole.ID else VariableType.INTEGER,
        role=variable.role,
        storage=storage,
        label=variable.label,
        codelist=variable.codelist,
        hierarchy=variable.hierarchy,
    )


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


def _id_text(position: int) -> str:
    return f"trim(v{position}::VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _refused(dataset: Dataset, variable: Variable, rows: int, why: str) -> BadInputError:
    count = "1 row has a value that" if rows == 1 else f"{rows:,} rows have a value that"
    return BadInputError(f"{dataset.name}: column {variable.name}: {count} {why}")


def _what_failed(error: duckdb.Error) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if line:
        return f"line {line[1]} of the owner's file is not a row of this CSV file"
    return f"the owner's file cannot be read ({type(error).__name__})"
