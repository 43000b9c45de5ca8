"""Making a derived dataset by its recipe, in an engine that holds its inputs and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.projects.linkage.associations import associate
from saferoom.projects.linkage.weights import linkage_weights
from saferoom.projects.measures.checking import quoted
from saferoom.projects.measures.model import Table
from saferoom.projects.measures.recipe import Part, Recipe, Renamed, StepUse, written
from saferoom.projects.measures.running import run
from saferoom.projects.measures.steps import step

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Derived:
    """A derived dataset's table.

    Attributes
    ----------
    table : str
        Its name in the engine.
    told : sequence of mappings
        Of every step, weighting and association, in order: what it was and found, JSON-ready and without any row.
    between : tuple of two str, or None
        The columns with both sides' ids, where the dataset is an association.
    """

    table: str
    rows: int
    told: tuple[Mapping[str, Any], ...]
    between: tuple[str, str] | None = None


def make(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> Derived:
    """Make the tables of `recipe` in an engine that has every one that it uses under its name.

    Raises
    ------
    BadInputError
        A statement, a step or the data are not what they have to be; the sentence has no value of the data.
    """
    told = []
    for part in recipe.make:
        found = _make(connection, part)
        if found:
            told.append(found)
    last = recipe.make[-1].table
    rows = connection.execute(f"SELECT count(*) FROM {quoted(last)}").fetchall()[0][0]  # noqa: S608
    between = None if recipe.association is None else recipe.association.between
    return Derived(last, int(rows), tuple(told), between)


def _make(connection: duckdb.DuckDBPyConnection, part: Part) -> dict[str, Any]:
    import duckdb

    if part.step is not None:
        return _step(connection, part.step, part.table)
    try:
        if part.weights is not None:
            asked = part.weights
            made = linkage_weights(connection, asked.of, asked.by, part.table, linked=asked.linked)
            return {"table": part.table, "weights": made.document()}
        if part.association is not None:
            sides = part.association
            found = associate(connection, sides.between, sides.evidence, part.table, gap=sides.gap)
            return {"table": part.table, "association": found.document()}
        stacked = " UNION ALL BY NAME ".join(f"({written(text, part.table)})" for text in part.statements)
        connection.execute(f"CREATE TABLE {quoted(part.table)} AS {stacked}")
    except BadInputError as error:
        raise BadInputError(f"{part.table}: {error.message}") from None
    except duckdb.BinderException:
        raise BadInputError(
            f"{part.table}: a column is not there, or two do not fit together; the tables it reads have: "
            + "; ".join(_described(connection, name) for name in part.reads())
        ) from None
    except duckdb.Error:
        # The engine's own words may hold values of the data.
        raise BadInputError(f"{part.table}: the engine could not compute it from what is there") from None
    return {}


def _step(connection: duckdb.DuckDBPyConnection, use: StepUse, table: str) -> dict[str, Any]:
    tables = {
        name: Table(given.table, given.columns) if isinstance(given, Renamed) else given
        for name, given in use.inputs.items()
    }
    try:
        made = run(connection, step(use.name), tables, table, use.values)
    except BadInputError as error:
        raise BadInputError(f"{table}: {error.message}") from None
    settings = {name: value if isinstance(value, int | float) else str(value) for name, value in made.settings.items()}
    found = {"table": table, "step": made.step, "version": made.version, "rows": made.rows, "settings": settings}
    return found | ({"facts": dict(made.facts)} if made.facts else {})


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = [row[0] for row in connection.execute(f"DESCRIBE {quoted(table)}").fetchall()]
    return f"{table} ({', '.join(columns)})"
