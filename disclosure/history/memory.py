"""Everything released before: the units behind every released number."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Keys, UnitSets
from saferoom.errors import IntegrityError

if TYPE_CHECKING:
    from saferoom.disclosure.evaluation import Evaluation

_FORMAT = 1


@dataclass(frozen=True)
class Release:
    """One released table.

    Attributes
    ----------
    title : str
        Generated from its query; shown where a later output collides with it.
    """

    title: str
    contributors: Contributors


@dataclass(frozen=True)
class Memory:
    """All releases, oldest first."""

    releases: tuple[Release, ...] = ()

    @classmethod
    def empty(cls) -> Memory:
        """Nothing was released yet."""
        return cls()

    def with_evaluation(self, evaluation: Evaluation) -> Memory:
        """Return the memory after what `evaluation` would let leave has left."""
        if not evaluation.contributors.parts:
            return self
        return Memory((*self.releases, Release(evaluation.title, evaluation.contributors)))

    def to_bytes(self) -> bytes:
        """Return the memory for storage."""
        releases = [{"title": r.title, "contributors": r.contributors.to_json()} for r in self.releases]
        return zlib.compress(json.dumps({"format": _FORMAT, "releases": releases}).encode(), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Memory:
        """Read what `to_bytes` wrote.

        Raises
        ------
        IntegrityError
            When the bytes are damaged or of another version.
        """
        try:
            document = json.loads(zlib.decompress(data))
            if document["format"] != _FORMAT:
                raise IntegrityError("the history was written by another version of Saferoom")
            return cls(tuple(_release(item) for item in document["releases"]))
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
            raise IntegrityError("the history is damaged; nothing can be judged until it is restored") from None


def _release(item: Mapping[str, Any]) -> Release:
    return Release(str(item["title"]), Contributors.from_json(item["contributors"]))


def unions(cells: Sequence[Cell], sets: Sequence[BitMap], total: str) -> Iterator[tuple[Cell, BitMap]]:
    """Yield every cell with its units, then every margin with the union of its cells' units, one by one.

    What `saferoom.disclosure.history.families.with_margins` does for large tables at once, written plainly.
    """
    yield from zip(cells, sets, strict=True)
    width = len(cells[0]) if cells else 0
    for level in range(1, 2**width):
        groups: dict[Cell, list[BitMap]] = {}
        for cell, members in zip(cells, sets, strict=True):
            key = tuple(total if level >> i & 1 else label for i, label in enumerate(cell))
            groups.setdefault(key, []).append(members)
        for key, parts in groups.items():
            yield key, BitMap.union(*parts)


def aligned(sets: UnitSets, keys: Keys) -> list[BitMap]:
    """Return the cells of `sets` as positions in `keys` (sorted); units that are not in `keys` get positions after."""
    places = np.searchsorted(keys, sets.keys)
    known = np.zeros(len(sets.keys), dtype=bool)
    inside = places < len(keys)
    known[inside] = keys[places[inside]] == sets.keys[inside]
    places[~known] = len(keys) + np.arange(int((~known).sum()))
    narrow = places.astype(np.uint32)
    return [BitMap(narrow[np.asarray(cell.to_array())]) if cell else BitMap() for cell in sets.cells]
