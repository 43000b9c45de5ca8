"""Linear aggregations: sums, means, ratios of sums."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.evidence import Numbers, Summary, summarise
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.threshold import few_nonzero
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, subjects_of, value_rules


class LinearAggregations:
    """Low counts and dominance: whoever makes up most of a total can be read off it."""

    name = "linear aggregations"

    def evaluate(self, case: Case) -> Outcome:
        """Add up, and apply the rules; a ratio is judged in its numerator and its denominator."""
        base = make_base(case.plan, case.engine, case.plan.measures)
        cells, summaries, evidence = summarise(base, case.engine, most_needed(case.policy))
        hits = cell_rules(case, base, cells, evidence[0], counted=False)
        for units in evidence:
            hits += dominance(units, case.policy)
            hits += few_nonzero(units, case.policy)
        hits += value_rules(case, base, summaries)
        statistic = case.plan.query.statistic
        columns = {statistic.value: _values(statistic, summaries)}
        return Outcome(cells, columns, hits, subjects_of(case.plan), evidence[0], base)


def _values(statistic: Statistic, summaries: list[Summary]) -> Numbers:
    if statistic is Statistic.SUM:
        return summaries[0].total
    if statistic is Statistic.MEAN:
        return summaries[0].mean
    above, below = summaries[0].total, summaries[1].total
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
