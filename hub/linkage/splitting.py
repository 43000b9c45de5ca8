"""A delivery split between the zones, in a process that sees nothing else and keeps nothing.

Every row gets two random numbers of 64 bits. What identifies goes to the linker under the first, everything else to
the provisioner under the second, and the crosswalk from one to the other to the provisioner. Each file is sorted by
its own number, so that neither order nor position says which rows belong together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from saferoom.errors import BadInputError
from saferoom.hub.extraction import STORAGE
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.sealed import ROWS_AT_ONCE, Batches, Stamp
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.linkage.tables import number, quoted

OUT = Path("/out")
"""Where the process writes: one folder for each zone."""
IDENTIFIERS, ATTRIBUTES, CROSSWALK = "identifiers", "attributes", "crosswalk"
OWN_NUMBER = {"linker": "r1", "provisioner": "r2"}
"""The column with a record's number in each zone."""
_DIGITS = 16
_WHOLE = r"[-+]?[0-9]+"


def about_delivery(kind: str, delivery: Mapping[str, str]) -> dict[str, str]:
    """Return what a file of a delivery is about.

    Parameters
    ----------
    delivery : mapping
        `id`, `dataset` and `version`.
    """
    return {"kind": kind, **{name: delivery[name] for name in ("id", "dataset", "version")}}


