"""Conventional rounding of a declared count, with cells at risk left blank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.known import all_combinations, known_classes, named_categories
from saferoom.disclosure.tables.protected import CLASS_RULES, NOTHING_LEFT, Protected, sparse
from saferoom.disclosure.tables.report import report_without_sums
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
        full, columns = _with_margins(full, columns["count"], outcome.base.classifications)
    if not (~redacted[inner]).any():
        hits.append(NOTHING_LEFT)
    hits += sparse(redacted[inner], policy)
    bounds = (
        np.where(redacted, 0, np.maximum(rounded - base // 2, 0)),
        np.where(redacted, np.inf, rounded + (base - 1) // 2),
    )
    # Margins are sums of what is shown: they tell nothing more about any cell.
    audit = report_without_sums(outcome, "round", inner, bounds, redacted & inner)
    return Protected(full, columns, tuple(hits), inner & ~redacted, exact=False, audit=audit)


def _one_row_each(outcome: Outcome) -> Mask:
    """Return the cells in which every row is a unit of its own, so that the count is a count of units."""
    alike = [units.units == outcome.columns["count"] for units in outcome.units]
    return np.asarray(np.logical_and.reduce(alike))


def _with_margins(
    cells: Cells, counts: Numbers, classifications: Sequence[Classification | None]
) -> tuple[Cells, dict[str, Numbers]]:
    """Add every margin and subtotal as the sum of the released inner cells."""
    sums: dict[tuple[int, tuple[Label, ...]], float] = {}
    for cell, value in zip(cells.labels, counts.tolist(), strict=True):
        for key in _sums_of(cell, classifications):
            # A margin of nothing but blank cells is blank as well.
            sums[key] = float(np.nansum([sums.get(key, np.nan), value])) if value == value else sums.get(key, np.nan)
    labels = [*cells.labels, *(key for level, key in sums if level)]
    levels = [*([0] * len(cells)), *(level for level, _ in sums if level)]
    values = [*counts.tolist(), *(value for (level, _), value in sums.items() if level)]
    full: NDArray[np.float64] = np.array(values)
    return Cells(tuple(labels), np.array(levels, dtype=np.int64)), {"count": full}


def _sums_of(
    cell: tuple[Label, ...], classifications: Sequence[Classification | None]
) -> Iterator[tuple[int, tuple[Label, ...]]]:
    """Yield the level and the labels of every margin that a cell is part of, and of the cell itself."""
    ways: list[list[tuple[int, Label]]] = []
    for i, label in enumerate(cell):
        classification = classifications[i] if i < len(classifications) else None
        parents = () if classification is None else classification.above.get(label, ())
        ways.append([(0, label), (1 << i, None), *((1 << len(cell) + i, parent) for parent in parents)])
    for way in product(*ways):
        yield sum(level for level, _ in way), tuple(label for _, label in way)
