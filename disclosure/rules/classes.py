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
from itertools import islice, product

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
    column : str or None
        The data owner's column that the dimension is, unchanged.
    """

    name: str
    fixed: bool
    structural: bool
    codelist: tuple[Label, ...] = ()
    column: str | None = None


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
    zeros = impossible(axes, policy)
    for i, axis in enumerate(axes):
        if axis.fixed or axis.structural:
            continue
        share, single = _shares(cells, units, i)
        if zeros:
            known = only_possible(cells, i, zeros)
            share, single = np.where(known, 0.0, share), single & ~known
        full = single | (share >= policy.class_disclosure_fraction)
        hits += hit_if(_full(axis.name, cells.inner & full, Verdict.FAIL if counted else Verdict.REVIEW))
        if counted:
            near = ~full & (share >= policy.near_class_fraction)
            hits += hit_if(_near(axis.name, cells.inner & near))
    return hits + empty_classes(cells, axes, zeros)


Zero = dict[int, str]
"""By a dimension's position, a category as a text: a combination that cannot occur."""


def impossible(axes: Sequence[Axis], policy: RiskAppetite) -> list[Zero]:
    """Return the policy's structural zeros that speak of the table's own dimensions only."""
    places = {axis.column: i for i, axis in enumerate(axes) if axis.column is not None}
    return [
        {places[name]: _written(label) for name, label in zero.items()}
        for zero in policy.structural_zeros
        if zero.keys() <= places.keys()
    ]


def is_impossible(labels: Sequence[Label], zeros: Sequence[Zero]) -> bool:
    """Say whether everybody knows that nobody can have these categories together."""
    return any(all(_written(labels[i]) == label for i, label in zero.items()) for zero in zeros)


def _written(label: Label) -> str:
    # A missing category and a flag are no texts; a policy's true is the data's true.
    return f"text {label}" if isinstance(label, str) else f"{type(label).__name__} {label}"


def only_possible(cells: Cells, axis: int, zeros: Sequence[Zero]) -> Mask:
    """Return the cells to which no other category along `axis` is possible, so that their being full tells nothing."""
    categories = {cells.labels[place][axis] for place in np.flatnonzero(cells.inner).tolist()}
    answer = np.zeros(len(cells), dtype=bool)
    for place in np.flatnonzero(cells.inner).tolist():
        labels = cells.labels[place]
        others = ((*labels[:axis], other, *labels[axis + 1 :]) for other in categories - {labels[axis]})
        answer[place] = len(categories) > 1 and all(is_impossible(other, zeros) for other in others)
    return answer


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


def empty_classes(cells: Cells, axes: Sequence[Axis], zeros: Sequence[Zero] = ()) -> list[Hit]:
    """Send a table to a person in which a combination of its categories holds nobody, unless that is structural.

    Parameters
    ----------
    zeros : sequence of Zero
        Combinations that cannot occur, as everybody knows.
    """
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
        empty = (labels for labels in product(*known) if labels not in there and not is_impossible(labels, zeros))
        absent = tuple(islice(empty, _MOST_LISTED))
        if not absent:
            return []
    return [
        Hit(
            rule="empty-class",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            absent=absent,
            cells=np.zeros(len(cells), dtype=bool) if absent else None,
            message="Some combinations of categories hold nobody, which tells what no member of a group is.",
            remedy=f"{BROADER}, {SUPPRESS}, have the data owner list impossible combinations as structural_zeros (or "
            "columns as structural) in the risk appetite, or let an output checker decide",
        )
    ]


def guaranteed_shares(
    cells: Cells, lower: Numbers, upper: Numbers, axis: int, absent_upper: int, zeros: Sequence[Zero] = ()
) -> Numbers:
    """Return the share of its group along `axis` that an outsider can be sure an inner cell holds.

    Parameters
    ----------
    lower, upper : ndarray of float, persons
        What the released table says about the true count of each cell.
    absent_upper : int, persons
        The most that a combination can hold which is not in `cells` (it is blank like a redacted one).
    zeros : sequence of Zero
        Combinations that hold nobody, as everybody knows.
    """
    categories = {cells.labels[position][axis] for position in np.flatnonzero(cells.inner).tolist()}
    share = np.zeros(len(cells))
    for members in _groups(cells, axis):
        absent = categories - {cells.labels[member][axis] for member in members}
        first = cells.labels[members[0]]
        possible = [c for c in absent if not zeros or not is_impossible((*first[:axis], c, *first[axis + 1 :]), zeros)]
        most = upper[members].sum() + absent_upper * len(possible)
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