def identifying(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables whose columns go to the linker."""
    return tuple(variable for variable in dataset.variables if variable.identifies is not None)


def telling(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables whose columns go to the provisioner: none that names anybody by itself."""
    return tuple(
        variable
        for variable in dataset.variables
        if variable.role is not VariableRole.DIRECT and variable.linked_through is None
    )


def split(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Split the delivery that is bound to the place `document` names; answer with counts and stamps.

    Raises
    ------
    BadInputError
        The delivery is not as its dataset is described; no file is complete then.
    """
    dataset = Dataset.model_validate(document["dataset"], strict=False)
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        try:
            _read(connection, dataset, Path(document["file"]))
            rows = number(connection, "SELECT count(*) FROM delivered")
            if rows == 0:
                raise BadInputError(f"{dataset.name}: the delivery has no rows")
            _number(connection, rows)
            return {"rows": rows, "stamps": _write(connection, zone, dataset, document["delivery"])}
        except duckdb.Error as error:
            raise BadInputError(f"{dataset.name}: {_what_failed(error)}") from None


def _read(connection: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path) -> None:
    """Make `delivered`: a number for the row, `i0`, `i1` ... for the linker, `a0`, `a1` ... for the provisioner."""
    relation, found = _relation(connection, file)
    named, told = identifying(dataset), telling(dataset)
    for variable in dict.fromkeys((*named, *told)):
        times = list(found).count(variable.source_column)
        if times != 1:
            lack = "has no column" if times == 0 else "has more than one column"
            raise BadInputError(f"{dataset.name}: the delivery {lack} called {variable.source_column}")
    parts = ["row_number() OVER () AS n"]
    parts += [f"nullif(trim({quoted(v.source_column)}::VARCHAR), '') AS i{k}" for k, v in enumerate(named)]
    for position, variable in enumerate(told):
        value, bad = _typed(variable, found[variable.source_column], text=file.suffix == ".csv")
        parts += [f"{value} AS a{position}", f"({bad}) AS bad{position}"]
    connection.execute(f"CREATE TABLE delivered AS SELECT {', '.join(parts)} FROM {relation}")  # noqa: S608
    for position, variable in enumerate(told):
        bad = number(connection, f"SELECT count(*) FROM delivered WHERE bad{position}")  # noqa: S608
        if bad:
            count = "1 row has a value that" if bad == 1 else f"{bad:,} rows have a value that"
            kind = variable.type.value
            raise BadInputError(f"{dataset.name}: column {variable.name}: {count} cannot be read as {kind}")


def _relation(connection: duckdb.DuckDBPyConnection, file: Path) -> tuple[str, dict[str, str]]:
    """Return the SQL that reads the file, and the types of its columns."""
    name = "'" + str(file).replace("'", "''") + "'"
    relation = f"read_parquet({name})"
    if file.suffix == ".csv":
        relation = (
            f"read_csv({name}, all_varchar=true, header=true, delim=',', quote='\"', escape='\"', nullstr='', "
            "strict_mode=true, null_padding=false, ignore_errors=false, auto_detect=true)"
        )
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
    return relation, {row[0]: row[1] for row in described}


def _typed(variable: Variable, stored: str, *, text: bool) -> tuple[str, str]:
    """Return the SQL of a value as its variable is described, and of whether it cannot be read so."""
    column = quoted(variable.source_column)
    if not text:
        return column, "false"
    if variable.type is VariableType.TEXT:
        return column, "false"
    cast = f"TRY_CAST({column} AS {STORAGE[variable.type]})"
    bad = f"{column} IS NOT NULL AND {cast} IS NULL"
    if variable.type is VariableType.INTEGER:  # a cast alone would round
        bad = f"{column} IS NOT NULL AND ({cast} IS NULL OR NOT regexp_full_match(trim({column}), '{_WHOLE}'))"
    elif variable.type is VariableType.NUMBER:
        bad = f"{column} IS NOT NULL AND ({cast} IS NULL OR NOT isfinite({cast}))"
    return cast, bad


def _number(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Make `numbers`: for every row, two random numbers that no other row has."""
    columns = {"n": pa.array(np.arange(1, rows + 1))} | {name: _drawn(rows) for name in OWN_NUMBER.values()}
    connection.register("drawn", pa.table(columns))
    connection.execute("CREATE TABLE numbers AS FROM drawn")
    connection.unregister("drawn")
    for name in OWN_NUMBER.values():
        if number(connection, f"SELECT count(DISTINCT {name}) FROM numbers") != rows:  # noqa: S608
            # One chance in four million at three million rows.
            raise BadInputError("two rows drew the same number; ingest the delivery again")


def _drawn(rows: int) -> pa.Array:
    """Return `rows` random numbers of 64 bits, as 16 hexadecimal digits each."""
    digits = secrets.token_bytes(rows * _DIGITS // 2).hex().encode()
    offsets = np.arange(0, (rows + 1) * _DIGITS, _DIGITS, dtype=np.int64)
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(digits))


def _write(
    connection: duckdb.DuckDBPyConnection, zone: OpenZone, dataset: Dataset, delivery: Mapping[str, str]
) -> dict[str, Any]:
    named = [f"i{k} AS {quoted(v.name)}" for k, v in enumerate(identifying(dataset))]
    told = [f"a{k} AS {quoted(v.source_column)}" for k, v in _once(telling(dataset))]
    stamps: dict[str, Stamp] = {}
    if named:
        query = _sorted("r1", named)
        stamps[IDENTIFIERS] = _seal(zone, "linker", IDENTIFIERS, connection.execute(query), delivery)
        query = "SELECT r1, r2 FROM numbers ORDER BY r1"
        stamps[CROSSWALK] = _seal(zone, "provisioner", CROSSWALK, connection.execute(query), delivery)
    query = _sorted("r2", told)
    stamps[ATTRIBUTES] = _seal(zone, "provisioner", ATTRIBUTES, connection.execute(query), delivery)
    return {name: stamp.to_json() for name, stamp in stamps.items()}


def _once(variables: Sequence[Variable]) -> list[tuple[int, Variable]]:
    """Return the variables with their positions, one of those that share a column of the owner's file."""
    first: dict[str, tuple[int, Variable]] = {}
    for position, variable in enumerate(variables):
        first.setdefault(variable.source_column, (position, variable))
    return list(first.values())


def _sorted(by: str, columns: Sequence[str]) -> str:
    listed = ", ".join([by, *columns])
    return f"SELECT {listed} FROM delivered JOIN numbers USING (n) ORDER BY {by}"  # noqa: S608


def _seal(
    zone: OpenZone,
    recipient: str,
    kind: str,
    found: duckdb.DuckDBPyConnection,
    delivery: Mapping[str, str],
) -> Stamp:
    data: Batches = found.to_arrow_reader(ROWS_AT_ONCE)
    about = about_zone(recipient, about_delivery(kind, delivery))
    return sealed.write(OUT / recipient / kind, data, about, zone.publics[recipient])


def _what_failed(error: duckdb.Error) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if line:
        return f"line {line[1]} of the delivery is not a row of this CSV file"
    return f"the delivery cannot be read ({type(error).__name__})"
