"""Linear aggregations: sums, means, ratios of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.conditions import adds_up
from saferoom.disclosure.queries.counting import Evidence, gather
from saferoom.disclosure.queries.evidence import ROW, Mask, Numbers, Summary, floats
from saferoom.disclosure.queries.language import column_of
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.dominance import dominance, most_needed, weight_dominance
from saferoom.disclosure.rules.outliers import few_differ
from saferoom.disclosure.rules.threshold import few_nonzero
from saferoom.disclosure.rules.units_told import sums_count
from saferoom.disclosure.statbarns.case import Case, Outcome, Total
from saferoom.disclosure.statbarns.common import cell_rules, measures_with_pieces, subjects_of, value_rules
from saferoom.disclosure.statbarns.powers import units_apart


class LinearAggregations:
    """Low counts and dominance: whoever makes up most of a total can be read off it.

    Notes
    -----
    A measure that is a sum is judged in every summand too, because the totals of the others can be taken off it.
    """

    name = "linear aggregations"

    def evaluate(self, case: Case) -> Outcome:
        """Add up, and apply the rules; a ratio is judged in its numerator and its denominator."""
        measures, unknown = measures_with_pieces(case)
        base = make_base(case.plan, case.engine, measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        hits = [*unknown, *cell_rules(case, base, cells, evidence.units[0], counted=False)]
        for units in evidence.units:
            hits += dominance(units, case.policy)
            hits += few_nonzero(units, case.policy)
        if any(column_of(tree, case.plan.relation) is None for tree in case.plan.measures):
            # exp(pay * twins) is 1 for all but the twins, and a sum of it theirs.
            apart = few_differ(units_apart(base, case.engine), base.units or (ROW,), case.policy)
            hits += [replace(hit, message=_FEW_DIFFER) for hit in apart]
        statistic = case.plan.query.statistic
        if statistic is Statistic.MEAN:
            hits += weight_dominance(evidence.units[0], case.policy)
        found, disguised = value_rules(case, base, summaries)
        hits += found
        columns = {statistic.value: _values(statistic, summaries)}
        subjects = subjects_of(case.plan)
        if statistic is not Statistic.MEAN and any(adds_up(tree) for tree in case.plan.measures):
            # A constant added to every row counts the rows.
            subjects |= {COUNT}
        return Outcome(
            cells,
            columns,
            hits,
            subjects,
            evidence.units[0],
            base,
            base.text_dimensions,
            disguised,
            totals=_totals(evidence, weighted=base.weighted),
            alike=None if statistic is Statistic.MEAN else _alike(case, base, summaries),
        )


def _alike(case: Case, base: Base, summaries: Sequence[Summary]) -> Mask:
    """Say in which cells the values of a measure are so much alike that their sum tells how many there are."""
    found = np.zeros(len(summaries[0].n), dtype=bool)
    for p, summary in enumerate(summaries[: len(case.plan.measures)]):
        low, high = summary.low, summary.high
        if base.weighted:
            # A weight of 1 / pay makes every pay a one.
            ends = case.engine.columns(base.grouped(f"min(m{p} * w) AS low, max(m{p} * w) AS high"))
            low, high = floats(ends["low"]), floats(ends["high"])
        found |= sums_count(summary.n, summary.total, low, high, case.policy)
    return found


_FEW_DIFFER = (
    "The measure has the same value for all but few units of a cell, so that the number tells about these few alone."
)


def _totals(evidence: Evidence, *, weighted: bool) -> tuple[Total, ...]:
    """Return the totals of every measure and of its pieces, and of the weights by which means are divided."""
    found = [
        Total(
            "sum",
            np.nan_to_num(summary.total),
            [counted.contributions for counted in units],
            signed=bool((np.nan_to_num(summary.low) < 0).any()),
        )
        for summary, units in zip(evidence.summaries, evidence.units, strict=True)
    ]
    if weighted:
        weights = np.nan_to_num(evidence.summaries[0].weight)
        found.append(Total("weight", weights, [counted.weights for counted in evidence.units[0]], counts=True))
    return tuple(found)


def _values(statistic: Statistic, summaries: Sequence[Summary]) -> Numbers:
    if statistic is Statistic.SUM:
        return summaries[0].total
    if statistic is Statistic.MEAN:
        return summaries[0].mean
    above, below = summaries[0].total, summaries[1].total
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
