"""Primary cells of aggregated tables: which cells the rules name, and how well these have to be protected.

Notes
-----
With x1 and x2 the largest contributions to a cell of value X, and what remains, R = X - x1 - x2:

==============  ==================================  ==================================================
rule            a cell is unsafe when               the interval has to reach so far above and below
==============  ==================================  ==================================================
threshold       it has fewer units                  counts: from 0 to the threshold; sums: p % of X
(n, k)          x1 + ... + xn >= k % of X           (100 / k) (x1 + ... + xn) - X
p %             R < p % of x1                       p % of x1 - R
(p, q)          q % of R < p % of x1                (p / q) x1 - R
given outright                                      p % of X
==============  ==================================  ==================================================

An interval is never allowed to be a single value. Lower levels end where everybody knows the value to end.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, sections 4.2.1 and 4.2.2, table 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Needs
from saferoom.disclosure.tables.aggregated import Aggregate
from saferoom.disclosure.tables.aggregated_classes import Classes
from saferoom.disclosure.tables.contributors import insiders, largest
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import spelt, text
from saferoom.disclosure.tables.specification import Cost, GrandTotal, Rules, Specification, Zeros
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

_SLACK = 1e-9
_LARGEST_EXACT = 1e9


@dataclass(frozen=True)
class Task:
    """An aggregated table with all that has to be protected in it.

    Attributes
    ----------
    listed : ndarray of bool, shape (cells,)
        Cells of the tables that are published; the others are never shown, but have to be protected too.
    counted : bool
        Whether the table is one of counts.
    findings : tuple of Finding
        What could not be judged.
    classes : Classes or None
        The class rules, where there are any; they are about what a table tells after protection.
    """

    aggregate: Aggregate
    table: AdditiveTable
    needs: Needs
    listed: Mask
    counted: bool
    findings: tuple[Finding, ...]
    classes: Classes | None = None


def make_task(aggregate: Aggregate, specification: Specification, policy: RiskAppetite) -> Task:
    """Apply the rules of `specification`, or else the policy's, to an aggregated table.

    Raises
    ------
    BadInputError
        When a rule cannot be judged from the columns that are named, a cell given outright is none of the table, or
        values are out of their bounds.
    """
    table = _table(aggregate, specification)
    judged = _Judged(aggregate, specification, policy)
    judged.judge()
    listed = np.ones(len(table), dtype=bool)
    if specification.tables:
        places = {name: axis for axis, name in enumerate(specification.dimensions)}
        listed = aggregate.cube.in_tables([[places[name] for name in by] for by in specification.tables])
    fixed = aggregate.empty & ~judged.primary
    if specification.zeros is Zeros.SUPPRESSIBLE:
        fixed &= False
    if specification.grand_total is GrandTotal.PUBLISHED:
        fixed[-1] = not judged.primary[-1]
    needs = _needs(table, judged, fixed, listed, specification)
    return Task(aggregate, table, needs, listed, judged.counted, tuple(judged.findings), judged.classes)


def _table(aggregate: Aggregate, specification: Specification) -> AdditiveTable:
    cube, values = aggregate.cube, aggregate.values
    bounds = specification.bounds
    lower = bounds.lower if bounds is not None and bounds.lower is not None else (-np.inf if aggregate.signed else 0.0)
    upper = bounds.upper if bounds is not None and bounds.upper is not None else np.inf
    low, high = cube.added_up(np.full(len(cube), lower)), cube.added_up(np.full(len(cube), upper))
    out = np.flatnonzero((values < low - _SLACK) | (values > high + _SLACK))
    if len(out):
        said = ", ".join(f"'{label}'" for label in cube.labels[out[0]])
        raise BadInputError(f"the cell ({said}) is outside the specification's `bounds`")
    whole = bool((values == np.floor(values)).all() and np.abs(values).max(initial=0.0) <= _LARGEST_EXACT)
    return cube.table(values, lowest=low, highest=high, whole=whole)


def _needs(table: AdditiveTable, judged: _Judged, fixed: Mask, listed: Mask, specification: Specification) -> Needs:
    size = np.abs(table.values)
    protection = specification.protection
    below, above, width = judged.below, judged.above, np.zeros(len(table))
    if protection.levels:
        percent = (protection.percent or 0.0) / 100 * size
        below = np.maximum(percent, protection.below or 0.0)
        above = np.maximum(percent, protection.above or 0.0)
        width = np.full(len(table), protection.width or 0.0)
    else:
        below = np.minimum(below, np.maximum(table.values - table.lowest, 0.0))
    least = 1.0 if table.whole else 0.0
    zero = ~judged.primary
    below, above, width = (np.where(zero, 0.0, level) for level in (below, above, np.maximum(width, least)))
    units = judged.counts if judged.counts is not None else size
    cost = {Cost.CELLS: np.ones(len(table)), Cost.UNITS: units, Cost.VALUE: size}[protection.cost]
    if protection.cost is Cost.CELLS:
        cost = cost + _little(judged.aggregate.cube)
    own = insiders(judged.aggregate, judged.primary) if not judged.counted else ()
    return Needs(judged.primary, below, above, width, fixed, np.where(listed, cost, 0.0), own)


def _little(cube: Cube) -> Numbers:
    """Return what to add to costs so that of choices with as many cells, the one that hides lower totals is taken.

    It is less than one cell for all cells together.
    """
    held = cube.added_up(np.ones(len(cube)))
    return np.asarray(held / (held.sum() * 2))


@dataclass
class _Judged:
    """The rules, applied one after the other."""

    aggregate: Aggregate
    specification: Specification
    policy: RiskAppetite
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        cells = len(self.aggregate.cube)
        self.primary = np.zeros(cells, dtype=bool)
        self.below, self.above = np.zeros(cells), np.zeros(cells)
        self.asked = self.specification.rules is not None
        self.counts = self.aggregate.counts
        self.counted = False
        self.classes: Classes | None = None

    def judge(self) -> None:
        """Apply what is asked for: cells given outright, rules, or else the policy's rules."""
        given = self.specification
        rules = given.rules
        if rules is None and given.primary is None:
            rules = Rules.of_policy(self.policy)
        own = given.count is not None and given.count == given.value
        self.counted = given.weight is None and (own or (self.counts is None and not given.top and self._like_counts()))
        if self.counted and self.counts is None and rules is not None and rules.least_units() is not None:
            self.counts = self.aggregate.values
        if rules is not None:
            self._threshold(rules)
            self._concentration(rules)
            self._of_classes(rules)
        self._outright()

    def _like_counts(self) -> bool:
        values = self.aggregate.values
        return bool((values >= 0).all() and (values == np.floor(values)).all())

    def _name(self, cells: Mask, level: Numbers | float, above: Numbers | float | None = None) -> None:
        self.primary |= cells
        self.below = np.where(cells, np.maximum(self.below, level), self.below)
        self.above = np.where(cells, np.maximum(self.above, level if above is None else above), self.above)

    def _share(self) -> Numbers:
        """Return p % of every value, with the p of the rules or else the policy's."""
        rules = self.specification.rules
        percent = (rules.percent() if rules is not None else None) or self.policy.p_percent or 10.0
        return percent / 100 * np.abs(self.aggregate.values)

    def _threshold(self, rules: Rules) -> None:
        least = rules.least_units()
        if least is None:
            return
        if self.counts is None:
            raise BadInputError(
                "the threshold rule counts units, but the specification names no column `count`, and the values are "
                "no counts; name it, or give the unsafe cells outright as `primary`"
            )
        unsafe = (self.counts < least) & ~self.aggregate.empty
        if self.counted:
            values = self.aggregate.values
            self._name(unsafe, values, np.maximum(least - values, 0.0))
        else:
            self._name(unsafe, self._share())

    def _concentration(self, rules: Rules) -> None:
        percent, nks, pq = rules.percent(), rules.nks(), rules.pq
        columns = len(self.specification.top)
        needed = max([n for n, _ in nks] + [2] * (percent is not None or pq is not None), default=0)
        if needed == 0 or (self.counted and not self.asked):
            return
        if columns < needed:
            self._not_judged(needed)
        tops = largest(self.aggregate, max(needed, 2))
        value = np.abs(self.aggregate.values)
        for n, k in nks:
            if n <= columns:
                together = tops[:, :n].sum(axis=1)
                unsafe = (together > 0) & (together >= k / 100 * value * (1 - _SLACK))
                self._name(unsafe, np.maximum(100 / k * together - value, 0.0))
        rest = np.maximum(value - tops[:, :2].sum(axis=1), 0.0)
        ratios = [] if percent is None else [percent / 100]
        ratios += [] if pq is None else [pq[0] / pq[1]]
        for ratio in ratios:
            if columns >= 2:
                level = ratio * tops[:, 0] - rest
                self._name(level > _SLACK * value, np.maximum(level, 0.0))

    def _of_classes(self, rules: Rules) -> None:
        full, near = rules.class_disclosure_fraction, rules.near_class_fraction
        if full is None and near is None:
            return
        if self.counted:
            said = self.specification.model_fields_set
            self.classes = Classes(full, near, "zeros" in said and self.specification.zeros is Zeros.STRUCTURAL)
        elif self.asked:
            raise BadInputError(
                "the class rules are about tables of counts: name the same column as `value` and `count`, or leave "
                "'rules.class_disclosure_fraction' and 'rules.near_class_fraction' out"
            )

    def _not_judged(self, needed: int) -> None:
        said = (
            f"dominance and the p% rule are judged by the largest contributions to every cell, here by {needed}; name "
            "their columns as `top: [...]` in the specification"
        )
        if self.asked:
            raise BadInputError(said)
        self.findings.append(
            Finding(
                rule="dominance-not-judged",
                risk=Risk.DOMINANCE,
                severity=Verdict.REVIEW,
                cells=(),
                message="Whether a few contributors make up most of a cell's value was not judged, because the table "
                "does not tell their contributions.",
                remedy=said,
            )
        )

    def _outright(self) -> None:
        found = [dimension.places() for dimension in self.aggregate.cube.dimensions]
        marked = np.zeros(len(self.primary), dtype=bool)
        for number, cell in enumerate(self.specification.primary or (), start=1):
            place = [at.get(spelt(label, at)) for at, label in zip(found, cell, strict=True)]
            if None in place:
                label, name = next(
                    (label, name)
                    for label, name, at in zip(cell, self.specification.dimensions, place, strict=True)
                    if at is None
                )
                raise BadInputError(f"'primary' cell {number}: '{text(label)}' is no category of '{name}'")
            marked[self.aggregate.cube.position([np.array([at]) for at in place])] = True
        self._name(marked, self._share())
