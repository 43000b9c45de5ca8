"""Classes of pairs: matches, relatives and strangers, and how many pairs are of each, found from their weights.

Prior and shares are those with which the expected number of pairs of each class is what its pairs' probabilities add up
to: expectation-maximisation over the classes' shares, the evidence of each pair given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.plan import LinkPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 100
_SETTLED = 1e-4
_HIGHEST_ODDS = 2.0**60
_MOST_FOUND = 0.95
_FEWEST_TO_LEARN_FROM = 200.0
_AS_IF = 50.0
"""Weight of independence, in matches."""
_MOST_BITS = 6.0


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
    relatives: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Kind of relatives -> weight of the fields that they share."""
    pattern: NDArray[np.int64] | None = None
    """Levels of what changes together, as one number (see `moving`); None where there is nothing of the kind."""
    anchored: NDArray[np.bool_] | None = None
    """Whether a pair agrees on the fields from which is learnt what changes together."""


@dataclass(frozen=True)
class Start:
    """What deciding starts from.

    Parameters
    ----------
    prior : float
        What the weights were made with.
    total, most : pairs there are altogether, and matches there can be at most
    sizes : tuple of int
        Records by source.
    relatives, moving : mapping
        Of a model that was trained before.
    expected : mapping
        Pattern of what changes together -> its probability in records of one person, as if fields were independent.
    fixed : bool
        Keep the prior, relatives and moving.
    """

    prior: float
    total: int
    most: float
    sizes: tuple[int, ...] = ()
    relatives: Mapping[str, float] = field(default_factory=dict)
    moving: Mapping[int, float] = field(default_factory=dict)
    expected: Callable[[int], float] = lambda _: 1.0
    fixed: bool = False


_Classes = tuple[float, dict[str, float], dict[int, float], "NDArray[np.float64]"]


def found_classes(
    pairs: Pairs, evidence: NDArray[np.float64], decided_by: tuple[LinkPlan, list[NDArray[np.int64]]], start: Start
) -> _Classes:
    """Return prior, shares of relatives, what changes together, and how scarce partners are: EM over classes of pairs.

    Relatives start from one pair each: a class that explains no more pairs than there are without it stays empty.
    """
    plan, rivals = decided_by
    total = max(start.total, 1)
    prior, kin = start.prior, dict.fromkeys(pairs.relatives, 1.0 / total)
    moving: dict[int, float] = {}
    lone = np.zeros(1)
    for _ in range(_STEPS):
        weight = evidence + added(pairs, moving) + log_odds(prior)
        against, shares = of_relatives(pairs, kin)
        matched = probabilities(weight - against + lone, rivals)
        found = min(max(min(float(matched.sum()), start.most), 0.5) / total, 0.5)
        alone = probabilities(weight - against, [])
        grown = {kind: float((share * (1.0 - alone)).sum()) / total for kind, share in shares.items()}
        before, after = [prior, *kin.values()], [found, *grown.values()]
        prior, kin = found, {kind: max(share, 1e-3 / total) for kind, share in grown.items()}
        moving = changing_together(pairs, matched, start.expected)
        lone = _scarcity(pairs, matched, plan, start.sizes)
        if all(abs(new - old) <= _SETTLED * old for new, old in zip(after, before, strict=True)):
            break
    return prior, kin, moving, lone


def _scarcity(
    pairs: Pairs, matched: NDArray[np.float64], plan: LinkPlan, sizes: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return by how many bits a pair's odds rise because most others have found their partners.

    With one partner at most, the odds of one pair more in a matching of M pairs are ``M / ((A - M) (B - M))`` and not
    ``M / (A B)`` (Fortini et al. 2001; Sadinle 2017), A and B the records of the two sources. No side counts as more
    than `_MOST_FOUND` found, as M is an estimate.
    """
    if not (plan.one_to_one or plan.many_to_one) or len(sizes) < 2:
        return np.zeros(1)
    count = len(sizes)
    code = pairs.left_source * count + pairs.right_source
    expected = np.bincount(code, weights=matched, minlength=count * count)
    size = np.asarray(sizes, dtype=np.float64)
    sides = [np.repeat(size, count)] + ([np.tile(size, count)] if plan.one_to_one else [])
    bits = sum((-np.log2(1.0 - np.minimum(expected / side, _MOST_FOUND)) for side in sides), np.zeros(count * count))
    return np.asarray(bits[code], dtype=np.float64)


def changing_together(pairs: Pairs, matched: NDArray[np.float64], expected: Callable[[int], float]) -> dict[int, float]:
    """Return pattern -> bits: how much more often it is found in records of one person than if fields were independent.

    Who moves often has another postcode, address and, having married, surname at once. Learnt from the pairs that agree
    on given name and date, which are found whatever the pattern.
    """
    if pairs.pattern is None or pairs.anchored is None or not pairs.anchored.any():
        return {}
    patterns, place = np.unique(pairs.pattern[pairs.anchored], return_inverse=True)
    seen = np.bincount(place, weights=matched[pairs.anchored])
    whole = float(seen.sum())
    if whole < _FEWEST_TO_LEARN_FROM:
        return {}
    found = {}
    for pattern, number in zip(patterns.tolist(), seen.tolist(), strict=True):
        usual = expected(pattern)
        rate = (number + _AS_IF * usual) / (whole + _AS_IF)
        found[pattern] = float(np.clip(np.log2(rate / usual), -_MOST_BITS, _MOST_BITS))
    return found


def added(pairs: Pairs, moving: Mapping[int, float]) -> NDArray[np.float64]:
    """Return the bits that each pair's pattern adds."""
    if pairs.pattern is None or not moving:
        return np.zeros(1)
    table = np.zeros(int(max(int(pairs.pattern.max(initial=0)), *moving)) + 1)
    for pattern, bits in moving.items():
        table[pattern] = bits
    return np.asarray(table[pairs.pattern], dtype=np.float64)


def of_relatives(pairs: Pairs, kin: Mapping[str, float]) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return by how many bits relatives lower each pair's weight, and each kind's share of what is no match."""
    odds = {kind: share * np.exp2(np.minimum(pairs.relatives[kind], 200.0)) for kind, share in kin.items()}
    whole = np.ones_like(pairs.weight)
    for one in odds.values():
        whole = whole + one
    return np.log2(whole), {kind: one / whole for kind, one in odds.items()}


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
    sums, others = np.zeros(group_count(rivals)), np.zeros_like(odds)
    for group in rivals:
        sums += np.bincount(group, weights=odds, minlength=len(sums))
    for group in rivals:
        others += np.maximum(sums[group] - odds, 0.0)
    return np.asarray(odds / (1.0 + odds + others), dtype=np.float64)


def group_count(rivals: list[NDArray[np.int64]]) -> int:
    return max((int(group.max(initial=-1)) for group in rivals), default=-1) + 1


def log_odds(probability: float) -> float:
    return float(np.log2(probability / (1.0 - probability)))
