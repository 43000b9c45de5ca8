"""What is on record of deliveries and linkages, outside the zones: counts, digests and names, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saferoom.hub.linkage.definition import Index
from saferoom.hub.linkage.sealed import Stamp
from saferoom.ids import DatasetName


@dataclass(frozen=True)
class Delivery:
    """One version of one dataset, split between the zones.

    Attributes
    ----------
    number : int
        Which delivery of its dataset it is, from 1.
    period : str or None
        What the data are about, in the data owner's words.
    stamps : mapping of str to Stamp
        Of ``identifiers``, ``attributes`` and ``crosswalk``; attributes alone where nothing identifies.
    report : mapping or None
        What the checks found.
    """

    id: str
    dataset: DatasetName
    number: int
    version: str
    period: str | None
    rows: int
    sha256: str
    stamps: Mapping[str, Stamp]
    report: Mapping[str, Any] | None
    at: datetime
    by: str

    @property
    def name(self) -> dict[str, str]:
        """What its files are about."""
        return {"id": self.id, "dataset": self.dataset, "version": self.version}

    def to_json(self) -> dict[str, Any]:
        """Return what its zone needs to open its files."""
        stamps = {name: stamp.to_json() for name, stamp in self.stamps.items()}
        return {**self.name, "number": self.number, "stamps": stamps}


@dataclass(frozen=True)
class Linkage:
    """One version of an index's linkage.

    Attributes
    ----------
    deliveries : tuple of mapping
        Every delivery whose records its map names: `id`, `dataset`, `version`.
    afresh : bool
        Whether everything was compared anew, with a model trained for it.
    passes : tuple of str
        What `match_pass` of its map may say.
    stamps : mapping of str to Stamp
        Of what the linker keeps, and of the ``map``.
    queue : tuple of (int, int, bool)
        Doubtful pairs for people to decide: number, stratum, and whether it is taken for a link.
    counts : mapping
        Numbers alone.
    quality : mapping
        The quality pack as it passed the checker: `identifiers`, and `attributes` by dataset.
    """

    index: Index
    number: int
    deliveries: tuple[Mapping[str, str], ...]
    afresh: bool
    passes: tuple[str, ...]
    stamps: Mapping[str, Stamp]
    queue: tuple[tuple[int, int, bool], ...]
    counts: Mapping[str, Any]
    quality: Mapping[str, Any]
    at: datetime
    by: str

    @property
    def name(self) -> str:
        """What it is called, as ``person@3``."""
        return f"{self.index.name}@{self.number}"

    def covers(self, delivery: Delivery) -> bool:
        """Say whether its map names the delivery's records."""
        return any(one["id"] == delivery.id for one in self.deliveries)
