"""What leaves of an aggregated table after suppression: a status and an interval per cell, and the audit.

Vocabulary
----------
u
    Primary: a rule names the cell, or it was given outright.
x
    Secondary: hidden so that no primary cell can be worked out.
s
    Published.
z
    Published and empty; may not be hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saferoom.clock import Clock
from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import AdditiveTable, Places, Progress, Suppression
from saferoom.disclosure.tables.aggregated_classes import class_findings
from saferoom.disclosure.tables.assemble import number
from saferoom.disclosure.tables.attacker import audit, intervals, quiet
from saferoom.disclosure.tables.primary import Task
from saferoom.disclosure.tables.secondary import Unprotectable, suppress
from saferoom.disclosure.tables.specification import Cost, Protection
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_MOST_WIDENINGS = 12
_FROM_SCRATCH = 1_000


@dataclass(frozen=True)
class Published:
    """A protected aggregated table."""

    task: Task
    suppression: Suppression
    statuses: tuple[str, ...]
    findings: tuple[Finding, ...]
    by_cells: bool

    @property
    def verdict(self) -> Verdict:
        """`pass` only when the audit holds and nothing was left unjudged."""
        return Verdict.worst([Verdict.PASS, *(finding.severity for finding in self.findings)])

    @property
    def cost(self) -> float:
        """What hiding the secondary cells costs, without what decides between choices of as many cells."""
        secondary = self.suppression.hidden & self.task.listed & ~self.task.needs.primary
        cost = float(self.task.needs.cost[secondary].sum())
        return float(secondary.sum()) if self.by_cells else cost

    @property
    def shown(self) -> Mask:
        """Which cells leave with their values."""
        return np.asarray(self.task.listed & ~self.suppression.hidden)

    @property
    def finest(self) -> tuple[Places, ...]:
        """Per dimension, the finest categories that are shown; they hold everybody once."""
        return tuple(np.arange(dimension.leaves) for dimension in self.task.aggregate.cube.dimensions)

    def counted(self) -> dict[str, int]:
        """Return how many cells of the published tables have each status."""
        listed = np.flatnonzero(self.task.listed).tolist()
        found = [self.statuses[cell] for cell in listed]
        return {status: found.count(status) for status in "uxsz"}

    def document(self) -> dict[str, Any]:
        """Return the table as the command line writes it."""
        report = self.suppression.audit
        values, low, high = self.task.table.values.tolist(), report.low.tolist(), report.high.tolist()
        labels, shown = self.task.table.labels, self.shown.tolist()
        exact = [True] * len(values) if report.exact is None else report.exact.tolist()
        cells = [
            {
                "cell": list(labels[cell]),
                "status": self.statuses[cell],
                "interval": [number(low[cell]), number(high[cell])],
                **({} if exact[cell] else {"interval_exact": False}),
                "value": number(values[cell]) if shown[cell] else None,
            }
            for cell in np.flatnonzero(self.task.listed).tolist()
        ]
        return {
            "verdict": self.verdict.value,
            "cells": cells,
            "cost": number(self.cost),
            "gap": self.suppression.gap,
            "mode": self.suppression.mode.value,
            "statuses": self.counted(),
            "audit": self.audit(),
            "findings": [finding.document() for finding in self.findings],
        }

    def audit(self) -> dict[str, Any]:
        """Return what was proven, without any number of the table."""
        report, needs = self.suppression.audit, self.task.needs
        return {
            "holds": report.holds,
            "primary": int(needs.primary.sum()),
            "hidden": int(self.suppression.hidden.sum()),
            "insiders": len(needs.insiders),
            "intervals_not_exact": 0 if report.exact is None else int((~report.exact).sum()),
            "whole_numbers": self.task.table.whole,
        }


def publish(task: Task, protection: Protection, progress: Progress = quiet, clock: Clock | None = None) -> Published:
    """Suppress what `task` asks for, and say what leaves.

    Raises
    ------
    Unprotectable
        When no choice of hidden cells protects the primary ones.
    UnavailableError
        When the time is up, or a program is not solved.
    """
    suppression = _suppressed(task, protection, progress, clock)
    hidden = suppression.hidden
    if not task.listed.all():
        # What is in no table is not shown either; that can only widen intervals.
        hidden = hidden | ~task.listed
        suppression = replace(suppression, audit=audit(task.table, hidden, task.needs, progress))
    by_cells = protection.cost is Cost.CELLS
    published = np.where(task.needs.fixed & task.aggregate.empty, "z", "s")
    statuses = np.where(hidden, np.where(task.needs.primary, "u", "x"), published)
    result = Published(task, replace(suppression, hidden=hidden), tuple(statuses.tolist()), task.findings, by_cells)
    return replace(result, findings=(*task.findings, *remarks(result)))


def remarks(result: Published) -> list[Finding]:
    """Return what keeps a table from leaving."""
    found = []
    if not result.suppression.audit.holds:
        found.append(
            Finding(
                rule="audit",
                risk=Risk.DIFFERENCING,
                severity=Verdict.FAIL,
                cells=(),
                message="The attacker's audit does not hold: cells can be worked out from what would be published.",
                remedy="do not release the table",
            )
        )
    hidden = result.suppression.hidden & result.task.listed
    if hidden.any() and not (result.shown & ~result.task.aggregate.empty).any():
        found.append(
            Finding(
                rule="nothing-left",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=(),
                message="Every cell that is not empty has to be hidden, so that nothing is left to release.",
                remedy="use broader categories or fewer dimensions",
            )
        )
        return found
    aggregate, report = result.task.aggregate, result.suppression.audit
    return found + class_findings(
        result.task.classes, aggregate.cube, aggregate.empty, (report.low, report.high), result.finest
    )


def _suppressed(task: Task, protection: Protection, progress: Progress, clock: Clock | None) -> Suppression:
    """Suppress, and ask for wider intervals where only the way tables are protected gives a cell away."""
    needs, start = task.needs, None
    for turn in range(_MOST_WIDENINGS):
        # All choices together take no more than twice the work of one.
        found = suppress(task.table, needs, protection.mode, protection.seconds, progress, clock, start, 0.5**turn)
        if not task.counted or not bool((needs.fixed & task.aggregate.empty).any()):
            return found
        exact = _exact_for_readers_of_the_manual(task, found.hidden)
        if not exact.any():
            return found
        reach = np.where(exact, np.floor(found.audit.high - found.audit.low) + 1.0, 0.0)
        needs = replace(needs, width=np.maximum(needs.width, reach))
        # A large table goes on from what is hidden; in smaller ones a fresh choice may cost less.
        start = found.hidden if int(needs.primary.sum()) > _FROM_SCRATCH else None
    raise Unprotectable(
        "hidden cells could be worked out by who knows that empty cells are never hidden; let them be hidden "
        "(`zeros: suppressible`), or use broader categories"
    )


def _exact_for_readers_of_the_manual(task: Task, hidden: Mask) -> Mask:
    """Return the primary counts that are known exactly by who knows that empty cells are always published.

    Ten hidden cells of a row that hold ten people hold one each.
    """
    table, empty = task.table, task.aggregate.empty
    lowest = np.where(empty, table.lowest, np.maximum(table.lowest, 1.0))
    knowing = AdditiveTable(table.labels, table.values, table.relations, lowest, table.highest, table.whole)
    primary = np.flatnonzero(task.needs.primary)
    low, high = intervals(knowing, hidden, primary)
    exact = np.zeros(len(table), dtype=bool)
    exact[primary] = low[primary] >= high[primary]
    return exact
