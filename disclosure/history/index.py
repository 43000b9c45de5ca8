"""The stable numbers of a lineage's units.

Vocabulary
----------
key
    A unit's 64-bit number, the same in every project and version (`crosswalk`).
position
    A unit's place among all units that were ever behind something released, in order of first appearance. Bitmaps hold
    positions. A position is never given to another unit, so what was stored before stays true.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Places = NDArray[np.uint32]

_MOST = 2**32


@dataclass(frozen=True, eq=False)
class UnitIndex:
    """The units of one kind that were ever released.

    Attributes
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    keys : ndarray of uint64
        Key by position; every key is there once.
    """

    unit: str
    keys: Keys

    @classmethod
    def empty(cls, unit: str) -> UnitIndex:
        """Nobody was released yet."""
        return cls(unit, np.zeros(0, dtype=np.uint64))

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self.keys, kind="stable").astype(np.int64)

    @cached_property
    def _ranked(self) -> Keys:
        return np.asarray(self.keys[self._order])

    def placed(self, keys: Keys) -> tuple[UnitIndex, Places]:
        """Return the position of each of `keys`, and the index with those appended that were not in it.

        Parameters
        ----------
        keys : ndarray of uint64
            Every key once.
        """
        ranks = np.searchsorted(self._ranked, keys)
        known = np.zeros(len(keys), dtype=bool)
        inside = ranks < len(self)
        known[inside] = self._ranked[ranks[inside]] == keys[inside]
        fresh = int((~known).sum())
        if len(self) + fresh >= _MOST:
            raise ValueError(f"an index holds fewer than {_MOST} units")
        places = np.empty(len(keys), dtype=np.uint32)
        places[known] = self._order[ranks[known]]
        places[~known] = np.arange(len(self), len(self) + fresh, dtype=np.uint32)
        return (self if fresh == 0 else UnitIndex(self.unit, np.concatenate([self.keys, keys[~known]]))), places
