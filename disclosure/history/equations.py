"""Systems of equations: what several releases together tell about few units, when every total is an equation.

Notes
-----
The released totals, added and subtracted with any factors, are the row space of their incidence over the units. Where
it has a vector that is zero but for few units, the totals tell about these few (`cancelling`). Sets that can have no
part in it are left out first (`atoms.peeled`). (Statistical database auditing for sums: Chin and Ozsoyoglu 1982.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.atoms import Atoms, atoms_of, peeled
from saferoom.disclosure.history.cancelling import Matrix, Told, light
from saferoom.disclosure.history.families import Family, Tick
from saferoom.disclosure.history.signatures import Positions, mix

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_FEW = 40_000
"""Atoms on which it is first tried whether some sets alone tell the same."""
_TOL = 1e-4
_MOST_SQUARES = 5_000
"""Conjugate gradients for least squares."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A group of few units that the new table and earlier ones together tell about.

    Attributes
    ----------
    atoms : tuple of BitMap
        The units, those together that nothing tells apart.
    new : ndarray of int
        Places of the cells in the new family that are needed.
    old : tuple of pairs of int
        The earlier family and the place of the cell in it.
    """

    atoms: tuple[BitMap, ...]
    new: Positions
    old: tuple[tuple[int, int], ...]

    @property
    def units(self) -> BitMap:
        """All units that are told about."""
        return BitMap.union(*self.atoms)


@dataclass(frozen=True, eq=False)
class System:
    """The different cells of a new and of earlier tables, and their atoms.

    Attributes
    ----------
    sets : list of BitMap
        First those of the new table that no earlier one has.
    new : list of int
        The place in the new family of each such set.
    old : list of pairs of int
        The first earlier family that has the set, and the place there.
    shared : ndarray of bool, shape (sets,)
        Which the new table has too.
    """

    sets: list[BitMap]
    new: list[int]
    old: list[tuple[int, int]]
    shared: NDArray[np.bool_]


def system_of(new: Family, old: Sequence[Family], finer: Sequence[bool] | None = None) -> System:
    """Return the different cells that are not empty; margins that follow from cells tell nothing more.

    Parameters
    ----------
    finer : sequence of bool, optional
        Per earlier family, whether the new table tells more of a set than it does, though the set is the same.
    """
    fresh: dict[int, int] = {}
    for place in range(len(new.sets)):
        if new.signatures.sizes[place]:
            fresh.setdefault(int(new.whole[place]), place)
    known: dict[int, tuple[int, int]] = {}
    for number, family in enumerate(old):
        cells = np.flatnonzero(family.signatures.sizes[: len(family.sets)])
        for place, whole in zip(cells.tolist(), family.whole[cells].tolist(), strict=True):
            if not (finer and finer[number] and whole in fresh):
                known.setdefault(whole, (number, place))
    own = [place for whole, place in fresh.items() if whole not in known]
    sets = [new.sets[place] for place in own] + [old[number].sets[place] for number, place in known.values()]
    shared = np.array([True] * len(own) + [whole in fresh for whole in known], dtype=bool)
    return System(sets, own, list(known.values()), shared)


def solutions(system: System, reach: int, tick: Tick) -> Iterator[Solution]:
    """Yield what the new and the earlier sets together tell about 1 to `reach` units, and neither do alone.

    Raises
    ------
    UndecidedError
        When the combinations could not be found in the steps allowed.
    """
    if not system.new or not system.old:
        return
    tick()
    atoms = peeled(atoms_of(system.sets), reach)
    first = len(system.new)
    if not (atoms.kept < first).any() or not (atoms.kept >= first).any():
        return
    tick()
    for told in light(atoms, reach, tick):
        tick()
        earlier = atoms.kept >= first
        if _tells(atoms, earlier, told) or _tells(atoms, system.shared[atoms.kept], told):
            continue
        factors = _factors(atoms, told)
        yield _solution(system, atoms, told, factors)


def _tells(atoms: Atoms, chosen: NDArray[np.bool_], told: Told) -> bool:
    """Say whether the chosen sets alone tell the same; on few atoms first, where it is the easier to do."""
    places = _some(atoms, told)
    wanted = np.zeros(atoms.incidence.shape[1])
    wanted[told.atoms] = told.values
    sets = np.flatnonzero(chosen)
    rows = atoms.incidence[sets]
    return within(wanted[places], rows[:, places])[0] and (len(places) == len(wanted) or within(wanted, rows)[0])


def _factors(atoms: Atoms, told: Told) -> NDArray[np.float64]:
    places = _some(atoms, told)
    wanted = np.zeros(atoms.incidence.shape[1])
    wanted[told.atoms] = told.values
    return within(wanted[places], atoms.incidence[:, places], 1e-7)[1]


def within(told: Matrix, incidence: csc_array, close: float = 1e-13) -> tuple[bool, Matrix]:
    """Say whether some combination of the sets tells exactly `told`, and return the smallest such factors.

    Notes
    -----
    Conjugate gradients for least squares (CGLS) from zero, which stays in the row space, so that the factors are the
    smallest. Inner products are not left to BLAS: its threads wait for each other where the machine is busy.
    """
    factors = np.zeros(incidence.shape[0])
    if not len(factors):
        return False, factors
    across = incidence.T.tocsr().astype(np.float64)
    along = across.T.tocsr()
    left = told.astype(np.float64)
    step = along @ left
    norm = first = float(np.einsum("i,i", step, step))
    for _ in range(_MOST_SQUARES):
        if norm <= first * close**2 or np.abs(left).max(initial=0.0) <= close:
            break
        moved = across @ step
        below = float(np.einsum("i,i", moved, moved))
        if not below:
            break
        factors += norm / below * step
        left -= norm / below * moved
        residual = along @ left
        fresh = float(np.einsum("i,i", residual, residual))
        step = residual + fresh / norm * step
        norm = fresh
    return bool(np.abs(across @ factors - told).max(initial=0.0) < 1e-4), factors


def _some(atoms: Atoms, told: Told) -> Positions:
    count = atoms.incidence.shape[1]
    if count <= _FEW:
        return np.arange(count)
    # Spread evenly by random-looking numbers, the same each time.
    order = np.argsort(mix(atoms.some.astype(np.uint64)), kind="stable")[:_FEW]
    return np.union1d(order, told.atoms)


def _solution(system: System, atoms: Atoms, told: Told, factors: NDArray[np.float64]) -> Solution:
    first = len(system.new)
    tables = np.array([-1] * first + [number for number, _ in system.old])[atoms.kept]
    needed = np.zeros(len(factors), dtype=bool)
    for table in np.unique(tables).tolist():
        needed[tables == table] = _needed(factors[tables == table])
    chosen = atoms.kept[needed].tolist()
    return Solution(
        atoms=tuple(_units(system, atoms, atom) for atom in told.atoms.tolist()),
        new=np.array([system.new[i] for i in chosen if i < first], dtype=np.int64),
        old=tuple(system.old[i - first] for i in chosen if i >= first),
    )


def _needed(factors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which factors matter: a factor that all cells share only says that the whole table is one of the sets."""
    values, counts = np.unique(np.round(factors, 3), return_counts=True)
    apart = np.abs(factors - values[counts.argmax()]) > 1e-2
    return np.asarray(apart if len(factors) > 2 and apart.any() else np.abs(factors) > _TOL)


def _units(system: System, atoms: Atoms, atom: int) -> BitMap:
    """Return the units of an atom: those in all its sets and in no other that was not left out."""
    rows = atoms.incidence.indices[atoms.incidence.indptr[atom] : atoms.incidence.indptr[atom + 1]]
    inside = {int(atoms.kept[row]) for row in rows.tolist()}
    members = BitMap.intersection(*(system.sets[i] for i in inside))
    for i in atoms.kept.tolist():
        if i not in inside and members.intersect(system.sets[i]):
            members = members - system.sets[i]
    return members
