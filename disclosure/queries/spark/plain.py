"""Rules for columns, comparisons, choices, casts and parts of dates."""

# ruff: noqa: ARG001 - all rules are called alike
from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from saferoom.disclosure.queries.spark.rule import NotNativeError, Part, Scope, is_number, named, refused
from saferoom.disclosure.queries.spark.trees import called, cast, number, paren, when
from saferoom.disclosure.queries.spark.types import FLOATING, WHOLE, family, spark_type


def alike(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    copy = node.copy()
    for key, value in node.args.items():
        if isinstance(value, exp.Expression):
            copy.set(key, part(value))
        elif isinstance(value, list):
            copy.set(key, [part(item) if isinstance(item, exp.Expression) else item for item in value])
    return copy


def column(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    if not isinstance(node.this, exp.Star):
        kind = scope.types.of(node)
        if kind is not None and spark_type(kind) is None:
            raise refused("a column of a type that Spark does not have")
    return node.copy()


def leaf(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    return node.copy()


def literal(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    if node.args.get("is_string") and not str(node.this).isprintable():
        raise NotNativeError
    return node.copy()


def compared(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Compare values of one kind; a text beside a number or a date is what DuckDB takes it for."""
    if isinstance(node, exp.In) and node.args.get("query") is not None:
        return _in_query(node, scope, part)
    children = list(node.iter_expressions())
    kinds = [scope.types.of(child) for child in children if not isinstance(child, exp.Null)]
    known = {family(kind or "") for kind in kinds}
    # A number of single precision is compared with others as DuckDB rounds these.
    if len(known) > 1 or ("FLOAT" in kinds and set(kinds) != {"FLOAT"}):
        raise NotNativeError
    return alike(node, scope, part)


def _in_query(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    query = node.args["query"]
    inner = query.this if isinstance(query, exp.Subquery) else query
    if scope.filters:
        return exp.In(this=part(node.this), query=exp.Subquery(this=scope.query(inner)))
    # Beside what is selected Spark takes no IN with a query, but a query that yields one value.
    name = inner.expressions[0].alias_or_name
    listed = exp.select(called("collect_set", exp.column(name, quoted=True))).from_(
        exp.Subquery(this=scope.query(inner), alias=exp.TableAlias(this=exp.to_identifier("_in")))
    )
    return called("array_contains", exp.Subquery(this=listed), part(node.this))


def like(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or "\\" in str(pattern.this):
        raise NotNativeError
    return alike(node, scope, part)


def chosen(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Choose between values of one kind; all become what DuckDB makes of them together."""
    kind = scope.types.of(node)
    kinds = {scope.types.of(value) for value in _values(node) if not isinstance(value, exp.Null)}
    if kind is None or {family(found or "") for found in kinds} - {family(kind)}:
        raise NotNativeError
    made = alike(node, scope, part)
    return made if kinds == {kind} else cast(made, named(kind))


def _values(node: exp.Expression) -> Iterator[exp.Expression]:
    if isinstance(node, exp.Case):
        if node.this is not None:
            raise NotNativeError
        yield from (branch.args["true"] for branch in node.args["ifs"])
        if node.args.get("default") is not None:
            yield node.args["default"]
    elif isinstance(node, exp.Nullif):
        yield from (node.this, node.expression)
    else:
        yield from (node.this, *node.expressions)


def part_of_date(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    if scope.types.of(node.this) not in {"DATE", "TIMESTAMP"}:
        raise NotNativeError
    return cast(called(type(node).__name__.lower(), part(node.this)), "BIGINT")


def length(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    if scope.types.of(node.this) != "VARCHAR":
        raise NotNativeError
    return cast(called("char_length", part(node.this)), "BIGINT")


def converted(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Cast where both do the same: numbers to wider ones, truth values to numbers, dates and whole numbers to texts."""
    kind, given = scope.types.of(node), scope.types.of(node.this)
    if kind is None or given is None:
        raise NotNativeError
    wide = kind == "DOUBLE" or (kind.startswith("DECIMAL") and given == kind)
    wholes = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
    texts = given in WHOLE or given in {"DATE", "BOOLEAN", "VARCHAR"} or given.startswith("ENUM(")
    fits = (
        given == kind
        or (is_number(given) and wide)
        or (given == "BOOLEAN" and (kind in wholes or kind in FLOATING))
        or (
            given in wholes
            and kind in wholes
            and (isinstance(node, exp.Cast) or wholes.index(given) < wholes.index(kind))
        )
        or (kind == "VARCHAR" and texts)
        or (given == "DATE" and kind == "TIMESTAMP")
    )
    if not fits or type(node) not in {exp.Cast, exp.TryCast}:
        raise NotNativeError
    return cast(part(node.this), named(kind))


def anonymous(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    name = node.name.lower()
    if name == "isfinite":
        value = cast(part(node.expressions[0]), "DOUBLE")
        return paren(exp.LT(this=called("abs", value), expression=cast(exp.Literal.string("Infinity"), "DOUBLE")))
    raise NotNativeError


def is_nan(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    value = part(node.this)
    return when(exp.Is(this=value, expression=exp.Null()), exp.Null(), called("isnan", value.copy()))


def element(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Elements count from 1; beyond the last there is none."""
    if len(node.expressions) != 1 or not isinstance(node.expressions[0], exp.Literal):
        raise NotNativeError
    # The parser has made it count from 0.
    place = int(node.expressions[0].this) - int(node.args.get("offset") or 0) + 1
    return called("try_element_at", part(node.this), number(place))
