"""Rank-rank mobility: how closely children's ranks follow their parents', by area.

Vocabulary
----------
rank
    The share of everybody selected who are below, with half of those who are equal (mid-ranks), between 0 and 1;
    weighted where there is a weight.
leverage
    The share that a unit has in its own fitted value; near 1 the line goes through it.
"""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.history.contributors import Part, UnitSets
from saferoom.disclosure.history.sets import cell_parts, unit_sets
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Mask, Numbers, Shares, UnitEvidence, floats
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.dominance import dominance, most_needed, weight_dominance
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, subjects_of, value_rules
from saferoom.disclosure.statbarns.powers import same_cell
from saferoom.disclosure.tables.assemble import total_label
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_MOST_LEVERAGE = 0.5
_SATURATED = 1e-9
_ESTIMATED = 2
_RANKED, _LINES, _UNITS = "_ranked", "_lines", "_unit_parts"


@dataclass(frozen=True)
class Lines:
    """One fitted line per cell.

    Attributes
    ----------
    slope, intercept : ndarray of float, ranks
    unexplained : ndarray of float
        Residual over total sum of squares.
    leverage : ndarray of float, shape (kinds, cells)
        The largest leverage of a whole unit of each kind.
    shares : tuple of UnitEvidence
        Per kind of unit, how the slope's numerator (the sum of products of distances) and the weight are spread.
    """

    slope: Numbers
    intercept: Numbers
    unexplained: Numbers
    leverage: Numbers
    shares: tuple[UnitEvidence, ...]


class Mobility:
    """Low counts, degrees of freedom, leverage and influence of single units, and whoever decides all ranks."""

    name = "correlation and regression coefficients"

    def evaluate(self, case: Case) -> Outcome:
        """Rank everybody selected, fit a line per cell, and apply the rules."""
        options, policy = case.plan.query.options, case.policy
        base = make_base(case.plan, case.engine, case.plan.measures)
        evidence = gather(base, case.engine, most_needed(policy))
        cells, units = evidence.cells, evidence.units[0]
        ranked = _rank(base, case.engine)
        lines = _fit(ranked, case.engine, units, most_needed(policy))
        hits = cell_rules(case, base, cells, units, counted=False)
        hits += degrees_of_freedom(units, _ESTIMATED, policy)
        hits += _line_rules(lines, base.units or (ROW,))
        hits += _influence(lines.shares, policy)
        hits += weight_dominance(lines.shares, policy)
        hits += _heavy(ranked, case.engine, policy)
        found, disguised = value_rules(case, base, evidence.summaries)
        outcome = Outcome(
            cells=cells,
            columns=_columns(lines, options.at or (0.25,)),
            hits=[*hits, *found],
            subjects=subjects_of(case.plan),
            units=units,
            base=base,
            text_dimensions=base.text_dimensions,
            disguised_counts=disguised,
        )
        return replace(outcome, parts=lambda engine, visible: _parts(outcome, engine, visible))


def _columns(lines: Lines, at: Sequence[float]) -> dict[str, Numbers]:
    expected = {f"expected_rank_p{100 * p:g}": lines.intercept + lines.slope * p for p in at}
    return {"slope": lines.slope, "intercept": lines.intercept, **expected}


def _rank(base: Base, engine: Engine) -> Base:
    """Return the rows with both ranks, ``y`` the measure's and ``x`` the parents', missing where either is missing."""
    weight = "w" if base.weighted else "1.0::DOUBLE"
    whole = f"sum({weight}) FILTER (WHERE m0 IS NOT NULL) OVER ()"

    def rank(value: str) -> str:
        up_to = f"sum({weight}) OVER (ORDER BY {value} NULLS LAST RANGE UNBOUNDED PRECEDING)"
        equal = f"sum({weight}) OVER (PARTITION BY {value})"
        return f"CASE WHEN m0 IS NOT NULL THEN ({up_to} - {equal} / 2) / ({whole}) END"

    engine.run(
        f"CREATE TEMP TABLE {_RANKED} AS {base.with_sql}"
        f"SELECT b.*, {weight} AS v, {rank('m1')} AS x, {rank('m0')} AS y FROM {base.sql} b"
    )
    return replace(base, sql=_RANKED, with_sql="")


