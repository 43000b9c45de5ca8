"""Conditions inside expressions: whatever treats some rows differently can single somebody out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
        if isinstance(node, exp.If | exp.Coalesce | exp.Nullif):
            yield _test_of(node)
        elif isinstance(node, exp.Greatest | exp.Least):
            yield from _comparisons_of(node)
        elif isinstance(node, _COMPARISONS):
            yield node


def _test_of(node: exp.If | exp.Coalesce | exp.Nullif) -> exp.Expression:
    if isinstance(node, exp.If):
        case = node.parent
        if isinstance(case, exp.Case) and case.args.get("this") is not None:
            return exp.EQ(this=exp.Paren(this=case.this.copy()), expression=exp.Paren(this=node.this.copy()))
        condition: exp.Expression = node.this
        return condition
    if isinstance(node, exp.Nullif):
        return exp.EQ(this=exp.Paren(this=node.this.copy()), expression=exp.Paren(this=node.expression.copy()))
    return exp.Is(this=exp.Paren(this=node.this.copy()), expression=exp.Null())


def _comparisons_of(node: exp.Greatest | exp.Least) -> Iterator[exp.Expression]:
    """Capping at a number treats those above it differently: beside the uncapped total it tells their excess."""
    first = node.this
    for other in node.expressions:
        yield exp.GT(this=exp.Paren(this=first.copy()), expression=exp.Paren(this=other.copy()))


def outermost_conditions(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield those of `conditions_in` that are not inside another one."""
    if isinstance(tree, _COMPARISONS):
        yield tree
        return
    if isinstance(tree, exp.If | exp.Coalesce | exp.Nullif):
        yield _test_of(tree)
    elif isinstance(tree, exp.Greatest | exp.Least):
        yield from _comparisons_of(tree)
    for child in tree.iter_expressions():
        if not (isinstance(tree, exp.If) and child is tree.this):
            yield from outermost_conditions(child)


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


_TEXTS = (exp.Length, exp.Substring, exp.Left, exp.Right)
_WHOLE = {
    exp.DataType.Type.BOOLEAN,
    exp.DataType.Type.TINYINT,
    exp.DataType.Type.SMALLINT,
    exp.DataType.Type.INT,
    exp.DataType.Type.BIGINT,
}


_JUMPS = (exp.Abs, exp.Sign, exp.Floor, exp.Ceil, exp.Round, exp.Mod, exp.IntDiv)


def jumps_in(trees: Sequence[exp.Expression]) -> Iterator[exp.Expression]:
    """Yield functions that jump (sign, floor, a cast to whole numbers) where something else is computed with them.

    ``age * sign(90000 - pay)`` treats whoever earns more differently, as a condition does. A jump around everything,
    as in ``round(pay / hours, 2)``, treats nobody differently.
    """
    for tree in trees:
        for node in tree.find_all(exp.Expression):
            is_whole = isinstance(node, exp.Cast | exp.TryCast) and node.to.this in _WHOLE
            if (is_whole or isinstance(node, _JUMPS)) and node.find(exp.Column) and _others(node, trees):
                yield exp.Sign(this=node.this) if isinstance(node, exp.Abs) else node


def factors_of(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield what a product multiplies, those factors together that are made from the same columns; no lone columns.

    A factor can act as a sign does: ``(90000 - pay) / sqrt((90000 - pay) * (90000 - pay))``.
    """
    for node in tree.find_all(exp.Expression):
        if not isinstance(node, exp.Mul | exp.Div) or _is_factor(node):
            continue
        groups: list[tuple[set[str], list[tuple[exp.Expression, bool]]]] = []
        for factor, below in _flattened(node, below=False):
            names, members = {column.name for column in factor.find_all(exp.Column)}, [(factor, below)]
            for group in [group for group in groups if group[0] & names]:
                groups.remove(group)
                names, members = names | group[0], group[1] + members
            if names:
                groups.append((names, members))
        for _, members in groups:
            if len(groups) > 1 and not (len(members) == 1 and isinstance(members[0][0], exp.Column)):
                yield _product(members)


def _is_factor(node: exp.Expression) -> bool:
    above = node.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    return isinstance(above, exp.Mul | exp.Div)


def _flattened(node: exp.Expression, *, below: bool) -> Iterator[tuple[exp.Expression, bool]]:
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    if isinstance(node, exp.Mul | exp.Div):
        yield from _flattened(node.this, below=below)
        yield from _flattened(node.expression, below=below != isinstance(node, exp.Div))
    else:
        yield node, below


def _product(members: Sequence[tuple[exp.Expression, bool]]) -> exp.Expression:
    found: exp.Expression = exp.Literal.number("1.0")
    for factor, below in members:
        kind = exp.Div if below else exp.Mul
        found = kind(this=found, expression=exp.Paren(this=factor.copy()))
    return found


def _others(node: exp.Expression, trees: Sequence[exp.Expression]) -> bool:
    inside = sum(1 for _ in node.find_all(exp.Column))
    return sum(1 for tree in trees for _ in tree.find_all(exp.Column)) > inside


def picks_out_values(tree: exp.Expression) -> bool:
    """Say whether `tree` has a function that can act on few values as a condition does: ``floor(pay / 90000)``.

    Fractions and products of sums can too: ``1 / (1 + 1e9 * (age - 77) * (age - 77))``.
    """
    return any(_picks_out(node) for node in tree.find_all(exp.Expression))


def _picks_out(node: exp.Expression) -> bool:
    if isinstance(node, exp.Cast | exp.TryCast):
        return node.to.this in _WHOLE
    if isinstance(node, exp.Div):
        return adds_up(node.expression)
    if isinstance(node, exp.Mul):
        return all(side.find(exp.Column) for side in (node.this, node.expression)) and adds_up(node)
    return isinstance(node, (*_STEPS, *_TEXTS))


def is_curved(tree: exp.Expression) -> bool:
    """Say whether `tree` is no straight line of its columns: squares, products, roots, logarithms."""
    for node in tree.walk():
        if isinstance(node, exp.Pow | exp.Exp | exp.Sqrt | exp.Ln | exp.Log):
            return True
        if isinstance(node, exp.Mul | exp.Div) and node.this.find(exp.Column) and node.expression.find(exp.Column):
            return True
    return False


def adds_up(tree: exp.Expression) -> bool:
    """Say whether `tree` adds or subtracts anything, so that one summand can hide behind another."""
    return any(isinstance(node, exp.Add | exp.Sub) for node in tree.walk())


def treats_some_differently(tree: exp.Expression) -> bool:
    """Say whether `tree` has a condition beyond filling in 0 for what is missing."""
    return any(
        isinstance(node, (exp.If, *_COMPARISONS))
        or (isinstance(node, exp.Nullif) and not _avoids_zero(node))
        or (isinstance(node, exp.Coalesce) and not _fills_in_zero(node))
        for node in tree.walk()
    )


def _avoids_zero(node: exp.Nullif) -> bool:
    """``pay / nullif(hours, 0)`` has no value where ``pay / hours`` has none."""
    above: exp.Expression = node
    while isinstance(above.parent, exp.Paren):
        above = above.parent
    other = node.expression
    divides = isinstance(above.parent, exp.Div) and above.parent.expression is above
    return divides and isinstance(other, exp.Literal) and not other.is_string and float(other.this) == 0


def _fills_in_zero(node: exp.Coalesce) -> bool:
    """Totals of what is zero for most are judged as such; any other value in its place would hide the few."""
    return all(isinstance(other, exp.Literal) and str(other.this) == "0" for other in node.expressions)
