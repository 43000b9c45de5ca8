"""Aggregated tables protected by changing their numbers, by the name of the method (``protection: {method: ...}``).

Notes
-----
An aggregated table tells nothing about who is behind its cells, so that noise is drawn from the cells' labels under a
secret and the whole table: the same table always gives the same numbers, however its file is written, and another table
others. Without the secret, who guesses a small table could check the guess by making its noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Audit, Mode, Progress, Suppression
from saferoom.disclosure.tables.aggregated import Aggregate
from saferoom.disclosure.tables.aggregated_classes import class_findings
from saferoom.disclosure.tables.attacker_freedom import tightened
from saferoom.disclosure.tables.boxes import Enough, Told, told, within
from saferoom.disclosure.tables.cell_key import Design, transition_table
from saferoom.disclosure.tables.cell_key_records import CellKeys, secret_of_table
from saferoom.disclosure.tables.hierarchies import text
from saferoom.disclosure.tables.primary import Task
from saferoom.disclosure.tables.publication import Published
from saferoom.disclosure.tables.rounding import Rounded, controlled, conventional, random
from saferoom.disclosure.tables.significant import LEAST_SHOWN, ladder, significant, unit_of
from saferoom.disclosure.tables.specification import Protection, Specification
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

_SECONDS = 120.0
_CLOSE = 1e-6


@dataclass(frozen=True)
class _Changed:
    """Changed numbers and the box that each leaves, shape (cells,); nan where blank."""

    shown: Numbers
    low: Numbers
    high: Numbers
    whole: bool
    gap: float | None = None
    said: tuple[str, ...] = ()
    witness: Numbers | None = None


@dataclass(frozen=True)
class Perturbed(Published):
    """An aggregated table with changed numbers."""

    method: str = ""
    said: tuple[str, ...] = ()

    @property
    def cost(self) -> float:
        """The sum of all distances to the true numbers."""
        return self.suppression.cost

    def document(self) -> dict[str, Any]:
        """Return the table as the command line writes it."""
        return {**super().document(), "mode": None, "method": self.method, "said": list(self.said)}


@dataclass(frozen=True)
class _Asked:
    """What a method is given."""

    task: Task
    protection: Protection
    policy: RiskAppetite
    least: int
    secret: Callable[[], bytes]
    progress: Progress

    def places(self, purpose: str) -> Numbers:
        return _of_table(self.secret(), self.task.aggregate).labels(
            [_written(labels) for labels in self.task.table.labels], purpose
        )

    @property
    def base(self) -> int:
        if self.protection.base is not None:
            return self.protection.base
        if not self.task.counted:
            raise BadInputError("protection.base: rounding a table of values needs the base, a whole number")
        return max(self.policy.rounding_base, self.least)


def perturb_aggregate(
    task: Task, specification: Specification, policy: RiskAppetite, secret: Callable[[], bytes], progress: Progress
) -> Perturbed:
    """Change the numbers of `task` by the method that the specification names, and audit what they tell.

    Parameters
    ----------
    secret : callable
        Returns what noise is drawn with, together with the table; called only where noise is drawn.

    Raises
    ------
    BadInputError
        When the method does not fit the table, or its parameters are no parameters of it.
    UnavailableError
        When no rounded table was found in time.
    """
    protection = specification.protection
    least = (specification.rules.least_units() if specification.rules is not None else policy.threshold_units) or 1
    asked = _Asked(task, protection, policy, least, secret, progress)
    changed = _METHODS[protection.method](asked)
    boxed = _boxed(asked, changed)
    found = _audited(asked, changed, boxed)
    blank = np.isnan(changed.shown)
    shown = np.where(blank, task.table.values, changed.shown)
    low, high = _outside(boxed)
    distance = float(np.abs(shown - task.table.values).sum())
    exposed = found.exposed | found.unproven
    suppression = Suppression(
        blank, Audit(low, high, exposed), distance, changed.gap, Mode.EXACT if changed.gap == 0 else Mode.HEURISTIC
    )
    statuses = np.where(blank, "u", np.where((shown == 0) & task.aggregate.empty, "z", "s"))
    result = Perturbed(
        task=replace(task, table=replace(task.table, values=shown)),
        suppression=suppression,
        statuses=tuple(statuses.tolist()),
        findings=(*task.findings, *_findings(found)),
        by_cells=False,
        method=protection.method,
        said=changed.said,
    )
    aggregate = task.aggregate
    classes = class_findings(task.classes, aggregate.cube, aggregate.empty, (low, high), result.finest)
    return replace(result, findings=(*result.findings, *classes))


def _of_table(secret: bytes, aggregate: Aggregate) -> CellKeys:
    cube, leaf = aggregate.cube, np.flatnonzero(aggregate.cube.leaf)
    counts = aggregate.values if aggregate.counts is None else aggregate.counts
    own = secret_of_table(
        secret,
        [dimension.name for dimension in cube.dimensions],
        [_written(cube.labels[cell]) for cell in leaf.tolist()],
        (aggregate.values[leaf], counts[leaf]),
    )
    return CellKeys(own)


def _written(labels: Sequence[Label]) -> tuple[str, ...]:
    return tuple(text(label) for label in labels)


def _outside(boxed: AdditiveTable) -> tuple[Numbers, Numbers]:
    """Return intervals that hold the true values for all that is shown, and are made from nothing else."""
    values = boxed.values
    relations = boxed.relations.tocsr().astype(np.float64)
    down, up = tightened(relations, boxed.lowest - values, boxed.highest - values, whole=boxed.whole)
    return values + down, values + up


def _boxed(asked: _Asked, changed: _Changed) -> AdditiveTable:
    task = asked.task
    listed = task.listed & ~np.isnan(changed.shown)
    low = np.where(listed, changed.low, np.where(np.isnan(changed.shown) & task.listed, changed.low, -np.inf))
    high = np.where(listed, changed.high, np.where(np.isnan(changed.shown) & task.listed, changed.high, np.inf))
    # Cells that everybody knows to be empty stay so.
    known = task.needs.fixed & task.aggregate.empty
    return within(task.table, low, np.where(known, task.table.values, high))


def _audited(asked: _Asked, changed: _Changed, boxed: AdditiveTable) -> Told:
    task = asked.task
    witnesses = () if changed.witness is None else (changed.witness,)

    def tick() -> None:
        asked.progress("what changed numbers tell", 0.5)

    return told(boxed, task.needs.primary, _enough(asked), witnesses, tick)


def _enough(asked: _Asked) -> Enough:
    """Return what says that a cell is hidden: a small count may be nobody's or large, others are wide enough."""
    task, least = asked.task, asked.least
    needs, values = task.needs, task.table.values
    small = (values > 0) & (values < least) if task.counted else np.zeros(len(values), dtype=bool)
    width = np.where(small, asked.policy.rounding_base - 1, np.maximum(needs.width, needs.below + needs.above))

    def enough(low: Numbers, high: Numbers) -> Mask:
        surely_small = small & (low > _CLOSE) & (high < least - _CLOSE)
        slack = _CLOSE * np.maximum(np.abs(values), 1.0)
        empty = task.aggregate.empty & (values == 0)
        return np.asarray(empty | (~surely_small & (high > low) & (high - low >= width - slack)))

    return enough


