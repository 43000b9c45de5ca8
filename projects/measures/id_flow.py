"""Which columns of a derived dataset hold something made of ids, followed through its recipe.

An id's first letters, its place in their order, or twice a number tell as much as the id does: two projects that have
the dataset could put their people together by it. Values may be compared with what they were made of; whether they were
made of ids at all is seen in the recipe alone.

Notes
-----
What is computed from an id is an id, but for what tells nothing of which one it is: how many there are (`count`),
whether there is one (`is null`), and whether two are the same. Rows may be partitioned, joined, grouped and selected by
ids; a place in an order of ids is made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.projects.measures.model import Kind
from saferoom.projects.measures.recipe import Part, Recipe, Renamed, StepUse, written
from saferoom.projects.measures.steps import step

if TYPE_CHECKING:
    from sqlglot import exp

Columns = Mapping[str, Collection[str]]
"""By table: columns in lower case."""


def columns_of_ids(recipe: Recipe, ids: Columns, there: Columns) -> frozenset[str]:
    """Return the columns of the recipe's last table, in lower case, that hold ids or what is made of them.

    Parameters
    ----------
    ids : mapping of str to collection of str
        By table that the recipe uses, its columns that are ids.
    there : mapping of str to collection of str
        Every table of the recipe with its columns.

    Raises
    ------
    BadInputError
        A step, weights or an association would read an id as something else, or a statement cannot be followed.
    """
    known = {table.lower(): frozenset(name.lower() for name in names) for table, names in ids.items()}
    for part in recipe.make:
        known[part.table.lower()] = _made(part, known, there)
    return known[recipe.make[-1].table.lower()]


def _made(part: Part, known: Columns, there: Columns) -> frozenset[str]:
    if part.step is not None:
        return _of_step(part.step, part.table, known)
    if part.weights is not None:
        held = frozenset(known[part.weights.of.lower()])
        _none_of(held, (part.weights.linked, *part.weights.by), part.table)
        return held
    if part.association is not None:
        sides = frozenset(name.lower() for name in part.association.between)
        for table in part.association.evidence:
            _none_of(frozenset(known[table.lower()]) - sides, ("first_day", "last_day"), part.table)
        return sides
    found: frozenset[str] = frozenset()
    for text in part.statements:
        try:
            found |= _of_select(written(text, part.table), known, there)
        except (LookupError, ValueError) as error:  # of the library that reads SQL
            raise BadInputError(f"{part.table}: where its ids go cannot be followed; write it plainer") from error
    return found


def _of_step(use: StepUse, table: str, known: Columns) -> frozenset[str]:
    done = step(use.name)
    for one in done.inputs:
        given = use.inputs[one.name]
        called = given.columns if isinstance(given, Renamed) else {}
        held = frozenset(known[(given.table if isinstance(given, Renamed) else given).lower()])
        _none_of(held, [called.get(c.name, c.name) for c in one.columns if c.kind is not Kind.ID], table)
    return frozenset(column.name.lower() for column in done.output if column.kind is Kind.ID)


def _none_of(held: frozenset[str], names: Collection[str], table: str) -> None:
    for name in names:
        if name.lower() in held:
            raise BadInputError(f"{table}: {name} holds ids, or what was made of them, and is read as something else")


def _of_select(text: str, known: Columns, there: Columns) -> frozenset[str]:
    """Return the columns of a SELECT that hold ids or what is made of them."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import traverse_scope

    schema: dict[str, Any] = {
        table.lower(): {name.lower(): "unknown" for name in names} for table, names in there.items()
    }
    try:
        tree = qualify(parse_one(text, dialect="duckdb"), dialect="duckdb", schema=schema)
    except SqlglotError as error:
        raise ValueError("not qualified") from error
    made: dict[int, frozenset[str]] = {}
    found: frozenset[str] = frozenset()
    for scope in traverse_scope(tree):  # what is within comes before what is around it
        sources = {
            alias: known[source.name.lower()] if isinstance(source, exp.Table) else made[id(source.expression)]
            for alias, source in scope.sources.items()
        }

        def is_id(column: exp.Column, sources: Mapping[str, Collection[str]] = sources) -> bool:
            # A table that is not among them is around the scope: it is not looked at, so it counts as ids.
            return column.table not in sources or column.name.lower() in sources[column.table]

        if not isinstance(scope.expression, exp.Select):
            raise ValueError("not a SELECT")
        selects = scope.expression.selects
        found = frozenset(item.alias_or_name.lower() for item in selects if _tells(item, is_id))
        made[id(scope.expression)] = found
    return found


def _tells(node: exp.Expr, is_id: Callable[[exp.Column], bool]) -> bool:
    """Tell whether an expression's value tells something of which ids it was made of."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return is_id(node)
    if isinstance(node, exp.Select | exp.Subquery):
        return True  # a SELECT for a value: the language has none
    if isinstance(node, exp.Window):
        order = node.args.get("order")
        return _tells(node.this, is_id) or (order is not None and _tells(order, is_id))
    parts = list(node.iter_expressions())
    counted = parts[0].expressions if isinstance(node, exp.Count) and isinstance(parts[0], exp.Distinct) else parts
    if isinstance(node, exp.Count) and all(isinstance(one, exp.Column) for one in counted):
        return False
    if isinstance(node, exp.Is) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Null):
        return False
    if isinstance(node, exp.EQ | exp.NEQ) and all(isinstance(one, exp.Column) and is_id(one) for one in parts):
        return False
    return any(_tells(one, is_id) for one in parts)
