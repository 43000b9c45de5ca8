"""Protected tables: what leaves after suppression or rounding, and what an outsider can still tell from it.

Redacted cells and cells that hold nobody look the same: every combination of the table's categories is listed, and
both are left blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import MOST_COMBINATIONS, Axis, guaranteed_shares, impossible, only_possible
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

# What these say about the exact table is judged anew from what an outsider can be sure of.
_CLASS_RULES = frozenset({"class-disclosure", "near-class-disclosure", "empty-class"})


@dataclass(frozen=True)
class Protected:
    """A protected table.

    Attributes
    ----------
    cells : Cells
        Every combination of categories, and margins where they are released.
    columns : name to values, nan where redacted
    hits : the rules that still bite on what would leave
    visible : ndarray of bool
        Which of the outcome's own cells leave.
    exact : bool
        False where the numbers are rounded.
    """

    cells: Cells
    columns: dict[str, Numbers]
    hits: tuple[Hit, ...]
    visible: Mask
    exact: bool


def suppress(outcome: Outcome, axes: Sequence[Axis], policy: RiskAppetite) -> Protected:
    """Blank every cell that a rule names, and of a frequency those that are still known to hold (nearly) their group.

    Parameters
    ----------
    outcome : Outcome
        Of a table without margins, or of one in which no cell has to be blanked.
    """
    hidden = np.zeros(len(outcome.cells), dtype=bool)
    for hit in outcome.hits:
        if hit.cells is not None and hit.rule not in _CLASS_RULES:
            hidden |= hit.cells
    if "count" in outcome.columns:
        counts = outcome.columns["count"]
        for hit in _known_classes(outcome, counts, hidden, (0, 0), axes, policy):
            hidden |= hit.cells if hit.cells is not None else False
    hits = [hit for hit in outcome.hits if hit.cells is None and hit.rule not in _CLASS_RULES]
    if len(hidden) and hidden.all():
        hits.append(_NOTHING_LEFT)
    hits += sparse(hidden[outcome.cells.inner], policy)
    columns = {name: np.where(hidden, np.nan, values) for name, values in outcome.columns.items()}
    cells = outcome.cells
    if cells.inner.all():
        cells, columns = _all_combinations(*_named_categories(outcome, columns, axes, policy))
    return Protected(cells, columns, tuple(hits), ~hidden, exact=True)


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
        if hit.cells is not None and hit.rule not in _CLASS_RULES:
            redacted |= hit.cells
    if base >= least:
        redacted &= ~((counts < least) & _one_row_each(outcome))
    inner = cells.inner
    rounded = np.where(redacted, np.nan, np.floor(counts / base + 0.5) * base)
    kept = [hit for hit in outcome.hits if hit.cells is None and hit.rule not in _CLASS_RULES]
    hits = [*kept, *_known_classes(outcome, rounded, redacted, (base // 2, (base - 1) // 2), axes, policy)]
    full, columns = _all_combinations(*_named_categories(outcome, {"count": rounded}, axes, policy))
    if bool((~inner).any()):
        full, columns = _with_margins(full, columns["count"])
    if not (~redacted[inner]).any():
        hits.append(_NOTHING_LEFT)
    hits += sparse(redacted[inner], policy)
    return Protected(full, columns, tuple(hits), inner & ~redacted, exact=False)


def sparse(blank: Mask, policy: RiskAppetite) -> list[Hit]:
    """Send a table to a person most of whose cells have to be blank: so fine a table is close to a list of records.

    References
    ----------
    ABS TableBuilder refuses tables with too large a share of cells with few contributors.
    """
    if len(blank) < _SPARSE_FROM or blank.mean() <= policy.sparse_fraction:
        return []
    return [_SPARSE]


_SPARSE_FROM = 20
_SPARSE = Hit(
    rule="sparse-table",
    risk=Risk.LOW_COUNT,
    severity=Verdict.REVIEW,
    message="Most cells hold too few units to be shown; a table so fine describes single people in the rest by what is "
    "left out.",
    remedy=f"{BROADER} or fewer dimensions, or let an output checker decide",
)
_NOTHING_LEFT = Hit(
    rule="nothing-left",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="Every cell would have to be blanked, so that nothing is left to release.",
    remedy=f"{BROADER} or fewer dimensions",
)


def _one_row_each(outcome: Outcome) -> Mask:
    """Return the cells in which every row is a unit of its own, so that the count is a count of units."""
    alike = [units.units == outcome.columns["count"] for units in outcome.units]
    return np.asarray(np.logical_and.reduce(alike))


def _known_classes(
    outcome: Outcome,
    shown: Numbers,
    hidden: Mask,
    error: tuple[int, int],
    axes: Sequence[Axis],
    policy: RiskAppetite,
) -> list[Hit]:
    """Apply the class rules to what an outsider can be sure of: bounds of the shown, and of the blank cells.

    Parameters
    ----------
    error : pair of int
        How far a shown count can lie above and below the true one.
    """
    least = max(threshold_of(policy, units.kind) for units in outcome.units)
    values = np.nan_to_num(shown)
    lower = np.where(hidden, 0, np.maximum(values - error[0], 0))
    upper = np.where(hidden, least - 1, values + error[1])
    hits: list[Hit] = []
    zeros = impossible(axes, policy)
    for i, axis in enumerate(axes):
        if axis.fixed or axis.structural:
            continue
        # A combination that is not there is blank too, and may hold up to the threshold for all that is known.
        share = guaranteed_shares(outcome.cells, lower, upper, i, least - 1, zeros)
        if zeros:
            share = np.where(only_possible(outcome.cells, i, zeros), 0.0, share)
        full = share >= policy.class_disclosure_fraction
        near = ~full & (share >= policy.near_class_fraction)
        shown_cells = outcome.cells.inner & ~hidden
        hits += hit_if(_known("class-disclosure", Verdict.FAIL, full & shown_cells, "", axis.name))
        hits += hit_if(_known("near-class-disclosure", Verdict.REVIEW, near & shown_cells, "nearly ", axis.name))
    return hits


def _known(rule: str, severity: Verdict, cells: Mask, nearly: str, name: str) -> Hit:
    return Hit(
        rule=rule,
        risk=Risk.CLASS_DISCLOSURE,
        severity=severity,
        cells=cells,
        message=f"Even after protection it is certain that {nearly}everybody in a group is in the same category of "
        f"{name}.",
        remedy=f"{BROADER}, {SUPPRESS}, or let an output checker decide",
    )


def _named_categories(
    outcome: Outcome, columns: dict[str, Numbers], axes: Sequence[Axis], policy: RiskAppetite
) -> tuple[Cells, dict[str, Numbers]]:
    """Return the inner cells without those of categories that few units have: a name alone tells that somebody has it.

    Categories of codelists stay, because they are named whether or not anybody has them; and so do those of a
    classification: texts, most of which many units have.
    """
    cells = outcome.cells
    keep = cells.inner.copy()
    for i, axis in enumerate(axes):
        places: dict[Label, int] = {}
        index = np.array([places.setdefault(labels[i], len(places)) for labels in cells.labels], dtype=np.int64)
        named = np.array([label in axis.codelist for label in places], dtype=bool)
        enough = np.ones(len(places), dtype=bool)
        for counted in outcome.units:
            held = np.bincount(index, np.where(cells.inner, counted.units, 0), len(places))
            enough &= held >= threshold_of(policy, counted.kind)
        if _classifies(places, enough):
            continue
        keep &= (named | enough)[index]
    return _only(cells, keep), {name: values[keep] for name, values in columns.items()}


def _classifies(categories: Iterable[Label], enough: Mask) -> bool:
    """Tell a classification, e.g. regions of which one is small, from values or names of single units."""
    texts = all(label is None or isinstance(label, str | bool) for label in categories)
    return texts and 2 * int(enough.sum()) >= len(enough)


def _only(cells: Cells, keep: Mask) -> Cells:
    positions = np.flatnonzero(keep)
    return Cells(tuple(cells.labels[i] for i in positions), cells.levels[positions])


def _all_combinations(cells: Cells, columns: dict[str, Numbers]) -> tuple[Cells, dict[str, Numbers]]:
    """Return the table with every combination of its categories; combinations that hold nobody are blank."""
    width = len(cells.labels[0]) if cells.labels else 0
    if width < 2:
        return cells, columns
    categories = [list(dict.fromkeys(labels[i] for labels in cells.labels)) for i in range(width)]
    if np.prod([float(len(column)) for column in categories]) > MOST_COMBINATIONS:
        raise BadInputError("protect: the table has too many combinations of categories; use broader categories")
    there = {labels: position for position, labels in enumerate(cells.labels)}
    labels: tuple[tuple[Label, ...], ...] = tuple(product(*categories))
    places = np.array([there.get(combination, -1) for combination in labels])
    filled = {name: np.where(places < 0, np.nan, values[places]) for name, values in columns.items()}
    return Cells(labels, np.zeros(len(labels), dtype=np.int64)), filled


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
