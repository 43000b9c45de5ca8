"""Rules for numbers: what is divided by 0, rounded or out of range is what DuckDB makes of it."""

# ruff: noqa: ARG001 - all rules are called alike
from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from saferoom.disclosure.queries.spark.rule import NotNativeError, Part, Scope, is_number, named
from saferoom.disclosure.queries.spark.trees import called, cast, number, paren, when
from saferoom.disclosure.queries.spark.types import FLOATING, WHOLE


def arithmetic(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Compute in DuckDB's type of the result: both raise where it is too small."""
    kind, sides = scope.types.of(node), (node.this, node.expression)
    found = [scope.types.of(side) for side in sides]
    if kind is None or not is_number(kind) or not all(is_number(one) for one in found):
        raise NotNativeError
    if kind in WHOLE or kind in FLOATING:
        left, right = (
            paren(part(side)) if one == kind else cast(part(side), named(kind))
            for side, one in zip(sides, found, strict=True)
        )
        return type(node)(this=left, expression=right)
    # Fractions with a fixed number of digits are exact in both.
    return cast(type(node)(this=paren(part(sides[0])), expression=paren(part(sides[1]))), named(kind))


_DIVISIONS = 3
"""Fractions of fractions beyond which DuckDB computes them: each is written several times."""


def divided(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Divide as numbers with a point; what is divided by 0 is infinite, and 0 / 0 no number, as DuckDB has it."""
    sides = (node.this, node.expression)
    if not all(is_number(scope.types.of(side)) for side in sides):
        raise NotNativeError
    if _divisions(node) > _DIVISIONS:
        raise NotNativeError
    kind = "FLOAT" if scope.types.of(node) == "FLOAT" else "DOUBLE"
    left, right = (cast(part(side), kind) for side in sides)
    plain = exp.Div(this=left, expression=right)
    divisor = node.expression
    while isinstance(divisor, exp.Paren):
        divisor = divisor.this
    if isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.this) != 0:
        return plain
    # The sign of a zero counts.
    sign = exp.Like(this=cast(right.copy(), "STRING"), expression=exp.Literal.string("-%"))
    infinite = when(sign, cast(exp.Literal.string("-Infinity"), kind), cast(exp.Literal.string("Infinity"), kind))
    beside = exp.Mul(this=left.copy(), expression=paren(infinite))
    return when(exp.EQ(this=right.copy(), expression=number(0)), beside, plain)


def _divisions(node: exp.Expression) -> int:
    """Return how deeply fractions are inside fractions."""
    inner = max((_divisions(child) for child in node.iter_expressions()), default=0)
    return inner + isinstance(node, exp.Div)


def whole_division(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    kind = scope.types.of(node)
    if kind not in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}:
        raise NotNativeError
    sides = [cast(part(side), named(kind)) for side in (node.this, node.expression)]
    if isinstance(node, exp.Mod):
        return exp.Mod(this=sides[0], expression=sides[1])
    return cast(exp.IntDiv(this=sides[0], expression=sides[1]), named(kind))


def power(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    return called("power", *(cast(part(side), "DOUBLE") for side in (node.this, node.expression)))


def curve(name: str) -> Callable[[exp.Expression, Scope, Part], exp.Expression]:
    def rule(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
        return called(name, cast(part(node.this), "DOUBLE"))

    return rule


_LAST_WITH_HALVES = 4.5e15


def stepped(name: str) -> Callable[[exp.Expression, Scope, Part], exp.Expression]:
    """Floor and ceiling: Spark makes whole numbers of them, which hold less."""

    def rule(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
        kind, inner = scope.types.of(node), scope.types.of(node.this)
        if kind is None or not is_number(inner):
            raise NotNativeError
        if inner in WHOLE or kind not in FLOATING:
            return cast(part(node.this) if inner in WHOLE else called(name, part(node.this)), named(kind))
        value = cast(part(node.this), "DOUBLE")
        small = exp.LT(this=called("abs", value), expression=cast(number(_LAST_WITH_HALVES), "DOUBLE"))
        return cast(when(small, cast(called(name, value.copy()), "DOUBLE"), value.copy()), named(kind))

    return rule


def rounded(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    """Round halves away from zero, by DuckDB's way: Spark rounds how a number is written."""
    kind, inner, digits = scope.types.of(node), scope.types.of(node.this), node.args.get("decimals")
    if kind not in FLOATING or inner not in FLOATING:
        raise NotNativeError
    if digits is not None and not (isinstance(digits, exp.Literal) and str(digits.this).isdigit()):
        raise NotNativeError
    if digits is not None and int(digits.this) > 15:
        raise NotNativeError
    places = 0 if digits is None else int(digits.this)
    if places and kind == "FLOAT":
        raise NotNativeError
    value = cast(part(node.this), "DOUBLE")
    scale = cast(number(10**places), "DOUBLE")
    scaled: exp.Expression = exp.Mul(this=value, expression=scale) if places else value
    rounded: exp.Expression = called("round", scaled)
    small = exp.LT(this=called("abs", scaled.copy()), expression=cast(number(_LAST_WITH_HALVES), "DOUBLE"))
    if places:
        rounded = exp.Div(this=rounded, expression=scale.copy())
    return cast(when(small, rounded, value.copy()), named(str(kind)))


def sign(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    value = cast(part(node.this), "DOUBLE")
    is_none = exp.Is(this=value, expression=exp.Null())
    below = exp.LT(this=value.copy(), expression=number(0))
    above = exp.And(
        this=exp.GT(this=value.copy(), expression=number(0)), expression=exp.Not(this=called("isnan", value.copy()))
    )
    found = when(is_none, exp.Null(), when(above, number(1), when(below, number(-1), number(0))))
    return cast(found, "TINYINT")


def negative(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    if not is_number(scope.types.of(node)):
        raise NotNativeError
    return exp.Neg(this=paren(part(node.this)))


def logarithm(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    base, value = (node.this, node.expression) if node.expression is not None else (number(10), node.this)
    if not (isinstance(base, exp.Literal) and str(base.this) == "10"):
        raise NotNativeError
    return _logarithm_of("log10", cast(part(value), "DOUBLE"))


def natural(node: exp.Expression, scope: Scope, part: Part) -> exp.Expression:
    return _logarithm_of("ln", cast(part(node.this), "DOUBLE"))


def _logarithm_of(name: str, value: exp.Expression) -> exp.Expression:
    """Spark has no logarithm of 0 and of negative numbers; DuckDB's is infinite, and no number."""
    zero = exp.EQ(this=value, expression=number(0))
    below = exp.LT(this=value.copy(), expression=number(0))
    infinite, no_number = (cast(exp.Literal.string(text), "DOUBLE") for text in ("-Infinity", "NaN"))
    return when(zero, infinite, when(below, no_number, called(name, value.copy())))
