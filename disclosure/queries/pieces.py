"""The pieces that an expression is put together from, so that each can be judged as if it were released on its own.

Whoever knows a total of ages can take it off a total of ``100 * age + bonus``: what is left is a total of bonuses. So a
sum is as safe as the least safe of its summands, and a constant summand hides nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from saferoom.disclosure.queries import language

MOST_PIECES = 24

IsNumber = Callable[[exp.Expression], bool]


def pieces_of(tree: exp.Expression, is_number: IsNumber) -> tuple[exp.Expression, ...] | None:
    """Return what `tree` adds up, products multiplied out, without constants and without `tree` itself.

    Parameters
    ----------
    is_number : callable
        Says whether an expression is a number; dates are subtracted too, but are no summands.

    Returns
    -------
    None when there are too many to be judged
    """
    try:
        found = _Reader(is_number).pieces(tree)
    except _TooManyError:
        return None
    varying = [piece for piece in found if piece.find(exp.Column)]
    has_constant = len(varying) < len(found)
    whole = language.write(_bare(tree))
    if not has_constant and all(language.write(piece) == whole for piece in varying):
        return ()
    return tuple(piece for piece in varying if language.write(piece) != whole)


class _TooManyError(Exception):
    """More pieces than can be judged."""


class _Reader:
    def __init__(self, is_number: IsNumber) -> None:
        self._is_number = is_number

    def pieces(self, tree: exp.Expression) -> list[exp.Expression]:
        """Return the pieces of `tree` with constants, each once."""
        tree = _bare(tree)
        if not tree.find(exp.Column):
            return [tree]
        found = {language.write(piece): piece for piece in self._pieces(tree)}
        if len(found) > MOST_PIECES:
            raise _TooManyError
        return list(found.values())

    def _pieces(self, tree: exp.Expression) -> list[exp.Expression]:
        if isinstance(tree, exp.Add | exp.Sub) and self._is_number(tree.this) and self._is_number(tree.expression):
            return [*self.pieces(tree.this), *self.pieces(tree.expression)]
        if isinstance(tree, exp.Neg):
            return self.pieces(tree.this)
        if isinstance(tree, exp.Mul):
            left, right = self.pieces(tree.this), self.pieces(tree.expression)
            if len(left) == len(right) == 1:
                return [tree]
            if len(left) * len(right) > MOST_PIECES:
                raise _TooManyError
            return [tree, *(exp.Mul(this=_in(one), expression=_in(other)) for one in left for other in right)]
        if isinstance(tree, exp.Div):
            above = self.pieces(tree.this)
            fractions = [_with(tree, this=_in(piece)) for piece in above] if len(above) > 1 else []
            return [tree, *fractions, *self._inner(tree.expression)]
        if isinstance(tree, exp.If):
            branch = exp.If(this=tree.this.copy(), true=tree.args["true"].copy())
            otherwise = tree.args.get("false")
            tree = exp.Case(ifs=[branch], default=otherwise.copy() if otherwise is not None else None)
        if isinstance(tree, exp.Case):
            return [tree, *self._branches(tree)]
        if isinstance(tree, exp.Func) and not isinstance(tree, exp.Connector):
            return [tree, *(piece for node in tree.iter_expressions() for piece in self._inner(node))]
        return [tree]

    def _inner(self, tree: exp.Expression) -> list[exp.Expression]:
        """What is put together inside a function or below a fraction is judged as well; a lone piece is not."""
        if not tree.find(exp.Column) or not self._is_number(tree):
            return []
        varying = [piece for piece in self.pieces(tree) if piece.find(exp.Column)]
        return varying if len(varying) > 1 else []

    def _branches(self, case: exp.Case) -> list[exp.Expression]:
        """One CASE per piece of a branch, with 0 in the other branches; constants are counted by their conditions."""
        found: list[exp.Expression] = []
        places = [*case.args["ifs"], *([case] if case.args.get("default") is not None else [])]
        for i, place in enumerate(places):
            value = place.args["default" if place is case else "true"]
            if not value.find(exp.Column):
                continue
            for piece in self.pieces(value):
                copy = case.copy()
                copies = [*copy.args["ifs"], *([copy] if copy.args.get("default") is not None else [])]
                for j, other in enumerate(copies):
                    key = "default" if other is copy else "true"
                    if not isinstance(other.args[key], exp.Null):
                        other.set(key, piece.copy() if i == j else exp.Literal.number(0))
                found.append(copy)
        return found


def _bare(tree: exp.Expression) -> exp.Expression:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def _in(tree: exp.Expression) -> exp.Expression:
    return tree.copy() if isinstance(tree, exp.Column | exp.Literal) else exp.Paren(this=tree.copy())


def _with(tree: exp.Expression, **arguments: exp.Expression) -> exp.Expression:
    copy = tree.copy()
    for key, value in arguments.items():
        copy.set(key, value)
    return copy
