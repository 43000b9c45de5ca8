"""Steps that several statbarns share."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.counting import count_units
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Cells, Summary, UnitEvidence
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import class_disclosure
from saferoom.disclosure.rules.dominance import all_equal
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.provenance import provenance, singled_out
from saferoom.disclosure.rules.threshold import threshold, two_values
from saferoom.disclosure.statbarns.case import Case
from saferoom.disclosure.verdict import Risk, Verdict


def subjects_of(plan: Plan) -> frozenset[str]:
    """Return what the plan's numbers are made from; a weight counts, because it can carry a measure."""
    trees = [*plan.measures, *([plan.weight] if plan.weight is not None else [])]
    return frozenset().union(*(plan.origins(tree) or {COUNT} for tree in trees))


def cell_rules(case: Case, base: Base, cells: Cells, units: Sequence[UnitEvidence], counted: bool) -> list[Hit]:
    """Apply what holds for every table: known units, threshold, class disclosure along every dimension."""
    hits = [*provenance(case.plan, base), *threshold(units, case.policy)]
    if len(cells) == 0:
        hits.append(_NOBODY)
    return hits + class_disclosure(cells, units[0].units, case.axes, case.policy, counted)


_NOBODY = Hit(
    rule="threshold",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="The filter leaves nobody, which tells that no member of the group described by the filter exists.",
    remedy="use a wider filter",
)


def value_rules(case: Case, base: Base, summaries: Sequence[Summary]) -> tuple[list[Hit], tuple[str, ...]]:
    """Apply what holds for numbers computed from a measure: variation, two values, conditions inside it.

    Returns
    -------
    list of Hit, and the conditions whose counts the numbers are in disguise
    """
    hits: list[Hit] = []
    disguised: list[str] = []
    kinds = base.units or (ROW,)
    for p, summary in enumerate(summaries):
        hits += all_equal(summary.low, summary.high)
        sides = _two_sides(base, case.engine, summary, p)
        if sides:
            low, high = count_units(base, case.engine, sides)
            hits += two_values(low, high, kinds, case.policy)
            disguised += sides
    return hits + conditional_rules(case, base), tuple(disguised)


def conditional_rules(case: Case, base: Base) -> list[Hit]:
    """Count, for every condition inside the measure and the weight, whom it treats differently."""
    kinds = base.units or (ROW,)
    inside = count_units(base, case.engine, [f"k{i}" for i in range(base.conditions)])
    outside = count_units(base, case.engine, [f"(k{i}) IS NOT TRUE" for i in range(base.conditions)])
    unchecked = case.plan.conditional or len(case.plan.conditions) > base.conditions
    return singled_out(inside, outside, kinds, case.policy, unchecked)


def _two_sides(base: Base, engine: Engine, summary: Summary, p: int) -> list[str]:
    """Return SQL for the lower and the higher value where the measure has just two; else nothing."""
    low, high = summary.low[~np.isnan(summary.low)], summary.high[~np.isnan(summary.high)]
    if not low.size or low.min() == high.max():
        return []
    first, last = float(low.min()), float(high.max())
    test = f"bool_and(m{p} IS NULL OR m{p} = {first!r}::DOUBLE OR m{p} = {last!r}::DOUBLE)"
    if not engine.rows(f"{base.with_sql}SELECT {test} FROM {base.sql} r")[0][0]:
        return []
    return [f"m{p} = {first!r}::DOUBLE", f"m{p} = {last!r}::DOUBLE"]
