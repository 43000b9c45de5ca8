"""A synthetic twin: a file like a dataset's, made up from what is public about it, so that a query can be tried freely.

No row of the dataset is looked at: what goes in are columns' names and types, codelists, how many records the owner
says there are, and bounds that a query states. Every value is drawn evenly and by itself, from its codelist or within
its bounds; so a twin tells how a query works and how large its noise is beside the numbers, and nothing about people.
The same description makes the same twin.
"""

# ruff: noqa: S608 - SQL is put together here, from names and values that are quoted
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.queries.model import Candidates, Query
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

Span = tuple[float, float]
USUAL_ROWS = 1_000
MOST_ROWS = 100_000
_MOST_EACH = 5
_USUAL: Span = (0.0, 100.0)
_RANKS: Span = (0.0, 1.0)
_TEXTS = 5
_LARGEST = 1e15
_FIRST_DAY, _DAYS = "2000-01-01", 7_300
_INTEGERS = frozenset(f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"))
_DECIMALS = ("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class TwinColumn:
    """What is public about a column.

    Attributes
    ----------
    storage : str
        Its type, as DuckDB names it.
    span : tuple of float or None
        Between which its numbers are made up; 0 to 100 where nothing is known.
    """

    name: str
    storage: str
    codelist: tuple[Label, ...] | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Twin:
    """What a twin is made from.

    Attributes
    ----------
    units : tuple of str
        Columns with ids of statistical units; the first one's is the subject of the rows.
    rows : int
        About how many there are to be; `MOST_ROWS` at most are made.
    each : int
        Rows of every unit, as many as the bounds on its contributions let count, `_MOST_EACH` at most.
    """

    name: str
    units: tuple[str, ...]
    columns: tuple[TwinColumn, ...]
    rows: int = USUAL_ROWS
    each: int = 1

    @property
    def size(self) -> int:
        """How many rows are made."""
        return max(1, min(self.rows, MOST_ROWS))


def rows_each(contributions: Contributions) -> int:
    """Return how many rows a twin's units have under these bounds."""
    return min(contributions.rows, _MOST_EACH)


def spans_of(query: Query) -> dict[str, Span]:
    """Return between which numbers of columns lie as far as `query` says so itself: bounds, candidates, edges."""
    said = query.protect.bounds or _outermost(query.protect.candidates) or _outermost(query.options.bins)
    if said is None and query.options.parent is not None:
        said = _RANKS
    named = [text for text in (query.measure, query.options.parent) if text and _PLAIN.fullmatch(text)]
    if said is None or not said[0] < said[-1]:
        return {}
    return {name.lower(): (float(said[0]), float(said[-1])) for name in named}


def _outermost(values: object) -> Sequence[float] | None:
    if isinstance(values, Candidates):
        return (values.start, values.stop)
    return values if isinstance(values, tuple) else None


def write_twin(twin: Twin, path: Path, spans: Mapping[str, Span] | None = None) -> None:
    """Write a twin as a Parquet file.

    Parameters
    ----------
    spans : mapping of lower-case column name to span, optional
        What a query says of columns; see `spans_of`.

    Raises
    ------
    BadInputError
        A column has a type of which nothing can be made up.
    """
    units = [unit.lower() for unit in twin.units]
    items = [_item(twin, column, units, spans or {}) for column in twin.columns]
    target = str(path).replace("'", "''")
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.execute(
            f"COPY (SELECT {', '.join(items)} FROM range({twin.size}) t(i) ORDER BY i) TO '{target}' (FORMAT parquet)"
        )


def _item(twin: Twin, column: TwinColumn, units: Sequence[str], spans: Mapping[str, Span]) -> str:
    lower = column.name.lower()
    value = _unit(twin, units.index(lower)) if lower in units else _value(twin, column, spans.get(lower))
    name = column.name.replace('"', '""')
    # A query's bounds may be beyond the column's type: such numbers are missing.
    return f'TRY_CAST({value} AS {_checked(column.storage)}) AS "{name}"'


def _unit(twin: Twin, position: int) -> str:
    """Return a unit's id: of the rows' subject first; of further units, three of the one before share one."""
    return f"i // {twin.each * 3**position} + 1"


def _value(twin: Twin, column: TwinColumn, said: Span | None) -> str:
    # One text is hashed: hashes of several arguments are combined so that the lowest bits of two columns go together.
    chance = f"hash(concat_ws(' ', i, {_quoted(twin.name)}, {_quoted(column.name)}))"
    kind = column.storage.split("(")[0].upper()
    if column.codelist:
        codes = ", ".join(map(_literal, column.codelist))
        return f"list_extract([{codes}], CAST({chance} % {len(column.codelist)} + 1 AS BIGINT))"
    low, high = (max(-_LARGEST, min(_LARGEST, edge)) for edge in said or column.span or _USUAL)
    if kind in _INTEGERS:
        whole = max(1, int(high) - int(low) + 1)
        return f"{int(low)} + CAST({chance} % {whole} AS BIGINT)"
    if kind in _DECIMALS:
        return f"{low!r} + ({chance} % 10001) / 10000.0 * {high - low!r}"
    if kind == "BOOLEAN":
        return f"{chance} % 2 = 0"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"DATE '{_FIRST_DAY}' + CAST({chance} % {_DAYS} AS INTEGER)"
    if kind in ("VARCHAR", "ENUM"):
        return f"'text ' || ({chance} % {_TEXTS} + 1)"
    raise BadInputError(f"no twin can be made of {twin.name}: nothing can be made up for its column {column.name}")


def _checked(storage: str) -> str:
    """Return a type that is safe to write into SQL; listed values of an ENUM are left behind."""
    if storage.upper().startswith("ENUM"):
        return "VARCHAR"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*(\(\d+(, ?\d+)?\))?", storage):
        return "VARCHAR"
    return storage


def _literal(value: Label) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value) if value is not None else "NULL"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
