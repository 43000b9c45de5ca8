"""Targeted record swapping: households at risk change places with like households of another area.

All members move together. Only the areas (and columns named to be carried along) change hands, so that every table
without areas stays, and so do counts of like households by area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import group
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points

_ROUNDS = 30


@dataclass(frozen=True)
class Households:
    """The households of a file of persons.

    Attributes
    ----------
    areas : ndarray of int, shape (h, levels)
        Number of each household's area by level, the widest first; areas of a level lie inside those above.
    profiles : sequence of ndarray of int, shape (h,)
        Numbers of what partners have in common; of a later profile only where the earlier ones have no partner.
    risks : ndarray of float, shape (h, levels)
        1 / the fewest people of that area who are alike one of the household's members in the risk variables.
    """

    areas: Groups
    profiles: Sequence[Groups]
    risks: Points


@dataclass
class Swapped:
    """Who changed places.

    Attributes
    ----------
    partner : ndarray of int, shape (h,)
        The household whose areas each household gets; itself where it stayed.
    at_risk : int
        Households that had to move.
    stuck : int
        Those of them without any partner; the owner should widen the profiles or protect them otherwise.
    """

    partner: Groups
    at_risk: int = 0
    stuck: int = 0
    free: NDArray[np.bool_] = field(init=False, repr=False)
    """Who has not moved."""

    def __post_init__(self) -> None:
        self.free = self.partner == np.arange(len(self.partner))

    @property
    def moved(self) -> int:
        """Number of households that changed places."""
        return int((~self.free).sum())


def risks(areas: Groups, codes: NDArray[np.int32], sizes: Sequence[int], household: Groups) -> Points:
    """Return each household's risk by level.

    Parameters
    ----------
    areas : ndarray of int, shape (n, levels)
        Of every person.
    codes : ndarray of int32, shape (n, m)
        The risk variables; a missing value is a value of its own.
    household : ndarray of int, shape (n,)
        0 to h - 1.
    """
    pattern, first = group(codes, sizes)
    result = np.zeros((int(household.max()) + 1, areas.shape[1]))
    for level in range(areas.shape[1]):
        cell = areas[:, level] * len(first) + pattern
        _, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
        np.maximum.at(result[:, level], household, 1.0 / counts[inverse])
    return result


def swapped(households: Households, k: int, rate: float, random: np.random.Generator) -> Swapped:
    """Swap all households at risk, and others until `rate` of each smallest area's households moved.

    Parameters
    ----------
    k : int
        A household is at risk at a level when a member is alike fewer than k people of its area there.
    rate : float, 0 to 1
        Share of the households of each smallest area that shall have moved at least, as far as there are partners.

    Notes
    -----
    From the widest level down: every household at risk there that has not moved gets a partner of another area of that
    level, if it can inside the same area of the level above, drawn with probabilities in proportion to the partner's
    own risk. On the smallest level more households are drawn in the same proportion until the rate is reached. Each
    household moves once at most.

    References
    ----------
    Gussenbauer, de Cubellis (2021), the targeted record swapping of the ESSnet on protection of the census 2021
    (sdcMicro's ``recordSwap``); Shlomo, Tudor, Groom (2010). Data swapping for protecting census tables. Privacy in
    Statistical Databases, LNCS 6344, 41-51. Partners inside of the same wider area are preferred here, so that fewer
    tables change.
    """
    count, levels = households.areas.shape
    result = Swapped(np.arange(count))
    for level in range(levels):
        must = np.flatnonzero((households.risks[:, level] > 1.0 / k) & result.free)
        _paired(households, result, must, level, random)
    risky = (households.risks > 1.0 / k).any(axis=1)
    result.at_risk, result.stuck = int(risky.sum()), int((result.free & risky).sum())
    _paired(households, result, _more(households, result, rate, random), levels - 1, random)
    return result


def _more(households: Households, so_far: Swapped, rate: float, random: np.random.Generator) -> Groups:
    """Draw households of each smallest area until the rate is reached; those who moved before count."""
    area = households.areas[:, -1]
    wanted = np.ceil(rate * np.bincount(area)) - np.bincount(area[~so_far.free], minlength=int(area.max()) + 1)
    free = np.flatnonzero(so_far.free)
    keys = random.exponential(size=len(free)) / households.risks[free, -1]  # weighted sampling without replacement
    order = free[np.lexsort((keys, area[free]))]
    own = area[order]
    result: Groups = order[np.arange(len(order)) - np.searchsorted(own, own) < wanted[own]]
    return result


def _paired(households: Households, result: Swapped, must: Groups, level: int, random: np.random.Generator) -> Groups:
    """Find partners for `must`, profile by profile and first inside the wider area; return who has none."""
    wider = households.areas[:, level - 1] if level else np.zeros(len(households.areas), dtype=np.intp)
    left = must
    for profile in households.profiles:
        for inside in (wider, np.zeros_like(wider)) if level else (wider,):
            pool = profile * (int(inside.max()) + 1) + inside
            left = _matched(households, result, left, (pool, level), random)
            if not len(left):
                return left
    return left


def _matched(
    households: Households,
    result: Swapped,
    must: Groups,
    where: tuple[Groups, int],
    random: np.random.Generator,
) -> Groups:
    """Give each of `must` a free partner of its pool in another area, as far as there are any."""
    level = where[1]
    for _ in range(_ROUNDS):
        must = must[result.free[must]]
        if not len(must):
            return must
        drawn = _drawn(households, result, must, where, random)
        usable = np.flatnonzero((drawn >= 0) & _elsewhere(households, must, drawn, level))
        _swap(result, must[usable], drawn[usable])
    _first_fit(households, result, must, where, random)
    return must[result.free[must]]


def _first_fit(
    households: Households,
    result: Swapped,
    must: Groups,
    where: tuple[Groups, int],
    random: np.random.Generator,
) -> None:
    """Give whoever drawing left without a partner any free household of another area of the pool."""
    pool, level = where
    free = np.flatnonzero(result.free)
    free = random.permutation(free[np.isin(pool[free], pool[must])])
    stacks: dict[int, dict[int, list[int]]] = {}
    for one, own, area in zip(free, pool[free].tolist(), households.areas[free, level].tolist(), strict=True):
        stacks.setdefault(own, {}).setdefault(area, []).append(int(one))
    for one in must[result.free[must]].tolist():
        areas = stacks.get(int(pool[one]), {})
        for area in [area for area in areas if result.free[one] and area != households.areas[one, level]]:
            while areas[area] and result.free[one]:
                if result.free[other := areas[area].pop()]:
                    _swap(result, np.array([one]), np.array([other]))
            if not areas[area]:
                del areas[area]
            if not result.free[one]:
                break


def _drawn(
    households: Households,
    result: Swapped,
    must: Groups,
    where: tuple[Groups, int],
    random: np.random.Generator,
) -> Groups:
    """Draw for each of `must` a free household of its pool, in proportion to risk; -1 where the pool is empty."""
    pool, level = where
    free = np.flatnonzero(result.free)
    free = free[np.argsort(pool[free], kind="stable")]
    heights = np.concatenate([[0.0], np.cumsum(households.risks[free, level])])
    own = pool[free]
    low, high = np.searchsorted(own, pool[must]), np.searchsorted(own, pool[must], side="right")
    point = heights[low] + random.random(len(must)) * (heights[high] - heights[low])
    place = np.clip(np.searchsorted(heights, point, side="right") - 1, low, np.maximum(high - 1, 0))
    return np.where(high > low, free[np.minimum(place, len(free) - 1)], -1)


def _elsewhere(households: Households, one: Groups, other: Groups, level: int) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = households.areas[one, level] != households.areas[other, level]
    return result


def _swap(result: Swapped, one: Groups, other: Groups) -> None:
    """Swap the pairs, each household in the first pair that names it alone."""
    named = np.column_stack([one, other]).ravel()
    first = np.full(len(result.partner), len(named), dtype=np.intp)
    np.minimum.at(first, named, np.arange(len(named)) // 2)
    kept = (first[one] == np.arange(len(one))) & (first[other] == np.arange(len(one)))
    one, other = one[kept], other[kept]
    result.partner[one], result.partner[other] = other, one
    result.free[one] = result.free[other] = False
