"""Position: medians, quantiles and the interquartile range."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import count_units, gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Numbers, floats
from saferoom.disclosure.queries.model import Query, Statistic
from saferoom.disclosure.rules.dominance import all_equal, most_needed, weight_dominance
from saferoom.disclosure.rules.quantiles import quantile_bands
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of


class Position:
    """A quantile is somebody's own value or lies between two: enough units must be around it."""

    name = "position"

    def evaluate(self, case: Case) -> Outcome:
        """Compute quantiles, count the units around them, and apply the rules."""
        query = case.plan.query
        base = make_base(case.plan, case.engine, case.plan.measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        units = evidence.units[0]
        fractions = _fractions(query)
        values, bands = _quantiles(base, case.engine, fractions)
        hits = cell_rules(case, base, cells, units, counted=False)
        hits += all_equal(summaries[0].low, summaries[0].high)
        hits += quantile_bands(bands, base.units or (ROW,), case.policy)
        hits += conditional_rules(case, base)
        hits += weight_dominance(units, case.policy)
        return Outcome(
            cells, _named(query, fractions, values), hits, subjects_of(case.plan), units, base, base.text_dimensions
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


def _quantiles(base: Base, engine: Engine, fractions: tuple[float, ...]) -> tuple[list[Numbers], list[list[Counts]]]:
    """Return the quantiles, and per band and kind of unit how many units lie in it."""
    if base.weighted:
        cuts = _weighted(base, fractions)
    else:
        parts = [f"quantile_cont(m0, {fraction!r}) AS q{i}" for i, fraction in enumerate(fractions)]
        cuts = base.grouped(", ".join(parts))
    engine.run(f"CREATE TEMP TABLE _cuts AS {cuts}")
    names = [f"q{i}" for i in range(len(fractions))]
    order = ", ".join(f"{key} NULLS LAST" for key in base.keys)
    found = engine.columns(f"SELECT {', '.join(names)} FROM _cuts" + (f" ORDER BY {order}" if order else ""))
    matched = " AND ".join(f"b.{key} IS NOT DISTINCT FROM c.{key}" for key in base.keys) or "true"
    kept = f"b.*, {', '.join(f'c.{name}' for name in names)}"
    joined = f"(SELECT {kept} FROM {base.sql} b JOIN _cuts c ON {matched})"
    between = [f"m0 >= q{i} AND m0 <= q{i + 1}" for i in range(len(fractions) - 1)]
    bands = count_units(base, engine, ["m0 <= q0", *between, f"m0 >= {names[-1]}"], joined)
    return [floats(found[name]) for name in names], bands


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