def _fit(ranked: Base, engine: Engine, units: Sequence[UnitEvidence], largest: int) -> Lines:
    centre = "sum(v) FILTER (WHERE m0 IS NOT NULL) AS whole, sum(v * x) / whole AS mx, sum(v * y) / whole AS my"
    engine.run(f"CREATE TEMP TABLE _centres AS {ranked.grouped(centre)}")
    rows = (
        f"(SELECT b.*, c.whole, c.mx, c.my, b.x - c.mx AS ex, b.y - c.my AS ey FROM {_RANKED} b "
        f"JOIN _centres c ON {same_cell(ranked)})"
    )
    sums = (
        "any_value(whole) AS whole, any_value(mx) AS mx, any_value(my) AS my, sum(v * ex * ex) AS sxx, "
        "sum(v * ey * ey) AS syy, sum(v * ex * ey) AS sxy"
    )
    engine.run(f"CREATE TEMP TABLE {_LINES} AS {ranked.grouped(sums, rows)}")
    order = ", ".join(f"{key} NULLS LAST" for key in ranked.keys)
    found = engine.columns(f"SELECT mx, my, sxx, syy, sxy FROM {_LINES}" + (f" ORDER BY {order}" if order else ""))
    mx, my, sxx, syy, sxy = (floats(found[name]) for name in ("mx", "my", "sxx", "syy", "sxy"))
    # Ranks are of order one: what is left of equal ones is rounding.
    slope = np.divide(sxy, sxx, out=np.full_like(sxx, np.nan), where=sxx > _SATURATED)
    unexplained = np.divide(syy - slope * sxy, syy, out=np.full_like(syy, np.nan), where=syy > _SATURATED)
    pairs = [_by_unit(ranked, engine, j, counted, largest) for j, counted in enumerate(units)]
    return Lines(
        slope=slope,
        intercept=my - slope * mx,
        unexplained=unexplained,
        leverage=np.array([leverage for leverage, _ in pairs]),
        shares=tuple(shares for _, shares in pairs),
    )


def _by_unit(ranked: Base, engine: Engine, j: int, counted: UnitEvidence, largest: int) -> tuple[Numbers, UnitEvidence]:
    """Return the largest leverage of one kind of unit, and how the slope's numerator is spread over the units."""
    rows = f"(SELECT b.*, c.whole, c.mx, c.my, c.sxx FROM {_RANKED} b JOIN {_LINES} c ON {same_cell(ranked)})"
    keys = ", ".join((*ranked.keys, f"u{j}")) if ranked.units else ", ".join(ranked.keys)
    parts = (
        "sum(v * (1 / whole + (x - mx) ** 2 / CASE WHEN sxx > 0 THEN sxx END)) AS leverage, "
        "abs(sum(v * (x - mx) * (y - my))) AS c, sum(v) AS s"
    )
    if ranked.units:
        inner = f"(SELECT {keys}, {parts} FROM {rows} b WHERE m0 IS NOT NULL GROUP BY {keys})"
    else:
        plain = parts.replace("sum(", "(")
        inner = f"(SELECT {keys + ', ' if keys else ''}{plain} FROM {rows} b WHERE m0 IS NOT NULL)"
    tops = [f"max({name}, {largest})[{i + 1}] AS {name}{i}" for name in "cs" for i in range(largest)]
    sums = ", ".join(["max(leverage) AS leverage", "sum(c) AS call", "sum(s) AS sall", *tops])
    matched = same_cell(ranked).replace("b.", "a.")
    select = ", ".join([f"c.{key}" for key in ranked.keys] + ["a.* EXCLUDE (" + ", ".join(ranked.keys) + ")"])
    if not ranked.keys:
        found = engine.columns(f"SELECT {sums} FROM {inner} i")
    else:
        # Every cell has its place, also one in which nobody counts.
        grouped = f"SELECT {', '.join(ranked.keys)}, {sums} FROM {inner} i GROUP BY {', '.join(ranked.keys)}"
        order = ", ".join(f"c.{key} NULLS LAST" for key in ranked.keys)
        found = engine.columns(f"SELECT {select} FROM {_LINES} c LEFT JOIN ({grouped}) a ON {matched} ORDER BY {order}")

    def shares(name: str) -> Shares:
        top = np.column_stack([floats(found[f"{name}{i}"]) for i in range(largest)])
        return Shares(np.nan_to_num(top), np.nan_to_num(floats(found[f"{name}all"])))

    spread = UnitEvidence(counted.kind, counted.units, counted.nonzero, shares("c"), shares("s"))
    return floats(found["leverage"]), spread


