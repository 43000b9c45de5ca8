"""A delivery split between the zones, in a process that sees nothing else and keeps nothing.

Every row gets two random numbers of 64 bits. What identifies goes to the linker under the first, everything else to
the provisioner under the second, and the crosswalk from one to the other to the provisioner. Each file is sorted by
its own number, so that neither order nor position says which rows belong together.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from saferoom.errors import BadInputError
from saferoom.hub.catalogue.checking import check_delivery
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.places import OUT as OUT
from saferoom.hub.linkage.sealed import ROWS_AT_ONCE, Batches, Stamp
from saferoom.hub.owner_files import quoted, read, what_failed
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole
from saferoom.projects.extracts.pseudonyms import LineageKey
from saferoom.projects.linkage.tables import number

Columns = Mapping[str, str]
"""Of variable to its column of `raw`."""
IDENTIFIERS, ATTRIBUTES, CROSSWALK = "identifiers", "attributes", "crosswalk"
OWN_NUMBER = {"linker": "r1", "provisioner": "r2"}
"""The column with a record's number in each zone."""
RECORD_KEY = "record_key"
"""The linker's column by which it knows a record of an earlier delivery again."""
_DIGITS = 16


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
    return tuple(v for v in dataset.variables if v.identifies is not None or v.carries is not None)


def relating(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables of which the linker gets keyed numbers, by which records belong together."""
    return tuple(v for v in dataset.variables if v.relates is not None)


def telling(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables whose columns go to the provisioner: none that names anybody by itself."""
    return tuple(variable for variable in dataset.delivered if variable.role is not VariableRole.DIRECT)


def split(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Split the delivery that is bound to the place `document` names; answer with counts and stamps.

    Raises
    ------
    BadInputError
        The delivery is not as its dataset is described; no file is complete then.
    """
    dataset, file = Dataset.model_validate(document["dataset"], strict=False), Path(document["file"])
    zone.progress("checking the delivery", 0.0)
    report = check_delivery(
        file,
        dataset,
        document["before"],
        today=date.fromisoformat(document["today"]),
        others=document["others"],
        accepted=document["accepted"],
    )
    if not report.ok:
        raise BadInputError(report.text())
    with file.open("rb") as delivered:
        digest = file_digest(delivered, "sha256").hexdigest()
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        try:
            zone.progress("reading the delivery", 0.0)
            columns = _read(connection, dataset, file)
            rows = number(connection, "SELECT count(*) FROM raw")
            if rows == 0:
                raise BadInputError(f"{dataset.name}: the delivery has no rows")
            _number(connection, rows)
            zone.progress("splitting", 0.5)
            stamps = _write(connection, zone, dataset, columns, document)
            twin = _twin(connection, zone, dataset, columns) if document["twin"] else None
        except duckdb.Error as error:
            raise BadInputError(f"{dataset.name}: {what_failed(error)}") from None
    return {
        "rows": rows,
        "sha256": digest,
        "stamps": stamps,
        "report": report.to_json(),
        "profile": dict(report.profile),
        "twin": twin,
    }


def _twin(connection: duckdb.DuckDBPyConnection, zone: OpenZone, dataset: Dataset, columns: Columns) -> dict[str, Any]:
    from saferoom.hub.catalogue.twins import make_twin

    zone.progress("making a synthetic twin", 0.8)
    made = make_twin(connection, dataset, columns, OUT)
    return {"sha256": made.sha256, "document": dict(made.document)}


def _read(connection: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path) -> Columns:
    """Make `raw`, which holds the columns of all parts as they are described; return which is which."""
    variables = tuple(v for v in dataset.delivered if v in _used(dataset))
    read(connection, dataset, variables, file)
    for position, variable in enumerate(variables):
        bad = number(connection, f"SELECT count(*) FROM raw WHERE bad{position}") if file.suffix == ".csv" else 0  # noqa: S608
        if bad:
            count = "1 row has a value that" if bad == 1 else f"{bad:,} rows have a value that"
            kind = variable.type.value
            raise BadInputError(f"{dataset.name}: column {variable.name}: {count} cannot be read as {kind}")
    return {variable.name: f"v{position}" for position, variable in enumerate(variables)}


def _used(dataset: Dataset) -> tuple[Variable, ...]:
    return (*identifying(dataset), *relating(dataset), *telling(dataset), *_key(dataset))


def _number(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Make `numbers`: for every row, two random numbers that no other row has."""
    # From their bytes: whatever pyarrow has to look at first makes it import pandas, which takes longer than the rest.
    places = pa.Int64Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(np.arange(rows, dtype=np.int64))])
    columns = {"n": places} | {name: _drawn(rows) for name in OWN_NUMBER.values()}
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
    connection: duckdb.DuckDBPyConnection,
    zone: OpenZone,
    dataset: Dataset,
    columns: Columns,
    document: Mapping[str, Any],
) -> dict[str, Any]:
    delivery: Mapping[str, str] = document["delivery"]
    named = [f"nullif(trim({columns[v.name]}::VARCHAR), '') AS {quoted(v.name)}" for v in identifying(dataset)]
    told = {v.source_column: f"{columns[v.name]} AS {quoted(v.source_column)}" for v in telling(dataset)}
    stamps: dict[str, Stamp] = {}
    if named:
        key = f"{_record_key(dataset, columns, bytes.fromhex(document['key']))} AS {RECORD_KEY}"
        groups = [
            f"{_keyed(columns[v.name], bytes.fromhex(document['groups'][v.name]))} AS {quoted(v.name)}"
            for v in relating(dataset)
        ]
        found = connection.sql(_sorted("r1", [key, *named, *groups]))
        stamps[IDENTIFIERS] = _seal(zone, "linker", IDENTIFIERS, found, delivery)
        found = connection.sql("SELECT r1, r2 FROM numbers ORDER BY r1")
        stamps[CROSSWALK] = _seal(zone, "provisioner", CROSSWALK, found, delivery)
    found = connection.sql(_sorted("r2", list(told.values())))
    stamps[ATTRIBUTES] = _seal(zone, "provisioner", ATTRIBUTES, found, delivery)
    return {name: stamp.to_json() for name, stamp in stamps.items()}


