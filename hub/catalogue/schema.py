"""Whether a delivered file has the columns that its dataset describes, in types that can be read so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from saferoom.hub import owner_files
from saferoom.projects.catalogue.checks.report import Check, Kind, Status
from saferoom.projects.catalogue.model import Dataset

_MOST_NAMED = 20


def schema_checks(connection: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path) -> Iterator[Check]:
    """Yield what is to be said about the file's columns.

    Columns that the description does not have are told by their place, never by their name: in a file without a
    header, a name is a value.
    """
    if file.suffix not in (".csv", ".parquet"):
        yield Check(Kind.SCHEMA, Status.FAIL, "the file is neither .csv nor .parquet")
        return
    stored = owner_files.stored_columns(connection, dataset, file)
    names = [name for name, _ in stored]
    if not any(names):
        yield Check(Kind.SCHEMA, Status.FAIL, "the file has no columns; see that it is whole")
        return
    wanted = {variable.source_column: variable for variable in dataset.delivered}
    problems = [_lacking(name, names.count(name)) for name in wanted if names.count(name) != 1]
    for name, kind in stored:
        if name in wanted and kind and not owner_files.readable(wanted[name].type, kind):
            said = f"is described as {wanted[name].type.value}, but stored as {kind.lower()}"
            problems.append(Check(Kind.TYPES, Status.FAIL, said, name))
    yield from problems
    if not problems:
        yield Check(Kind.SCHEMA, Status.PASS, "has every column that is described")
    strange = [place for place, name in enumerate(names, start=1) if name not in wanted]
    if strange:
        yield Check(
            Kind.SCHEMA,
            Status.WARN,
            f"{_places(strange)} not described and will not be taken; describe it, or leave it out of the delivery",
            counts={"columns": len(strange)},
        )


def _lacking(name: str, times: int) -> Check:
    said = "the file has no such column" if times == 0 else f"the file has {times} columns of this name"
    return Check(Kind.SCHEMA, Status.FAIL, f"{said}; every described variable needs one", name)


def _places(places: Sequence[int]) -> str:
    if len(places) == 1:
        return f"column {places[0]} of the file is"
    shown = ", ".join(str(place) for place in places[:_MOST_NAMED])
    return f"columns {shown}{' and more' if len(places) > _MOST_NAMED else ''} of the file are"
