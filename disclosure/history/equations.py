"""Systems of equations: what several releases together tell about few units, when every total is an equation.

Notes
-----
The released totals, added and subtracted with any factors, are the row space of their incidence over the units. Where
it has a vector that is zero but for few units, the totals tell about these few (`cancelling`). Sets that can have no
part in it are left out first (`atoms.peeled`). (Statistical database auditing for sums: Chin and Ozsoyoglu 1982.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.atoms import Atoms, atoms_of, peeled
from saferoom.disclosure.history.cancelling import PER_SET, Told, in_buckets, light, most_sets, told_by
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.gradients import ManySmallError, UndecidedError, within
from saferoom.disclosure.history.prominent import light_by_prominence
from saferoom.disclosure.history.signatures import Positions, mix
from saferoom.disclosure.history.systems import System, only, parts

_FEW = 40_000
"""Atoms on which it is first tried whether some sets alone tell the same."""
_TOL = 1e-4
_CLOSEST, _CLOSE = 1e-13, 1e-7
"""How near least squares come to the end."""
_PART = 4
"""A part has one in so many of the sets that could be searched at once; many small ones take far less time."""
_SMALL_SET = 20
"""Times as many units as a difference needs: what larger sets tell about fewer stands out."""


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


Enough = Callable[[], bool]
"""Whether what was found so far is enough to fail."""


def _never() -> bool:
    return False


def solutions(system: System, reach: int, tick: Tick, enough: Enough = _never) -> Iterator[Solution]:
    """Yield what the new and the earlier sets together tell about 1 to `reach` units, and neither do alone.

    Parameters
    ----------
    enough : callable
        Asked between the searches of a long history; after it says so, no more are made.

    Raises
    ------
    UndecidedError
        When the combinations could not all be found in the steps allowed; after what was found.

    Notes
    -----
    A history that is too large to be dealt into buckets is searched in three ways: for what the new table and some of
    the earlier ones tell, these and others in turn; for what small sets of all of them tell; and for what stands out
    in all of them, where a larger set has a part in it.
    """
    atoms = _atoms(system, reach, tick)
    if atoms is None:
        return
    if in_buckets(atoms, reach):
        yield from _solutions(system, atoms, light(atoms, reach, tick), tick)
        return
    undecided: UndecidedError | None = None
    for search in _searches(system, atoms, reach, tick):
        if enough():
            return
        try:
            yield from search
        except UndecidedError as error:
            undecided = undecided or error
    if undecided:
        raise undecided


def _searches(system: System, atoms: Atoms, reach: int, tick: Tick) -> Iterator[Iterator[Solution]]:
    """Yield searches, the quick ones first; each is made when it is read."""
    for piece in parts(system, atoms.kept, most_sets(atoms, reach) // _PART):
        yield _of_part(piece, reach, tick)
    yield _of_small(system, atoms.kept, reach, tick)
    yield _of_whole(system, atoms, reach, tick)


def _of_whole(system: System, atoms: Atoms, reach: int, tick: Tick) -> Iterator[Solution]:
    yield from _solutions(system, atoms, light_by_prominence(atoms, reach, tick), tick)


def _of_part(piece: System, reach: int, tick: Tick) -> Iterator[Solution]:
    some = _atoms(piece, reach, tick)
    if some is not None:
        yield from _solutions(piece, some, light(some, reach, tick), tick)


def _of_small(system: System, kept: Positions, reach: int, tick: Tick) -> Iterator[Solution]:
    """Yield what small sets tell, without the chance to miss any."""
    chosen = np.zeros(len(system.sets), dtype=bool)
    chosen[[i for i in kept.tolist() if len(system.sets[i]) <= _SMALL_SET * (reach + 1)]] = True
    piece = only(system, chosen)
    some = _atoms(piece, reach, tick)
    if some is None:
        return
    if not in_buckets(some, reach):
        raise ManySmallError
    yield from _solutions(piece, some, light(some, reach, tick, every=True), tick)


def _atoms(system: System, reach: int, tick: Tick) -> Atoms | None:
    """Return the atoms of the sets that can take part, or None where these are not both new and earlier ones."""
    if not system.new or not system.old:
        return None
    tick()
    atoms = peeled(atoms_of(system.sets, system.tables), reach)
    tick()
    first = len(system.new)
    return atoms if (atoms.kept < first).any() and (atoms.kept >= first).any() else None


def _solutions(system: System, atoms: Atoms, found: Sequence[Told], tick: Tick) -> Iterator[Solution]:
    for told in found:
        tick()
        earlier = atoms.kept >= len(system.new)
        if not _tells(atoms, earlier, told) and not _tells(atoms, system.shared[atoms.kept], told):
            yield _solution(system, atoms, told, _factors(atoms, told))


def _tells(atoms: Atoms, chosen: NDArray[np.bool_], told: Told) -> bool:
    """Say whether the chosen sets alone tell the same; on few atoms first, where it is the easier to do."""
    places = _some(atoms, told)
    wanted = np.zeros(atoms.incidence.shape[1])
    wanted[told.atoms] = told.values
    sets = np.flatnonzero(chosen)
    # Several atoms per set, spread evenly, leave nothing that takes many steps.
    close = _CLOSEST if len(places) <= _FEW else _CLOSE
    tells, factors = within(wanted[places], atoms.incidence[:, places][sets], close)
    if not tells or len(places) == len(wanted):
        return tells
    everywhere = np.zeros((len(chosen), 1))
    everywhere[sets, 0] = factors
    if np.abs(told_by(atoms, everywhere)[:, 0] - wanted).max(initial=0.0) < _TOL:
        return True
    return within(wanted, atoms.incidence[sets], _CLOSEST)[0]


def _factors(atoms: Atoms, told: Told) -> NDArray[np.float64]:
    places = _some(atoms, told)
    wanted = np.zeros(atoms.incidence.shape[1])
    wanted[told.atoms] = told.values
    return within(wanted[places], atoms.incidence[:, places], _CLOSE)[1]


def _some(atoms: Atoms, told: Told) -> Positions:
    sets, count = atoms.incidence.shape
    most = max(_FEW, PER_SET * sets)
    if count <= most:
        return np.arange(count)
    # Spread evenly by random-looking numbers, the same each time.
    order = np.argsort(mix(atoms.some.astype(np.uint64)), kind="stable")[:most]
    return np.union1d(order, told.atoms)


def _solution(system: System, atoms: Atoms, told: Told, factors: NDArray[np.float64]) -> Solution:
    first = len(system.new)
    tables = atoms.tables
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