def _record_key(dataset: Dataset, columns: Columns, secret: bytes) -> str:
    """Return the SQL of a keyed hash of what tells the dataset's rows apart.

    By it the linker knows a record again in the next delivery. The data owner's own id may be an attribute, too: a
    plain copy of it would pair the records of the two zones. Without an own id it is everything that identifies, and
    which of the rows alike in it this is: who is linked to nobody would else be a stranger in every delivery, and
    releases from two versions could be subtracted.
    """
    named = dataset.key or tuple(variable.name for variable in identifying(dataset))
    parts = [f"coalesce(trim({columns[name]}::VARCHAR), '')" for name in named]
    # Lengths first, so that no two keys are written alike.
    text = " || ".join(f"length({part}) || ':' || {part}" for part in parts)
    if not dataset.key:
        text += f" || '#' || row_number() OVER (PARTITION BY {', '.join(parts)} ORDER BY r1)"
    return keyed_sql(text, secret)


def _keyed(column: str, secret: bytes) -> str:
    """Return the SQL of a keyed hash of what records have in common, NULL where that is missing."""
    text = f"trim({column}::VARCHAR)"
    return f"CASE WHEN {text} <> '' THEN {keyed_sql(text, secret)} END"


def keyed_sql(text: str, secret: bytes) -> str:
    """Return the SQL of the first 128 bits of a text's HMAC, in hexadecimal."""
    inner, outer = (f"unhex('{pad.hex()}')" for pad in LineageKey(secret).pads())
    return f"substr(sha256({outer} || unhex(sha256({inner} || encode({text})))), 1, {2 * _DIGITS})"


def _key(dataset: Dataset) -> tuple[Variable, ...]:
    return tuple(v for v in dataset.variables if v.name in dataset.key)


def _sorted(by: str, columns: Sequence[str]) -> str:
    listed = ", ".join([by, *columns])
    return f"SELECT {listed} FROM raw JOIN numbers ON numbers.n = raw.rowid ORDER BY {by}"  # noqa: S608


def _seal(
    zone: OpenZone,
    recipient: str,
    kind: str,
    found: duckdb.DuckDBPyRelation,
    delivery: Mapping[str, str],
) -> Stamp:
    data: Batches = found.to_arrow_reader(ROWS_AT_ONCE)
    about = about_zone(recipient, about_delivery(kind, delivery))
    return sealed.write(OUT / recipient / kind, data, about, zone.publics[recipient])
