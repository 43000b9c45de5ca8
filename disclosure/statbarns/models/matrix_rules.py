"""What is judged about every pair of columns in a matrix of correlations or covariances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers, Shares, UnitEvidence
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.outliers import outliers
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.models.groups import Grouping, rare_values, total_dangers, two_values
from saferoom.disclosure.statbarns.models.leverage import leverage_rules
from saferoom.disclosure.statbarns.models.pairs import Pairs, spanned
from saferoom.disclosure.statbarns.models.rows import Units
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_EXACT = 1e-4
_NEARLY = 1e-2
_LESS = f"leave one of the two columns out, {BROADER}, or {SUPPRESS}"
_TAME = f"use ln() of the column, or method: spearman, or leave the column out, or {SUPPRESS}"
_RULES: dict[str, tuple[Risk, Verdict, str, str]] = {
    "no-variation": (
        Risk.CLASS_DISCLOSURE,
        Verdict.FAIL,
        "A column has the same value for everybody, which a missing correlation or a covariance of zero tells about "
        "every member.",
        _LESS,
    ),
    "relation": (
        Risk.CLASS_DISCLOSURE,
        Verdict.FAIL,
        "Two columns tell each other exactly or nearly so, so whoever knows a person's value of one can compute the "
        "other.",
        _LESS,
    ),
    "near-relation": (
        Risk.CLASS_DISCLOSURE,
        Verdict.REVIEW,
        "Two columns tell each other closely (over 99 % of their spread), so whoever knows a person's value of one can "
        "estimate the other.",
        f"{_LESS}, or let an output checker decide",
    ),
    "implicit-table": (
        Risk.IMPLICIT_TABLE,
        Verdict.FAIL,
        "A column has two values only, so the number is a table of counts or group totals in disguise, and one of its "
        "cells is about too few units or mostly about one or two.",
        _LESS,
    ),
    "empty-class": (
        Risk.CLASS_DISCLOSURE,
        Verdict.REVIEW,
        "Two columns have two values only, and nobody has one of the combinations, which tells what no member is.",
        f"{_LESS}, or let an output checker decide",
    ),
    "small-group": (
        Risk.LOW_COUNT,
        Verdict.FAIL,
        "A column, or a part of what it adds up, has one value for all but a few units, so the number is made of these "
        "few alone.",
        _LESS,
    ),
    "influence": (
        Risk.DOMINANCE,
        Verdict.FAIL,
        "One or two units make nearly all of the number, so that it nearly tells their values.",
        _TAME,
    ),
    "outlier": (
        Risk.DOMINANCE,
        Verdict.REVIEW,
        "Half or more of a column's variance comes from one unit, so that variance and mean together nearly tell its "
        "value.",
        f"{_TAME}, or let an output checker decide",
    ),
    "leverage": (
        Risk.LOW_COUNT,
        Verdict.FAIL,
        "In some combination of the columns one unit, or fewer units than the threshold, decide nearly everything, so "
        "the numbers tell the values of these few.",
        _TAME,
    ),
    "leverage-unproven": (
        Risk.UNPROVEN,
        Verdict.REVIEW,
        "There are so many columns for so few units that it cannot be proven that no combination of the columns picks "
        "out a few of them.",
        f"use fewer columns, {_TAME}, or let an output checker decide",
    ),
    "missing-singles-out": (
        Risk.DIFFERENCING,
        Verdict.FAIL,
        "Two columns are computed from the same thing and are missing for different people, few of them; subtracting "
        "their numbers from each other tells about these few.",
        _LESS,
    ),
}


@dataclass(frozen=True)
class Marks:
    """Which pairs of which stratum each rule bites.

    Attributes
    ----------
    masks : mapping of rule to ndarray of bool, shape (strata, columns, columns)
    """

    masks: dict[str, Mask] = field(default_factory=dict)

    @classmethod
    def none(cls, strata: int, columns: int) -> Marks:
        """Return marks of nothing."""
        return cls({rule: np.zeros((strata, columns, columns), dtype=bool) for rule in _RULES})

    def of(self, stratum: int) -> dict[str, Mask]:
        """Return one stratum's masks; changing them changes these."""
        return {rule: mask[stratum] for rule, mask in self.masks.items()}

    def hits(self, width: int) -> list[Hit]:
        """Return the rules that bite the first `width` columns."""
        found = []
        for rule, mask in self.masks.items():
            risk, severity, message, remedy = _RULES[rule]
            found += hit_if(Hit(rule, risk, severity, message, remedy, cells=mask[:, :width, :width].ravel()))
        return found


