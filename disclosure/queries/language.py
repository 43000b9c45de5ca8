"""Reads researchers' SQL into syntax trees that hold nothing but what the allow-list names.

Nothing here touches data. What the engine is given later is written anew from the checked tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

import sqlglot
from sqlglot import exp

from saferoom.disclosure.queries import allowed
from saferoom.disclosure.queries.relations import Column, Relation, unknown
from saferoom.disclosure.queries.rewriting import plain_forms
from saferoom.errors import BadInputError

DIALECT = "duckdb"
MOST_NODES = 400
MOST_VIEW_NODES = 3_000
DEEPEST = 60
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

AllowList = Mapping[type[exp.Expression], frozenset[str]]


def parse_expression(text: str, where: str) -> exp.Expression:
    """Return the checked tree of one expression; `where` names the query's key in messages.

    Raises
    ------
    BadInputError
        When it is no single expression, or has a node, argument, function or type outside the allow-list.
    """
    statement = _parse(f"SELECT {text}\n", where)
    if not isinstance(statement, exp.Select) or len(statement.expressions) != 1:
        raise BadInputError(f"{where}: must be a single SQL expression")
    if {key for key, value in statement.args.items() if value} != {"expressions"}:
        raise BadInputError(f"{where}: must be a single SQL expression, without FROM, WHERE or any other clause")
    tree: exp.Expression = statement.expressions[0]
    tree.pop()
    check_nodes(tree, allowed.EXPRESSIONS, where, MOST_NODES)
    return tree


def parse_select(text: str, where: str) -> exp.Select:
    """Return the checked tree of one SELECT; see `parse_expression`."""
    statement = _parse(text, where)
    if not isinstance(statement, exp.Select):
        raise BadInputError(f"{where}: must be a single SELECT statement")
    if statement.args.get("order") or statement.args.get("limit"):
        raise BadInputError(f"{where}: a view has no order and no limit; leave ORDER BY and LIMIT out")
    statement = plain_forms(statement, where)
    check_nodes(statement, allowed.VIEWS, where, MOST_VIEW_NODES)
    for select in statement.find_all(exp.Select):
        _check_place(select, statement, where)
    return statement


def _check_place(select: exp.Select, statement: exp.Select, where: str) -> None:
    """A SELECT may stand in WITH, FROM and JOIN; as a value it could carry one person's number to everybody."""
    outer = select.parent
    if isinstance(outer, exp.Subquery):
        outer = outer.parent if isinstance(outer.parent, exp.From | exp.Join) else None
    elif not isinstance(outer, exp.CTE):
        outer = None
    if outer is None and select is not statement:
        raise BadInputError(f"{where}: a subquery is not allowed here; write it as a table of FROM or as a join")


def _parse(text: str, where: str) -> exp.Expression:
    try:
        statements = sqlglot.parse(text, dialect=DIALECT)
    except Exception:
        # Whatever a parser raises on a stranger's text, RecursionError among them, means: not readable.
        raise BadInputError(f"{where}: cannot be read as SQL") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Expression):
        raise BadInputError(f"{where}: must be exactly one piece of SQL")
    return statements[0]


