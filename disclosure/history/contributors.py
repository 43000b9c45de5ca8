"""The statistical units behind every cell, as compressed bitmaps.

A unit's key is a 64-bit number made from its id alone, so that the same unit has the same key in every query, file
format, project and version of the data (`crosswalk`). Bitmaps hold positions: of a table that was only judged, in the
sorted array of the keys that occur in it; of a released one, in the lineage's stable index (`index`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.bitmaps import Bitmaps, flat, unflat
from saferoom.disclosure.history.frames import Segment, array_of, guarded, read_frame, write_frame
from saferoom.disclosure.history.sketches import Sketch
from saferoom.disclosure.verdict import Label

Keys = NDArray[np.uint64]
Cell = tuple[Label, ...]
_DAMAGED = "stored contributors are damaged; nothing can be compared with them"


class Noise(StrEnum):
    """How the released numbers differ from the exact ones."""

    NONE = "none"
    ROUNDING = "rounding"
    CONTROLLED_ROUNDING = "controlled_rounding"
    RANDOM_ROUNDING = "random_rounding"
    SIGNIFICANT = "significant"
    CELL_KEY = "cell_key"
    DP = "dp"


class Told(StrEnum):
    """How the sizes of a part's sets are told."""

    SHOWN = "shown"
    """By counts, or not at all, and then sums are: by the part's subjects."""
    ALL = "all"
    """Worked out from a number that is no count. Who lacks a value is in the sets, as if it were known how many do."""
    WITH_VALUE = "with_value"
    """The same without those who lack a value; only where some do."""
    ABSENT = "absent"
    """Not at all: one set of all who lack a value in the owner's columns that the numbers are made from."""
    UNSURE = "unsure"
    """The same, where a researcher's view or snapshot may have taken the value away."""


@dataclass(frozen=True)
class UnitSets:
    """The units of one kind behind the cells.

    Attributes
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    keys : ndarray of uint64
        The key of each position: sorted where they are the table's own, in order of first appearance where they are
        the index's.
    cells : sequence of BitMap
        Positions per cell.
    signatures : ndarray of uint64, shape (cells, buckets), or None
        Of released cells: numbers by which nearly equal sets are found without reading them (`signatures.prints_of`).
    """

    unit: str
    keys: Keys
    cells: Sequence[BitMap]
    signatures: NDArray[np.uint64] | None = None


@dataclass(frozen=True)
class Part:
    """Numbers that are made from the same things.

    Attributes
    ----------
    subjects : frozenset of str
        What the numbers are made from: ``count``, or the datasets' columns in the measure. Two releases can be
        subtracted from each other only when they share a subject.
    cells : tuple of Cell
        Labels of the released cells, in the order of every `UnitSets.cells`.
    margins_follow : bool
        True where `cells` are inner cells and every margin follows from them. False where exactly the listed cells were
        published, margins among them: some inner cells are hidden, and a margin is more than the sum of what is shown.
    nonzero : bool
        True where these are only those units that add something, beside a part with all.
    told : Told
    """

    subjects: frozenset[str]
    cells: tuple[Cell, ...]
    units: tuple[UnitSets, ...]
    margins_follow: bool = True
    nonzero: bool = False
    told: Told = Told.SHOWN


