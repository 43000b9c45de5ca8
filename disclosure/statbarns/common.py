"""Steps that several statbarns share."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base, is_number
from saferoom.disclosure.queries.conditions import is_curved
from saferoom.disclosure.queries.counting import count_units
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Cells, Counts, Summary, UnitEvidence, integers
from saferoom.disclosure.queries.pieces import pieces_of
from saferoom.disclosure.queries.plan import MOST_CONDITIONS, Plan
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import Axis, class_disclosure
from saferoom.disclosure.rules.dominance import all_equal
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.provenance import provenance, singled_out
from saferoom.disclosure.rules.threshold import population, threshold, threshold_of, two_values
from saferoom.disclosure.statbarns.case import Case
from saferoom.disclosure.statbarns.powers import same_cell
from saferoom.disclosure.verdict import Risk, Verdict


def subjects_of(plan: Plan) -> frozenset[str]:
    """Return what the plan's numbers are made from; a weight counts, because it can carry a measure."""
    trees = [*plan.measures, *([plan.weight] if plan.weight is not None else [])]
    return frozenset().union(*(plan.origins(tree) or {COUNT} for tree in trees))


def cell_rules(
    case: Case, base: Base, cells: Cells, units: Sequence[UnitEvidence], counted: bool, added: Sequence[Axis] = ()
) -> list[Hit]:
    """Apply what holds for every table: known units, threshold, class disclosure along every dimension.

    Parameters
    ----------
    added : sequence of Axis
        Dimensions that the statbarn itself made; see `Outcome.added`.
    """
    hits = [*provenance(case.plan, base, case.engine), *threshold(units, case.policy), *weight_rules(case)]
    if len(cells) == 0:
        hits.append(_NOBODY)
    for counted_units in units:
        hits += population(counted_units.units, cells.inner, counted_units.kind, case.policy)
    return hits + class_disclosure(cells, units[0].units, (*case.axes, *added), case.policy, counted)


def weight_rules(case: Case) -> list[Hit]:
    """Send a weight to a person that is added up from pieces: a count weighted with it is a total of each of them."""
    plan = case.plan
    if plan.weight is None:
        return []
    pieces = pieces_of(plan.weight, lambda tree: is_number(plan, case.engine, tree))
    return [_WEIGHT] if pieces != () or plan.composed([plan.weight]) else []


_PERHAPS_MORE = 2
"""How far an estimate of different values may be too high; it is nearly exact for so few."""

_NOBODY = Hit(
    rule="threshold",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="The filter leaves nobody, which tells that no member of the group described by the filter exists.",
    remedy="use a wider filter",
)


def value_rules(case: Case, base: Base, summaries: Sequence[Summary]) -> tuple[list[Hit], tuple[str, ...]]:
    """Apply what holds for numbers computed from a measure: variation, two values, conditions inside it.

    Parameters
    ----------
    summaries : sequence of Summary
        Of the measures, and then of their pieces.

    Returns
    -------
    list of Hit, and the conditions whose counts the numbers are in disguise
    """
    hits: list[Hit] = []
    disguised: list[str] = []
    kinds = base.units or (ROW,)
    for p, summary in enumerate(summaries):
        if p < len(case.plan.measures) and (p == 0 or case.plan.measures[p].find(exp.Column)):
            # A constant denominator is nobody's value.
            hits += all_equal(summary.low, summary.high)
        sides = _two_sides(base, case.engine, summary, p)
        if sides:
            low, high = count_units(base, case.engine, sides)
            hits += two_values(low, high, kinds, case.policy)
            disguised += sides
        elif few := few_values_by_cell(base, case.engine, p, _telling(case, p)):
            hits += two_values(*few, kinds, case.policy)
    hits += _repeated(case, base)
    return hits + conditional_rules(case, base), tuple(disguised)


