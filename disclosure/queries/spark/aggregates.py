"""Totals, extremes, quantiles and windows in Spark's words."""

# ruff: noqa: ARG001 - all rules are called alike
from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from saferoom.disclosure.queries.spark.scopes import Types
from saferoom.disclosure.queries.spark.trees import called, cast, number, paren, when
from saferoom.disclosure.queries.spark.types import spark_type
from saferoom.errors import BadInputError

Part = Callable[[exp.Expression], exp.Expression]


def _refused() -> BadInputError:
    return BadInputError("a total in the query cannot be computed with the engine spark; use the engine duckdb")


def aggregate(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    """Return Spark's form of what is computed over many rows: a total, with or without a filter or a window.

    Parameters
    ----------
    part : callable
        Compiles an expression over single rows.
    """
    if isinstance(node, exp.Window):
        return _window(node, types, part)
    if isinstance(node, exp.IgnoreNulls):
        return aggregate(node.this, types, part)
    if isinstance(node, exp.Filter):
        condition = part(node.expression.this)
        return _filtered(aggregate(node.this, types, part), condition)
    if isinstance(node, exp.Anonymous):
        return _named(node, part)
    rule = _RULES.get(type(node))
    if rule is None:
        raise _refused()
    return rule(node, types, part)


def _filtered(total: exp.Expression, condition: exp.Expression) -> exp.Expression:
    """Put a filter to each total of a formula."""
    if _is_total(total):
        return exp.Filter(this=total, expression=exp.Where(this=condition))
    copy = total.copy()
    for inner in [found for found in copy.find_all(exp.Expression) if _is_total(found)]:
        inner.replace(exp.Filter(this=inner.copy(), expression=exp.Where(this=condition.copy())))
    return copy


def _is_total(node: exp.Expression) -> bool:
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name in _TOTALS)


_TOTALS = frozenset(
    {"max_by", "min_by", "percentile", "mode", "bool_or", "bool_and", "any_value", "approx_count_distinct"}
)


