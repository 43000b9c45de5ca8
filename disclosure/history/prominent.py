"""Light combinations in a history that is too large to deal its atoms into buckets.

Vocabulary
----------
prominent
    An atom is prominent when what is told about it stands out from what is told about all others.

Notes
-----
With many more sets than atoms in a bucket, any numbers can be told about the bucket and nothing is learnt from it. So
all atoms are driven to zero, and watched on the way: what an ordinary combination tells fades by a constant factor at
every step of conjugate gradients (the least singular value of an incidence with several atoms per set is large), and
what a light one tells hardly fades, because its few units are nearly nothing beside all that its sets hold. At some
step it is nearly all that is left. The atoms that stood out most are then left free, in the place of a bucket, and the
combinations that are zero on all the others are found and brought to their sparsest form as elsewhere. Light
combinations with no unit in the sample that is watched are left over in the end, and seen at once.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.history.atoms import Atoms
from saferoom.disclosure.history.cancelling import LEAST_PER_SET, PER_SET, Mask, Told, sample, sparse_forms, told_by
from saferoom.disclosure.history.gradients import Matrix, Tick, UndecidedError, null

MOST_LOOKS = 150
_STARTS = 1
_FIRST = 4
"""Steps after which it is looked: before, everything is large."""
_GONE, _LEFT = 1e-6, 1e-3
"""What is left of the first size when it is no longer looked, and what is then still told where something is light."""
_OUTSTANDING = 8.0
"""Times the mean size, root of the squares, that a number never is by chance."""
_FREE = 10
"""One in so many of the atoms that are watched is left free."""


class Prominence:
    """By how much atoms stood out, at the step at which they did most.

    Attributes
    ----------
    most : ndarray of float, shape (atoms,)
        Times the mean size.
    fading : bool
        Whether something was still left when it was no longer looked.
    """

    def __init__(self, atoms: int) -> None:
        self.most = np.zeros(atoms)
        self.fading = False
        self._steps = 0
        self._first: Matrix | None = None

    def __call__(self, told: Matrix) -> bool:
        """Look at what is told about every atom, one column per start; say whether that was enough."""
        size = np.sqrt(np.einsum("ij,ij->j", told, told) / max(len(told), 1))
        if self._first is None:
            self._first = size
        seen = size > _GONE * self._first
        if self._steps >= _FIRST and seen.any():
            np.maximum(self.most, (np.abs(told[:, seen]) / size[seen]).max(axis=1), out=self.most)
        self._steps += 1
        self.fading = bool(seen.any()) and self._steps >= MOST_LOOKS
        return self.fading or not seen.any()


def light_by_prominence(atoms: Atoms, reach: int, tick: Tick) -> list[Told]:
    """Return what light combinations tell, by the atoms that stand out.

    Raises
    ------
    UndecidedError
        When conjugate gradients did not converge in the steps allowed, more is left than can be looked through, or
        there are hardly more atoms than sets.
    """
    few = atoms.sizes <= reach
    sets = atoms.incidence.shape[0]
    if not few.any() or not sets:
        return []
    if int(few.sum()) < LEAST_PER_SET * sets:
        # So few are driven to zero in any case, in very many steps, and nothing is learnt from it.
        raise UndecidedError
    rng = np.random.default_rng(0)
    watched = sample(np.flatnonzero(few), PER_SET * sets, rng)
    used = np.concatenate([watched, np.flatnonzero(~few)])
    look = Prominence(len(used))
    factors = null((atoms.incidence[:, used], atoms.tables), rng.standard_normal((sets, _STARTS)), tick, look)
    if not _something(atoms, factors, look):
        return []
    zero = _but_prominent(~few, watched, look.most[: len(watched)])
    return list(sparse_forms(atoms, zero, (reach, int(zero.sum()), 0), tick, whole=True))


def _something(atoms: Atoms, factors: Matrix, look: Prominence) -> bool:
    """Say whether anything stood out, was not gone in the end, or is told where it was not watched."""
    if look.fading or look.most.max(initial=0.0) > _OUTSTANDING:
        return True
    return bool((np.abs(told_by(atoms, factors)) > _LEFT).any())


def _but_prominent(heavy: Mask, watched: np.ndarray, most: Matrix) -> Mask:
    zero = heavy.copy()
    zero[watched] = True
    zero[watched[np.argsort(-most, kind="stable")[: max(len(watched) // _FREE, 1)]]] = False
    return zero
