"""The rows that a data owner approved, kept by DuckDB; the condition comes from a checked tree, never free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.catalogue.model import Dataset, Variable, VariableType
from saferoom.projects.extracts import rows

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    VariableType.INTEGER: "BIGINT",
    VariableType.NUMBER: "DOUBLE",
    VariableType.TEXT: "VARCHAR",
    VariableType.BOOLEAN: "BOOLEAN",
    VariableType.DATE: "DATE",
    VariableType.DATETIME: "TIMESTAMP",
}


def read_besides(dataset: Dataset, names: Sequence[str], text: str | None) -> list[Variable]:
    """Return the variables that a condition reads and that are not among `names`; they never enter the extract."""
    used = () if text is None else rows.variables_of(dataset, text)
    found = [dataset.variable(name) for name in used if name not in names]
    return [variable for variable in found if variable is not None]


def keep_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, variables: Sequence[Variable], text: str
) -> None:
    """Drop from ``raw`` the rows that do not meet the condition, those where it is unknown among them.

    Parameters
    ----------
    variables : sequence of Variable
        The columns ``v0``, ``v1`` ... of ``raw``.

    Raises
    ------
    BadInputError
        The condition cannot be applied, or no row meets it; no value is told.
    """
    import duckdb

    condition = _condition(dataset, variables, text)
    try:
        connection.execute(f"DELETE FROM raw WHERE NOT coalesce(({condition}), false)")  # noqa: S608 - a checked tree
    except duckdb.Error as error:
        raise _unfit(dataset, error) from None
    if connection.execute("SELECT 1 FROM raw LIMIT 1").fetchone() is None:
        raise BadInputError(f"{dataset.name}: no row meets the condition that its owner approved")


def try_rows(dataset: Dataset, text: str) -> None:
    """Apply the condition to a table of the dataset's types with nothing in it.

    Raises
    ------
    BadInputError
        The engine cannot apply it, such as where a number is compared with a word.
    """
    import duckdb

    variables = read_besides(dataset, (), text)
    condition = _condition(dataset, variables, text)
    columns = ", ".join(f"v{position} {_TYPES[variable.type]}" for position, variable in enumerate(variables))
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        # One row of nothing: over none at all, a text that is no number would never be looked at.
        connection.execute(f"CREATE TEMP TABLE raw ({columns}); INSERT INTO raw (v0) VALUES (NULL)")  # noqa: S608
        try:
            connection.execute(f"SELECT count(*) FROM raw WHERE coalesce(({condition}), false)")  # noqa: S608
        except duckdb.Error as error:
            raise _unfit(dataset, error) from None


def _condition(dataset: Dataset, variables: Sequence[Variable], text: str) -> str:
    columns = {variable.name: f"v{position}" for position, variable in enumerate(variables)}
    return rows.condition_sql(dataset, text, columns)


def _unfit(dataset: Dataset, error: Exception) -> BadInputError:
    kind = type(error).__name__.removesuffix("Exception").lower()
    return BadInputError(
        f"{dataset.name}: the condition on the rows does not fit the types of its variables ({kind}); "
        "compare numbers with numbers and texts with texts"
    )
