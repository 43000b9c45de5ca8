"""The statistical units behind every cell, as compressed bitmaps.

A unit's key is a 64-bit number made from its id alone, so that the same unit has the same key in every query, file
format and version of the data. Bitmaps hold positions in the sorted array of the keys that occur.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.verdict import Label
from saferoom.errors import IntegrityError

Keys = NDArray[np.uint64]
Cell = tuple[Label, ...]


@dataclass(frozen=True)
class UnitSets:
    """The units of one kind behind the cells.

    Attributes
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    keys : ndarray of uint64, sorted
        Every unit that contributes anywhere.
    cells : tuple of BitMap
        Per cell, positions in `keys`.
    """

    unit: str
    keys: Keys
    cells: tuple[BitMap, ...]


@dataclass(frozen=True)
class Contributors:
    """Who is behind which released number.

    Attributes
    ----------
    subjects : frozenset of str
        What the numbers are made from: ``count``, or the datasets' columns in the measure. Two releases can be
        subtracted from each other only when they share a subject.
    exact : bool
        False where the released numbers are rounded.
    cells : tuple of Cell
        Labels of the released cells, in the order of every `UnitSets.cells`.
    """

    subjects: frozenset[str]
    exact: bool
    cells: tuple[Cell, ...]
    units: tuple[UnitSets, ...]

    @classmethod
    def none(cls) -> Contributors:
        """Nothing was computed or nothing would be released."""
        return cls(frozenset(), True, (), ())

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready form; sets are compressed and in base 64."""
        return {
            "subjects": sorted(self.subjects),
            "exact": self.exact,
            "cells": [list(cell) for cell in self.cells],
            "units": [
                {"unit": sets.unit, "keys": pack_keys(sets.keys), "cells": [pack_set(cell) for cell in sets.cells]}
                for sets in self.units
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Contributors:
        """Read what `to_json` wrote."""
        return cls(
            subjects=frozenset(document["subjects"]),
            exact=bool(document["exact"]),
            cells=tuple(tuple(cell) for cell in document["cells"]),
            units=tuple(
                UnitSets(item["unit"], unpack_keys(item["keys"]), tuple(unpack_set(cell) for cell in item["cells"]))
                for item in document["units"]
            ),
        )


def pack_keys(keys: Keys) -> str:
    """Return sorted keys as text: differences, compressed, base 64."""
    steps = np.diff(keys, prepend=np.uint64(0))
    return base64.b64encode(zlib.compress(steps.astype("<u8").tobytes(), 1)).decode("ascii")


def unpack_keys(text: str) -> Keys:
    """Read what `pack_keys` wrote."""
    try:
        steps = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype="<u8")
    except (ValueError, zlib.error):
        raise IntegrityError("stored contributors are damaged; nothing can be compared with them") from None
    return np.cumsum(steps, dtype=np.uint64)


def pack_set(members: BitMap) -> str:
    """Return a bitmap as text."""
    return base64.b64encode(members.serialize()).decode("ascii")


def unpack_set(text: str) -> BitMap:
    """Read what `pack_set` wrote."""
    try:
        return BitMap.deserialize(base64.b64decode(text, validate=True))
    except ValueError:
        raise IntegrityError("stored contributors are damaged; nothing can be compared with them") from None