def _plain(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    return type(node)(this=part(node.this))


def _count(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    inner = node.this
    if isinstance(inner, exp.Star) or inner is None:
        return exp.Count(this=exp.Star())
    if isinstance(inner, exp.Distinct):
        return exp.Count(this=exp.Distinct(expressions=[part(item) for item in inner.expressions]))
    return exp.Count(this=part(inner))


def _sum(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    if isinstance(node.this, exp.Distinct):
        raise _refused()
    value = part(node.this)
    if types.of(node.this) == "BOOLEAN":
        value = cast(value, "INT")
    kind = types.of(node)
    # A total of numbers of single precision has double precision, and DuckDB's total of whole numbers 38 digits.
    if kind == "DOUBLE":
        value = cast(value, "DOUBLE")
    return exp.Sum(this=value)


def _average(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    if isinstance(node.this, exp.Distinct):
        raise _refused()
    return exp.Avg(this=cast(part(node.this), "DOUBLE"))


def _extreme(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    """Return the largest (smallest) value, or an array of several."""
    value, several = part(node.this), node.args.get("count")
    if node.expressions or not (several is None or isinstance(several, exp.Literal)):
        raise _refused()
    if several is None:
        return type(node)(this=value)
    by = "max_by" if isinstance(node, exp.Max) else "min_by"
    return called(by, value, value.copy(), several.copy())


def _spread(name: str) -> Callable[[exp.Expression, Types, Part], exp.Expression]:
    def rule(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
        kind = exp.Variance if name == "variance" else exp.StddevSamp
        return kind(this=cast(part(node.this), "DOUBLE"))

    return rule


def _quantile(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    """Return the quantile between two values, in proportion: both define it as Hyndman and Fan's type 7."""
    kind = types.of(node.this)
    if kind is None or spark_type(kind) is None or kind in {"VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN"}:
        raise _refused()
    value = cast(part(node.this), "DOUBLE")
    if kind.startswith("DECIMAL"):
        # DuckDB cuts digits off between two values.
        raise BadInputError(
            "medians and quantiles of numbers with a fixed count of digits cannot be computed with the engine spark; "
            "write cast(... as double) around the column"
        )
    made = _percentile(node, value)
    return cast(made, "FLOAT") if types.of(node) == "FLOAT" else made


def _percentile(node: exp.Expression, value: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Median):
        return called("percentile", value, number(0.5))
    fraction = node.expression
    if isinstance(fraction, exp.Array):
        return called(
            "percentile", value, called("array", *(cast(item.copy(), "DOUBLE") for item in fraction.expressions))
        )
    return called("percentile", value, cast(fraction.copy(), "DOUBLE"))


def _truth(name: str) -> Callable[[exp.Expression, Types, Part], exp.Expression]:
    def rule(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
        return called(name, part(node.this))

    return rule


def _some(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    # The smallest in place of any, so that it is the same in every run.
    return exp.Min(this=part(node.this))


def _first(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    """Return the value of the first row in an order of numbers."""
    order = node.this
    if not isinstance(order, exp.Order):
        raise _refused()
    keys = []
    for item in order.expressions:
        key = cast(part(item.this), "DOUBLE")
        keys.append(exp.Neg(this=key) if item.args.get("desc") else key)
    return called("min_by", part(order.this), called("struct", *keys))


def _mode(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    return called("mode", part(node.this), exp.Boolean(this=True))


def _named(node: exp.Anonymous, part: Part) -> exp.Expression:
    name = node.name.lower()
    if len(node.expressions) != 1:
        raise _refused()
    if name == "fsum":
        return exp.Sum(this=cast(part(node.expressions[0]), "DOUBLE"))
    if name == "mode":
        return called("mode", part(node.expressions[0]), exp.Boolean(this=True))
    if name == "product":
        return _product(cast(part(node.expressions[0]), "DOUBLE"))
    raise _refused()


def _product(value: exp.Expression) -> exp.Expression:
    """Return a product of numbers that are not negative, from the sum of their logarithms."""
    below = called("raise_error", exp.Literal.string("a factor is negative"))
    checked = when(exp.LT(this=value, expression=number(0)), cast(below, "DOUBLE"), value.copy())
    logarithms = exp.Sum(this=called("ln", exp.Nullif(this=checked, expression=number(0))))
    zero = called("bool_or", exp.EQ(this=value.copy(), expression=number(0)))
    none = exp.EQ(this=exp.Count(this=value.copy()), expression=number(0))
    found = when(none, exp.Null(), when(zero, cast(number(0), "DOUBLE"), called("exp", logarithms)))
    return paren(found)


def _estimate(node: exp.Expression, types: Types, part: Part) -> exp.Expression:
    return called("approx_count_distinct", part(node.this), number(0.02))


_RULES: dict[type[exp.Expression], Callable[[exp.Expression, Types, Part], exp.Expression]] = {
    exp.Count: _count,
    exp.Sum: _sum,
    exp.Avg: _average,
    **dict.fromkeys((exp.Min, exp.Max), _extreme),
    exp.Variance: _spread("variance"),
    **dict.fromkeys((exp.Stddev, exp.StddevSamp), _spread("deviation")),
    **dict.fromkeys((exp.Median, exp.PercentileCont), _quantile),
    exp.LogicalOr: _truth("bool_or"),
    exp.LogicalAnd: _truth("bool_and"),
    exp.AnyValue: _some,
    exp.First: _first,
    exp.Mode: _mode,
    exp.ApproxDistinct: _estimate,
}


# -- windows ----------------------------------------------------------------------------------------------------

_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)
_NEIGHBOURS = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)


def _window(node: exp.Window, types: Types, part: Part) -> exp.Expression:
    made = exp.Window(
        this=_over(node.this, types, part),
        partition_by=[part(item) for item in node.args.get("partition_by") or []],
        over=node.args.get("over"),
    )
    order, spec = node.args.get("order"), node.args.get("spec")
    if order is not None:
        made.set("order", exp.Order(expressions=[ordered(item, part) for item in order.expressions]))
    elif isinstance(node.this, exp.RowNumber):
        # In any order; Spark wants one.
        made.set("order", exp.Order(expressions=[exp.Ordered(this=exp.Literal.number(1))]))
    if spec is not None:
        made.set("spec", _spec(spec))
    return made


def ordered(item: exp.Expression, part: Part) -> exp.Expression:
    """Return one key of an order, with the place of missing values written out."""
    if not isinstance(item, exp.Ordered):
        item = exp.Ordered(this=item, nulls_first=False)
    return exp.Ordered(this=part(item.this), desc=item.args.get("desc"), nulls_first=bool(item.args.get("nulls_first")))


def _spec(spec: exp.Expression) -> exp.Expression:
    copy = spec.copy()
    for key in ("start", "end"):
        value = copy.args.get(key)
        if isinstance(value, exp.Expression) and not isinstance(value, exp.Literal):
            raise _refused()
    if copy.args.get("end") is None:
        copy.set("end", "CURRENT ROW")
    return copy


def _over(function: exp.Expression, types: Types, part: Part) -> exp.Expression:
    if isinstance(function, _RANKS):
        return type(function)()
    if isinstance(function, exp.Ntile):
        return exp.Ntile(this=function.this.copy())
    if isinstance(function, exp.IgnoreNulls):
        return exp.IgnoreNulls(this=_over(function.this, types, part))
    if isinstance(function, _NEIGHBOURS):
        copy = function.copy()
        copy.set("this", part(function.this))
        if function.args.get("default") is not None:
            copy.set("default", part(function.args["default"]))
        return copy
    if isinstance(function, exp.Filter):
        # Spark takes no filter beside a window.
        return _kept(aggregate(function.this, types, part), part(function.expression.this))
    return aggregate(function, types, part)


def _kept(total: exp.Expression, condition: exp.Expression) -> exp.Expression:
    if not isinstance(total, exp.Count | exp.Sum | exp.Avg | exp.Min | exp.Max) or isinstance(total.this, exp.Distinct):
        raise _refused()
    value = number(1) if isinstance(total.this, exp.Star) else total.this.copy()
    return type(total)(this=when(condition, value))
