"""Rank swapping: values change places with values of nearly the same rank, column by column."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points
from saferoom.errors import BadInputError

_TRIES = 9
_CHUNK = 1 << 16


def reach_for_correlation(least: float, what: str = "rank swapping") -> float:
    """Return the share of the ranks that a value may move so that its rank correlation is expected to stay `least`.

    Notes
    -----
    Partners are uniform on 1 to p n ranks away, so E(d^2) is about (p n)^2 / 3 and Spearman's coefficient, 1 - 6 E(d^2)
    / n^2, about 1 - 2 p^2; the correlation of two swapped columns is multiplied by both.

    References
    ----------
    Moore (1996). Controlled data-swapping techniques for masking public use microdata sets. U.S. Bureau of the Census,
    Statistical Research Division report 96-04.
    """
    if not 0 < least < 1:
        raise BadInputError(f"{what}: the least correlation must be between 0 and 1")
    return float(np.sqrt((1 - least) / 2))


def rank_swapped(values: Points, reach: float, random: np.random.Generator, what: str = "rank swapping") -> Groups:
    """Return the record whose value each record gets.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Numbers or ranks; NaN is missing, and missing values stay where they are.
    reach : float, above 0 to 1
        How far a value moves at most, as a share of the n ranks (sdcMicro's ``P`` / 100).

    Returns
    -------
    ndarray of int, shape (n,)
        A permutation that is its own inverse: pairs change places, so the margin of the column stays exactly.

    Raises
    ------
    BadInputError

    Notes
    -----
    From the lowest rank on, each value that has not moved gets a partner drawn among those not moved of the next
    p n ranks. Equal values are ranked at random.

    References
    ----------
    Moore (1996), as above, section 3.
    """
    if not 0 < reach <= 1:
        raise BadInputError(f"{what}: values must be allowed to move by more than 0 and at most all (1) of the ranks")
    there = np.flatnonzero(~np.isnan(values))
    order = there[np.lexsort((random.random(len(there)), values[there]))]
    result = np.arange(len(values))
    farthest = max(1, int(reach * len(order)))
    first, second = _pairs(len(order), farthest, random)
    result[order[first]], result[order[second]] = order[second], order[first]
    return result


def _pairs(count: int, farthest: int, random: np.random.Generator) -> tuple[Groups, Groups]:
    """Pair ranks at most `farthest` apart; the last may stay alone."""
    moved = bytearray(count)
    first, second = [], []
    for start in range(0, count, _CHUNK):
        for rank, tries in enumerate(random.random((min(_CHUNK, count - start), _TRIES)).tolist(), start):
            room = min(farthest, count - 1 - rank)
            if moved[rank] or not room:
                continue
            partner = _partner(moved, rank, room, tries)
            if partner is not None:
                moved[rank] = moved[partner] = 1
                first.append(rank)
                second.append(partner)
    return np.array(first, dtype=np.intp), np.array(second, dtype=np.intp)


def _partner(moved: bytearray, rank: int, room: int, tries: list[float]) -> int | None:
    """Draw a rank that has not moved among the next `room`; None when all have."""
    for drawn in tries[1:]:
        place = rank + 1 + int(drawn * room)
        if not moved[place]:
            return place
    free = [place for place in range(rank + 1, rank + room + 1) if not moved[place]]
    return free[int(tries[0] * len(free))] if free else None


def ends_averaged(values: Points, bottom: float, top: float, what: str = "rank swapping") -> Points:
    """Return `values` with the lowest and highest shares each replaced by their mean, which keeps the total.

    Parameters
    ----------
    bottom, top : float, 0 to below 0.5
        Shares of the records (sdcMicro's ``BottomPercent`` and ``TopPercent``, which take 5 % each by themselves; here
        nothing is averaged unless asked, so that margins stay).

    Raises
    ------
    BadInputError
        A share is out of range, or a mean would be of fewer than three records.
    """
    result = values.copy()
    there = np.flatnonzero(~np.isnan(values))
    order = there[np.argsort(values[there], kind="stable")]
    for name, share in (("bottom", bottom), ("top", top)):
        if not 0 <= share < 0.5:
            raise BadInputError(f"{what}: '{name}' must be a share from 0 to below one half")
        if share == 0:
            continue
        count = int(share * len(order))
        if count < 3:
            raise BadInputError(f"{what}: '{name}' would average fewer than three records; raise it or leave it out")
        end = order[:count] if name == "bottom" else order[-count:]
        result[end] = values[end].mean()
    return result
