"""The allow-list: every kind of syntax node, argument and type that a researcher's SQL may have.

What is not listed here is refused, including whatever a newer parser may learn to read. Each node is matched by its
exact class, and each of its arguments must be listed as well, so that no modifier slips in.
"""

from __future__ import annotations

from sqlglot import exp

_BINARY = ("this", "expression")
_UNARY = ("this",)

EXPRESSIONS: dict[type[exp.Expression], frozenset[str]] = {
    node: frozenset(arguments)
    for node, arguments in {
        exp.Column: ("this", "table"),
        exp.Identifier: ("this", "quoted"),
        exp.Literal: ("this", "is_string"),
        exp.Boolean: _UNARY,
        exp.Null: (),
        exp.Paren: _UNARY,
        exp.Neg: _UNARY,
        exp.Not: _UNARY,
        exp.And: _BINARY,
        exp.Or: _BINARY,
        exp.EQ: _BINARY,
        exp.NEQ: _BINARY,
        exp.GT: _BINARY,
        exp.GTE: _BINARY,
        exp.LT: _BINARY,
        exp.LTE: _BINARY,
        exp.NullSafeEQ: _BINARY,
        exp.NullSafeNEQ: _BINARY,
        exp.Is: _BINARY,
        exp.Between: ("this", "low", "high"),
        exp.In: ("this", "expressions"),
        exp.Like: _BINARY,
        exp.ILike: _BINARY,
        exp.Add: _BINARY,
        exp.Sub: _BINARY,
        exp.Mul: _BINARY,
        exp.Div: (*_BINARY, "typed", "safe"),
        exp.IntDiv: _BINARY,
        exp.Mod: _BINARY,
        exp.Pow: _BINARY,
        exp.Case: ("this", "ifs", "default"),
        exp.If: ("this", "true", "false"),
        exp.Cast: ("this", "to"),
        exp.TryCast: ("this", "to", "safe"),
        exp.DataType: ("this", "nested"),
        exp.Coalesce: ("this", "expressions"),
        exp.Nullif: _BINARY,
        exp.Abs: _UNARY,
        exp.Sign: _UNARY,
        exp.Floor: _UNARY,
        exp.Ceil: _UNARY,
        exp.Round: ("this", "decimals"),
        exp.Ln: _UNARY,
        exp.Log: _BINARY,
        exp.Exp: _UNARY,
        exp.Sqrt: _UNARY,
        exp.Greatest: ("this", "expressions", "ignore_nulls"),
        exp.Least: ("this", "expressions", "ignore_nulls"),
        exp.Lower: _UNARY,
        exp.Upper: _UNARY,
        exp.Trim: _UNARY,
        exp.Length: _UNARY,
        exp.Substring: ("this", "start", "length"),
        exp.Left: _BINARY,
        exp.Right: _BINARY,
        exp.Year: _UNARY,
        exp.Month: _UNARY,
        exp.Day: _UNARY,
        exp.Quarter: _UNARY,
        exp.Extract: _BINARY,
        exp.DateDiff: ("this", "expression", "unit", "date_part_boundary"),
        exp.TimestampTrunc: ("this", "unit"),
        exp.DateFromParts: ("year", "month", "day"),
        exp.Var: _UNARY,
    }.items()
}
"""Nodes of expressions (where, derive, measure, by, weight), with their arguments."""

FUNCTION_NAMES = (
    "abs, sign, floor, ceil, round, ln, log, exp, sqrt, power, greatest, least, coalesce, nullif, if, case, cast, "
    "try_cast, lower, upper, trim, length, substring, left, right, year, quarter, month, day, extract, date_diff, "
    "date_trunc, make_date"
)

TYPES = frozenset(
    {
        exp.DataType.Type.BOOLEAN,
        exp.DataType.Type.TINYINT,
        exp.DataType.Type.SMALLINT,
        exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT,
        exp.DataType.Type.FLOAT,
        exp.DataType.Type.DOUBLE,
        exp.DataType.Type.VARCHAR,
        exp.DataType.Type.TEXT,
        exp.DataType.Type.DATE,
    }
)
TYPE_NAMES = "boolean, tinyint, smallint, int, bigint, float, double, varchar, date"

DATE_PARTS = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY"})

RANKS: frozenset[type[exp.Expression]] = frozenset(
    {exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile}
)
"""Window functions that give an order and no other unit's value."""

AGGREGATES: frozenset[type[exp.Expression]] = frozenset({exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max})

VIEWS: dict[type[exp.Expression], frozenset[str]] = {
    **EXPRESSIONS,
    **{
        node: frozenset(arguments)
        for node, arguments in {
            exp.Select: (
                "with_",
                "expressions",
                "from_",
                "joins",
                "where",
                "group",
                "having",
                "qualify",
                "distinct",
            ),
            exp.With: ("expressions",),
            exp.CTE: ("this", "alias"),
            exp.TableAlias: _UNARY,
            exp.From: _UNARY,
            exp.Table: ("this", "alias"),
            exp.Subquery: ("this", "alias"),
            exp.Join: ("this", "on", "using", "side", "kind"),
            exp.Where: _UNARY,
            exp.Group: ("expressions",),
            exp.Having: _UNARY,
            exp.Qualify: _UNARY,
            exp.Alias: ("this", "alias"),
            exp.Star: ("except_",),
            exp.Distinct: ("expressions",),
            exp.Count: ("this", "big_int"),
            exp.Sum: _UNARY,
            exp.Avg: _UNARY,
            exp.Min: _UNARY,
            exp.Max: _UNARY,
            exp.Stddev: _UNARY,
            exp.StddevSamp: _UNARY,
            exp.Variance: _UNARY,
            exp.Median: _UNARY,
            exp.PercentileCont: _BINARY,
            exp.LogicalOr: _UNARY,
            exp.LogicalAnd: _UNARY,
            exp.Window: ("this", "partition_by", "order", "spec", "over"),
            exp.WindowSpec: ("kind", "start", "start_side", "end", "end_side"),
            exp.Order: ("expressions",),
            exp.Ordered: ("this", "desc", "nulls_first"),
            exp.RowNumber: (),
            exp.Rank: (),
            exp.DenseRank: (),
            exp.PercentRank: (),
            exp.CumeDist: (),
            exp.Ntile: _UNARY,
            exp.Lag: ("this", "offset", "default"),
            exp.Lead: ("this", "offset", "default"),
            exp.FirstValue: _UNARY,
            exp.LastValue: _UNARY,
        }.items()
    },
}
"""Nodes of views: those of expressions, and what a SELECT needs."""

JOINS = frozenset({"", "INNER", "LEFT", "RIGHT", "FULL", "OUTER"})