@dataclass(frozen=True)
class Contributors:
    """Who is behind which released number.

    Attributes
    ----------
    parts : tuple of Part
        The table itself, and the counts that it is in disguise (a mean of zeros and ones).
    noise : Noise
    total : str
        The label of totals in the table.
    base : int
        To what the released numbers are rounded; 0 where they are not.
    sketches : tuple of Sketch
        What each unit adds, of every column of values and of the number of rows.
    nameless : frozenset of str
        Kinds of unit whose ids some rows behind the numbers lack, so that not everybody is known.
    """

    parts: tuple[Part, ...] = ()
    noise: Noise = Noise.NONE
    total: str = "All"
    base: int = 0
    sketches: tuple[Sketch, ...] = ()
    nameless: frozenset[str] = frozenset()

    @property
    def exact(self) -> bool:
        """Whether the released numbers are the exact ones."""
        return self.noise is Noise.NONE

    @classmethod
    def none(cls) -> Contributors:
        """Nothing was computed or nothing would be released."""
        return cls()

    def to_bytes(self) -> bytes:
        """Return them by themselves, with the keys of their own units."""
        pack = Pack()
        return write_frame(pack.contributors(self), pack.segments)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Contributors:
        """Read what `to_bytes` wrote, believing nothing of it; what is malformed is an `IntegrityError`."""
        return guarded(lambda: Unpack(*read_frame(data)).contributors(), _DAMAGED)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready form."""
        return {"frame": base64.b64encode(self.to_bytes()).decode("ascii")}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Contributors:
        """Read what `to_json` wrote."""
        return cls.from_bytes(guarded(lambda: base64.b64decode(document["frame"], validate=True), _DAMAGED))


@dataclass
class Pack:
    """Writes contributors for a frame: what is small as JSON, what is large as segments.

    Attributes
    ----------
    indexed : bool
        True for a release: bitmaps are in the stable index, whose keys are kept elsewhere.
    """

    indexed: bool = False
    segments: list[Segment] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)
    _written: dict[int, tuple[UnitSets, dict[str, Any]]] = field(default_factory=dict)

    def contributors(self, found: Contributors) -> dict[str, Any]:
        """Return the document; the segments it refers to are in `segments`."""
        parts = [self._part(part) for part in found.parts]
        sketches = [self._sketch(sketch) for sketch in found.sketches]
        return {
            "noise": found.noise.value,
            "total": found.total,
            "base": found.base,
            "parts": parts,
            "sketches": sketches,
            "nameless": sorted(found.nameless),
            "labels": list(self._labels),
        }

    def _part(self, part: Part) -> dict[str, Any]:
        return {
            "subjects": sorted(part.subjects),
            "cells": self._cells(part.cells),
            "margins_follow": part.margins_follow,
            "nonzero": part.nonzero,
            "told": part.told.value,
            "units": [self._sets(sets) for sets in part.units],
        }

    def _sets(self, sets: UnitSets) -> dict[str, Any]:
        """Keep sets once that several parts share."""
        if id(sets) not in self._written:
            self._written[id(sets)] = sets, self._indexed(sets) if self.indexed else self._own(sets)
        return self._written[id(sets)][1]

    def _own(self, sets: UnitSets) -> dict[str, Any]:
        starts, members = flat(sets.cells)
        return {
            "unit": sets.unit,
            "keys": self._add(sets.keys.astype("<u8")),
            "starts": self._add(starts.astype("<i8")),
            "members": self._add(members.astype("<u4")),
        }

    def _indexed(self, sets: UnitSets) -> dict[str, Any]:
        cells = sets.cells if isinstance(sets.cells, Bitmaps) else Bitmaps.of(sets.cells)
        document = {
            "unit": sets.unit,
            "bitmaps": self._add(cells.data),
            "starts": self._add(cells.starts.astype("<i8")),
            "sizes": self._add(cells.sizes.astype("<i8")),
        }
        if sets.signatures is not None:
            document["signatures"] = self._add(sets.signatures.astype("<u8"))
        return document

    def _sketch(self, sketch: Sketch) -> dict[str, Any]:
        return {
            "unit": sketch.unit,
            "subjects": sorted(sketch.subjects),
            "reference": sketch.reference,
            "cells": self._cells(sketch.cells),
            "starts": self._add(sketch.starts.astype("<i8")),
            "elements": self._add(sketch.elements.astype("<u4")),
        }

    def _add(self, segment: Segment) -> int:
        self.segments.append(segment)
        return len(self.segments) - 1

    def _cells(self, cells: tuple[Cell, ...]) -> int:
        """Keep a list of labels once: most parts and sketches of a table have the same."""
        # As text, because 1, 1.0 and True are equal to Python.
        return self._labels.setdefault(json.dumps(cells, allow_nan=False), len(self._labels))


class Unpack:
    """Reads what `Pack` wrote; whatever it finds malformed raises one of the errors that `guarded` catches.

    Parameters
    ----------
    keys : mapping of str to ndarray of uint64, optional
        The index's keys by unit, for a release.
    """

    def __init__(self, document: Any, segments: Sequence[memoryview], keys: Mapping[str, Keys] | None = None) -> None:
        self._document = document
        self._segments = segments
        self._keys = keys
        self._labels = [tuple(tuple(cell) for cell in json.loads(cells)) for cells in document["labels"]]
        self._read: dict[tuple[int, ...], UnitSets] = {}

    def contributors(self) -> Contributors:
        """Return the contributors."""
        document = self._document
        return Contributors(
            parts=tuple(self._part(item) for item in document["parts"]),
            noise=Noise(document["noise"]),
            total=str(document["total"]),
            base=int(document["base"]),
            sketches=tuple(self._sketch(item) for item in document["sketches"]),
            nameless=frozenset(map(str, document.get("nameless", ()))),
        )

    def _part(self, item: Mapping[str, Any]) -> Part:
        cells = self._labels[item["cells"]]
        units = tuple(self._sets(found) for found in item["units"])
        if any(len(sets.cells) != len(cells) for sets in units):
            raise ValueError("cells without units")
        nonzero = bool(item.get("nonzero", False))
        told = Told(item.get("told", Told.SHOWN))
        return Part(frozenset(item["subjects"]), cells, units, bool(item["margins_follow"]), nonzero, told)

    def _sets(self, item: Mapping[str, Any]) -> UnitSets:
        """Read sets once that several parts share."""
        segments = tuple(item[name] for name in sorted(item) if name != "unit")
        if segments not in self._read:
            self._read[segments] = self._own(item) if self._keys is None else self._indexed(item)
        return self._read[segments]

    def _own(self, item: Mapping[str, Any]) -> UnitSets:
        keys = self._array(item["keys"], "<u8")
        if (keys[1:] <= keys[:-1]).any():
            raise ValueError("keys are not in rising order")
        starts, members = self._array(item["starts"], "<i8"), self._array(item["members"], "<u4")
        return UnitSets(str(item["unit"]), keys, unflat(starts, members, len(keys)))

    def _indexed(self, item: Mapping[str, Any]) -> UnitSets:
        keys = {} if self._keys is None else self._keys
        sizes = self._array(item["sizes"], "<i8")
        cells = Bitmaps(self._segments[item["bitmaps"]], self._array(item["starts"], "<i8"), sizes)
        signatures = None
        if "signatures" in item:
            signatures = self._array(item["signatures"], "<u8").reshape(len(sizes), -1)
        return UnitSets(str(item["unit"]), keys[item["unit"]], cells, signatures)

    def _sketch(self, item: Mapping[str, Any]) -> Sketch:
        cells = self._labels[item["cells"]]
        starts, elements = self._array(item["starts"], "<i8"), self._array(item["elements"], "<u4")
        if len(starts) != len(cells) + 1 or starts[0] != 0 or starts[-1] != len(elements):
            raise ValueError("shares without cells")
        if (np.diff(starts) < 0).any():
            raise ValueError("shares without cells")
        return Sketch(str(item["unit"]), frozenset(item["subjects"]), int(item["reference"]), cells, starts, elements)

    def _array(self, number: int, kind: str) -> NDArray[Any]:
        return array_of(self._segments[number], kind)
