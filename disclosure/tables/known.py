"""What a table tells beside its numbers: which categories it names, and how sure anybody can be of a group's class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import MOST_COMBINATIONS, Axis, guaranteed_shares, impossible, only_possible
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite


def known_classes(
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


def named_categories(
    outcome: Outcome, columns: dict[str, Numbers], axes: Sequence[Axis], policy: RiskAppetite
) -> tuple[Cells, dict[str, Numbers]]:
    """Return the inner cells without those of categories that may not be named; see `nameable`."""
    cells = outcome.cells
    keep = cells.inner & nameable(outcome, axes, policy)
    return _only(cells, keep), {name: values[keep] for name, values in columns.items()}


def nameable(outcome: Outcome, axes: Sequence[Axis], policy: RiskAppetite) -> Mask:
    """Return the cells without those of categories that few units have: a name alone tells that somebody has it.

    Categories of codelists stay, because they are named whether or not anybody has them; and so do those of a
    classification: texts, most of which many units have. Totals have no category.
    """
    cells = outcome.cells
    keep = np.ones(len(cells), dtype=bool)
    width = len(axes)
    for i, axis in enumerate(axes):
        totalled = (cells.levels >> i & 1 | cells.levels >> width + i & 1).astype(bool)
        places: dict[Label, int] = {}
        own = zip(cells.labels, totalled.tolist(), strict=True)
        index = np.array([-1 if total else places.setdefault(labels[i], len(places)) for labels, total in own])
        named = np.array([label in axis.codelist for label in places], dtype=bool)
        enough = np.ones(len(places), dtype=bool)
        inner = cells.inner
        for counted in outcome.units:
            held = np.bincount(index[inner], counted.units[inner], len(places))
            enough &= held >= threshold_of(policy, counted.kind)
        if _classifies(places, enough):
            continue
        keep &= totalled | (named | enough)[index]
    return keep


def _classifies(categories: Iterable[Label], enough: Mask) -> bool:
    """Tell a classification, e.g. regions of which one is small, from values or names of single units."""
    texts = all(label is None or isinstance(label, str | bool) for label in categories)
    return texts and 2 * int(enough.sum()) >= len(enough)


def _only(cells: Cells, keep: Mask) -> Cells:
    positions = np.flatnonzero(keep)
    return Cells(tuple(cells.labels[i] for i in positions), cells.levels[positions])


def all_combinations(cells: Cells, columns: dict[str, Numbers]) -> tuple[Cells, dict[str, Numbers]]:
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
