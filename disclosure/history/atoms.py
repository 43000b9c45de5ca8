"""Groups of indistinguishable units, and which released sets hold them.

Vocabulary
----------
atom
    Units that are in exactly the same released sets; nothing released tells them apart.
light, heavy
    An atom of at most `reach` units, and one of more: no combination that tells about few units may touch a heavy one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.bitmaps import flat
from saferoom.disclosure.history.signatures import Positions, mix

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Mask = NDArray[np.bool_]

_AT_ONCE = 20_000
_SMALL = 8_000
"""Entries up to which an incidence is written out: it is gone through many times, and so far quicker each time."""


@dataclass(frozen=True, eq=False)
class Atoms:
    """The incidence of sets over atoms.

    Attributes
    ----------
    incidence : csc_array of int8, shape (sets, atoms)
        1 where the atom is in the set.
    sizes : ndarray of int, shape (atoms,)
        Units.
    some : ndarray of int, shape (atoms,)
        The position of one of its units.
    kept : ndarray of int, shape (sets,)
        Which of the sets given are in the system; `peeled` leaves some out.
    tables : ndarray of int, shape (sets,)
        Which table each set is of.
    """

    incidence: csc_array
    sizes: Positions
    some: Positions
    kept: Positions
    tables: Positions

    @cached_property
    def written_out(self) -> NDArray[np.float64] | None:
        """The incidence with its zeros, where it is small."""
        sets, atoms = self.incidence.shape
        return self.incidence.toarray().astype(np.float64) if sets * atoms <= _SMALL else None

    def over(self, atoms: Positions) -> csc_array | NDArray[np.float64]:
        """Return the incidence over some atoms alone."""
        return self.incidence[:, atoms] if self.written_out is None else self.written_out[:, atoms]


def atoms_of(sets: Sequence[BitMap], tables: Positions | None = None) -> Atoms:
    """Return the atoms of `sets`; without `tables` they are all of one."""
    from scipy.sparse import csr_array

    starts, members = flat(sets)
    # scipy takes the wider of the two kinds of numbers for both, and the members are most of all memory.
    narrow = np.int32 if len(members) < 2**31 else np.int64
    shape = (len(sets), int(members.max(initial=0)) + 1)
    rows = (np.ones(len(members), np.int8), members.astype(narrow), starts.astype(narrow))
    del members
    across = csr_array(rows, shape=shape).tocsc()
    del rows
    units = np.flatnonzero(np.diff(across.indptr))
    # Units with the same sum of their sets' numbers are in the same sets (but for one chance in 2^64).
    marks = mix(np.arange(1, len(sets) + 1, dtype=np.uint64))
    hashes = _sums(marks, across.indices, np.append(across.indptr[units], across.indptr[-1]))
    first, sizes = _different(hashes)
    some = units[first]
    if len(some) < shape[1]:
        across = across[:, some]
    owners = np.zeros(len(sets), dtype=np.int64) if tables is None else tables
    return Atoms(across, sizes, some, np.arange(len(sets)), owners)


def _different(hashes: NDArray[np.uint64]) -> tuple[Positions, Positions]:
    """Return where each different hash is for the first time, in rising order, and how often it occurs."""
    ranked = np.sort(hashes)
    if (ranked[1:] != ranked[:-1]).all():
        # Sorting numbers alone is far quicker, and with many tables nearly everybody is an atom.
        return np.arange(len(hashes)), np.ones(len(hashes), dtype=np.int64)
    _, first, sizes = np.unique(hashes, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], sizes[order].astype(np.int64)


def _sums(marks: NDArray[np.uint64], places: Positions, starts: Positions) -> NDArray[np.uint64]:
    """Return the sums of the marks at `places` from every start to the next; some after the others, to save memory."""
    sums = np.empty(len(starts) - 1, dtype=np.uint64)
    for begin in range(0, len(sums), _AT_ONCE):
        own = starts[begin : begin + _AT_ONCE + 1]
        sums[begin : begin + _AT_ONCE] = np.add.reduceat(marks[places[own[0] : own[-1]]], own[:-1] - own[0])
    return sums


def peeled(atoms: Atoms, reach: int) -> Atoms:
    """Leave out every set that alone holds more than `reach` units: it cannot be part of what tells about fewer.

    Notes
    -----
    Nothing else can cancel these units out, so the set's factor is zero. Without it others may be alone somewhere.
    """
    while True:
        alone = np.diff(atoms.incidence.indptr) == 1
        owner = atoms.incidence.indices[np.repeat(alone, np.diff(atoms.incidence.indptr))]
        weight = np.bincount(owner, atoms.sizes[alone], atoms.incidence.shape[0])
        keep = weight <= reach
        if keep.all():
            return atoms
        atoms = _without(atoms, keep)


def _without(atoms: Atoms, keep: Mask) -> Atoms:
    from scipy.sparse import csc_array

    incidence, places = atoms.incidence, np.cumsum(keep) - 1
    left = keep[incidence.indices]
    pointers = np.concatenate([[0], np.cumsum(left)])[incidence.indptr]
    rows = places[incidence.indices[left]]
    sums = np.concatenate([[np.uint64(0)], np.cumsum(mix(rows.astype(np.uint64) + np.uint64(1)), dtype=np.uint64)])
    hashes = sums[pointers[1:]] - sums[pointers[:-1]]
    _, first, atom = np.unique(hashes, return_index=True, return_inverse=True)
    sizes = np.bincount(atom, atoms.sizes, len(first)).astype(np.int64)
    filled = np.flatnonzero(np.diff(pointers)[first] > 0)
    first, sizes = first[filled], sizes[filled]
    shape = (int(keep.sum()), len(pointers) - 1)
    merged = csc_array((np.ones(len(rows), np.int8), rows, pointers), shape=shape)[:, first]
    return Atoms(merged, sizes, atoms.some[first], atoms.kept[keep], atoms.tables[keep])
