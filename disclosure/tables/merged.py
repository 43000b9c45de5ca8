"""Merging of categories by hierarchy: broader categories in place of hidden cells, with as little lost as it takes.

Vocabulary
----------
cut
    Categories of a dimension that hold every leaf once, at most as fine as the hierarchy's leaves. A table shows the
    categories of its cuts and all that hold them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import Audit, Mode, Progress, Suppression
from saferoom.disclosure.tables.attacker import audit, quiet
from saferoom.disclosure.tables.hierarchies import Dimension
from saferoom.disclosure.tables.primary import Task
from saferoom.disclosure.tables.publication import Published, remarks


def merge(task: Task, progress: Progress = quiet) -> Published:
    """Merge categories under their parents until no unsafe cell is shown or can be worked out.

    Notes
    -----
    One parent after the other takes the place of its children: the one by which most unsafe cells go for the cells
    that are lost. At last, parents whose children can be shown after all give way to them again. Nothing but whole
    categories is merged, so that every number that leaves is a true one.
    """
    cuts = [_Cut(dimension) for dimension in task.aggregate.cube.dimensions]
    finest = prod(len(cut.members) for cut in cuts)
    exposed = task.needs.primary
    steps: list[tuple[int, int]] = []
    while True:
        shown = _shown(cuts)
        if not (exposed & shown).any():
            report = _audited(task, shown, progress)
            if report.holds:
                break
            exposed = task.needs.primary | _neighbours(task, report.exposed)
        step = _best(cuts, exposed)
        if step is None:
            break
        cuts[step[0]] = cuts[step[0]].merged(step[1])
        steps.append(step)
        progress("merging categories", len(steps) / (len(steps) + 1))
    cuts, shown, report = _refined(task, cuts, steps, progress)
    if not report.holds:
        # Not even the broadest categories are safe: nothing leaves.
        shown = np.zeros(len(task.table), dtype=bool)
        report = _audited(task, shown, progress)
    lost = float(finest - prod(len(cut.members) for cut in cuts))
    suppression = Suppression(~shown, report, lost, 0.0 if lost == 0 else None, Mode.HEURISTIC)
    empty = np.where(task.aggregate.empty, "z", "s")
    statuses = np.where(shown, empty, np.where(task.needs.primary, "u", "x"))
    listed = shown if shown.any() else task.listed
    result = Merged(replace(task, listed=listed), suppression, tuple(statuses.tolist()), task.findings, by_cells=True)
    return replace(result, findings=(*task.findings, *remarks(result)))


@dataclass(frozen=True)
class Merged(Published):
    """An aggregated table by broader categories."""

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


def _shown(cuts: list[_Cut]) -> Mask:
    mask = np.ones(1, dtype=bool)
    for cut in cuts:
        mask = np.logical_and.outer(mask, cut.shown()).ravel()
    return mask


def _audited(task: Task, shown: Mask, progress: Progress) -> Audit:
    return audit(task.table, ~shown, task.needs, progress)


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


def _refined(
    task: Task, cuts: list[_Cut], steps: list[tuple[int, int]], progress: Progress
) -> tuple[list[_Cut], Mask, Audit]:
    """Take back what need not have been merged, the latest step first."""
    shown = _shown(cuts)
    report = _audited(task, shown, progress)
    kept = list(steps)
    for step in reversed(steps):
        trial = [_Cut(cut.dimension) for cut in cuts]
        fewer = [other for other in kept if other != step]
        for axis, parent in fewer:
            trial[axis] = trial[axis].merged(parent)
        seen = _shown(trial)
        if (task.needs.primary & seen).any():
            continue
        found = _audited(task, seen, progress)
        if found.holds:
            cuts, shown, report, kept = trial, seen, found, fewer
    return cuts, shown, report
