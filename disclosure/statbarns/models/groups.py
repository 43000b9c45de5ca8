"""The tables that a model implies: whom its dummies separate, and what its coefficients total for them.

The normal equations of a linear model, and the score equations of logit and Poisson models, give the total of the
outcome within every category: a group's total is a cell of a table that nobody asked for, and is judged as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers, Shares, UnitEvidence
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.threshold import few_nonzero, threshold_of
from saferoom.disclosure.statbarns.models.pairs import Pairs
from saferoom.disclosure.statbarns.models.rows import Rows, Units
from saferoom.policies.models import RiskAppetite


@dataclass(frozen=True)
class Grouping:
    """Rows by the categories of some columns.

    Attributes
    ----------
    names : tuple of str
        The columns; empty where everybody is one group.
    codes : ndarray of int, shape (rows,)
        Numbers of the groups that occur, in the order of their categories.
    """

    names: tuple[str, ...]
    codes: Counts
    size: int

    def one_by_one(self, units: Units) -> tuple[Counts, Counts]:
        """Return for every pair of a group and a unit in it the group, and for every row its pair."""
        if units.single_rows:
            return self.codes, np.arange(len(self.codes))
        keys, inverse = np.unique(self.codes * units.size + units.index, return_inverse=True)
        return keys // units.size, inverse

    def count(self, units: Units, chosen: Mask | None = None) -> Counts:
        """Return distinct units per group, of the chosen rows."""
        groups, pairs = self.one_by_one(units)
        if chosen is not None:
            groups = groups[np.bincount(pairs, chosen, len(groups)) > 0]
        return np.bincount(groups, minlength=self.size)


def everybody(rows: Rows) -> Grouping:
    """Return the grouping with one group."""
    return Grouping((), np.zeros(len(rows), dtype=np.int64), 1)


def two_values(values: Numbers) -> bool:
    """Say whether a column has exactly two values."""
    if not len(values):
        return False
    low, high = values.min(), values.max()
    return bool(low < high and ((values == low) | (values == high)).all())


def groupings(formula: Formula, rows: Rows) -> list[Grouping]:
    """Return the groupings that a formula's terms make: by categories and by numbers with two values."""
    columns = {name: rows.codes[:, i] for i, name in enumerate(formula.categories)}
    for i, name in enumerate(formula.numbers, start=1):
        if two_values(rows.numbers[:, i]):
            columns[name] = (rows.numbers[:, i] > rows.numbers[:, i].min()).astype(np.int64)
    order = {name: i for i, name in enumerate(columns)}
    sets = {frozenset(name for name in term if name in columns) for term in formula.terms} - {frozenset()}
    return [
        combined({name: columns[name] for name in sorted(chosen, key=order.__getitem__)}) for chosen in _sorted(sets)
    ]


def _sorted(sets: set[frozenset[str]]) -> list[frozenset[str]]:
    return sorted(sets, key=lambda chosen: (len(chosen), sorted(chosen)))


def combined(columns: dict[str, Counts]) -> Grouping:
    """Return the grouping by several columns of codes."""
    codes = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for column in columns.values():
        codes = codes * (int(column.max(initial=0)) + 1) + column
    found, inverse = np.unique(codes, return_inverse=True)
    return Grouping(tuple(columns), inverse.astype(np.int64), len(found))


@dataclass(frozen=True)
class Danger:
    """A rule that bites in some group.

    Attributes
    ----------
    rule : str
        `small-group`, `no-variation`, `implicit-table`, `threshold-nonzero`, or a rule of dominance.
    groups : ndarray of bool
        In which groups.
    """

    rule: str
    kind: str
    groups: Mask


def too_small(grouping: Grouping, units: Sequence[Units], policy: RiskAppetite) -> Mask:
    """Return which groups have fewer units of some kind than its threshold."""
    small = [grouping.count(counted) < threshold_of(policy, counted.kind) for counted in units]
    return np.asarray(np.logical_or.reduce(small))


