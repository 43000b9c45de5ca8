"""Expressions for Spark: as they are where both engines mean the same, else written so that they do.

What is not listed here, or is a function over texts, dates or hashes, is computed by DuckDB in Spark's workers; what
neither can do is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from saferoom.disclosure.queries import allowed
from saferoom.disclosure.queries.spark import numeric, plain
from saferoom.disclosure.queries.spark.aggregates import aggregate
from saferoom.disclosure.queries.spark.rule import NotNativeError, Rule, Scope, named, refused
from saferoom.disclosure.queries.spark.scopes import is_aggregate, own_nodes
from saferoom.disclosure.queries.spark.trees import called, cast
from saferoom.disclosure.queries.spark.types import spark_type
from saferoom.disclosure.queries.spark.worker import WorkerFunction


def compiled(node: exp.Expression, scope: Scope) -> exp.Expression:
    """Return Spark's form of an expression."""
    try:
        return _native(node, scope, strict=False)
    except NotNativeError:
        return _by_worker(node, scope)


def typed_nodes(roots: Sequence[exp.Expression]) -> Iterator[exp.Expression]:
    """Yield what the compiler will ask the types of."""
    for root in roots:
        for node in own_nodes(root):
            if isinstance(node, _TYPED):
                yield node
                yield from (child for child in node.iter_expressions() if _has_type(child))
            elif isinstance(node, exp.Column | exp.Func) and _has_type(node):
                yield node


def _has_type(node: exp.Expression) -> bool:
    return not isinstance(
        node, exp.Star | exp.DataType | exp.If | exp.Var | exp.Identifier | exp.Distinct | exp.Query | exp.Order
    ) and not (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In)
_CHOSEN = (exp.Case, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_TYPED = (
    *(*_ARITHMETIC, *_COMPARED, *_CHOSEN),
    *(exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg, exp.Cast, exp.TryCast, exp.Round, exp.Floor, exp.Ceil, exp.Abs),
)
_LAZY = (exp.And, exp.Or, exp.Case, exp.If, exp.Coalesce, exp.Nullif)
"""What need not compute all of its parts: DuckDB computes all of it or nothing, as workers compute every part."""


def _native(node: exp.Expression, scope: Scope, *, strict: bool) -> exp.Expression:
    """Return Spark's own form; of `strict` ones no part is computed by workers."""
    if is_aggregate(node) or isinstance(node, exp.Window):
        return _over_rows(node, scope)
    if isinstance(node, exp.Query):
        return scope.query(node)
    rule = _RULES.get(type(node))
    if rule is None:
        raise NotNativeError
    strict = strict or isinstance(node, _LAZY)

    def part(child: exp.Expression) -> exp.Expression:
        if strict:
            return _native(child, scope, strict=True)
        return compiled(child, scope)

    return rule(node, scope, part)


def _over_rows(node: exp.Expression, scope: Scope) -> exp.Expression:
    rows = scope._replace(filters=False)
    return aggregate(node, scope.types, lambda child: compiled(child, rows))


_RULES: dict[type[exp.Expression], Rule] = {
    exp.Column: plain.column,
    exp.Literal: plain.literal,
    **dict.fromkeys((exp.Boolean, exp.Null, exp.Identifier), plain.leaf),
    **dict.fromkeys((exp.Paren, exp.Not, exp.And, exp.Or, exp.Is, exp.If, exp.Tuple), plain.alike),
    **dict.fromkeys((exp.Alias,), plain.alike),
    **dict.fromkeys(_COMPARED, plain.compared),
    **dict.fromkeys(_CHOSEN, plain.chosen),
    **dict.fromkeys(_ARITHMETIC, numeric.arithmetic),
    exp.Like: plain.like,
    exp.Div: numeric.divided,
    exp.IntDiv: numeric.whole_division,
    exp.Mod: numeric.whole_division,
    exp.Pow: numeric.power,
    exp.Exp: numeric.curve("exp"),
    exp.Sqrt: numeric.curve("sqrt"),
    exp.Ln: numeric.natural,
    exp.Log: numeric.logarithm,
    exp.Floor: numeric.stepped("floor"),
    exp.Ceil: numeric.stepped("ceil"),
    exp.Round: numeric.rounded,
    exp.Abs: plain.alike,
    exp.Sign: numeric.sign,
    exp.Neg: numeric.negative,
    **dict.fromkeys((exp.Year, exp.Month, exp.Day, exp.Quarter), plain.part_of_date),
    exp.Length: plain.length,
    exp.Cast: plain.converted,
    exp.TryCast: plain.converted,
    exp.Anonymous: plain.anonymous,
    exp.IsNan: plain.is_nan,
    exp.Bracket: plain.element,
}


# -- what DuckDB computes in Spark's workers --------------------------------------------------------------------


_WORKERS = frozenset(
    {
        *allowed.EXPRESSIONS,
        exp.Chr,
        exp.ConcatWs,
        exp.DataTypeParam,
        exp.DPipe,
        exp.Format,
        exp.RegexpExtract,
        exp.RegexpFullMatch,
    }
)
_WORKERS_OWN = frozenset({"isfinite", "md5_number_lower", "hash", "nfc_normalize", "regexp_full_match"})


def _by_worker(node: exp.Expression, scope: Scope) -> exp.Expression:
    """Return a call of a function that DuckDB computes, over the columns and totals inside the expression."""
    returns = scope.types.of(node)
    if returns is None or spark_type(returns) is None:
        raise refused("an expression")
    leaves: dict[str, tuple[exp.Expression, str]] = {}

    def leaf(inner: exp.Expression) -> exp.Expression:
        key = inner.sql(dialect="duckdb", comments=False)
        if key not in leaves:
            kind = scope.types.of(inner)
            if kind is None or spark_type(kind) is None:
                raise refused("an expression over a column of a type that Spark does not have")
            leaves[key] = (compiled(inner, scope), kind)
        return exp.column(f"c{list(leaves).index(key)}")

    body = _with_leaves(node, leaf)
    if not leaves:
        # A constant: any column will do, so that there is one value for every row.
        leaves["1"] = (exp.Literal.number(1), "INTEGER")
    text = body.sql(dialect="duckdb", comments=False)
    function = WorkerFunction(text, tuple(kind for _, kind in leaves.values()), returns)
    scope.functions[function.name] = function
    return called(function.name, *(cast(made, named(kind)) for made, kind in leaves.values()))


def _with_leaves(node: exp.Expression, leaf: Callable[[exp.Expression], exp.Expression]) -> exp.Expression:
    is_query = isinstance(node, exp.Query) or (isinstance(node, exp.In) and node.args.get("query") is not None)
    if isinstance(node, exp.Column | exp.Window) or is_aggregate(node) or is_query:
        return leaf(node)
    if type(node) not in _WORKERS and not (isinstance(node, exp.Anonymous) and node.name.lower() in _WORKERS_OWN):
        raise refused("an expression")
    copy = node.copy()
    for key, value in node.args.items():
        if isinstance(value, exp.Expression):
            copy.set(key, _with_leaves(value, leaf))
        elif isinstance(value, list):
            items = [_with_leaves(item, leaf) if isinstance(item, exp.Expression) else item for item in value]
            copy.set(key, items)
    return copy
