"""Frequencies: how many rows (or their weight) each cell holds."""

from __future__ import annotations

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.statbarns.case import Case, Outcome, Total
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of


class Frequencies:
    """Low counts and class disclosure.

    Notes
    -----
    Where units have several rows, or weights, a count is a magnitude of units (visits, grossed people) and is judged
    for dominance as well.
    """

    name = "frequencies"

    def evaluate(self, case: Case) -> Outcome:
        """Count, and apply the rules."""
        base = make_base(case.plan, case.engine, ())
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        units = evidence.units[0]
        hits = cell_rules(case, base, cells, units, counted=True)
        hits += dominance(units, case.policy)
        if base.weighted:
            hits += conditional_rules(case, base)
        summary = summaries[0]
        values = summary.weight if base.weighted else summary.rows.astype(float)
        return Outcome(
            cells,
            {"count": values},
            hits,
            frozenset({COUNT}) | subjects_of(case.plan) | _dimensions(case),
            units,
            base,
            base.text_dimensions,
            totals=(Total("count", values, [counted.contributions for counted in units], counts=True),),
        )


def _dimensions(case: Case) -> frozenset[str]:
    """Counts by a number tell the total of that number: two people with three children have six."""
    return frozenset().union(*(dimension.origins for dimension in case.plan.dimensions))
