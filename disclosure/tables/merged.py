"""Merging of categories by hierarchy: broader categories in place of hidden cells, with as little lost as it takes.

Vocabulary
----------
cut
    Categories of a dimension that hold every leaf once, at most as fine as the hierarchy's leaves. A table shows the
    categories of its cuts and all that hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from saferoom.clock import Clock
from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import Audit, Mode, Places, Progress, Suppression
from saferoom.disclosure.tables.attacker import audit, quiet
from saferoom.disclosure.tables.hierarchies import Dimension
from saferoom.disclosure.tables.primary import Task
from saferoom.disclosure.tables.publication import Published, remarks
from saferoom.disclosure.tables.secondary.watch import TimeUp, Watch
from saferoom.errors import UnavailableError


def merge(
    task: Task, progress: Progress = quiet, seconds: float | None = None, clock: Clock | None = None
) -> Published:
    """Merge categories under their parents until no unsafe cell is shown or can be worked out.

    Parameters
    ----------
    seconds : float, optional
        How long it may take; needs `clock`. Categories that are still merged then, stay merged.

    Raises
    ------
    UnavailableError
        When the time is up before merged categories have stood the audit.

    Notes
    -----
    One parent after the other takes the place of its children: the one by which most unsafe cells go for the cells
    that are lost. At last, parents whose children can be shown after all give way to them again. Nothing but whole
    categories is merged, so that every number that leaves is a true one.
    """
    watch = Watch(progress, clock, seconds)
    finest = prod(dimension.leaves for dimension in task.aggregate.cube.dimensions)
    try:
        found, steps = _merged(task, watch)
    except TimeUp:
        raise UnavailableError(
            "the time was up before any merging of categories had stood the attacker's audit; nothing is released: "
            "allow more time, or use fewer dimensions"
        ) from None
    found = _refined(task, found, steps, watch)
    shown, report = found.shown, found.report
    lost = float(finest - prod(len(cut.members) for cut in found.cuts))
    suppression = Suppression(~shown, report, lost, 0.0 if lost == 0 else None, Mode.HEURISTIC)
    empty = np.where(task.aggregate.empty, "z", "s")
    statuses = np.where(shown, empty, np.where(task.needs.primary, "u", "x"))
    listed = shown if shown.any() else task.listed
    cuts = tuple(np.array(sorted(cut.members)) for cut in found.cuts)
    kept = replace(task, listed=listed)
    result = Merged(kept, suppression, tuple(statuses.tolist()), task.findings, by_cells=True, cuts=cuts)
    return replace(result, findings=(*task.findings, *remarks(result)))


@dataclass(frozen=True)
class Merged(Published):
    """An aggregated table by broader categories.

    Attributes
    ----------
    cuts : tuple of ndarray of int
        Per dimension, the categories that took others' places, and those that were left.
    """

    cuts: tuple[Places, ...] = ()

    @property
    def finest(self) -> tuple[Places, ...]:
        """Per dimension, the finest categories that are shown; they hold everybody once."""
        return self.cuts

    @property
    def cost(self) -> float:
        """How many cells of the finest categories are shown no more."""
        return self.suppression.cost


class _Cut:
    """The categories of one dimension that are shown, besides those that hold them."""

    def __init__(self, dimension: Dimension, members: frozenset[int] | None = None) -> None:
        self.dimension = dimension
        self.members = frozenset(range(dimension.leaves)) if members is None else members
        self._leaves = dimension.sums.toarray() > 0

    def merged(self, parent: int) -> _Cut:
        """Let a parent take the place of all that it holds."""
        inside = self._leaves[parent]
        kept = {member for member in self.members if not (self._leaves[member] & inside).any()}
        return _Cut(self.dimension, frozenset(kept | {parent}))

    def parents(self) -> list[int]:
        """Return the categories that may take the place of others: all they hold is shown by itself."""
        found = []
        for parent in range(self.dimension.leaves, len(self.dimension)):
            inside = self._leaves[parent]
            touched = [member for member in self.members if (self._leaves[member] & inside).any()]
            whole = all((self._leaves[member] <= inside).all() for member in touched)
            if whole and parent not in self.members:
                found.append(parent)
        return found

    def shown(self) -> NDArray[np.bool_]:
        """Return which categories are shown: those of the cut, and all made of them."""
        union = np.zeros(len(self.dimension), dtype=bool)
        for node in range(len(self.dimension)):
            inside = self._leaves[node]
            union[node] = all(
                (self._leaves[member] <= inside).all() or not (self._leaves[member] & inside).any()
                for member in self.members
            )
        finer = np.arange(len(self.dimension)) < self.dimension.leaves
        return np.asarray(union & (~finer | np.isin(np.arange(len(self.dimension)), list(self.members))))


def _shown(cuts: Sequence[_Cut]) -> Mask:
    mask = np.ones(1, dtype=bool)
    for cut in cuts:
        mask = np.logical_and.outer(mask, cut.shown()).ravel()
    return mask


@dataclass(frozen=True)
class _Found:
    """Cuts, the cells that are shown by them, and what can be told of the others."""

    cuts: Sequence[_Cut]
    shown: Mask
    report: Audit


def _merged(task: Task, watch: Watch) -> tuple[_Found, list[tuple[int, int]]]:
    """Return cuts that stand the audit, and which parents took their children's places, by dimension."""
    cuts = [_Cut(dimension) for dimension in task.aggregate.cube.dimensions]
    exposed = task.needs.primary
    steps: list[tuple[int, int]] = []
    while True:
        watch.report("merging categories", len(steps) / (len(steps) + 1))
        shown = _shown(cuts)
        if not (exposed & shown).any():
            report = _audited(task, shown, watch)
            if report.holds:
                return _Found(cuts, shown, report), steps
            exposed = task.needs.primary | _neighbours(task, report.exposed)
        step = _best(cuts, exposed)
        if step is None:
            # Not even the broadest categories are safe: nothing leaves.
            shown = np.zeros(len(task.table), dtype=bool)
            return _Found(cuts, shown, _audited(task, shown, watch)), []
        cuts[step[0]] = cuts[step[0]].merged(step[1])
        steps.append(step)


