"""Making a step's table: inputs bound and checked, nothing made where anything is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.projects.measures.checking import SQL_TYPES, bound, conditions, quoted, settled, table_name
from saferoom.projects.measures.model import Made, Rows, Settings, Step, Table

if TYPE_CHECKING:
    import duckdb

_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")


def run(
    connection: duckdb.DuckDBPyConnection,
    step: Step,
    tables: Mapping[str, str | Table],
    into: str,
    settings: Settings | None = None,
) -> Made:
    """Make the table `into` by `step`.

    Parameters
    ----------
    connection : DuckDB connection
        Where the inputs are tables or views.
    tables : mapping of input to table
        Every input of the step.
    into : str
        The new table; one that exists is never overwritten.
    settings : mapping of str to value
        Settings that have no default, or are to be another than it.

    Returns
    -------
    Made
        Where the table comes from, with what was found on the way.

    Raises
    ------
    BadInputError
        An input, a setting or the data are not what the step needs; nothing was made.
    """
    import duckdb

    chosen = settled(step, settings or {})
    target = table_name(step, into)
    bindings = _bindings(connection, step, tables, chosen)
    if connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE lower(table_name) = lower(?) LIMIT 1", [into]
    ).fetchone():
        raise BadInputError(f"{step.name}: there is a table '{into}' already; give a new version another name")

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return _execute(connection, f"{bindings} SELECT * FROM ({sql})", chosen)  # noqa: S608 - the step's own text

    try:
        _refuse(step, chosen, rows)
        facts = step.find(rows, chosen) if step.find else {}
        sql = step.write(chosen, facts) if step.write else step.sql
        _execute(connection, f"CREATE TABLE {target} AS {bindings} {_shaped(step, sql)}", chosen)
    except duckdb.Error:
        # The engine's own words may hold values of the data.
        raise BadInputError(
            f"{step.name}: the engine could not compute it from these inputs; a number may be too large"
        ) from None
    counted = connection.execute(f"SELECT count(*) FROM {target}").fetchall()[0][0]  # noqa: S608
    return Made(step.name, step.version, into, int(counted), chosen, facts)


def _shaped(step: Step, sql: str) -> str:
    """Return the query that gives `sql` the declared columns, types and order."""
    columns = []
    for column in step.output:
        name, cast = quoted(column.name), SQL_TYPES[column.kind]
        columns.append(name if cast is None else f"CAST({name} AS {cast}) AS {name}")
    order = ", ".join(quoted(name) for name in step.key)
    return f"SELECT {', '.join(columns)} FROM ({sql}) ORDER BY {order}"  # noqa: S608 - the step's own text


def _bindings(
    connection: duckdb.DuckDBPyConnection, step: Step, tables: Mapping[str, str | Table], settings: Settings
) -> str:
    names = [input_.name for input_ in step.inputs]
    for name in names:
        if name not in tables:
            raise BadInputError(f"{step.name}: the input '{name}' is missing; it needs {', '.join(names)}", field=name)
    strange = sorted(set(tables) - set(names))
    if strange:
        raise BadInputError(f"{step.name} has no input '{strange[0]}'; it needs {', '.join(names)}", field=strange[0])
    sources, named = [], []
    for position, input_ in enumerate(step.inputs):
        table = tables[input_.name]
        query = bound(connection, step, input_, table if isinstance(table, Table) else Table(table, {}), settings)
        # Two layers, so that a table may be called as an input is: no table's name begins with _.
        sources.append(f"_source{position} AS ({query})")
        named.append(f"{quoted(input_.name)} AS (SELECT * FROM _source{position})")  # noqa: S608
    return "WITH " + ", ".join((*sources, *named))


def _execute(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    used = {name: parameters[name] for name in _PARAMETER.findall(sql) if name in parameters}
    return connection.execute(sql, used).fetchall() if used else connection.execute(sql).fetchall()


def _refuse(step: Step, settings: Settings, rows: Rows) -> None:
    """Refuse inputs whose columns, keys or meaning are not as the step says; an input is read once for its columns."""
    for input_ in step.inputs:
        unwanted = conditions(step, input_, settings)
        if unwanted:
            flags = ", ".join(f"coalesce(bool_or({condition}), false)" for condition, _ in unwanted)
            found = rows(f"SELECT {flags} FROM {quoted(input_.name)}")[0]  # noqa: S608
            for (_, sentence), wrong in zip(unwanted, found, strict=True):
                if wrong:
                    raise BadInputError(sentence, field=input_.name)
        key = ", ".join(quoted(name) for name in input_.key)
        twice = f"SELECT 1 FROM {quoted(input_.name)} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        if key and rows(twice):
            words = ", ".join(input_.key)
            raise BadInputError(
                f"{step.name}: the input '{input_.name}' has several rows of one {words}; keep one of them",
                field=input_.name,
            )
    for refusal in step.refusals:
        if rows(f"{refusal.sql} LIMIT 1"):
            raise BadInputError(f"{step.name}: {refusal.sentence}")
