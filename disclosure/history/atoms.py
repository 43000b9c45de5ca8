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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.bitmaps import flat
from saferoom.disclosure.history.signatures import Positions, mix

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Atoms:
    """The incidence of sets over atoms.

    Attributes
    ----------
    incidence : csc_array of float, shape (sets, atoms)
        1 where the atom is in the set.
    sizes : ndarray of int, shape (atoms,)
        Units.
    some : ndarray of int, shape (atoms,)
        The position of one of its units.
    kept : ndarray of int, shape (sets,)
        Which of the sets given are in the system; `peeled` leaves some out.
    """

    incidence: csc_array
    sizes: Positions
    some: Positions
    kept: Positions


def atoms_of(sets: Sequence[BitMap]) -> Atoms:
    """Return the atoms of `sets`."""
    from scipy.sparse import csr_array

    starts, members = flat(sets)
    # Units with the same sum of their sets' numbers are in the same sets (but for one chance in 2^64).
    marks = mix(np.arange(1, len(sets) + 1, dtype=np.uint64))
    hashes = np.zeros(int(members.max(initial=0)) + 1, dtype=np.uint64)
    for i in range(len(sets)):
        hashes[members[starts[i] : starts[i + 1]]] += marks[i]
    held = np.zeros(len(hashes), dtype=bool)
    held[members] = True
    units = np.flatnonzero(held)
    _, first, sizes = np.unique(hashes[units], return_index=True, return_counts=True)
    order = np.argsort(first)
    some, sizes = units[first[order]], sizes[order]
    atom = np.full(len(hashes), -1, dtype=np.int32)
    atom[some] = np.arange(len(some), dtype=np.int32)
    columns = atom[members]
    if len(some) < len(units):
        there = columns >= 0
        starts = np.concatenate([[0], np.cumsum(there)])[starts]
        columns = columns[there]
    del members, hashes, held, atom
    shape = (len(sets), len(some))
    # scipy takes the wider of the two kinds of numbers for both, and the columns are most of all memory.
    starts = starts.astype(np.int32 if len(columns) < 2**31 else np.int64)
    incidence = csr_array((np.ones(len(columns), np.float32), columns, starts), shape=shape).tocsc()
    return Atoms(incidence, sizes.astype(np.int64), some, np.arange(len(sets)))


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
    merged = csc_array((np.ones(len(rows), np.float32), rows, pointers), shape=shape)[:, first]
    return Atoms(merged, sizes, atoms.some[first], atoms.kept[keep])
