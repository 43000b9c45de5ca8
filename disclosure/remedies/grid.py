"""A table's cells beside their units, to foresee what merging categories of one dimension would come to.

Foreseeing only chooses which variants are worth evaluating: whether one passes, the engine alone says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.checker import Judged
from saferoom.disclosure.queries.evidence import Counts, Mask
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import RiskAppetite

Groups = NDArray[np.int64]
"""Per category the number of the group it goes to."""


@dataclass(frozen=True)
class Situation:
    """A judged table as far as remedies look at it.

    Attributes
    ----------
    labels : list of label tuples
        Inner cells, and after them combinations of categories that hold nobody where a rule names them.
    units : tuple of ndarray of int
        Per kind of unit, the units of every cell.
    least : tuple of int
        Per kind of unit, the threshold.
    flagged : ndarray of bool
        Cells that a rule names, or that hold too few units.
    """

    judged: Judged
    policy: RiskAppetite
    labels: list[tuple[Label, ...]]
    units: tuple[Counts, ...]
    least: tuple[int, ...]
    flagged: Mask

    @property
    def whole(self) -> float:
        """All units of the table, those in several cells as often as they are counted."""
        return float(self.units[0].sum())

    def along(self, dimensions: Sequence[int]) -> tuple[bool, Counts]:
        """Return whether the table with only these dimensions promises to hold, and its cells' units."""
        groups = groups_of([tuple(labels[i] for i in dimensions) for labels in self.labels])
        size = int(groups.max(initial=-1)) + 1
        sums = [sum_by(groups, counts, size) for counts in self.units]
        few = any(bool((total < least).any()) for total, least in zip(sums, self.least, strict=True))
        alone = (sum_by(groups, np.ones(len(groups), dtype=np.int64), size) == 1) & (
            sum_by(groups, self.flagged, size) > 0
        )
        return not few and not bool(alone.any()), sums[0]


def sum_by(places: Groups, values: Counts | Mask, size: int) -> Counts:
    """Add up `values` by place."""
    return np.bincount(places, values.astype(np.float64), size).astype(np.int64)


def situation_of(judged: Judged, policy: RiskAppetite) -> Situation:
    """Return what remedies start from."""
    outcome = judged.outcome
    inner = np.flatnonzero(outcome.cells.inner)
    absent = list(dict.fromkeys(labels for hit in outcome.hits for labels in hit.absent))
    flagged = np.zeros(len(outcome.cells), dtype=bool)
    for hit in outcome.hits:
        if hit.cells is not None and len(hit.cells) == len(flagged):
            flagged |= hit.cells
    labels = [outcome.cells.labels[i] for i in inner.tolist()]
    nobody = np.zeros(len(absent), dtype=np.int64)
    units = tuple(np.concatenate([counted.units[inner], nobody]) for counted in outcome.units)
    least = tuple(threshold_of(policy, counted.kind) for counted in outcome.units)
    bad = np.concatenate([flagged[inner], np.ones(len(absent), dtype=bool)])
    for counts, fewest in zip(units, least, strict=True):
        bad |= counts < fewest
    return Situation(judged, policy, [*labels, *absent], units, least, bad)


class Grid:
    """One dimension of a table against all others.

    Attributes
    ----------
    categories : list of Label
        In the order in which they first occur.
    """

    def __init__(self, situation: Situation, dimension: int) -> None:
        self._situation = situation
        places: dict[Label, int] = {}
        rests: dict[tuple[Label, ...], int] = {}
        own, other = [], []
        for labels in situation.labels:
            own.append(places.setdefault(labels[dimension], len(places)))
            other.append(rests.setdefault((*labels[:dimension], *labels[dimension + 1 :]), len(rests)))
        self.categories: list[Label] = list(places)
        self._place = np.array(own, dtype=np.int64)
        self._rest = np.array(other, dtype=np.int64)

    @property
    def totals(self) -> Counts:
        """Units per category."""
        return sum_by(self._place, self._situation.units[0], len(self.categories))

    @property
    def flagged(self) -> Mask:
        """Categories with a cell that has to change."""
        return sum_by(self._place, self._situation.flagged, len(self.categories)) > 0

    def holds(self, groups: Groups) -> bool:
        """Foresee whether every merged cell reaches the thresholds and no flagged cell stays by itself."""
        return not bool(self.at_risk(groups).any())

    def at_risk(self, groups: Groups) -> Mask:
        """Foresee which categories have a merged cell below a threshold, or a flagged cell that stays by itself."""
        key = self._keys(groups)
        size = int(key.max(initial=-1)) + 1
        members = sum_by(key, np.ones(len(key), dtype=np.int64), size)
        bad = (members == 1) & (sum_by(key, self._situation.flagged, size) > 0)
        for counts, least in zip(self._situation.units, self._situation.least, strict=True):
            bad |= (members > 0) & (sum_by(key, counts, size) < least)
        return sum_by(self._place, bad[key], len(self.categories)) > 0

    def holds_together(self, categories: Sequence[Label]) -> bool:
        """Foresee whether these categories hold when they are one."""
        wanted = set(categories)
        chosen = np.array([label in wanted for label in self.categories], dtype=bool)[self._place]
        rests = self._rest[chosen]
        size = int(rests.max(initial=-1)) + 1
        members = sum_by(rests, np.ones(len(rests), dtype=np.int64), size)
        for counts, least in zip(self._situation.units, self._situation.least, strict=True):
            if bool(((members > 0) & (sum_by(rests, counts[chosen], size) < least)).any()):
                return False
        return not bool(((members == 1) & (sum_by(rests, self._situation.flagged[chosen], size) > 0)).any())

    def merged_units(self, groups: Groups) -> Counts:
        """Return the units of every merged cell, of the first kind."""
        key = self._keys(groups)
        sums = sum_by(key, self._situation.units[0], int(key.max(initial=-1)) + 1)
        return np.asarray(sums[sums > 0])

    def _keys(self, groups: Groups) -> Groups:
        return np.asarray(self._rest * (int(groups.max(initial=0)) + 1) + groups[self._place])


def groups_of(names: Sequence[object]) -> Groups:
    """Return group numbers from anything that is equal within a group."""
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names], dtype=np.int64)
