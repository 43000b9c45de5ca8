"""Systems of equations: every released total is one, and a value of few units may be the only solution.

Vocabulary
----------
atom
    Units that are in exactly the same released sets; nothing released tells them apart.
solved
    The released totals, added and subtracted with any factors, give the total of an atom alone (or the sum or the
    difference of two).

Notes
-----
With the indicator of every set over the atoms as a row of A, the total of atom a is solved if and only if its unit
vector lies in the row space of A. Its leverage ``h = a' (A A')^+ a``, with a the atom's column, is 1 then, and less
otherwise. Of two atoms a and b the same is asked of ``e_a + e_b`` and ``e_a - e_b``, which needs h of at least a half.
What is found is confirmed by its factors. (Statistical database auditing for sums: Chin and Ozsoyoglu 1982.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.families import Family, Mask, Positions, Tick

MOST_SETS = 800
"""The sets that enter the equations: the new table's cells, then the largest of the earlier ones."""
MOST_MEMBERS = 30_000_000
MOST_ATOMS = 2_000
"""Small atoms that are looked at; of two at a time only those whose leverage is a half or more."""
_CLOSE = 1e-6

Matrix = NDArray[np.float64]


def solved(new: Family, old: Family, reach: int, tick: Tick) -> Mask:
    """Say of every set of `new` whether it is needed to solve the total of 1 to `reach` units.

    Parameters
    ----------
    old : Family
        Exact totals that were released earlier, cells and margins.
    """
    answer = np.zeros(len(new.sizes), dtype=bool)
    own = np.flatnonzero((new.levels == 0) & (new.sizes > 0))
    if not len(own) or len(own) > MOST_SETS:
        return answer
    earlier = _largest(old, MOST_SETS - len(own), MOST_MEMBERS - int(new.sizes[own].sum()))
    if not len(earlier):
        return answer
    system = _system([new.set(place) for place in own.tolist()], [old.set(place) for place in earlier.tolist()], reach)
    if system is None:
        return answer
    tick()
    factors = _factors(system.incidence, system.small, system.sizes, reach, tick)
    if not len(factors):
        return answer
    tick()
    # What the earlier releases tell by themselves is not this one's doing.
    needed = np.abs(factors[:, : len(own)]) > _CLOSE
    before = _factors(system.incidence[len(own) :], system.small, system.sizes, reach, tick)
    if len(before):
        targets = np.round(factors @ system.incidence)
        known = {tuple(row) for row in np.round(before @ system.incidence[len(own) :]).tolist()}
        needed &= np.array([[tuple(target) not in known] for target in targets.tolist()])
    answer[own[needed.any(axis=0)]] = True
    return answer


@dataclass(frozen=True)
class System:
    """The equations over the atoms.

    Attributes
    ----------
    incidence : ndarray of float, shape (sets, atoms)
        1 where the atom is in the set.
    sizes : ndarray of int, shape (atoms,)
    small : ndarray of int
        The atoms with few units.
    """

    incidence: Matrix
    sizes: Positions
    small: Positions


def _largest(old: Family, most: int, members: int) -> Positions:
    """Return the places of the largest cells, every different one once."""
    kept: dict[bytes, int] = {}
    left = members
    places = np.flatnonzero((old.levels == 0) & (old.sizes > 0))
    for place in places[np.argsort(-old.sizes[places], kind="stable")].tolist():
        left -= int(old.sizes[place])
        if len(kept) >= most or left < 0:
            break
        kept.setdefault(old.set(place).tobytes(), place)
    return np.array(list(kept.values()), dtype=np.int64)


def _system(own: list[Positions], earlier: list[Positions], reach: int) -> System | None:
    """Return the equations, or None when every atom has many units."""
    sets = [*own, *earlier]
    lengths = np.array([len(found) for found in sets])
    members, owner = np.concatenate(sets), np.repeat(np.arange(len(sets)), lengths)
    # Units with the same sum of their sets' random numbers are in the same sets (but for one chance in 2^64).
    marks = np.random.default_rng(0).integers(0, 2**63, len(sets), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    order = np.argsort(members, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(members[order]) != 0]))
    signatures = np.add.reduceat(marks[owner[order]], starts)
    _, first, sizes = np.unique(signatures, return_index=True, return_counts=True)
    small = np.flatnonzero(sizes <= reach)
    if not len(small) or len(sizes) > MOST_MEMBERS // len(sets):
        return None
    incidence = np.zeros((len(sets), len(sizes)))
    ends = np.append(starts[1:], len(order))
    for atom, place in enumerate(first.tolist()):
        incidence[owner[order[starts[place] : ends[place]]], atom] = 1.0
    return System(incidence, sizes.astype(np.int64), small[np.argsort(sizes[small], kind="stable")][:MOST_ATOMS])


def _factors(incidence: Matrix, small: Positions, sizes: Positions, reach: int, tick: Tick) -> Matrix:
    """Return the factors of every combination of sets that leaves a small atom, or two, alone."""
    values, vectors = np.linalg.eigh(incidence @ incidence.T)
    tick()
    kept = values > 1e-10 * values[-1]
    basis = (vectors[:, kept] / np.sqrt(values[kept])).T
    columns = basis @ incidence[:, small]
    leverage = (columns**2).sum(axis=0)
    targets: list[Any] = [_unit(len(sizes), (int(small[i]), 1.0)) for i in np.flatnonzero(leverage > 1 - _CLOSE)]
    half = np.flatnonzero((leverage >= 0.5 - _CLOSE) & (leverage <= 1 - _CLOSE))
    between = columns[:, half].T @ columns[:, half]
    for sign in (1.0, -1.0):
        both = leverage[half][:, None] + leverage[half][None, :] + 2 * sign * between
        for i, j in zip(*np.nonzero(np.triu(both > 2 - 2 * _CLOSE, 1)), strict=True):
            a, b = int(small[half[i]]), int(small[half[j]])
            if sizes[a] + sizes[b] <= reach:
                targets.append(_unit(len(sizes), (a, 1.0), (b, sign)))
    if not targets:
        return np.zeros((0, len(incidence)))
    wanted = np.array(targets)
    factors = (wanted @ incidence.T) @ (basis.T @ basis)
    confirmed = np.abs(factors @ incidence - wanted).max(axis=1) < 1e-5
    return np.asarray(factors[confirmed])


def _unit(size: int, *parts: tuple[int, float]) -> Matrix:
    vector = np.zeros(size)
    for place, value in parts:
        vector[place] = value
    return vector
