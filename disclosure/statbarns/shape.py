"""Shape: standard deviations and variances."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells, Numbers, Summary, floats
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.dominance import dominance, most_needed, one_outlier, weight_dominance
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, measures_with_pieces, subjects_of, value_rules


class Shape:
    """Low counts, degrees of freedom and dominance.

    Notes
    -----
    With weights: sum w (m - mean)^2 / sum w * n / (n - 1), which is the usual sample variance when all weights are
    equal. Dominance is judged on the values themselves: with the mean, a variance tells an outlier's value.
    """

    name = "shape"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the spread, and apply the rules."""
        measures, unknown = measures_with_pieces(case)
        base = make_base(case.plan, case.engine, measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        units = evidence.units[0]
        hits = [*unknown, *cell_rules(case, base, cells, units, counted=False)]
        for judged in evidence.units:
            hits += dominance(judged, case.policy)
        hits += degrees_of_freedom(units, 1, case.policy)
        hits += weight_dominance(units, case.policy)
        found, disguised = value_rules(case, base, summaries)
        hits += found
        variance = _variance(base, case.engine, cells, summaries[0])
        hits += one_outlier(summaries[0], variance, case.policy)
        statistic = case.plan.query.statistic
        values = variance if statistic is Statistic.VARIANCE else np.sqrt(variance)
        columns = {statistic.value: values}
        return Outcome(cells, columns, hits, subjects_of(case.plan), units, base, base.text_dimensions, disguised)


def _variance(base: Base, engine: Engine, cells: Cells, summary: Summary) -> Numbers:
    if not base.weighted:
        return floats(engine.columns(base.grouped("var_samp(m0) AS v"))["v"])
    # Squares are taken around the overall mean, so that a large common level does not swallow the digits.
    weight = np.nansum(summary.weight[cells.inner])
    center = float(np.nansum(summary.total[cells.inner]) / weight) if weight else 0.0
    squares = floats(engine.columns(base.grouped(f"fsum(w * (m0 - {center!r}::DOUBLE) ** 2) AS v"))["v"])
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = squares / summary.weight - (summary.mean - center) ** 2
        return np.where(summary.n > 1, np.maximum(spread, 0) * summary.n / (summary.n - 1), np.nan)
