"""Class disclosure: membership of a group must not tell a person's category.

Vocabulary
----------
group
    All cells that share the categories of every dimension but one; the question is how its units spread over that one.
empty class
    A category that occurs in the table but holds nobody of a group: it tells what no member is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from saferoom.disclosure.queries.evidence import Cells, Counts, Mask, Numbers
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.policies.models import RiskAppetite

MOST_COMBINATIONS = 200_000
_MOST_LISTED = 1_000


@dataclass(frozen=True)
class Axis:
    """A dimension as the class rules see it.

    Attributes
    ----------
    fixed : bool
        The filter itself leaves one category, so that its being alone tells nothing.
    structural : bool
        The policy says that its empty and full classes are known anyway.
    codelist : tuple of Label
        Categories that the data owner declared; their names tell nothing.
    """

    name: str
    fixed: bool
    structural: bool
    codelist: tuple[Label, ...] = ()


def class_disclosure(
    cells: Cells, units: Counts, axes: Sequence[Axis], policy: RiskAppetite, counted: bool
) -> list[Hit]:
    """Fail groups that fall into one category as a whole, and send those that nearly do, to a person.

    Parameters
    ----------
    units : ndarray of int, units
        Distinct units per cell.
    counted : bool
        True when the counts themselves are published. Without them a reader sees only which cells exist, so a group in
        one category goes to a person, and near class cannot be seen.
    """
    hits: list[Hit] = []
    for i, axis in enumerate(axes):
        if axis.fixed or axis.structural:
            continue
        share, single = _shares(cells, units, i)
        full = single | (share >= policy.class_disclosure_fraction)
        hits += hit_if(_full(axis.name, cells.inner & full, Verdict.FAIL if counted else Verdict.REVIEW))
        if counted:
            near = ~full & (share >= policy.near_class_fraction)
            hits += hit_if(_near(axis.name, cells.inner & near))
    return hits + empty_classes(cells, axes)


def _shares(cells: Cells, units: Counts, axis: int) -> tuple[Numbers, Mask]:
    """Return every inner cell's share of its group along `axis`, and whether it is the only one with anybody in it."""
    share = np.zeros(len(cells))
    single = np.zeros(len(cells), dtype=bool)
    for members in _groups(cells, axis):
        share[members] = units[members] / max(units[members].sum(), 1)
        held = [member for member in members if units[member] > 0]
        if len(held) == 1:
            single[held] = True
    return share, single


def _full(name: str, cells: Mask, severity: Verdict) -> Hit:
    return Hit(
        rule="class-disclosure",
        risk=Risk.CLASS_DISCLOSURE,
        severity=severity,
        cells=cells,
        message=f"Everybody in a group is in the same category of {name}: whoever knows that somebody belongs to the "
        f"group learns that person's {name}.",
        remedy=f"{BROADER} of {name} or of the other dimensions, leave {name} out, or {SUPPRESS}",
    )


def _near(name: str, cells: Mask) -> Hit:
    return Hit(
        rule="near-class-disclosure",
        risk=Risk.CLASS_DISCLOSURE,
        severity=Verdict.REVIEW,
        cells=cells,
        message=f"Nearly everybody in a group is in the same category of {name}: whoever knows that somebody belongs "
        f"to the group learns that person's {name} almost surely.",
        remedy=f"{BROADER}, {SUPPRESS}, or let an output checker decide",
    )


def empty_classes(cells: Cells, axes: Sequence[Axis]) -> list[Hit]:
    """Send a table to a person in which a combination of its categories holds nobody, unless that is structural."""
    if len(axes) < 2 or any(axis.structural for axis in axes):
        return []
    there = {cells.labels[position] for position in np.flatnonzero(cells.inner)}
    categories = [list(dict.fromkeys(labels[i] for labels in there)) for i in range(len(axes))]
    # Nobody learns anything from the absence of "missing".
    known = [[label for label in column if label is not None] for column in categories]
    size = int(np.prod([len(column) for column in known]))
    inner_known = sum(all(label is not None for label in labels) for labels in there)
    if size == inner_known:
        return []
    absent: tuple[tuple[Label, ...], ...] = ()
    if size <= MOST_COMBINATIONS:
        absent = tuple(labels for labels in product(*known) if labels not in there)[:_MOST_LISTED]
    return [
        Hit(
            rule="empty-class",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            absent=absent,
            cells=np.zeros(len(cells), dtype=bool) if absent else None,
            message="Some combinations of categories hold nobody, which tells what no member of a group is.",
            remedy=f"{BROADER}, {SUPPRESS}, list columns whose empty combinations are structural in the risk appetite, "
            "or let an output checker decide",
        )
    ]


def guaranteed_shares(cells: Cells, lower: Numbers, upper: Numbers, axis: int, absent_upper: int) -> Numbers:
    """Return the share of its group along `axis` that an outsider can be sure an inner cell holds.

    Parameters
    ----------
    lower, upper : ndarray of float, persons
        What the released table says about the true count of each cell.
    absent_upper : int, persons
        The most that a combination can hold which is not in `cells` (it is blank like a redacted one).
    """
    categories = len({cells.labels[position][axis] for position in np.flatnonzero(cells.inner).tolist()})
    share = np.zeros(len(cells))
    for members in _groups(cells, axis):
        most = upper[members].sum() + absent_upper * (categories - len(members))
        for member in members:
            others = most - upper[member]
            share[member] = lower[member] / max(lower[member] + others, 1)
    return share


def _groups(cells: Cells, axis: int) -> list[list[int]]:
    """Return the positions of the inner cells that share every category but that of `axis`."""
    groups: dict[tuple[Label, ...], list[int]] = {}
    for position in np.flatnonzero(cells.inner).tolist():
        labels = cells.labels[position]
        groups.setdefault((*labels[:axis], *labels[axis + 1 :]), []).append(position)
    return list(groups.values())
