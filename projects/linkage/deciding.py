"""From match weights to links: the prior found again, competition between candidates, and the threshold.

The prior. A pair's weight is the logarithm of its odds, prior times evidence. The prior is the one with which the
expected number of matches among all pairs is the sum of the pairs' probabilities (a fixed point, found in some steps).

Competition. Where a record has at most one partner, its candidates exclude each other. With odds `o` of the pair and
`O` summed over all other pairs of either record, the pair's probability is `o / (1 + o + O)`: what is left of its odds
once the others are possible. Two candidates that are as good as each other get less than one half each, so neither
becomes a link at any threshold from one half up: ties are refused, not broken.

Relatives are classes of their own among the pairs that do not match; see `relatives`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.classes import (
    Pairs,
    Start,
    added,
    found_classes,
    group_count,
    log_odds,
    of_relatives,
    probabilities,
)
from saferoom.projects.linkage.plan import LinkPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Decided:
    """What became of scored pairs."""

    prior: float
    threshold: float
    weight: NDArray[np.float64]
    """With the prior that was found."""
    probability: NDArray[np.float64]
    linked: NDArray[np.bool_]
    relatives: Mapping[str, float]
    """Kind of relatives -> share of all pairs that are of it."""
    moving: Mapping[int, float]
    """Pattern of what changes together -> bits that it adds."""


def decide(pairs: Pairs, plan: LinkPlan, start: Start) -> Decided:
    """Return which pairs are links."""
    rivals = _rivals(pairs, plan)
    evidence = pairs.weight - log_odds(start.prior)
    if plan.many_to_one:
        evidence = np.where(pairs.right_source == len(plan.datasets) - 1, evidence, -np.inf)
    if start.fixed:
        prior, kin, moving, lone = start.prior, dict(start.relatives), dict(start.moving), np.zeros(1)
    else:
        prior, kin, moving, lone = found_classes(pairs, evidence, (plan, rivals), start)
    weight = evidence + added(pairs, moving) + log_odds(prior) - of_relatives(pairs, kin)[0]
    probability = probabilities(weight + lone, rivals)
    threshold = plan.least_probability if plan.precision is None else _for_precision(probability, plan.precision)
    linked = (probability >= threshold) | ((pairs.passed >= 0) & np.isfinite(weight))
    linked = _without_rivals(pairs, rivals, probability, linked)
    return Decided(prior, threshold, weight, probability, linked, kin, moving)


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
    busy = np.zeros(group_count(rivals))
    for group in rivals:
        busy += np.bincount(group, weights=linked, minlength=len(busy))
    contested = np.asarray(linked & np.any([busy[group] > 1 for group in rivals], axis=0), dtype=bool)
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
    return np.asarray(kept, dtype=bool)