def _line_rules(lines: Lines, kinds: Sequence[str]) -> list[Hit]:
    hits = hit_if(_FLAT.at(np.isnan(lines.slope) | np.isnan(lines.unexplained)))
    hits += hit_if(_EXACT.at(lines.unexplained < _SATURATED))
    for leverage, kind in zip(lines.leverage, kinds, strict=True):
        hits += hit_if(
            Hit(
                rule="leverage",
                risk=Risk.DOMINANCE,
                severity=Verdict.FAIL,
                cells=leverage > _MOST_LEVERAGE,
                message=f"One unit ({kind}) alone decides more than half of its own point on the line, because its "
                "parents' rank is far from all others of the cell, so the numbers nearly tell that unit's rank.",
                remedy=f"{BROADER}, or {SUPPRESS}",
            )
        )
    return hits


@dataclass(frozen=True)
class _Template:
    rule: str
    risk: Risk
    message: str

    def at(self, cells: Mask) -> Hit:
        return Hit(self.rule, self.risk, Verdict.FAIL, self.message, f"{BROADER}, or {SUPPRESS}", np.asarray(cells))


_FLAT = _Template(
    "no-variation",
    Risk.CLASS_DISCLOSURE,
    "Everybody in the cell has the same rank among parents or children, so the number is every member's own rank.",
)
_EXACT = _Template(
    "saturated",
    Risk.LOW_DEGREES_OF_FREEDOM,
    "The line goes through every member of the cell, so whoever knows the parents' rank can compute the child's.",
)


def _influence(shares: Sequence[UnitEvidence], policy: RiskAppetite) -> list[Hit]:
    """Apply the dominance rules to each unit's part of the slope."""
    return [
        replace(
            hit,
            rule=f"influence-{hit.rule}",
            message=f"The slope comes nearly from one or two units alone (rule {hit.rule}), so it tells how far their "
            "ranks are from everybody else's.",
        )
        for hit in dominance(shares, policy)
    ]


def _heavy(ranked: Base, engine: Engine, policy: RiskAppetite) -> list[Hit]:
    """Fail when one unit's weight, or number of rows, decides everybody's rank: each cell tells where it is."""
    hits: list[Hit] = []
    largest = most_needed(policy)
    for j, kind in enumerate(ranked.units):
        inner = f"(SELECT u{j}, sum(v) AS s FROM {_RANKED} WHERE m0 IS NOT NULL GROUP BY u{j})"
        found = engine.columns(f"SELECT max(s, {largest}) AS top, sum(s) AS whole FROM {inner} i")
        top = np.atleast_1d(np.ma.filled(np.ma.asarray(found["top"][0], dtype=np.float64), 0.0)).tolist()
        shares = Shares(np.array([[*top, *([0.0] * largest)][:largest]]), np.nan_to_num(floats(found["whole"])))
        nobody = np.zeros(1, dtype=np.int64)
        hits += weight_dominance([UnitEvidence(kind, nobody, nobody, Shares.none(1), shares)], policy)
    return [
        replace(
            hit,
            rule=f"rank-{hit.rule}",
            cells=None,
            message="One or two units have so much of all the weight, or so many of all rows, that everybody's rank "
            "tells whether they are above or below these, and so where these stand.",
            remedy="leave the weight out, reduce the data to one row per unit, or select a wider population",
        )
        for hit in hits[:1]
    ]


def _parts(outcome: Outcome, engine: Engine, visible: Mask) -> tuple[Part, ...]:
    """Return the units of each cell and, because they all decide the ranks, everybody selected.

    A release of the same ranks without one person moves the ranks of all others a little, wherever that person lives.
    """
    base, cells = outcome.base, outcome.cells
    every = np.flatnonzero(cells.inner)
    ranks = list(range(len(every)))
    whole = tuple(total_label(cells) for _ in base.dimension_columns)
    sets = [unit_sets(base, engine, j, "m0 IS NOT NULL", ranks) for j in range(len(base.units))]
    everybody = tuple(UnitSets(s.unit, s.keys, (s.cells[0].union(*s.cells[1:]),)) for s in sets if s.cells)
    return (*cell_parts(outcome, engine, visible), Part(outcome.subjects, (whole,), everybody))