def pair_rules(pairs: Pairs, policy: RiskAppetite, marks: dict[str, Mask], width: int, related: Mask) -> None:
    """Mark the pairs of one stratum.

    Parameters
    ----------
    pairs : Pairs
        The columns, and after the first `width` the pieces that they add up.
    related : ndarray of bool, shape (width, width)
        Columns that are computed from the same thing.
    """
    own = Pairs(pairs.values[:, :width], pairs.weights, pairs.units)
    inner = {rule: mask[:width, :width] for rule, mask in marks.items()}
    if not len(own.values):
        return
    inner["no-variation"] |= own.constant
    away = 1 - np.nan_to_num(own.correlation()) ** 2
    np.fill_diagonal(away, 1)
    inner["relation"] |= away < _EXACT
    inner["near-relation"] |= (away >= _EXACT) & (away < _NEARLY)
    for i in range(pairs.values.shape[1]):
        if rare_values(*_column(pairs, i), policy):
            chosen = slice(None) if i >= width else i
            inner["small-group"][chosen] = inner["small-group"][:, chosen] = True
    for i, j in own.each():
        for rule in _pair(own, i, j, policy):
            inner[rule][i, j] = inner[rule][j, i] = True
        if related[i, j] and _differ_by_few(own, i, j, policy):
            for k in (i, j):
                inner["missing-singles-out"][k] = inner["missing-singles-out"][:, k] = True
    complete = own.there.all(axis=1)
    if int(complete.sum()) > width + 1:
        for rule in _leverage(_rows(own, np.asarray(complete)), policy):
            inner[rule][:] = True


def _column(pairs: Pairs, i: int) -> tuple[Numbers, tuple[Units, ...]]:
    there = pairs.there[:, i]
    return pairs.values[there, i], tuple(units.only(there) for units in pairs.units)


def _rows(pairs: Pairs, chosen: Mask) -> Pairs:
    if chosen.all():
        return pairs
    return Pairs(pairs.values[chosen], pairs.weights[chosen], tuple(units.only(chosen) for units in pairs.units))


def _leverage(pairs: Pairs, policy: RiskAppetite) -> set[str]:
    return {hit.rule for hit in leverage_rules(spanned(pairs.values, pairs.weights), pairs.units, policy)}


def _pair(own: Pairs, i: int, j: int, policy: RiskAppetite) -> Iterator[str]:
    """Yield the rules that bite one pair of columns, over the rows that have both."""
    found = _rows(own, own.both(i, j))
    first, second = found.values[:, i], found.values[:, j]
    if not len(first) or np.ptp(first) == 0 or np.ptp(second) == 0:
        return
    yield from _contributions(found, first, second, i == j, policy)
    for one, other in ((first, second), (second, first)):
        if two_values(one):
            sides = Grouping((), (one > one.min()).astype(np.int64), 2)
            if [*total_dangers(sides, other if i != j else one, found, policy, equal=False)]:
                yield "implicit-table"
            if i != j and two_values(other) and len(np.unique(sides.codes * 2 + (other > other.min()))) < 4:
                yield "empty-class"
    if i != j and not own.there.all():
        columns = Pairs(np.column_stack([first, second]), found.weights, found.units)
        yield from _leverage(columns, policy)


def _contributions(found: Pairs, first: Numbers, second: Numbers, alone: bool, policy: RiskAppetite) -> Iterator[str]:
    """Compare what single units add to the covariance: what leaving them out would take away."""
    weights = found.weights
    parts = weights * _around(first, weights) * _around(second, weights)
    for units in found.units:
        sums = -np.sort(-np.abs(units.sums(parts)))
        if len(sums) < 2:
            continue
        shares = Shares(sums[None, : most_needed(policy)], sums.sum(keepdims=True))
        if alone:
            if not two_values(first):
                spread = outliers({units.kind: shares}, 2, policy)
                yield from ("outlier" if hit.severity is Verdict.REVIEW else "influence" for hit in spread)
            continue
        one = np.ones(1, dtype=np.int64)
        if dominance([UnitEvidence(units.kind, one, one, shares, Shares.none(1))], policy):
            yield "influence"


def _around(values: Numbers, weights: Numbers) -> Numbers:
    return np.asarray(values - (weights * values).sum() / weights.sum())


def _differ_by_few(own: Pairs, i: int, j: int, policy: RiskAppetite) -> bool:
    differ = own.there[:, i] != own.there[:, j]
    return any(0 < units.count(differ) < threshold_of(policy, units.kind) for units in own.units)
