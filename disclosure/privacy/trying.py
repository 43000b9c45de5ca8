"""Expressions that give nothing, instead of failing, for a row that they cannot be computed for."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from saferoom.disclosure.queries import allowed

_PLAIN = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Star)
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_KINDS = {
    **dict.fromkeys(_WHOLE, "whole"),
    **{"FLOAT": "float", "DOUBLE": "float", "VARCHAR": "text", "BOOLEAN": "bool", "DATE": "date"},
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_NUMBERS = frozenset({"whole", "float"})
_LONGEST = 9
"""Digits of whole numbers that every type of the engine's can be compared with."""


def tried(tree: exp.Expression, types: Mapping[str, str] | None = None) -> exp.Expression:
    """Return `tree` with nothing in place of what cannot be computed.

    Parameters
    ----------
    types : mapping of lower-case column name to the engine's type, optional
        With them, what can always be computed is left as it is, which is quicker.
    """
    tree = bare(tree)
    return tree if isinstance(tree, _PLAIN) or kind_of(tree, types or {}) is not None else exp.Try(this=tree)


def kind_of(tree: exp.Expression, types: Mapping[str, str]) -> str | None:
    """Return what an expression gives (whole, float, text, bool, date), or None where it may fail or is not known."""
    tree = bare(tree)
    if isinstance(tree, exp.Column):
        return _KINDS.get(types.get(tree.name.lower(), ""))
    if isinstance(tree, exp.Literal):
        whole = str(tree.this).isdigit() and len(str(tree.this)) <= _LONGEST
        return "text" if tree.is_string else "whole" if whole else None
    if isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal) and not tree.this.is_string:
        return kind_of(tree.this, types)
    if isinstance(tree, exp.Boolean):
        return "bool"
    if isinstance(tree, exp.Not | exp.And | exp.Or):
        parts = {kind_of(part, types) for part in (tree.this, tree.args.get("expression")) if part is not None}
        return "bool" if parts == {"bool"} else None
    if isinstance(tree, exp.Is):
        return "bool" if isinstance(tree.expression, exp.Null) and kind_of(tree.this, types) else None
    compared = _compared(tree)
    if compared:
        return "bool" if _fit({kind_of(part, types) for part in compared}) else None
    if isinstance(tree, exp.Add | exp.Sub | exp.Mul | exp.Div):
        kinds = {kind_of(tree.this, types), kind_of(tree.expression, types)}
        # Floating-point numbers overflow to infinity, and every quotient is one of them.
        return "float" if kinds <= _NUMBERS and ("float" in kinds or isinstance(tree, exp.Div)) else None
    return None


def _compared(tree: exp.Expression) -> list[exp.Expression]:
    """Return what a comparison compares; nothing when it is none."""
    if isinstance(tree, _COMPARISONS):
        return [tree.this, tree.expression]
    if isinstance(tree, exp.Between):
        return [tree.this, tree.args["low"], tree.args["high"]]
    return [tree.this, *tree.expressions] if isinstance(tree, exp.In) else []


def _fit(kinds: set[str | None]) -> bool:
    """Say whether values are compared without converting a text or a whole number first."""
    return None not in kinds and (len(kinds) == 1 or kinds <= _NUMBERS)


def guarded_part(tree: exp.Expression) -> exp.Expression:
    """Return a group's key, an aggregate or a window's function with guarded arguments."""
    tree = bare(tree)
    if type(tree) in allowed.RANKS:
        return tree
    if not isinstance(tree, exp.AggFunc):
        return tried(tree)
    argument = tree.this
    if isinstance(argument, exp.Distinct):
        argument.set("expressions", [tried(one) for one in argument.expressions])
    elif isinstance(argument, exp.Expression):
        tree.set("this", tried(argument))
    return tree


def bare(tree: exp.Expression) -> exp.Expression:
    """Return `tree` without parentheses around it."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree
