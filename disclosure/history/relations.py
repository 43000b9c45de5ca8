"""How a number is put together from others for most units, and what is left over.

References
----------
Least absolute deviations by iteratively reweighted least squares: E. J. Schlossmacher (1973), An iterative technique
for absolute deviations curve fitting. Unlike least squares they pass through what most units agree on, whatever a few
others have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
_SAME, _LEAST = 1e-7, 1e-3
NEARLY = 0.1
"""What is left over, as a share of the new number, where units nearly agree; two units do not count."""
_BEYOND = 10
"""Units that have to agree beyond those that any factors make agree."""
_SAMPLE = 2_000
_ROUNDS = 25
_WHOLE = 0.05
"""How near to a whole number a factor has to be to be taken for one that a definition has."""


@dataclass(frozen=True, eq=False)
class Relation:
    """What is left of a number, per unit, when others are taken off.

    Attributes
    ----------
    rest : ndarray of float, shape (units,)
        Zero where the relation holds.
    used : tuple of int
        Which of the others take part.
    exact : bool
        Whether at least half of the units agree; otherwise little is left of each.
    """

    rest: Numbers
    used: tuple[int, ...]
    exact: bool


def of_all(new: Numbers, others: Numbers) -> Iterator[Relation]:
    """Yield relations with one factor for each of the others.

    Parameters
    ----------
    new : ndarray of float, shape (units,)
    others : ndarray of float, shape (units, others)

    Notes
    -----
    All of the others together can hide what some of them tell: a number that is told again hides all else. So each is
    tried alone, too, and each is left out once. Many tables of one measure add the same in each unit: what was fitted
    to the same numbers is not fitted again.
    """
    count = others.shape[1]
    contents = [blake2b(column.tobytes()).digest() for column in others.T]
    known: dict[tuple[bytes, ...], Numbers] = {}
    seen: set[tuple[tuple[int, ...], bool]] = set()
    tried = [tuple(range(count))]
    if count > 1:
        tried += [(i,) for i in range(count)]
    for place, columns in enumerate(tried):
        chosen = np.column_stack([others[:, list(columns)], np.ones(len(new))])
        content = tuple(contents[i] for i in columns)
        if content not in known:
            known[content] = _factors(new, chosen)
        found = list(_fitted(new, chosen, known[content], columns))
        if place == 0 and count > 2:
            used = {i for one in found if one.exact for i in one.used}
            tried += [tuple(k for k in range(count) if k != i) for i in sorted(used)]
        for one in found:
            if (one.used, one.exact) not in seen:
                seen.add((one.used, one.exact))
                yield one


def _factors(new: Numbers, chosen: Numbers) -> Numbers:
    if len(new) <= _SAMPLE:
        return _least_deviations(chosen, new)
    places = np.random.default_rng(len(new)).choice(len(new), _SAMPLE, replace=False)
    return _least_deviations(chosen[places], new[places])


def _fitted(new: Numbers, chosen: Numbers, factors: Numbers, columns: tuple[int, ...]) -> Iterator[Relation]:
    whole = np.append(np.rint(factors[:-1]), 0.0)
    is_whole = whole.any() and bool((np.abs(factors - whole)[:-1] <= _WHOLE).all())
    for one in (factors, whole) if is_whole else (factors,):
        if (found := _relation(new, chosen, one, columns)) is not None:
            yield found


def _relation(new: Numbers, chosen: Numbers, factors: Numbers, columns: tuple[int, ...]) -> Relation | None:
    parts = np.abs(chosen * factors)
    taken = parts[:, :-1].sum(axis=1)
    size = np.abs(new) + taken + parts[:, -1]
    rest = new - chosen @ factors
    # Whoever adds nothing to either is left with what rounding makes of a shift of nothing.
    rest[np.abs(rest) <= _SAME * (size + _LEAST * size.mean())] = 0
    used = tuple(c for c, part in zip(columns, parts.T[:-1], strict=True) if (part > _SAME * size).sum() > _BEYOND)
    if not used:
        return None
    if agree(rest, (new != 0) | (taken > _SAME * size), len(factors)):
        return Relation(rest, used, exact=True)
    left = np.sort(np.abs(rest))
    near = len(new) >= _BEYOND * len(factors) and left[:-2].sum() <= NEARLY * np.abs(new).sum()
    return Relation(rest, used, exact=False) if near else None


def agree(rest: Numbers, matters: Mask, free: int) -> bool:
    """Say whether nothing is left of at least half of the units that matter, and of more than `free` factors give."""
    same = int(((rest == 0) & matters).sum())
    return 2 * same >= int(matters.sum()) and same >= free + _BEYOND


def _least_deviations(chosen: Numbers, new: Numbers) -> Numbers:
    if not new.any():
        return np.zeros(chosen.shape[1])
    scale = np.sqrt(np.einsum("ij,ij->j", chosen, chosen))
    scale[scale == 0] = 1.0
    scaled = chosen / scale
    weights = np.ones(len(new))
    factors: Numbers | None = None
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        before, factors = factors, np.linalg.lstsq(scaled * root, new * root[:, 0], rcond=1e-10)[0]
        if before is not None and np.array_equal(before, factors):
            break  # what is left gives the same weights, and so every further round the same factors
        left = np.abs(new - scaled @ factors)
        weights = 1.0 / np.maximum(left, 1e-12 * max(float(np.abs(new).max(initial=0.0)), 1e-300))
        weights /= weights.max(initial=1.0)
    # Whoever is nearest gives the factors exactly, if they are exact at all.
    nearest = np.argsort(left, kind="stable")[: max(2 * chosen.shape[1], len(new) // 2)]
    return np.asarray(np.linalg.lstsq(scaled[nearest], new[nearest], rcond=1e-10)[0] / scale)


def by_cell(new: Numbers, other: Numbers, cells: NDArray[np.int64]) -> Numbers | None:
    """Return what is left of `new` when every cell's `other` is taken off with a factor of the cell's own.

    Parameters
    ----------
    cells : ndarray of int, shape (units,)
        -1 for units that are in none.

    Returns
    -------
    ndarray of float, or None where fewer than half of the units agree, or one factor does for all
    """
    inside = (cells >= 0) & (other != 0)
    factor = np.zeros(int(cells.max(initial=-1)) + 1)
    places = np.flatnonzero(inside)
    if not len(places):
        return None
    ratios = new[places] / other[places]
    order = np.lexsort((ratios, cells[places]))
    named, first, often = np.unique(cells[places][order], return_index=True, return_counts=True)
    factor[named] = ratios[order][first + often // 2]
    taken = np.where(inside, factor[np.maximum(cells, 0)] * other, 0.0)
    rest = new - taken
    rest[np.abs(rest) <= _SAME * (np.abs(new) + np.abs(taken))] = 0
    same = np.ptp(factor[named]) <= _SAME * float(np.abs(factor).max(initial=0.0))
    return rest if not same and agree(rest, (new != 0) | (taken != 0), len(named)) else None