def check_nodes(tree: exp.Expression, allow: AllowList, where: str, most: int) -> None:
    """Check that `tree` is small and consists of allowed nodes only."""
    pending = [(tree, 1)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > most or depth > DEEPEST:
            raise BadInputError(f"{where}: is too long or too deeply nested; split it up with derive or views")
        _check_node(node, allow, where)
        pending.extend((child, depth + 1) for child in node.iter_expressions())


def _check_node(node: exp.Expression, allow: AllowList, where: str) -> None:
    arguments = allow.get(type(node))
    if arguments is None:
        raise BadInputError(f"{where}: {_description(node)} is not allowed; functions are {allowed.FUNCTION_NAMES}")
    for key, value in node.args.items():
        if key not in arguments and value not in (None, False, [], ""):
            raise BadInputError(f"{where}: {_description(node)} is not allowed in this form")
        if isinstance(value, list) and not all(isinstance(item, exp.Expression) for item in value):
            raise BadInputError(f"{where}: {_description(node)} is not allowed in this form")
    check = _CHECKS.get(type(node))
    if check is not None:
        check(node, where)


def _description(node: exp.Expression) -> str:
    if isinstance(node, exp.Anonymous):
        name = str(node.this)
        return f"the function {name.lower()}()" if _PLAIN.fullmatch(name) else "this function"
    if isinstance(node, exp.Func):
        return f"the function {node.sql_name().lower()}()"
    if isinstance(node, exp.Query):
        return "a subquery (write a view and a join)"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
    return f"SQL of the kind '{words}'"


def _check_literal(node: exp.Expression, where: str) -> None:
    text = str(node.this)
    if node.args.get("is_string"):
        if len(text) > 200 or any(ord(character) < 32 for character in text):
            raise BadInputError(f"{where}: a text is longer than 200 characters or has control characters")
    elif not _NUMBER.fullmatch(text) or len(text) > 40 or not math.isfinite(float(text)):
        raise BadInputError(f"{where}: a number is not written in a plain decimal form or is too large")


def _check_type(node: exp.Expression, where: str) -> None:
    if node.this not in allowed.TYPES or node.expressions:
        raise BadInputError(f"{where}: this type is not allowed; types are {allowed.TYPE_NAMES}")


def _check_part(node: exp.Expression, where: str) -> None:
    if str(node.this).upper() not in allowed.DATE_PARTS:
        raise BadInputError(f"{where}: this part of a date is not allowed; parts are year, quarter, month, week, day")


def _check_column(node: exp.Expression, where: str) -> None:
    if not isinstance(node.this, exp.Identifier | exp.Star):
        raise BadInputError(f"{where}: this reference to a column is not allowed")


_CHECKS: dict[type[exp.Expression], Callable[[exp.Expression, str], None]] = {
    exp.Literal: _check_literal,
    exp.DataType: _check_type,
    exp.Var: _check_part,
    exp.Column: _check_column,
}


def resolve(
    tree: exp.Expression, relation: Relation, derived: Mapping[str, exp.Expression], where: str
) -> exp.Expression:
    """Return `tree` with every name replaced by a column's own name or by a derived expression.

    Parameters
    ----------
    derived : mapping of lower-case name to resolved tree
        What `derive` has defined so far; its trees are put in place of the names.

    Raises
    ------
    BadInputError
        When a name is unknown (with a suggestion) or holds ids of statistical units.
    """

    def replace(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        return _resolved(node, relation, derived, where)

    resolved: exp.Expression = tree.copy().transform(replace)
    while isinstance(resolved, exp.Paren):
        resolved = resolved.this
    check_nodes(resolved, allowed.EXPRESSIONS, where, MOST_NODES * 4)
    return resolved


def _resolved(
    node: exp.Column, relation: Relation, derived: Mapping[str, exp.Expression], where: str
) -> exp.Expression:
    if isinstance(node.this, exp.Star) or node.table:
        raise BadInputError(f"{where}: write a column by its name alone")
    if node.name.lower() in derived:
        copy = derived[node.name.lower()].copy()
        return copy if isinstance(copy, exp.Column) else exp.Paren(this=copy)
    column = relation.find(node.name)
    if column is None:
        names = [found.name for found in relation.columns.values()]
        raise unknown("column", node.name, [*names, *derived], where)
    if column.unit is not None:
        raise BadInputError(
            f"{where}: {column.name} holds ids of statistical units and must not be used in an expression"
        )
    return reference(column)


def reference(column: Column) -> exp.Column:
    """Return a quoted reference to `column`."""
    return exp.Column(this=exp.to_identifier(column.sql_name, quoted=True))


def conjuncts(condition: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the parts of a condition that all have to hold."""
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.args["this"])
        yield from conjuncts(condition.args["expression"])
    elif isinstance(condition, exp.Paren):
        yield from conjuncts(condition.args["this"])
    else:
        yield condition


def write(tree: exp.Expression) -> str:
    """Return the engine's text of a checked tree; comments are left out and every name is quoted."""
    return tree.sql(dialect=DIALECT, comments=False, identify=True)


def origins(tree: exp.Expression, relation: Relation) -> frozenset[str]:
    """Return ``dataset.column`` of everything a resolved tree is computed from."""
    found: frozenset[str] = frozenset()
    by_sql_name = {column.sql_name: column for column in relation.columns.values()}
    for node in tree.find_all(exp.Column):
        found |= by_sql_name[node.name].origins
    return found


def column_of(tree: exp.Expression, relation: Relation) -> Column | None:
    """Return the column that a resolved tree is a bare reference to, or None."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, exp.Column):
        return None
    return next(column for column in relation.columns.values() if column.sql_name == tree.name)
