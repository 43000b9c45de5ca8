"""Small pieces of Spark SQL as trees."""

from __future__ import annotations

from sqlglot import exp


def called(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    """Return the call of a function by Spark's own name of it."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(value: exp.Expression, kind: str) -> exp.Cast:
    """Return a cast to a type as Spark calls it."""
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="spark"))


def paren(value: exp.Expression) -> exp.Paren:
    """Return a value in brackets."""
    return exp.Paren(this=value)


def number(value: float) -> exp.Expression:
    """Return a number as it is written."""
    if value < 0:
        return exp.Neg(this=exp.Literal.number(repr(-value)))
    return exp.Literal.number(repr(value))


def when(condition: exp.Expression, chosen: exp.Expression, other: exp.Expression | None = None) -> exp.Case:
    """Return a choice."""
    return exp.Case(ifs=[exp.If(this=condition, true=chosen)], default=other)