def _repeated(case: Case, base: Base) -> list[Hit]:
    """Count, where joins repeat a unit's value, the units whose value is repeated equally often.

    The same total without the join, or with one that repeats all alike, tells the values of the few that differ.
    """
    hits: list[Hit] = []
    if case.plan.query.from_ is None or not case.plan.views:
        return hits
    joined = [j for j, is_unique in enumerate(base.unique) if not is_unique]
    for j, p in product(joined, range(base.measures)):
        keys = ", ".join((*base.keys, f"u{j}"))
        value = f"m{p}"
        units = (
            f"SELECT {keys}, count(*) AS often, min({value}) = max({value}) AS same FROM {base.sql} b "
            f"WHERE {value} IS NOT NULL AND u{j} IS NOT NULL GROUP BY {keys}"
        )
        group = ", ".join((*base.keys, "often"))
        classes = f"(SELECT {group}, count(*) AS units, bool_and(same) AS same FROM ({units}) x GROUP BY {group})"
        found = case.engine.columns(
            base.grouped("min(units) AS least, count(*) AS kinds, bool_and(same) AS same", classes)
        )
        same = np.ma.filled(np.ma.asarray(found["same"]), False).astype(bool)
        few = integers(found["least"]) < threshold_of(case.policy, base.units[j])
        if bool((same & few & (integers(found["kinds"]) > 1)).any()):
            hits.append(_REPEATED)
    return hits[:1]


_REPEATED = Hit(
    rule="repeats-single-out",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="A join repeats the value of a few units more or less often than that of the others; beside the same "
    "number without the join it would tell their values.",
    remedy="reduce the joined table to one row per unit first, or let an output checker decide",
)


def conditional_rules(case: Case, base: Base) -> list[Hit]:
    """Count, for every condition inside the measure and the weight, whom it treats differently."""
    kinds = base.units or (ROW,)
    inside = count_units(base, case.engine, [f"k{i}" for i in range(base.conditions)])
    outside = count_units(base, case.engine, [f"(k{i}) IS NOT TRUE" for i in range(base.conditions)])
    repeats = case.plan.relation.selective and not all(base.unique)
    unchecked = case.plan.conditional or repeats or len(case.plan.conditions) > base.conditions
    unchecked |= len(case.plan.jumps) > MOST_CONDITIONS
    together = [*_smallest_classes(case, base), *_jumping(case, base)]
    return singled_out([*inside, *together], [*outside, *together], kinds, case.policy, unchecked)


_SAME = 1e-6
"""How far a factor may be from what it is for most of a cell, in multiples of that."""


def _jumping(case: Case, base: Base) -> list[list[Counts]]:
    """Count, per function that jumps, the units for which it has another value than for most of their cell."""
    if not base.jumps:
        return []
    names = range(base.jumps)
    usual = base.grouped(", ".join(f"mode(s{i}) FILTER (WHERE m0 IS NOT NULL) AS z{i}" for i in names))
    case.engine.run(f"CREATE OR REPLACE TEMP TABLE _usual AS {usual}")
    chosen = ", ".join(f"c.z{i}" for i in names)
    rows = f"(SELECT b.*, {chosen} FROM {base.sql} b JOIN _usual c ON {same_cell(base)})"
    return count_units(base, case.engine, [f"abs(s{i} - z{i}) > {_SAME!r} * abs(z{i})" for i in names], rows)


def _smallest_classes(case: Case, base: Base) -> list[list[Counts]]:
    """Return, per kind of unit, the fewest units of a cell for which several conditions hold and fail alike.

    Two conditions that many fulfil can be fulfilled together by one; whatever is put together from conditions tells
    the classes of rows apart for which the same ones hold, and nothing finer.
    """
    places = [place for place in case.plan.outermost if place < base.conditions]
    if len(places) < 2:
        return []
    unique = base.unique or (True,)
    counts = [
        f"count({'*' if is_unique else f'DISTINCT u{j}'}) FILTER (WHERE m0 IS NOT NULL) AS c{j}"
        for j, is_unique in enumerate(unique)
    ]
    classes = [f"(k{place}) IS TRUE AS p{place}" for place in places]
    keys = ", ".join((*base.keys, *(f"p{place}" for place in places)))
    columns = ", ".join((*base.keys, *classes, *counts))
    least = ", ".join(f"min(c{j}) FILTER (WHERE c{j} > 0) AS c{j}" for j in range(len(unique)))
    found = case.engine.columns(base.grouped(least, f"(SELECT {columns} FROM {base.sql} b GROUP BY {keys})"))
    return [[integers(found[f"c{j}"]) for j in range(len(unique))]]


