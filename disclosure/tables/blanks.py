"""Suppression in a table without margins: cells at risk are blank, and so are those that hold nobody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.known import all_combinations, known_classes, named_categories
from saferoom.disclosure.tables.protected import CLASS_RULES, NOTHING_LEFT, Protected, sparse
from saferoom.disclosure.tables.report import report_without_sums
from saferoom.policies.models import RiskAppetite


def suppress(outcome: Outcome, axes: Sequence[Axis], policy: RiskAppetite) -> Protected:
    """Blank every cell that a rule names, and of a frequency those that are still known to hold (nearly) their group.

    Parameters
    ----------
    outcome : Outcome
        Of a table without margins, or of one in which no cell has to be blanked.
    """
    hidden = np.zeros(len(outcome.cells), dtype=bool)
    for hit in outcome.hits:
        if hit.cells is not None and hit.rule not in CLASS_RULES:
            hidden |= hit.cells
    if "count" in outcome.columns:
        counts = outcome.columns["count"]
        for hit in known_classes(outcome, counts, hidden, (0, 0), axes, policy):
            hidden |= hit.cells if hit.cells is not None else False
    hits = [hit for hit in outcome.hits if hit.cells is None and hit.rule not in CLASS_RULES]
    if len(hidden) and hidden.all():
        hits.append(NOTHING_LEFT)
    hits += sparse(hidden[outcome.cells.inner], policy)
    columns = {name: np.where(hidden, np.nan, values) for name, values in outcome.columns.items()}
    cells = outcome.cells
    if cells.inner.all():
        cells, columns = all_combinations(*named_categories(outcome, columns, axes, policy))
    # Nothing that leaves adds up to a blank cell, so that all it tells is that somebody may be there.
    anything = np.zeros(len(hidden)), np.full(len(hidden), np.inf)
    audit = report_without_sums(outcome, "suppress", hidden, anything, hidden)
    return Protected(cells, columns, tuple(hits), ~hidden, exact=True, audit=audit)
