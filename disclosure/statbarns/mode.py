"""Mode: the most frequent value."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import floats
from saferoom.disclosure.rules.dominance import most_needed
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, subjects_of
from saferoom.disclosure.verdict import Risk, Verdict


class Mode:
    """Always fails: of a number nearly nobody shares, the mode is one person's value."""

    name = "mode"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the mode, and apply the rules."""
        base = make_base(case.plan, case.engine, case.plan.measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells = evidence.cells
        hits = cell_rules(case, base, cells, evidence.units[0], counted=False)
        hits.append(
            Hit(
                rule="mode",
                risk=Risk.CLASS_DISCLOSURE,
                severity=Verdict.FAIL,
                cells=np.ones(len(cells), dtype=bool),
                message="A mode is the exact value of single people, and where values hardly repeat, of one person.",
                remedy="use a frequency by categories of the measure, or a median",
            )
        )
        # Of equally frequent values the smallest is taken, so that two runs agree.
        best = base.grouped("mode(m0 ORDER BY m0) AS v")
        values = floats(case.engine.columns(best)["v"])
        return Outcome(
            cells, {"mode": values}, hits, subjects_of(case.plan), evidence.units[0], base, base.text_dimensions
        )
