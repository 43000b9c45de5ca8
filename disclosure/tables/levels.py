"""How well each hidden cell of a declared table has to be protected: protection levels from evidence and policy.

Vocabulary
----------
layer
    Numbers that add up over the cells and that an attacker may know of every published cell: how many units or rows it
    has, and each total from which the published numbers follow. A cell is hidden in all layers or in none.
reach
    How many units a hidden cell must seem to have room for: the threshold. Of rows or weights so many that they cannot
    all be of fewer units.

Notes
-----
What can be added up and subtracted is a union of cells. When the interval of a hidden cell reaches from nothing to the
reach, every union with it that can be told exactly has at least the threshold of units; so numbers that do not add up
themselves (a median, a Gini coefficient) cannot be told of smaller groups either, whatever is released later.

For totals the levels are those of the rules that name the cell (Hundepool et al. 2012, Statistical Disclosure Control,
section 4.2.3): with total X and largest contributions x1, x2, ... the p% rule asks for ``p/100 x1 - (X - x1 - x2)`` and
the (n,k) rule for ``(x1 + ... + xn) / k - X``, up and down; never less than p % of the cell, or of what its units add
elsewhere. Any other rule asks for the threshold times the largest contribution, since its number may be a count in
disguise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers, Shares
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Outcome, Total
from saferoom.disclosure.tables.protected import CLASS_RULES
from saferoom.policies.models import RiskAppetite

_BY_LEVEL = ("threshold", "dominance-", "p-percent")
"""Rules whose own protection level is known; names that end in a dash are beginnings of names."""
_CLOSE = 1e-9


@dataclass(frozen=True)
class Layer:
    """Numbers that add up, with what a hidden cell's interval has to be; all arrays have shape (cells,).

    Attributes
    ----------
    below, above : ndarray of float
        See `saferoom.disclosure.tables.additive.Needs`; zero where nothing is asked for.
    lowest : float
        What everybody knows to be the least of any cell.
    whole : bool
    own : ndarray of float
        The largest contribution to a cell, which its contributor knows; zero where nobody knows any.
    alone : ndarray of bool
        Cells of a single unit, which knows all of the cell's value where values are amounts, and that it is no less
        than one where they are counts.
    """

    name: str
    values: Numbers
    below: Numbers
    above: Numbers
    lowest: float
    whole: bool
    own: Numbers
    alone: Mask


def primary_of(outcome: Outcome) -> Mask:
    """Return the cells that a rule names, margins among them; classes are judged by what is known in the end."""
    return _named(outcome, lambda rule: rule not in CLASS_RULES)


def layers_of(outcome: Outcome, primary: Mask, policy: RiskAppetite) -> list[Layer]:
    """Return every layer of a table; equal numbers are one layer with the needs of both."""
    layers: list[Layer] = []
    for layer in (*_counted(outcome, primary, policy), *_totals(outcome, primary, policy)):
        same = [i for i, other in enumerate(layers) if np.array_equal(other.values, layer.values)]
        if same and layers[same[0]].lowest == layer.lowest:
            layers[same[0]] = _both(layers[same[0]], layer)
        else:
            layers.append(layer)
    return layers


def _both(one: Layer, other: Layer) -> Layer:
    return replace(
        one,
        below=np.maximum(one.below, other.below),
        above=np.maximum(one.above, other.above),
        whole=one.whole and other.whole,
        own=np.maximum(one.own, other.own),
        alone=one.alone | other.alone,
    )


def _counted(outcome: Outcome, primary: Mask, policy: RiskAppetite) -> Iterator[Layer]:
    """Yield the layer of every kind of unit: units where each has one row, else the rows or weights that they have."""
    for j, counted in enumerate(outcome.units):
        least = threshold_of(policy, counted.kind)
        if not outcome.base.unique or outcome.base.unique[j]:
            values, reach, whole = counted.units.astype(np.float64), float(least), True
        else:
            shares = counted.weights if counted.weights.top.shape[1] else counted.contributions
            values, reach = shares.total, least * float(shares.top[:, :1].max(initial=1.0))
            whole = not outcome.base.weighted
        yield Layer(
            name="units" if whole and reach == least else "rows" if whole else "weight",
            values=values,
            below=np.where(primary, np.minimum(values, reach), 0.0),
            above=np.where(primary, np.where(values < reach, reach - values, reach), 0.0),
            lowest=0.0,
            whole=whole,
            own=np.where(counted.units == 1, 1.0, 0.0),
            alone=np.zeros(len(values), dtype=bool),
        )


def _totals(outcome: Outcome, primary: Mask, policy: RiskAppetite) -> Iterator[Layer]:
    other = _named(outcome, lambda rule: rule not in CLASS_RULES and not _has_level(rule))
    units = outcome.units[0].units
    small = primary & (units < threshold_of(policy, outcome.units[0].kind))
    for total in outcome.totals:
        level = np.where(primary, _least_level(total, units, policy), 0.0)
        own = np.zeros(len(level))
        alone = np.zeros(len(level), dtype=bool)
        for counted, shares in zip(outcome.units, total.shares, strict=True):
            level = np.where(primary, np.maximum(level, _rule_level(shares, policy)), 0.0)
            if shares.top.shape[1]:
                least = threshold_of(policy, counted.kind)
                level = np.where(other, np.maximum(level, least * shares.top[:, 0]), level)
                own = own if total.signed else np.maximum(own, shares.top[:, 0])
            alone |= counted.units == 1
        above = level
        if total.counts:
            room = threshold_of(policy, outcome.units[0].kind) / np.maximum(units, 1)
            above = np.where(small, np.maximum(level, total.values * (room - 1)), level)
            level = np.where(small, total.values, level)
        yield Layer(
            name=total.name,
            values=total.values,
            below=level if total.signed else np.minimum(level, total.values),
            above=above,
            lowest=-np.inf if total.signed else 0.0,
            whole=total.counts and not outcome.base.weighted,
            own=own,
            alone=alone & (not total.counts),
        )


def _least_level(total: Total, units: Counts, policy: RiskAppetite) -> Numbers:
    """Return p % of each cell, or of what its units add on the average of the table where that is more."""
    size = np.abs(total.values)
    whole = max((float(shares.total.max(initial=0.0)) for shares in total.shares), default=0.0)
    average = max(whole, float(size.max(initial=0.0))) / max(float(units.max(initial=0)), 1.0)
    return np.asarray(policy.p_percent / 100 * np.maximum(size, average * np.maximum(units, 1)))


def _rule_level(shares: Shares, policy: RiskAppetite) -> Numbers:
    top, total = shares.top, shares.total
    level = np.zeros(len(total))
    if top.shape[1] == 0:
        return level
    level = np.maximum(level, policy.p_percent / 100 * top[:, 0] - (total - top[:, :2].sum(axis=1)))
    for rule in policy.dominance:
        level = np.maximum(level, top[:, : rule.n].sum(axis=1) / rule.share_fraction - total)
    # What is exactly at a rule's limit is named by it, too.
    return np.asarray(level * (1 + _CLOSE))


def _has_level(rule: str) -> bool:
    return rule != "threshold-nonzero" and rule.startswith(_BY_LEVEL)


def _named(outcome: Outcome, chosen: Callable[[str], bool]) -> Mask:
    found = np.zeros(len(outcome.cells), dtype=bool)
    for hit in outcome.hits:
        if hit.cells is not None and chosen(hit.rule):
            found |= hit.cells
    return found
