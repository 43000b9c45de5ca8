"""Conventional rounding of a declared count, with cells at risk left blank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.known import all_combinations, known_classes, named_categories
from saferoom.disclosure.tables.protected import CLASS_RULES, NOTHING_LEFT, Protected, sparse
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import RiskAppetite


def round_counts(outcome: Outcome, axes: Sequence[Axis], policy: RiskAppetite, base: int) -> Protected:
    """Redact unsafe cells, round the others to `base`, and let margins be the sums of the rounded cells.

    Notes
    -----
    Margins that were rounded on their own would narrow the redacted cells by subtraction; sums of what is released
    tell nothing more. A count below the threshold need not be redacted when the base is at least the threshold,
    because it is then rounded to 0 or to the base.
    """
    cells = outcome.cells
    counts = outcome.columns["count"]
    least = max(threshold_of(policy, units.kind) for units in outcome.units)
    redacted = np.zeros(len(cells), dtype=bool)
    for hit in outcome.hits:
        if hit.cells is not None and hit.rule not in CLASS_RULES:
            redacted |= hit.cells
    if base >= least:
        redacted &= ~((counts < least) & _one_row_each(outcome))
    inner = cells.inner
    rounded = np.where(redacted, np.nan, np.floor(counts / base + 0.5) * base)
    kept = [hit for hit in outcome.hits if hit.cells is None and hit.rule not in CLASS_RULES]
    hits = [*kept, *known_classes(outcome, rounded, redacted, (base // 2, (base - 1) // 2), axes, policy)]
    full, columns = all_combinations(*named_categories(outcome, {"count": rounded}, axes, policy))
    if bool((~inner).any()):
        full, columns = _with_margins(full, columns["count"])
    if not (~redacted[inner]).any():
        hits.append(NOTHING_LEFT)
    hits += sparse(redacted[inner], policy)
    return Protected(full, columns, tuple(hits), inner & ~redacted, exact=False)


def _one_row_each(outcome: Outcome) -> Mask:
    """Return the cells in which every row is a unit of its own, so that the count is a count of units."""
    alike = [units.units == outcome.columns["count"] for units in outcome.units]
    return np.asarray(np.logical_and.reduce(alike))


def _with_margins(cells: Cells, counts: Numbers) -> tuple[Cells, dict[str, Numbers]]:
    """Add every margin as the sum of the released inner cells."""
    width = len(cells.labels[0])
    labels: list[tuple[Label, ...]] = list(cells.labels)
    levels = [0] * len(labels)
    values: list[float] = counts.tolist()
    for level in range(1, 2**width):
        sums: dict[tuple[Label, ...], float] = {}
        for cell, value in zip(cells.labels, counts.tolist(), strict=True):
            key = tuple(None if level >> i & 1 else label for i, label in enumerate(cell))
            # A margin of nothing but blank cells is blank as well.
            sums[key] = float(np.nansum([sums.get(key, np.nan), value])) if value == value else sums.get(key, np.nan)
        labels += sums
        levels += [level] * len(sums)
        values += sums.values()
    full: NDArray[np.float64] = np.array(values)
    return Cells(tuple(labels), np.array(levels, dtype=np.int64)), {"count": full}
