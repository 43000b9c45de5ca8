"""Replicated uniques: what one unit alone has in the file, and one record alone in the twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.check.pair import Codes, Pair
from saferoom.disclosure.microdata.synthetic.units import Units

_STEPS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


@dataclass(frozen=True)
class Uniques:
    """Identity disclosure on a set of columns.

    Attributes
    ----------
    original, synthetic : float
        Share of the file's records, of the twin's records, whose combination one unit (record) alone has (UiO, UiS).
    found : float
        Share of the file's records that are unique and whose combination is in the twin (UiOiS).
    replicated : float
        Share of the file's records that are unique in both (repU).
    records : ndarray of bool, shape (r,)
        The twin's records that replicate one.

    References
    ----------
    Raab, Nowok and Dibben (2024), Practical privacy metrics for synthetic data, arXiv:2406.16826.
    """

    original: float
    synthetic: float
    found: float
    replicated: float
    records: NDArray[np.bool_]

    def document(self) -> dict[str, Any]:
        """Return the measures in percent."""
        return {
            "unique_in_original_percent": 100 * self.original,
            "unique_in_twin_percent": 100 * self.synthetic,
            "unique_in_original_found_percent": 100 * self.found,
            "replicated_percent": 100 * self.replicated,
            "replicated_records": int(self.records.sum()),
        }


def replicated(pair: Pair, names: Sequence[str], units: Units) -> Uniques:
    """Look for uniques on the columns `names` in both files.

    Parameters
    ----------
    units : Units of the file's records; combinations of one unit alone are unique, however many records it has.
    """
    before, after, number = pair.classes(names)
    people = units.per(before, number)
    told = np.bincount(before, minlength=number)
    made = np.bincount(after, minlength=number)
    alone = (people <= 1) & (told > 0)
    both = alone & (made == 1)
    rows = max(1, len(before))
    return Uniques(
        original=float(told[alone].sum()) / rows,
        synthetic=float((made == 1).sum()) / max(1, len(after)),
        found=float(told[alone & (made > 0)].sum()) / rows,
        replicated=float(told[both].sum()) / rows,
        records=both[after],
    )


class Singles:
    """The file's records that one unit alone has, in all columns, by a number of 64 bits for each.

    Two records have one number by chance with a probability of 2^-64; one taken for a copy by that is made again.
    """

    def __init__(self, codes: Codes, units: Units) -> None:
        numbers, inverse = np.unique(_hashed(codes), return_inverse=True)
        self._numbers = numbers[units.per(inverse, len(numbers)) <= 1]

    def copied(self, codes: Codes) -> NDArray[np.bool_]:
        """Return which of the twin's records, coded as the file's, are one of these; shape (r,)."""
        return np.isin(_hashed(codes), self._numbers)


def _hashed(codes: Codes) -> NDArray[np.uint64]:
    """Return a number for each row (the finaliser of SplitMix64 over its codes)."""
    found = np.zeros(len(codes), dtype=np.uint64)
    for column in codes.T:
        found = (found + column.astype(np.int64).view(np.uint64) + _STEPS[0]) * _STEPS[1]
        found ^= found >> np.uint64(30)
        found *= _STEPS[2]
        found ^= found >> np.uint64(27)
    return found
