"""From a project's pseudonyms to the lineage's keys, which are the same in every project."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.errors import IntegrityError

Keys = NDArray[np.uint64]

_SIGN = np.uint64(2**63)


def keys_of_numbers(numbers: NDArray[np.int64]) -> Keys:
    """Return the keys of ids that are whole numbers: themselves, in the order of unsigned numbers."""
    return np.asarray(numbers.astype(np.int64).view(np.uint64) ^ _SIGN)


@dataclass(frozen=True, eq=False)
class Crosswalk:
    """Who is who, for one project and one kind of unit.

    Attributes
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    known : ndarray of uint64, rising
        Keys of the project's pseudonyms (`keys_of_numbers`).
    lineage : ndarray of uint64
        The lineage key of each.
    """

    unit: str
    known: Keys
    lineage: Keys

    def __post_init__(self) -> None:
        if len(self.known) != len(self.lineage) or (self.known[1:] <= self.known[:-1]).any():
            raise ValueError("a crosswalk needs one lineage key for each pseudonym, in rising order")

    @classmethod
    def empty(cls, unit: str) -> Crosswalk:
        """Nobody is known."""
        return cls(unit, np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64))

    def translated(self, keys: Keys) -> Keys:
        """Return the lineage keys of `keys`.

        Raises
        ------
        IntegrityError
            One has no entry. Taken for a stranger, it would be compared with nobody, so nothing is judged.
        """
        places = np.searchsorted(self.known, keys)
        places[places == len(self.known)] = 0
        if len(keys) and (not len(self.known) or (self.known[places] != keys).any()):
            raise IntegrityError(
                f"{self.unit}: units of the project's extracts are not in its crosswalk, so that they cannot be "
                "compared with earlier releases; ask the administrator to make the extracts again"
            )
        return np.asarray(self.lineage[places])
