"""Frequencies: how many rows (or their weight) each cell holds."""

from __future__ import annotations

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.evidence import summarise
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import COUNT, cell_rules, conditional_rules, subjects_of


class Frequencies:
    """Low counts and class disclosure; a weight is a magnitude, so it is judged for dominance as well."""

    name = "frequencies"

    def evaluate(self, case: Case) -> Outcome:
        """Count, and apply the rules."""
        base = make_base(case.plan, case.engine, ())
        cells, summaries, evidence = summarise(base, case.engine, most_needed(case.policy))
        units = evidence[0]
        hits = cell_rules(case, base, cells, units, counted=True)
        if base.weighted:
            hits += dominance(units, case.policy)
            hits += conditional_rules(case, base)
        summary = summaries[0]
        values = summary.weight if base.weighted else summary.rows.astype(float)
        return Outcome(cells, {"count": values}, hits, frozenset({COUNT}) | subjects_of(case.plan), units, base)
