"""From match weights to links: the prior found again, competition between candidates, and the threshold.

The prior. A pair's weight is the logarithm of its odds, prior times evidence. The prior is the one with which the
expected number of matches among all pairs is the sum of the pairs' probabilities (a fixed point, found in some steps).

Competition. Where a record has at most one partner, its candidates exclude each other. With odds `o` of the pair and `O`
summed over all other pairs of either record, the pair's probability is `o / (1 + o + O)`: what is left of its odds once
the others are possible. Two candidates that are as good as each other get less than one half each, so neither becomes a
link at any threshold from one half up: ties are refused, not broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.plan import LinkPlan, LinkType

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 40
_SETTLED = 1e-4
_HIGHEST_ODDS = 2.0**60


@dataclass
class Pairs:
    """Scored pairs as arrays of one length.

    Parameters
    ----------
    left, right : ndarray of int
        Records' numbers over all sources, from 1; left ones come first.
    left_source, right_source : ndarray of int
    weight : ndarray of float
        Match weight in bits, prior included.
    passed : ndarray of int
        Number of the deterministic pass, -1 for none.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    left_source: NDArray[np.int64]
    right_source: NDArray[np.int64]
    weight: NDArray[np.float64]
    passed: NDArray[np.int64]


@dataclass(frozen=True)
class Decided:
    """What became of scored pairs."""

    prior: float
    threshold: float
    weight: NDArray[np.float64]
    """With the prior that was found."""
    probability: NDArray[np.float64]
    linked: NDArray[np.bool_]


def decide(pairs: Pairs, plan: LinkPlan, prior: float, total: int, most: float, *, fixed: bool = False) -> Decided:
    """Return which pairs are links.

    Parameters
    ----------
    prior : float
        What the weights were made with.
    total, most : pairs there are altogether, and matches there can be at most
    fixed : bool
        Keep the prior, as for a model that was trained before.
    """
    evidence = pairs.weight - _log_odds(prior)
    rivals = _rivals(pairs, plan)
    if plan.many_to_one:
        evidence = np.where(pairs.right_source == len(plan.datasets) - 1, evidence, -np.inf)
    for _ in range(0 if fixed else _STEPS):
        expected = min(float(probabilities(evidence + _log_odds(prior), rivals).sum()), most)
        found = min(max(expected, 0.5) / max(total, 1), 0.5)
        settled = abs(found - prior) <= _SETTLED * prior
        prior = found
        if settled:
            break
    weight = evidence + _log_odds(prior)
    probability = probabilities(weight, rivals)
    threshold = plan.least_probability if plan.precision is None else _for_precision(probability, plan.precision)
    linked = (probability >= threshold) | ((pairs.passed >= 0) & np.isfinite(weight))
    linked = _without_rivals(pairs, rivals, probability, linked)
    return Decided(prior, threshold, weight, probability, linked)


def probabilities(weight: NDArray[np.float64], rivals: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return match probabilities of weights in bits.

    Parameters
    ----------
    rivals : list of ndarray of int
        For each side on which pairs exclude each other, the number of the group a pair belongs to.
    """
    odds = np.minimum(np.exp2(weight), _HIGHEST_ODDS)
    if not rivals:
        return np.asarray(odds / (1.0 + odds), dtype=np.float64)
    sums = sum(np.bincount(group, weights=odds, minlength=_groups(rivals)) for group in rivals)
    others = sum(np.maximum(sums[group] - odds, 0.0) for group in rivals)
    return np.asarray(odds / (1.0 + odds + others), dtype=np.float64)


def _groups(rivals: list[NDArray[np.int64]]) -> int:
    return max((int(group.max(initial=-1)) for group in rivals), default=-1) + 1


def _rivals(pairs: Pairs, plan: LinkPlan) -> list[NDArray[np.int64]]:
    """Return for each side of a pair whom it excludes: the pairs of the same record with the same other dataset."""
    sources = len(plan.datasets)
    left = pairs.left * sources + pairs.right_source
    if plan.many_to_one:
        return [np.unique(left, return_inverse=True)[1]]
    if not plan.one_to_one:
        return []
    right = pairs.right * sources + pairs.left_source
    both = np.unique(np.concatenate([left, right]), return_inverse=True)[1]
    return [both[: len(left)], both[len(left) :]]


def _for_precision(probability: NDArray[np.float64], wanted: float) -> float:
    """Return the lowest probability with which the mean over all from it up is at least `wanted`."""
    ordered = np.sort(probability)[::-1]
    means = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    enough = np.flatnonzero(means >= wanted)
    return float(ordered[enough[-1]]) if len(enough) else 1.0


def _without_rivals(
    pairs: Pairs, rivals: list[NDArray[np.int64]], probability: NDArray[np.float64], linked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Of links that exclude each other keep passes before others, then the more probable, then the first."""
    if not rivals:
        return linked
    busy = sum(np.bincount(group, weights=linked, minlength=_groups(rivals)) for group in rivals)
    contested = linked & np.any([busy[group] > 1 for group in rivals], axis=0)
    where = np.flatnonzero(contested)
    if not len(where):
        return linked
    by_model = pairs.passed[where] < 0
    order = np.lexsort((pairs.right[where], pairs.left[where], -probability[where], by_model))
    kept = linked & ~contested
    taken = {number for group in rivals for number in group[kept].tolist()}
    for place in where[order].tolist():
        numbers = {int(group[place]) for group in rivals}
        if not numbers & taken:
            kept[place] = True
            taken |= numbers
    return kept


def _log_odds(probability: float) -> float:
    return float(np.log2(probability / (1.0 - probability)))
