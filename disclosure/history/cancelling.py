"""Combinations of sets in which all but few units cancel out.

Vocabulary
----------
combination
    Factors for the sets; what it tells is, per unit, the sum of the factors of the sets that hold the unit.
light
    A combination is light when what it tells is zero but for few units.

Notes
-----
Which combinations are light is a question about sparse vectors in the row space of the incidence, which is hard in
general and easy here, by the pigeonhole principle: light atoms are dealt into more buckets than a light combination
has units, so that it is zero on some bucket and on all heavy atoms. The combinations that are zero there (a left null
space, by conjugate gradients from random starts) are few, and what they tell elsewhere is brought to its sparsest form
by elimination. Only as many atoms as it takes are used; those on which a combination turns out not to be zero join.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.atoms import Atoms
from saferoom.disclosure.history.gradients import Matrix, Tick, UndecidedError, null, times
from saferoom.disclosure.history.signatures import Positions, mix

Mask = NDArray[np.bool_]

MOST_DRAWS = 64
MOST_CHOICES = 3_000
"""Places of zeros that are all tried where several combinations are left."""
MOST_BUCKETS, _CHEAP, _MISSED = 64, 300_000, 5e-3
"""Where the incidence has more entries than `_CHEAP`, rounds end when a light combination has been missed with a
probability of `_MISSED` at most; otherwise there are as many as certainty takes."""
ZERO = 1e-5
_ALIKE = 1e-5
_SMALL = 2_000_000
"""Entries up to which atoms are dealt into buckets in any case."""
PER_SET = 4
"""Atoms to begin with, for every set."""
LEAST_PER_SET = 2
"""Atoms in a bucket for every set that it takes to learn something in a few dozen steps."""
_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Told:
    """What a light combination tells.

    Attributes
    ----------
    atoms : ndarray of int
        Where it is not zero.
    values : ndarray of float, shape of `atoms`
    """

    atoms: Positions
    values: Matrix


def light(atoms: Atoms, reach: int, tick: Tick, *, every: bool = False) -> list[Told]:
    """Return what light combinations tell, the sparsest that elimination finds.

    Parameters
    ----------
    every : bool
        Whether there are as many rounds as certainty takes also where the incidence is large, and more combinations in
        a round than are looked at are an error.

    Raises
    ------
    UndecidedError
        When conjugate gradients did not converge.
    """
    few = atoms.sizes <= reach
    if not few.any() or not atoms.incidence.shape[0]:
        return []
    dealt = mix(atoms.some.astype(np.uint64))
    most = PER_SET * atoms.incidence.shape[0]
    buckets = max(reach + 1, min(MOST_BUCKETS, int(few.sum()) // most))
    certain = every or atoms.incidence.nnz <= _CHEAP
    rounds = reach + 1 if certain else min(reach + 1, _rounds(reach, buckets))
    found: dict[tuple[int, ...], Told] = {}
    for bucket in range(rounds):
        own = (dealt % np.uint64(buckets)).astype(np.int64) == bucket
        for told in sparse_forms(atoms, ~few | own, (reach, most, bucket), tick, whole=every):
            found.setdefault(tuple(told.atoms.tolist()), told)
    return list(found.values())


def in_buckets(atoms: Atoms, reach: int) -> bool:
    """Say whether a bucket tells enough: where it does not, conjugate gradients take very long to learn nothing."""
    return int(atoms.incidence.nnz) <= _SMALL or int(atoms.incidence.shape[0]) <= most_sets(atoms, reach)


def most_sets(atoms: Atoms, reach: int) -> int:
    """Return how many sets the atoms are enough for, when they are dealt into buckets."""
    return int((atoms.sizes <= reach).sum()) // (LEAST_PER_SET * (reach + 1))


def _rounds(reach: int, buckets: int) -> int:
    """Return after how many rounds some bucket is most likely to have held no unit of a light combination."""
    touched = 1 - (1 - 1 / buckets) ** reach
    return math.ceil(math.log(_MISSED) / math.log(touched))


def sparse_forms(
    atoms: Atoms, zero: Mask, how: tuple[int, int, int], tick: Tick, *, whole: bool = False
) -> Iterator[Told]:
    """Yield the sparse forms of what is told by light combinations that are zero on all atoms of `zero`.

    Parameters
    ----------
    how : tuple of int
        The reach, how many atoms to begin with, and a seed.
    whole : bool
        Whether more combinations than are looked at are an error, because no other round makes up for them.

    Raises
    ------
    UndecidedError
        When conjugate gradients did not converge in the steps allowed, or there are too many combinations.
    """
    reach, most, seed = how
    rng = np.random.default_rng(seed)
    sets = atoms.incidence.shape[0]
    used = sample(np.flatnonzero(zero), most, rng)
    draws = 1
    starts = rng.standard_normal((sets, MOST_DRAWS))
    factors, fresh = starts[:, :0], starts[:, :draws]
    while True:
        factors = np.hstack([factors, null((atoms.over(used), atoms.tables), fresh, tick)])
        told = told_by(atoms, factors)
        away = np.logical_or.reduce([np.abs(column) > ZERO for column in told.T])
        wrong = np.flatnonzero(away & zero)
        if len(wrong):
            used = np.concatenate([used, sample(wrong, most, rng)])
            factors, fresh = factors[:, :0], factors
            continue
        places = np.flatnonzero(away)
        many = _alike(told[places, 0], atoms.sizes[places], reach)
        if len(many):
            used = np.concatenate([used, places[many]])
            factors, fresh = factors[:, :0], factors
            continue
        rows = _eliminated(told[places], atoms.sizes[places])
        if len(rows) == draws < min(MOST_DRAWS, sets):
            # Those found so far are zero on all atoms used, and stay.
            fresh, draws = starts[:, draws : 2 * draws], min(2 * draws, starts.shape[1])
            continue
        if whole and len(rows) == draws < sets:
            raise UndecidedError
        break
    for row in (*rows, *_all_sparse(rows)):
        there = np.abs(row) > 1e-4
        if int(atoms.sizes[places[there]].sum()) <= reach:
            yield Told(places[there], row[there])


def told_by(atoms: Atoms, factors: Matrix) -> Matrix:
    """Return what combinations tell about every atom; some of the atoms after the others, to save memory."""
    if atoms.written_out is not None:
        return times(atoms.written_out.T, factors)
    from scipy.sparse import csr_array

    sets, count = atoms.incidence.shape
    told, starts = np.empty((count, factors.shape[1])), atoms.incidence.indptr
    for first in range(0, count, _AT_ONCE):
        end = min(first + _AT_ONCE, count)
        inside = slice(int(starts[first]), int(starts[end]))
        part = (atoms.incidence.data[inside], atoms.incidence.indices[inside], starts[first : end + 1] - starts[first])
        told[first:end] = times(csr_array(part, shape=(end - first, sets)), factors)
    return told


def _alike(told: Matrix, sizes: Positions, reach: int) -> Positions:
    """Return a place of every group of atoms that are told the same number and are more than `reach` units.

    A combination that is not light gives all its atoms (nearly) one number; zero there, it is gone, and others are not.
    """
    if not len(told):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(np.abs(told), kind="stable")
    values = np.abs(told)[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) > _ALIKE * values[1:]]))
    weights = np.add.reduceat(sizes[order], starts)
    return np.asarray(order[starts[weights > reach]])


def sample(places: Positions, most: int, rng: np.random.Generator) -> Positions:
    """Return at most so many of `places`, in their order."""
    return places if len(places) <= most else np.sort(rng.choice(places, most, replace=False))


def _eliminated(told: Matrix, sizes: Positions) -> Matrix:
    """Return a basis of what is told in echelon form; atoms of many units are eliminated first."""
    left = told.T / max(float(np.abs(told).max(initial=0.0)), 1e-300)
    # Pivots are chosen among the heaviest atoms, so that what remains is light.
    order = np.argsort(-sizes, kind="stable")
    rows: list[Matrix] = []
    for _ in range(len(left)):
        strength = np.abs(left).max(axis=0)
        usable = order[strength[order] > max(1e-3 * float(strength.max(initial=0.0)), 1e-6)]
        if not len(usable):
            break
        pivot = usable[0]
        best = int(np.abs(left[:, pivot]).argmax())
        row = left[best] / left[best, pivot]
        left = np.delete(left, best, axis=0)
        left = left - left[:, pivot : pivot + 1] * row
        rows = [other - other[pivot] * row for other in rows]
        rows.append(row)
    return np.array(rows).reshape(len(rows), told.shape[0])


def _all_sparse(rows: Matrix) -> Matrix:
    """Return every combination of the rows that is zero wherever it can be chosen to be, when there are not too many.

    Notes
    -----
    A sparsest vector of a space of r dimensions is zero on r - 1 atoms that no other vector is zero on.
    """
    dimensions, count = rows.shape
    if dimensions < 2 or math.comb(count, dimensions - 1) > MOST_CHOICES:
        return rows[:0]
    chosen = np.array(list(combinations(range(count), dimensions - 1)))
    _, strengths, bases = np.linalg.svd(np.moveaxis(rows[:, chosen], 0, 2), full_matrices=True)
    found = bases[strengths[:, -1] > 1e-6, -1] @ rows
    return np.asarray(found / np.abs(found).max(axis=1, keepdims=True))