def measures_with_pieces(case: Case) -> tuple[tuple[exp.Expression, ...], list[Hit]]:
    """Return the measures and after them the pieces they are put together from, and a hit where there are too many."""
    plan, hits = case.plan, []
    found = list(plan.measures)

    def is_numeric(tree: exp.Expression) -> bool:
        return is_number(plan, case.engine, tree)

    for tree in plan.measures:
        pieces = pieces_of(tree, is_numeric)
        if pieces is None:
            hits.append(_PIECES)
        found += pieces or ()
    if plan.composed(plan.measures):
        hits.append(_PIECES)
    texts = {language.write(tree): tree for tree in found[len(plan.measures) :]}
    return (*plan.measures, *texts.values()), hits


_PIECES = Hit(
    rule="pieces-unknown",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="The measure adds up more than is judged piece by piece: a sum in a view, or one of too many parts. One of "
    "them could be the value of a single person.",
    remedy="carry the columns through the view and add them up in the measure, use fewer parts, or let an output "
    "checker decide",
)


_WEIGHT = replace(
    _PIECES,
    message="The weight adds up several things, and a number weighted with it is a total of each of them. One of them "
    "could be the value of a single person.",
    remedy="use a column as the weight, or let an output checker decide",
)


_CURVED = 8


def _telling(case: Case, p: int) -> int:
    """Return from how many different values means may be solved for how often each occurs.

    One mean solves for two values. Curves of the same column (its square, its root, its logarithm, a weight computed
    from it) are an equation each: enough of them beside the mean itself solve for as many values as there are numbers.
    """
    tree = case.plan.measures[p] if p < len(case.plan.measures) else None
    weight = case.plan.weight
    if tree is None:
        return 2
    bent = weight is not None and bool(case.plan.origins(tree) & case.plan.origins(weight))
    return _CURVED if bent or is_curved(tree) else 2


def few_values_by_cell(
    base: Base, engine: Engine, p: int, most: int, least: int = 2
) -> tuple[list[Counts], list[Counts]] | None:
    """Return, per kind of unit, how many have the rarest and the commonest value of cells with `least` to `most`.

    A measure may have many values, and in one cell only two: there its mean is a count in disguise. Cells with more
    values get zeros. None when there is no such cell, which an estimate of the different values tells quickly.
    """
    estimate = integers(engine.remembered(base.grouped(f"approx_count_distinct(m{p}) AS c"))["c"])
    if not ((estimate > 1) & (estimate <= most + _PERHAPS_MORE)).any():
        return None
    unique = base.unique or (True,)
    keys = ", ".join((*base.keys, f"m{p}"))
    counts = [f"count({'*' if is_unique else f'DISTINCT u{j}'}) AS c{j}" for j, is_unique in enumerate(unique)]
    values = f"(SELECT {keys}, {', '.join(counts)} FROM {base.sql} b GROUP BY {keys})"
    parts = [f"count(m{p}) AS n"]
    for j in range(len(unique)):
        there = f"FILTER (WHERE m{p} IS NOT NULL)"
        parts += [f"min(c{j}) {there} AS low{j}", f"max(c{j}) {there} AS high{j}"]
    found = engine.columns(base.grouped(", ".join(parts), values))
    few = (integers(found["n"]) >= least) & (integers(found["n"]) <= most)
    low, high = (
        [np.where(few, integers(found[f"{end}{j}"]), 0) for j in range(len(unique))] for end in ("low", "high")
    )
    return low, high


def _two_sides(base: Base, engine: Engine, summary: Summary, p: int) -> list[str]:
    """Return SQL for the lower and the higher value where the measure has just two; else nothing."""
    low, high = summary.low[~np.isnan(summary.low)], summary.high[~np.isnan(summary.high)]
    if not low.size or low.min() == high.max():
        return []
    first, last = float(low.min()), float(high.max())
    # One other value is enough, and is mostly found at once.
    other = f"m{p} <> {first!r}::DOUBLE AND m{p} <> {last!r}::DOUBLE"
    if engine.rows(f"{base.with_sql}SELECT 1 FROM {base.sql} r WHERE {other} LIMIT 1"):
        return []
    return [f"m{p} = {first!r}::DOUBLE", f"m{p} = {last!r}::DOUBLE"]
