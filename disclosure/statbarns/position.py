"""Position: medians, quantiles and the interquartile range."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import count_units, gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Numbers, floats
from saferoom.disclosure.queries.model import Query, Statistic
from saferoom.disclosure.rules.dominance import all_equal, most_needed, weight_dominance
from saferoom.disclosure.rules.quantiles import equal_quantiles, quantile_bands
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.statbarns.pinned import pinned, reaches
from saferoom.disclosure.statbarns.powers import same_cell


class Position:
    """A quantile is somebody's own value or lies between two: enough units must be around it."""

    name = "position"

    def evaluate(self, case: Case) -> Outcome:
        """Compute quantiles, count the units around them, and apply the rules."""
        query = case.plan.query
        reached = reaches(case)
        wide = make_base(case.plan, case.engine, (*case.plan.measures, *reached), together=False)
        base = replace(wide, measures=1)
        evidence = gather(base, case.engine, most_needed(case.policy), contributions=False)
        cells, summaries = evidence.cells, evidence.summaries
        units = evidence.units[0]
        fractions = _fractions(query)
        cuts = cut(base, case.engine, fractions)
        hits = cell_rules(case, base, cells, units, counted=False)
        hits += all_equal(summaries[0].low, summaries[0].high)
        hits += quantile_bands(cuts.bands(case.engine), base.units or (ROW,), case.policy)
        hits += equal_quantiles(fractions, cuts.values, summaries[0], case.policy)
        hits += pinned(case, cuts.base, (len(summaries[0].n), len(fractions)), len(reached))
        hits += conditional_rules(case, base)
        hits += weight_dominance(units, case.policy)
        return Outcome(
            cells,
            _named(query, fractions, cuts.values),
            hits,
            subjects_of(case.plan),
            units,
            cuts.base,
            base.text_dimensions,
            cuts.sides,
        )


def _fractions(query: Query) -> tuple[float, ...]:
    if query.statistic is Statistic.QUANTILE:
        return query.options.quantiles or ()
    return (0.25, 0.75) if query.statistic is Statistic.IQR else (0.5,)


def _named(query: Query, fractions: tuple[float, ...], values: list[Numbers]) -> dict[str, Numbers]:
    if query.statistic is Statistic.IQR:
        return {"iqr": values[1] - values[0]}
    if query.statistic is Statistic.MEDIAN:
        return {"median": values[0]}
    return {f"q{fraction:g}": column for fraction, column in zip(fractions, values, strict=True)}


@dataclass(frozen=True)
class Cuts:
    """Quantiles of every cell, and the rows beside the quantiles of their cell.

    Attributes
    ----------
    base : Base
        The rows with ``q0, q1 ...``.
    values : list of ndarray of float
        Per quantile.
    """

    base: Base
    values: list[Numbers]

    @property
    def sides(self) -> tuple[str, ...]:
        """Who is below each quantile: what two quantiles close together, in two releases, tell apart.

        Also of weighted ones: with the same weight for everybody they are plain quantiles.
        """
        return tuple(f"m0 <= q{i}" for i in range(len(self.values)))

    def bands(self, engine: Engine, chosen: tuple[int, ...] | None = None) -> list[list[Counts]]:
        """Return, per band and kind of unit, how many units lie at or below, between, and at or above quantiles.

        Parameters
        ----------
        chosen : tuple of int
            The positions of the quantiles; all when left out.
        """
        names = [f"q{i}" for i in (range(len(self.values)) if chosen is None else chosen)]
        between = [f"m0 >= {low} AND m0 <= {high}" for low, high in pairwise(names)]
        return count_units(self.base, engine, [f"m0 <= {names[0]}", *between, f"m0 >= {names[-1]}"])


def cut(base: Base, engine: Engine, fractions: tuple[float, ...]) -> Cuts:
    """Return the quantiles of the first measure: interpolated; with weights, the first value that reaches the share."""
    if base.weighted:
        cuts = _weighted(base, fractions)
    else:
        parts = [f"quantile_cont(m0, {fraction!r}) AS q{i}" for i, fraction in enumerate(fractions)]
        cuts = base.grouped(", ".join(parts))
    engine.run(f"CREATE TEMP TABLE _cuts AS {cuts}")
    names = [f"q{i}" for i in range(len(fractions))]
    order = ", ".join(f"{key} NULLS LAST" for key in base.keys)
    found = engine.columns(f"SELECT {', '.join(names)} FROM _cuts" + (f" ORDER BY {order}" if order else ""))
    kept = f"b.*, {', '.join(f'c.{name}' for name in names)}"
    joined = f"(SELECT {kept} FROM {base.sql} b JOIN _cuts c ON {same_cell(base)})"
    return Cuts(replace(base, sql=joined), [floats(found[name]) for name in names])


def _weighted(base: Base, fractions: tuple[float, ...]) -> str:
    """Return SQL for the smallest value at which the cumulated weight reaches the fraction of the cell's weight."""
    keys = "".join(f"{key}, " for key in base.keys)
    partition = f"PARTITION BY {', '.join(base.keys)} " if base.keys else ""
    running = (
        f"(SELECT {keys}m0, sum(w) OVER ({partition}ORDER BY m0 RANGE UNBOUNDED PRECEDING) AS reached, "
        f"sum(w) OVER ({partition.strip()}) AS whole FROM {base.sql} b WHERE m0 IS NOT NULL "
        f"UNION ALL SELECT {keys}m0, NULL, NULL FROM {base.sql} b WHERE m0 IS NULL)"
    )
    parts = [
        f"min(m0) FILTER (WHERE reached >= {fraction!r} * whole * (1 - 1e-12)) AS q{i}"
        for i, fraction in enumerate(fractions)
    ]
    return base.grouped(", ".join(parts), running)
