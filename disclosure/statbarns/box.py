"""Box plots: five quantiles, with whiskers that end before the outliers do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import ROW, Counts, Mask
from saferoom.disclosure.rules.dominance import all_equal, most_needed, weight_dominance
from saferoom.disclosure.rules.quantiles import equal_quantiles, quantile_bands
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.statbarns.pinned import pinned, reaches
from saferoom.disclosure.statbarns.position import cut

FRACTIONS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Box:
    """Quartiles, and whiskers at 0.05 and 0.95 where enough units lie outside; never an outlier, never an end.

    Notes
    -----
    A whisker stands blank in a cell where fewer units than the threshold lie outside of it, or between it and the box:
    that cell then has a box without whiskers. The quartiles are judged like other quantiles.
    """

    name = "box plots"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the five quantiles, leave out unsafe whiskers, and apply the rules."""
        reached = reaches(case)
        wide = make_base(case.plan, case.engine, (*case.plan.measures, *reached), together=False)
        base = replace(wide, measures=1)
        evidence = gather(base, case.engine, most_needed(case.policy), contributions=False)
        cells, summary, units = evidence.cells, evidence.summaries[0], evidence.units[0]
        kinds = base.units or (ROW,)
        cuts = cut(base, case.engine, FRACTIONS)
        outer = cuts.bands(case.engine)
        low, high = (
            np.logical_and(_enough(outer[i], kinds, case), _enough(outer[j], kinds, case)) for i, j in ((0, 1), (5, 4))
        )
        values = [
            np.where(low, cuts.values[0], np.nan),
            *cuts.values[1:4],
            np.where(high, cuts.values[4], np.nan),
        ]
        hits = cell_rules(case, base, cells, units, counted=False)
        hits += all_equal(summary.low, summary.high)
        hits += quantile_bands(cuts.bands(case.engine, (1, 2, 3)), kinds, case.policy)
        hits += equal_quantiles(FRACTIONS, values, summary, case.policy)
        hits += pinned(case, cuts.base, (len(summary.n), len(FRACTIONS)), len(reached))
        hits += conditional_rules(case, base)
        hits += weight_dominance(units, case.policy)
        return Outcome(
            cells,
            {f"q{fraction:g}": column for fraction, column in zip(FRACTIONS, values, strict=True)},
            hits,
            subjects_of(case.plan),
            units,
            cuts.base,
            base.text_dimensions,
            cuts.sides,
        )


def _enough(band: list[Counts], kinds: tuple[str, ...], case: Case) -> Mask:
    """Say in which cells a band holds the threshold of every kind of unit."""
    enough = [units >= threshold_of(case.policy, kind) for units, kind in zip(band, kinds, strict=True)]
    return np.asarray(np.logical_and.reduce(enough))
