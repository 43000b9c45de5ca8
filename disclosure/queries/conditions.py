"""Conditions inside expressions: whatever treats some rows differently can single somebody out."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Is,
    exp.Between,
    exp.In,
    exp.Like,
    exp.ILike,
)


def conditions_in(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield conditions as a whole where they are joined by AND, OR or NOT, and also one by one."""
    for node in tree.walk():
        if isinstance(node, exp.If):
            yield node.this
        elif isinstance(node, exp.Coalesce | exp.Nullif):
            test: exp.Expression = exp.Is(this=exp.Paren(this=node.this.copy()), expression=exp.Null())
            if isinstance(node, exp.Nullif):
                test = exp.EQ(this=exp.Paren(this=node.this.copy()), expression=exp.Paren(this=node.expression.copy()))
            yield test
        elif isinstance(node, _COMPARISONS):
            yield node


_STEPS = (
    exp.Floor,
    exp.Ceil,
    exp.Round,
    exp.Sign,
    exp.Abs,
    exp.Greatest,
    exp.Least,
    exp.Mod,
    exp.IntDiv,
    exp.Pow,
    exp.Exp,
)


def picks_out_values(tree: exp.Expression) -> bool:
    """Say whether `tree` has a function that can act on few values as a condition does: ``floor(pay / 90000)``."""
    return any(isinstance(node, _STEPS) for node in tree.walk())


def treats_some_differently(tree: exp.Expression) -> bool:
    """Say whether `tree` has a condition beyond filling in what is missing."""
    return any(isinstance(node, (exp.If, exp.Nullif, *_COMPARISONS)) for node in tree.walk())
