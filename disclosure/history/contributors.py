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

from saferoom.disclosure.history.sketches import Sketch
from saferoom.disclosure.verdict import Label
from saferoom.errors import IntegrityError

Keys = NDArray[np.uint64]
Cell = tuple[Label, ...]
_DAMAGED = "stored contributors are damaged; nothing can be compared with them"


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
class Part:
    """Numbers that are made from the same things.

    Attributes
    ----------
    subjects : frozenset of str
        What the numbers are made from: ``count``, or the datasets' columns in the measure. Two releases can be
        subtracted from each other only when they share a subject.
    cells : tuple of Cell
        Labels of the released inner cells, in the order of every `UnitSets.cells`; margins follow from them.
    """

    subjects: frozenset[str]
    cells: tuple[Cell, ...]
    units: tuple[UnitSets, ...]


@dataclass(frozen=True)
class Contributors:
    """Who is behind which released number.

    Attributes
    ----------
    parts : tuple of Part
        The table itself, and the counts that it is in disguise (a mean of zeros and ones).
    exact : bool
        False where the released numbers are rounded.
    total : str
        The label of totals in the table.
    base : int
        To what the released numbers are rounded; 0 where they are exact.
    sketches : tuple of Sketch
        What each unit adds, of every column of values and of the number of rows.
    """

    parts: tuple[Part, ...] = ()
    exact: bool = True
    total: str = "All"
    base: int = 0
    sketches: tuple[Sketch, ...] = ()

    @classmethod
    def none(cls) -> Contributors:
        """Nothing was computed or nothing would be released."""
        return cls()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready form; sets are compressed and in base 64."""
        parts = [_write_part(part) for part in self.parts]
        sketches = [sketch.to_json() for sketch in self.sketches]
        return {"exact": self.exact, "total": self.total, "base": self.base, "parts": parts, "sketches": sketches}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Contributors:
        """Read what `to_json` wrote."""
        return cls(
            parts=tuple(_read_part(part) for part in document["parts"]),
            exact=bool(document["exact"]),
            total=str(document["total"]),
            base=int(document.get("base", 0)),
            sketches=tuple(Sketch.from_json(item) for item in document.get("sketches", ())),
        )


def _write_part(part: Part) -> dict[str, Any]:
    return {
        "subjects": sorted(part.subjects),
        "cells": [list(cell) for cell in part.cells],
        "units": [
            {"unit": sets.unit, "keys": _pack_keys(sets.keys), "cells": [_pack_set(cell) for cell in sets.cells]}
            for sets in part.units
        ],
    }


def _read_part(document: Mapping[str, Any]) -> Part:
    return Part(
        subjects=frozenset(document["subjects"]),
        cells=tuple(tuple(cell) for cell in document["cells"]),
        units=tuple(
            UnitSets(item["unit"], _unpack_keys(item["keys"]), tuple(_unpack_set(cell) for cell in item["cells"]))
            for item in document["units"]
        ),
    )


def _pack_keys(keys: Keys) -> str:
    steps = np.diff(keys, prepend=np.uint64(0))
    return base64.b64encode(zlib.compress(steps.astype("<u8").tobytes(), 1)).decode("ascii")


def _unpack_keys(text: str) -> Keys:
    try:
        steps = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype="<u8")
    except (ValueError, zlib.error):
        raise IntegrityError(_DAMAGED) from None
    return np.cumsum(steps, dtype=np.uint64)


def _pack_set(members: BitMap) -> str:
    return base64.b64encode(members.serialize()).decode("ascii")


def _unpack_set(text: str) -> BitMap:
    try:
        return BitMap.deserialize(base64.b64decode(text, validate=True))
    except ValueError:
        raise IntegrityError(_DAMAGED) from None
