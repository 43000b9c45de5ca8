"""A step's inputs and settings as they were given: bound to the step's own names, or refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.measures.model import Column, Input, Kind, Setting, Settings, Step, Table, Value

if TYPE_CHECKING:
    import duckdb

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_FRACTIONS = frozenset(["FLOAT", "DOUBLE", "DECIMAL"])
_TYPES: Mapping[Kind, frozenset[str]] = {
    Kind.ID: _WHOLE | {"VARCHAR", "UUID"},
    Kind.INTEGER: _WHOLE,
    Kind.NUMBER: _WHOLE | _FRACTIONS,
    Kind.TEXT: frozenset({"VARCHAR", "ENUM"}),
    Kind.BOOLEAN: frozenset({"BOOLEAN"}),
    Kind.DATE: frozenset({"DATE"}),
}
SQL_TYPES: Mapping[Kind, str | None] = {
    Kind.ID: None,
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
}
"""What a column is cast to; an id stays as it is."""


def quoted(name: str) -> str:
    """Return a name as the engine reads it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def table_name(step: Step, name: str) -> str:
    """Return the quoted name of a table that a step is to read or make.

    Raises
    ------
    BadInputError
        It is no plain name.
    """
    if _NAME.fullmatch(name) is None:
        raise BadInputError(f"{step.name}: a table's name has letters, digits and _ only and begins with a letter")
    return quoted(name)


def settled(step: Step, given: Settings) -> dict[str, Value]:
    """Return the value of every setting of a step, given or default.

    Raises
    ------
    BadInputError
        One is unknown, missing, of a wrong type or out of bounds.
    """
    known = {setting.name for setting in step.settings}
    strange = sorted(set(given) - known)
    if strange:
        allowed = ", ".join(sorted(known)) or "none"
        raise BadInputError(f"{step.name} has no setting '{strange[0]}'; it has: {allowed}", field=strange[0])
    return {setting.name: _value(step, setting, given.get(setting.name, setting.default)) for setting in step.settings}


def _value(step: Step, setting: Setting, value: Value | None) -> Value:
    where = f"{step.name}: the setting '{setting.name}'"
    if value is None:
        raise BadInputError(f"{where} is missing; give {setting.meaning}", field=setting.name)
    if setting.type is float and type(value) is int:
        value = float(value)
    if type(value) is not setting.type:
        word = {int: "a whole number", float: "a number", date: "a date", tuple: "a list of columns"}[setting.type]
        raise BadInputError(f"{where} must be {word}", field=setting.name)
    size = len(value) if isinstance(value, tuple) else value
    if isinstance(size, int | float):
        low, high = setting.low, setting.high
        if not ((low is None or size >= low) and (high is None or size <= high)):
            what = "lists a number of columns" if isinstance(value, tuple) else "is"
            bounds = " and ".join(
                text
                for text in (low is not None and f"at least {low:g}", high is not None and f"at most {high:g}")
                if text
            )
            raise BadInputError(f"{where} {what} out of bounds: {bounds}", field=setting.name)
    if isinstance(value, tuple) and len(set(value)) != len(value):
        raise BadInputError(f"{where} lists a column twice", field=setting.name)
    return value


def bound(connection: duckdb.DuckDBPyConnection, step: Step, input_: Input, table: Table, settings: Settings) -> str:
    """Return the query that gives an input the step's own names and types.

    Raises
    ------
    BadInputError
        The table or a column is missing, or a column has a type that cannot be read so.
    """
    import duckdb

    where = f"{step.name}: the input '{input_.name}'"
    name = table_name(step, table.name)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {name}").fetchall()  # noqa: S608 - a checked name
    except duckdb.Error:
        raise BadInputError(f"{where} cannot be read; there is no such table or it is no table any more") from None
    types = {str(row[0]): str(row[1]).split("(")[0] for row in described}
    strange = sorted(set(table.columns) - {column.name for column in input_.columns})
    if strange:
        raise BadInputError(f"{where} has no column '{strange[0]}' that another name could stand for")
    parts = [_read(where, column, table.columns.get(column.name), types) for column in input_.columns]
    for position, chosen in enumerate(_chosen(input_, settings), start=1):
        parts.append(_read(where, Column(chosen, Kind.NUMBER, "", missing=True), None, types, f"x{position}"))
    return f"SELECT {', '.join(parts)} FROM {name}"  # noqa: S608 - checked names


def _chosen(input_: Input, settings: Settings) -> tuple[str, ...]:
    value = settings[input_.chosen] if input_.chosen else ()
    return value if isinstance(value, tuple) else ()


def _read(where: str, column: Column, called: str | None, types: Mapping[str, str], as_: str | None = None) -> str:
    """Return the select item of a column; `called` is its name in the table where that was said."""
    name = called or column.name
    wanted = SQL_TYPES[column.kind]
    if name not in types:
        if column.default is None or called is not None:
            raise BadInputError(f"{where} has no column '{name}'; it needs {column.meaning or 'every chosen column'}")
        return f"CAST({column.default} AS {wanted}) AS {quoted(column.name)}"
    if types[name] not in _TYPES[column.kind]:
        raise BadInputError(f"{where} has '{name}' as {types[name]}; it must be {column.kind.value}")
    read = quoted(name) if wanted is None else f"CAST({quoted(name)} AS {wanted})"
    return f"{read} AS {quoted(as_ or column.name)}"


def conditions(step: Step, input_: Input, settings: Settings) -> list[tuple[str, str]]:
    """Return (condition on a row that must never hold, sentence) for an input's columns."""
    where = f"{step.name}: the input '{input_.name}' has"
    found: list[tuple[str, str]] = []
    for column in input_.columns:
        name = quoted(column.name)
        if not column.missing:
            found.append((f"{name} IS NULL", f"{where} rows without '{column.name}'; leave them out or complete them"))
        if column.kind is Kind.NUMBER:
            found.append((f"NOT isfinite({name})", f"{where} '{column.name}' that is no finite number"))
        if column.codes:
            codes = ", ".join(f"'{code}'" for code in column.codes)
            found.append((f"{name} NOT IN ({codes})", f"{where} '{column.name}' other than {', '.join(column.codes)}"))
        if column.low is not None:
            least = "negative" if column.low == 0 else f"below {column.low:g}"
            found.append((f"{name} < {column.low!r}", f"{where} '{column.name}' {least}, which cannot be"))
        if column.high is not None:
            found.append(
                (f"{name} > {column.high!r}", f"{where} '{column.name}' above {column.high:g}, which cannot be")
            )
    for position, chosen in enumerate(_chosen(input_, settings), start=1):
        found.append((f"NOT isfinite(x{position})", f"{where} '{chosen}' that is no finite number"))
    return found
