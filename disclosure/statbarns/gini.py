"""The Gini coefficient: how unequally a total is spread over units."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import Evidence, count_units, gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Numbers, floats
from saferoom.disclosure.rules.dominance import dominance, most_needed, weight_dominance
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.outliers import few_differ, outliers
from saferoom.disclosure.rules.threshold import few_nonzero
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import (
    cell_rules,
    conditional_rules,
    measures_with_pieces,
    subjects_of,
    value_rules,
)
from saferoom.disclosure.statbarns.powers import centred, power_shares
from saferoom.disclosure.statbarns.unit_rows import unit_rows


class Gini:
    """Low counts, dominance, and a spread that comes from one unit.

    Notes
    -----
    Over the units' own totals x with weights w, ranked from the smallest, F the cumulated and W the whole weight:

        G = sum w x (2 F - w - W) / (W sum w |x|)

    which is half the relative mean difference. Where no value is negative this is the usual coefficient of a population
    (without the factor n / (n - 1)); with negative values the absolute ones in the denominator keep it below 1
    (Raffinetti, Siletti and Vernizzi 2015). Dominance is judged on absolute values.
    """

    name = "Gini"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the coefficient over units, and apply the rules."""
        measures, unknown = measures_with_pieces(case)
        rows = make_base(case.plan, case.engine, measures)
        base = unit_rows(rows, case.engine)
        evidence = gather(base, case.engine, most_needed(case.policy))
        hits, disguised = spread_rules(case, rows, base, evidence)
        around = centred(base, case.engine, median=True)
        for p in range(base.measures):
            shares = power_shares(base, case.engine, f"e{p}", 1, around.sql)
            hits += outliers(shares, 1, case.policy)
        apart = count_units(base, case.engine, [f"e{p} <> 0" for p in range(base.measures)], around.sql)
        hits += few_differ(apart, base.units or (ROW,), case.policy)
        return Outcome(
            cells=evidence.cells,
            columns={"gini": _gini(base, case.engine)},
            hits=[*unknown, *hits],
            subjects=subjects_of(case.plan),
            units=evidence.units[0],
            base=base,
            text_dimensions=rows.text_dimensions,
            disguised_counts=disguised,
        )


def spread_rules(case: Case, rows: Base, base: Base, evidence: Evidence) -> tuple[list[Hit], tuple[str, ...]]:
    """Apply what holds for every number about the spread of a total over units.

    Parameters
    ----------
    rows, base : Base
        The rows as they are, and one per unit.
    """
    hits = cell_rules(case, base, evidence.cells, evidence.units[0], counted=False)
    for units in evidence.units:
        hits += dominance(units, case.policy)
        hits += few_nonzero(units, case.policy)
    hits += weight_dominance(evidence.units[0], case.policy)
    found, disguised = value_rules(case, base, evidence.summaries)
    hits += found
    if base is not rows:
        hits += conditional_rules(case, rows)
    return hits, disguised


def _gini(base: Base, engine: Engine) -> Numbers:
    weight = "w" if base.weighted else "1.0::DOUBLE"
    keys = "".join(f"{key}, " for key in base.keys)
    partition = f"PARTITION BY {', '.join(base.keys)}" if base.keys else ""
    ranked = (
        f"(SELECT {keys}m0, v, sum(v) OVER ({partition} ORDER BY m0 ROWS UNBOUNDED PRECEDING) AS reached, "
        f"sum(v) OVER ({partition}) AS whole FROM "
        f"(SELECT {keys}m0, CASE WHEN m0 IS NOT NULL THEN {weight} END AS v FROM {base.sql} b) x)"
    )
    found = engine.columns(
        base.grouped(
            "fsum(v * m0 * (2 * reached - v - whole)) AS apart, any_value(whole) AS whole, fsum(v * abs(m0)) AS total",
            ranked,
        )
    )
    apart, whole, total = floats(found["apart"]), floats(found["whole"]), floats(found["total"])
    return np.divide(apart, whole * total, out=np.full_like(apart, np.nan), where=whole * total > 0)