def _audited(task: Task, shown: Mask, watch: Watch) -> Audit:
    return audit(task.table, ~shown, task.needs, watch.report)


def _neighbours(task: Task, exposed: Mask) -> Mask:
    """Return the cells of all sums that an exposed cell is in: some of them must not be shown."""
    inside = abs(task.table.relations) @ exposed.astype(np.float64) > 0
    return np.asarray(abs(task.table.relations).T @ inside.astype(np.float64) > 0)


def _best(cuts: list[_Cut], exposed: Mask) -> tuple[int, int] | None:
    """Return the dimension and parent by which most exposed cells go for the cells that are lost."""
    before = int((exposed & _shown(cuts)).sum())
    size = prod(len(cut.members) for cut in cuts)
    best: tuple[float, int, int] | None = None
    for axis, cut in enumerate(cuts):
        for parent in cut.parents():
            trial = cut.merged(parent)
            others = [*cuts[:axis], trial, *cuts[axis + 1 :]]
            lost = size - size // len(cut.members) * len(trial.members)
            gone = before - int((exposed & _shown(others)).sum())
            worth = gone / max(lost, 0.5) if gone > 0 else -float(lost)
            if best is None or worth > best[0]:
                best = (worth, axis, parent)
    return None if best is None else best[1:]


def _refined(task: Task, found: _Found, steps: list[tuple[int, int]], watch: Watch) -> _Found:
    """Take back what need not have been merged, the latest step first, as long as there is time."""
    kept = list(steps)
    for step in reversed(steps):
        trial = [_Cut(cut.dimension) for cut in found.cuts]
        fewer = [other for other in kept if other != step]
        for axis, parent in fewer:
            trial[axis] = trial[axis].merged(parent)
        seen = _shown(trial)
        if (task.needs.primary & seen).any():
            continue
        try:
            report = _audited(task, seen, watch)
        except TimeUp:
            return found
        if report.holds:
            found, kept = _Found(trial, seen, report), fewer
    return found
