"""A dataset's versions side by side: when each came, what it is about, and what changed from the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from saferoom.errors import IntegrityError
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.shelves import Edition
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.life import refresh

MOST_COMPARED = 12
"""Descriptions that are compared with the one before; earlier ones are named only."""
_MOST_CHANGES = 8


@dataclass(frozen=True)
class Line:
    """One version as the page shows it.

    Attributes
    ----------
    at : datetime or None
        Since when it has been described, or came in.
    came : Version or None
        The record of its delivery; None for one that was never ingested.
    changes : tuple of str
        What its description changed, one sentence each; at most a few.
    more : int
        Changes beyond those.
    breaking : bool
        Whether work with the version before may break.
    """

    version: str
    at: datetime
    came: Version | None
    changes: tuple[str, ...]
    more: int
    breaking: bool


def lines(instance: Instance, item: Dataset) -> tuple[Line, ...]:
    """Return the versions of a dataset, the newest first: those described and those that came in."""
    name = DatasetName(item.name)
    came = {one.version: one for one in instance.registry.versions(name)}
    editions = instance.shelves.editions(name)
    described = _described(instance, name, editions[:MOST_COMPARED])
    found = []
    for place, edition in enumerate(editions):
        before = editions[place + 1] if place + 1 < len(editions) else None
        changes: tuple[refresh.Difference, ...] = ()
        if before is not None and edition.number in described and before.number in described:
            changes = refresh.differences(described[before.number], described[edition.number])
        version = came.pop(edition.version, None)
        breaking = any(one.breaking for one in changes) or (version is not None and version.breaking)
        said = tuple(one.sentence for one in changes)
        more = max(len(said) - _MOST_CHANGES, 0)
        found.append(Line(edition.version, edition.at, version, said[:_MOST_CHANGES], more, breaking))
    found += [Line(one.version, one.ingested_at, one, (), 0, one.breaking) for one in came.values()]
    return tuple(sorted(found, key=lambda line: line.at, reverse=True))


def _described(instance: Instance, name: DatasetName, editions: Sequence[Edition]) -> Mapping[int, Dataset]:
    found = {}
    for one in editions:
        # One that an older version of this software wrote, and this one cannot read, is not compared.
        with suppress(IntegrityError):
            found[one.number] = instance.registry.described(name, one.number)
    return found
