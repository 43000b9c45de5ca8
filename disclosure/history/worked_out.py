"""How many there are, worked out from numbers that are no counts.

A mean of pay in cents is a whole number of cents, divided by how many there are: of all such fractions only one has
its twelve digits. So a mean beside a count of the same people but one says what the count of all but one is. Numbers
that tell how many there are behind them are remembered beside what they are made from as the counts that they give
away, and compared with counts, and with each other, whatever they are made from.

Vocabulary
----------
absent
    Who lacks a value in a column of the data owner's. How many there are of them is not protected here: nobody can
    choose whom an owner's column leaves out, and numbers of different columns would hardly ever stand together.
"""

# ruff: noqa: S608 - SQL is put together here, from generated and quoted names only
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from saferoom.disclosure.history.contributors import Contributors, Noise, Part, Told
from saferoom.disclosure.history.sets import everywhere, widened
from saferoom.disclosure.history.unit_ids import own_ids, row_ids
from saferoom.disclosure.queries.base import asked_to_be_there, presence
from saferoom.disclosure.queries.evidence import floats, integers
from saferoom.disclosure.queries.forms import FORMS, Statistic, UnitsTold
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.units_told import rounded_means_count
from saferoom.disclosure.tables.significant import significant, unit_of

if TYPE_CHECKING:
    from saferoom.disclosure.statbarns.case import Case, Outcome

_INTERPOLATED = frozenset({Statistic.MEDIAN, Statistic.QUANTILE, Statistic.IQR, Statistic.BOX})
"""Between two values, at a place that depends on how many there are; with weights they are somebody's value."""
_COMPLETE = frozenset({Statistic.REGRESSION, Statistic.TEST})
"""Which leave out whoever lacks a category."""


def with_told(contributors: Contributors, case: Case, outcome: Outcome, visible: NDArray[np.bool_]) -> Contributors:
    """Return contributors with the counts that the numbers of the `visible` cells tell, and who is absent from them."""
    if not contributors.parts:
        return contributors
    absent = _absent(case, outcome)
    found = list(contributors.parts)
    if _tells(contributors, case, outcome, visible):
        first = replace(found[0], subjects=frozenset({COUNT}))
        if absent is None or outcome.parts is not None:
            found.append(replace(first, told=Told.ALL))
        else:
            more = {sets.unit: f"SELECT id FROM {_table(i)}" for i, sets in enumerate(absent.units)}
            filled = widened(first, outcome, case.engine, visible, more)
            found += [replace(filled, told=Told.ALL), replace(first, told=Told.WITH_VALUE)]
    return replace(contributors, parts=(*found, *([] if absent is None else [absent])))


def _tells(contributors: Contributors, case: Case, outcome: Outcome, visible: NDArray[np.bool_]) -> bool:
    """Say whether the numbers of any visible cell tell how many are behind it."""
    statistic = case.plan.query.statistic
    told = FORMS[statistic].units
    if told in {UnitsTold.SHOWN, UnitsTold.NOTHING} or any(part.told is Told.ALL for part in contributors.parts):
        return False
    if contributors.noise not in {Noise.NONE, Noise.SIGNIFICANT}:
        return False
    if outcome.alike is not None:
        return bool((outcome.alike & visible).any())
    if contributors.noise is Noise.SIGNIFICANT:
        return bool((_although_rounded(case, outcome, contributors.base) & visible).any())
    return not (statistic in _INTERPOLATED and outcome.base.weighted)


def _although_rounded(case: Case, outcome: Outcome, digits: int) -> NDArray[np.bool_]:
    found = case.engine.columns(outcome.base.grouped("count(m0) AS n, min(m0) AS low, max(m0) AS high"))
    shown = significant(next(iter(outcome.columns.values())), digits)
    step = unit_of(np.nan_to_num(shown), digits)
    return rounded_means_count(integers(found["n"]), step, floats(found["low"]), floats(found["high"]), case.policy)


def _table(kind: int) -> str:
    return f"_absent{kind}"


def _absent(case: Case, outcome: Outcome) -> Part | None:
    """Return everybody who lacks a value, in all rows that there are, in a column that the numbers are made from.

    Whoever has a value in any row is not among them: the filter may have left out that row.
    """
    plan, engine = case.plan, case.engine
    names = _made_from(plan)
    if not names:
        return None
    base = replace(outcome.base, text_dimensions=(), margins=False)
    if not plan.views:
        base = replace(base, sql=presence(plan, engine, names), with_sql="")
    if not engine.rows(f"{base.with_sql}SELECT 1 FROM {base.sql} r WHERE m0 IS NULL LIMIT 1"):
        return None
    known = base.sql if plan.views else presence(plan, engine, names, filtered=False)
    units = []
    for i, ids in enumerate([*own_ids(base), *row_ids(base, engine)]):
        name = ids.expression.removeprefix("b.")
        given = f"SELECT {name} AS id, CASE WHEN m0 IS NULL THEN 0 ELSE 1 END AS has"
        both = f"({given}, 1 AS kept FROM {base.sql} r UNION ALL {given}, 0 AS kept FROM {known} s)"
        engine.run(
            f"CREATE OR REPLACE TEMP TABLE {_table(i)} AS {base.with_sql}SELECT id FROM {both} x "
            "WHERE id IS NOT NULL GROUP BY id HAVING max(has) = 0 AND max(kept) = 1"
        )
        chosen = f"{ids.expression} IN (SELECT id FROM {_table(i)})"
        units.append(everywhere(base, engine, replace(ids, unique=False), chosen))
    owned = {column.sql_name: column.owned for column in plan.relation.columns.values()}
    sure = not plan.views and all(owned.get(name, False) for name in names)
    return Part(frozenset(), ((),), tuple(units), told=Told.ABSENT if sure else Told.UNSURE)


def _made_from(plan: Plan) -> list[str]:
    """Return the columns whose values enter the numbers, or that the filter asks to be there."""
    trees = [*plan.valued, *(d.tree for d in plan.dimensions if plan.query.statistic in _COMPLETE)]
    asked = {name for part in plan.conjuncts if (name := asked_to_be_there(part)) is not None}
    return sorted(asked | {node.name for tree in trees for node in tree.find_all(exp.Column)})