def _findings(found: Told) -> list[Finding]:
    findings = []
    if found.exposed.any():
        findings.append(
            Finding(
                rule="audit",
                risk=Risk.DIFFERENCING,
                severity=Verdict.FAIL,
                cells=(),
                message="The changed numbers and their totals together tell cells that a rule names more closely than "
                "it allows.",
                remedy="use a larger base or fewer digits, or protection: {method: suppress}",
            )
        )
    if found.unproven.any():
        findings.append(
            Finding(
                rule="audit-unfinished",
                risk=Risk.DIFFERENCING,
                severity=Verdict.REVIEW,
                cells=(),
                message="The table is too large to prove in time that the changed numbers hide every cell that a rule "
                "names.",
                remedy="use fewer dimensions or broader categories, or let an output checker decide",
            )
        )
    return findings


def _of_rounding(asked: _Asked, result: Rounded, *, nearest: bool) -> _Changed:
    whole = asked.task.table.whole
    half = result.base / 2
    reach = half if nearest else result.reach + (0 if whole else 1)
    low, high = result.values - reach, result.values + reach
    if nearest and whole:
        low, high = np.ceil(low), np.ceil(high) - 1
    said = (f"Values go up to {result.steps} multiples further than the neighbouring ones.",) if result.steps else ()
    return _Changed(result.values, low, high, whole, result.gap, said, None if nearest else result.values)


def _conventional(asked: _Asked) -> _Changed:
    """Round the cells that are no totals; totals are the sums of these and tell nothing more."""
    cube = asked.task.aggregate.cube
    changed = _of_rounding(asked, conventional(asked.task.table, asked.base), nearest=True)
    return replace(
        changed,
        shown=cube.added_up(changed.shown),
        low=np.where(cube.leaf, changed.low, -np.inf),
        high=np.where(cube.leaf, changed.high, np.inf),
        said=("Totals are the sums of rounded cells.",),
    )


def _controlled(asked: _Asked) -> _Changed:
    seconds = asked.protection.seconds or _SECONDS
    return _of_rounding(asked, controlled(asked.task.table, asked.base, seconds, asked.progress), nearest=False)


def _random(asked: _Asked) -> _Changed:
    table = asked.task.table
    places = asked.places("random-rounding")
    return _of_rounding(asked, random(table, asked.base, places), nearest=False)


def _cell_key(asked: _Asked) -> _Changed:
    task, given, policy = asked.task, asked.protection, asked.policy
    if not task.counted or not task.table.whole:
        raise BadInputError(
            "protection.method: cell_key changes counts here, because a table of values does not say who is in its "
            "totals; use controlled_rounding or significant, or a query on the records"
        )
    js = asked.least - 1 if given.js is None else given.js
    design = Design(
        given.maximum or max(policy.cell_key_noise, js + 1),
        given.variance or policy.cell_key_variance,
        js,
        given.pstay or 0.0,
    )
    table = transition_table(design)
    shown = table.perturbed(task.table.values, asked.places("count"))
    low, high = table.possible(shown)
    return _Changed(shown, low, high, whole=True, said=("Totals have noise of their own and do not add up.",))


def _significant(asked: _Asked) -> _Changed:
    task = asked.task
    if task.counted and asked.protection.digits is None:
        shown, low, high = ladder(task.table.values)
        empty = task.aggregate.empty
        shown, low, high = (np.where(empty, 0.0, part) for part in (shown, low, np.where(empty, 0.0, high)))
        return _Changed(shown, low, high, task.table.whole, said=(f"Counts below {LEAST_SHOWN} are not shown.",))
    digits = asked.protection.digits or asked.policy.significant_digits
    shown = significant(task.table.values, digits)
    half = unit_of(shown, digits) / 2
    return _Changed(shown, shown - half, shown + half, whole=False)


_METHODS: Mapping[str, Callable[[_Asked], _Changed]] = {
    "round": _conventional,
    "controlled_rounding": _controlled,
    "random_rounding": _random,
    "cell_key": _cell_key,
    "significant": _significant,
}