def few_units(grouping: Grouping, units: Sequence[Units], policy: RiskAppetite) -> Iterator[Danger]:
    """Yield the groups of fewer units than the threshold."""
    for counted in units:
        small = grouping.count(counted) < threshold_of(policy, counted.kind)
        yield from _danger("small-group", counted.kind, small)


def total_dangers(
    grouping: Grouping, values: Numbers, rows: Rows | Pairs, policy: RiskAppetite, *, equal: bool = True
) -> Iterator[Danger]:
    """Judge the totals of `values` in every group as a table of sums: two values, few with any, dominance.

    Parameters
    ----------
    equal : bool
        Whether everybody in a group having the same value is looked for.
    """
    low, high = _extremes(grouping, values)
    if equal:
        yield from _danger("no-variation", "", low == high)
    binary = two_values(values)
    for counted in rows.units:
        least = threshold_of(policy, counted.kind)
        if binary:
            for side in (values == values.min(), values == values.max()):
                held = grouping.count(counted, side)
                yield from _danger("implicit-table", counted.kind, (held > 0) & (held < least))
            continue
        evidence = group_evidence(grouping, values * rows.weights, counted, policy)
        for hit in [*few_nonzero([evidence], policy), *dominance([evidence], policy)]:
            if hit.cells is not None:
                yield from _danger(hit.rule, counted.kind, hit.cells)


def near_class(grouping: Grouping, values: Numbers, units: Sequence[Units], fraction: float) -> bool:
    """Say whether nearly everybody of some group has the same of two values."""
    for counted in units:
        held = [grouping.count(counted, values == side) for side in (values.min(), values.max())]
        if bool((np.maximum(*held) >= fraction * grouping.count(counted)).any()):
            return True
    return False


def group_evidence(grouping: Grouping, values: Numbers, units: Units, policy: RiskAppetite) -> UnitEvidence:
    """Return units and the largest contributions of units to the total of `values`, per group."""
    groups, pairs = grouping.one_by_one(units)
    parts = np.bincount(pairs, values, len(groups))
    held = np.bincount(pairs, values != 0, len(groups)) > 0
    return UnitEvidence(
        kind=units.kind,
        units=np.bincount(groups, minlength=grouping.size),
        nonzero=np.bincount(groups[held], minlength=grouping.size),
        contributions=_largest(groups, np.abs(parts), grouping.size, most_needed(policy)),
        weights=Shares.none(grouping.size),
    )


def _largest(groups: Counts, parts: Numbers, size: int, most: int) -> Shares:
    order = np.lexsort((-parts, groups))
    sorted_groups = groups[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_groups, sorted_groups)
    top = np.zeros((size, most))
    chosen = rank < most
    top[sorted_groups[chosen], rank[chosen]] = parts[order][chosen]
    return Shares(top, np.bincount(groups, parts, size).astype(np.float64))


def _extremes(grouping: Grouping, values: Numbers) -> tuple[Numbers, Numbers]:
    order = np.lexsort((values, grouping.codes))
    sorted_codes, ordered = grouping.codes[order], values[order]
    everyone = np.arange(grouping.size)
    first = np.searchsorted(sorted_codes, everyone)
    last = np.searchsorted(sorted_codes, everyone, side="right") - 1
    return ordered[first], ordered[last]


def _danger(rule: str, kind: str, groups: Mask) -> Iterator[Danger]:
    if bool(groups.any()):
        yield Danger(rule, kind, groups)


def rare_values(values: Numbers, units: Sequence[Units], policy: RiskAppetite) -> list[str]:
    """Return the kinds of which fewer units than the threshold have any but a column's most frequent value."""
    if not len(values):
        return []
    distinct, counts = np.unique(values, return_counts=True)
    usual = distinct[int(np.argmax(counts))]
    found = []
    for counted in units:
        off = counted.count(values != usual)
        if 0 < off < threshold_of(policy, counted.kind):
            found.append(counted.kind)
    return found
