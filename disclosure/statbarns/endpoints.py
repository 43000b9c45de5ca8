"""Endpoints: minimum, maximum and range are single people's values."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import Mask, Numbers, Summary
from saferoom.disclosure.queries.language import column_of
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.rules.dominance import all_equal, most_needed
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.verdict import Risk, Verdict


class Endpoints:
    """Fails unless the policy lists the measure's column as one whose bounds are structural."""

    name = "endpoints"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the ends, and apply the rules."""
        base = make_base(case.plan, case.engine, case.plan.measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        hits = cell_rules(case, base, cells, evidence.units[0], counted=False)
        hits += all_equal(summaries[0].low, summaries[0].high)
        hits += conditional_rules(case, base)
        column = column_of(case.plan.measures[0], case.plan.relation)
        if column is None or not column.owned or column.name not in case.policy.structural:
            hits.append(_endpoint(np.ones(len(cells), dtype=bool), case.plan.query.statistic))
        statistic = case.plan.query.statistic
        columns = {statistic.value: _values(statistic, summaries[0])}
        return Outcome(cells, columns, hits, subjects_of(case.plan), evidence.units[0], base, base.text_dimensions)


def _values(statistic: Statistic, summary: Summary) -> Numbers:
    if statistic is Statistic.MIN:
        return summary.low
    return summary.high if statistic is Statistic.MAX else summary.high - summary.low


def _endpoint(cells: Mask, statistic: Statistic) -> Hit:
    instead = "quantiles such as 0.05 and 0.95" if statistic is not Statistic.RANGE else "iqr"
    return Hit(
        rule="endpoint",
        risk=Risk.LOW_COUNT,
        severity=Verdict.FAIL,
        cells=cells,
        message=f"A {statistic.value} is made of one or two people's own values.",
        remedy=f"use {instead}; where the column's bounds are known anyway, the data owner can list it as structural",
    )
