"""Whether somebody can be put into the middle: a quantile of a measure that other columns put in order.

``median(pay + 1000000 * (age - 45))`` is ordered by age first, so that whoever knows the ages knows whose pay it tells.
For each column of a measure made of several, the units are counted that could lie at the quantile as far as somebody
knows who knows every other column: those whose measure, with this column at common values, has the quantile between
its least and its greatest.

Cost: two more columns of the base per column of the measure, and one count of units each; nothing for plain columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base, is_number
from saferoom.disclosure.queries.counting import count_units
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW
from saferoom.disclosure.queries.plan import Plan, with_clause
from saferoom.disclosure.rules.hit import BROADER, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case
from saferoom.disclosure.verdict import Risk, Verdict

_COMMON = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_COLUMNS = 8


def reaches(case: Case) -> tuple[exp.Expression, ...]:
    """Return, per column of the measure, its least and greatest with this column at common values.

    None for a measure of one column, whose order is that column's own, and for one of more than `MOST_COLUMNS`.
    """
    measure = case.plan.measures[0]
    columns = _columns(measure)
    if not 2 <= len(columns) <= MOST_COLUMNS:
        return ()
    return tuple(tree for column in columns for tree in _reach(case.plan, case.engine, measure, column))


def pinned(case: Case, cuts: Base, shape: tuple[int, int], reached: int) -> list[Hit]:
    """Send quantiles to a person at which fewer units than the threshold could lie.

    Parameters
    ----------
    cuts : Base
        Rows with the quantiles q0, q1 ... and, from m1 on, what `reaches` returned.
    shape : tuple of int
        How many cells and quantiles there are.
    reached : int
        How many columns that are.
    """
    cells, quantiles = shape
    if not reached:
        return hit_if(_hit(np.full(cells, len(_columns(case.plan.measures[0])) > MOST_COLUMNS)))
    parts = [
        f"least(m{low}, m{low + 1}) <= q{i} AND greatest(m{low}, m{low + 1}) >= q{i}"
        for low in range(1, reached + 1, 2)
        for i in range(quantiles)
    ]
    counts = count_units(cuts, case.engine, parts)
    few = [
        units < threshold_of(case.policy, kind)
        for found in counts
        for units, kind in zip(found, cuts.units or (ROW,), strict=True)
    ]
    return hit_if(_hit(np.logical_or.reduce(few)))


def _hit(cells: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Hit:
    return Hit(
        rule="quantile-pinned",
        risk=Risk.LOW_COUNT,
        severity=Verdict.REVIEW,
        cells=cells,
        message="The measure puts so few units at a quantile that whoever knows all of its columns but one can tell "
        "whose value in that column it is.",
        remedy=f"take the quantile of one column, {BROADER}, or let an output checker decide",
    )


def _columns(measure: exp.Expression) -> tuple[str, ...]:
    return tuple(sorted({node.name for node in measure.find_all(exp.Column)}))


def _reach(plan: Plan, engine: Engine, measure: exp.Expression, column: str) -> Iterator[exp.Expression]:
    values = [_with(measure, column, value) for value in _common(plan, engine, column)]
    tried = [exp.Anonymous(this="TRY", expressions=[exp.cast(value, "double")]) for value in values]
    yield exp.Least(this=tried[0].copy(), expressions=[one.copy() for one in tried[1:]])
    yield exp.Greatest(this=tried[0].copy(), expressions=[one.copy() for one in tried[1:]])


def _with(measure: exp.Expression, column: str, value: exp.Expression) -> exp.Expression:
    def replaced(node: exp.Expression) -> exp.Expression:
        return value.copy() if isinstance(node, exp.Column) and node.name == column else node

    return measure.copy().transform(replaced)


def _common(plan: Plan, engine: Engine, column: str) -> Sequence[exp.Expression]:
    """Return common values of a column: quantiles of a number, the most frequent of anything else."""
    tree = exp.Column(this=exp.to_identifier(column, quoted=True))
    written = language.write(tree)
    source = language.write(exp.to_identifier(plan.relation.sql_name, quoted=True))
    where = "" if plan.where is None else f" WHERE {language.write(plan.where)}"
    head, tail = f"{with_clause(plan)}SELECT", f"FROM {source}{where}"
    if is_number(plan, engine, tree):
        number = f"CAST({written} AS DOUBLE)"
        fractions = ", ".join(str(one) for one in _COMMON)
        found = engine.rows(f"{head} quantile_cont({number}, [{fractions}]) FILTER (WHERE isfinite({number})) {tail}")
        return [_number(float(value)) for value in found[0][0] or (0.0,)]
    kind = engine.types(f"{head} {written} AS x {tail}")[0]
    found = engine.rows(f"{head} CAST({written} AS VARCHAR) AS x {tail} GROUP BY x ORDER BY count(*) DESC, x LIMIT 5")
    texts = [row[0] for row in found if row[0] is not None] or [""]
    target = "varchar" if kind.startswith(("ENUM", "VARCHAR")) else kind
    return [exp.cast(exp.Literal.string(text), target, dialect=language.DIALECT) for text in texts]


def _number(value: float) -> exp.Expression:
    return exp.cast(exp.Literal.string(repr(value)), "double")
