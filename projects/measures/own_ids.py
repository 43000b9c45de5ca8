"""Whether a derived dataset would hand out ids of what it was made of under another name.

Ids become a project's own in its extracts; a copy of one in a variable that is no id would not, and would let two
projects, or a project and a data owner, put their records together.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.linkage.tables import columns_of, number, quoted
from saferoom.projects.measures.id_flow import columns_of_ids

if TYPE_CHECKING:
    import duckdb

_IDS = "_saferoom_own_ids"
_MOST_BY_CHANCE = 100
"""One row in so many may have a text that happens to be somebody's id."""
_NUMBERS = 1_000
"""Whole numbers are ids only where there are as many different ones and all of them are: ages and pay are not."""


def refuse_ids(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, ids: Mapping[str, Sequence[str]]
) -> None:
    """Refuse a table of which a variable that is no id holds ids, or what its recipe made of them.

    The recipe says where ids go; values are looked at as well.

    Parameters
    ----------
    ids : mapping of str to sequence of str
        By table that the dataset is made of, its columns that are ids.

    Raises
    ------
    BadInputError
        With the name of the variable.
    """
    recipe = dataset.derived
    held: Collection[str] = ()
    if recipe is not None:
        tables = (*recipe.uses, *(part.table for part in recipe.make))
        held = columns_of_ids(recipe, ids, {name: columns_of(connection, name, name) for name in tables})
    parts = [
        f"SELECT trim(CAST({quoted(column)} AS VARCHAR)) AS id FROM {quoted(source)}"
        for source, columns in ids.items()
        for column in columns
    ]
    connection.execute(f"CREATE TEMP TABLE {_IDS} AS SELECT DISTINCT id FROM ({' UNION ALL '.join(parts)})")
    for variable in dataset.variables:
        if variable.role is VariableRole.ID:
            continue
        copied = variable.codelist is None and _held(connection, variable, table)
        if copied or variable.source_column.lower() in held:
            raise BadInputError(
                f"{dataset.name}: {variable.name} holds ids of what the dataset is made of, or what was made of them, "
                "which would reach projects as it is; leave it out, or give it the role id"
            )
    connection.execute(f"DROP TABLE {_IDS}")


def _held(connection: duckdb.DuckDBPyConnection, variable: Variable, table: str) -> bool:
    column = quoted(variable.source_column)
    if variable.type is VariableType.TEXT:
        value = f"trim(CAST({column} AS VARCHAR))"
    elif variable.type in {VariableType.INTEGER, VariableType.NUMBER}:
        value = f"CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR)"
    else:
        return False
    given = f"SELECT {value} AS value FROM {quoted(table)} WHERE {column} IS NOT NULL"
    rows = number(connection, f"SELECT count(*) FROM ({given})")
    found = number(connection, f"SELECT count(*) FROM ({given}) SEMI JOIN {_IDS} ON id = value")
    if variable.type is VariableType.TEXT:
        return found * _MOST_BY_CHANCE > rows
    return rows == found and number(connection, f"SELECT count(DISTINCT value) FROM ({given})") >= _NUMBERS
