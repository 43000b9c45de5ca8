"""The memory of releases as it is kept: one entry per released table, encrypted, and only ever added to.

Vocabulary
----------
entry
    What is known of one released table, and where its body and the units it brought are. Entries are numbered from 1
    without a gap; each is sealed with its number, so that none can be left out, changed or put in another's place.
body
    The query, the numbers that left, and the units behind every cell, as positions in the lineage's index.
chunk
    The keys of the units that an entry brought, in the order of their positions. The chunks of all entries, one after
    the other, are the index.

Bodies and chunks are objects of the vault, sealed with the entry's number as well. A query reads all entries, which are
small, but only the bodies of the datasets that it uses.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors, Keys
from saferoom.disclosure.history.frames import array_of, guarded
from saferoom.disclosure.history.index import UnitIndex
from saferoom.disclosure.history.memory import DAMAGED, Memory, Release, read_release, write_release
from saferoom.errors import IntegrityError
from saferoom.ids import Digest
from saferoom.projects.airlock.store import Cipher, Vault

_FORMAT = 1


@dataclass(frozen=True)
class Chunk:
    """The units that an entry brought.

    Attributes
    ----------
    start, count : int
        The positions that they took.
    keys : Digest or None
        Where their keys are; None when there are none.
    """

    start: int
    count: int
    keys: Digest | None = None


@dataclass(frozen=True)
class Told:
    """What is told of a release beside its numbers.

    Attributes
    ----------
    id : str
        The output's.
    at : str
        RFC 3339, UTC.
    datasets : tuple of str
        The lineages that it was made from.
    """

    id: str
    title: str
    project: str
    at: str
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One released table.

    Attributes
    ----------
    units : mapping of str to Chunk
        By kind of unit; every kind that is behind its cells.
    """

    number: int
    told: Told
    body: Digest
    units: Mapping[str, Chunk] = field(default_factory=dict)


@dataclass(frozen=True)
class Archive:
    """Reads and writes entries; where these are kept is the caller's."""

    vault: Vault
    cipher: Cipher

    def seal(self, entry: Entry) -> bytes:
        """Return `entry` as it is stored."""
        return self.cipher.seal(json.dumps(asdict(entry)).encode(), _about("entry", entry.number))

    def open(self, sealed: Iterable[bytes]) -> tuple[Entry, ...]:
        """Return the entries numbered from 1 in the order of `sealed`; one that is another is an `IntegrityError`."""
        return tuple(self._entry(number, data) for number, data in enumerate(sealed, start=1))

    def _entry(self, number: int, sealed: bytes) -> Entry:
        data = self.cipher.open(sealed, _about("entry", number))
        entry = guarded(lambda: _read_entry(json.loads(data)), DAMAGED)
        if entry.number != number:
            raise IntegrityError(DAMAGED)
        return entry

    def memory(self, entries: Sequence[Entry], chosen: Collection[int], project: str | None = None) -> Memory:
        """Return the releases with the numbers `chosen`.

        Parameters
        ----------
        entries : sequence of Entry
            All there are, because each may have brought units to the index.
        project : str, optional
            Who asks: of other projects' releases only what a comparison needs is told. None is told everything.
        """
        asked = [entry for entry in entries if entry.number in chosen]
        indexes = self.indexes(entries, {unit for entry in asked for unit in entry.units})
        found = (self._release(entry, indexes) for entry in asked)
        return Memory(tuple(r if project is None or r.project == project else r.anonymous() for r in found), indexes)

    def _release(self, entry: Entry, indexes: Mapping[str, UnitIndex]) -> Release:
        data = self.cipher.open(self.vault.get(entry.body), _about("body", entry.number))
        told = entry.told
        return guarded(lambda: read_release(data, (told.id, told.title, told.project, told.at), indexes), DAMAGED)

    def indexes(self, entries: Sequence[Entry], units: Collection[str]) -> dict[str, UnitIndex]:
        """Return the indexes of `units`, put together from the chunks of all `entries`."""
        return {unit: UnitIndex(unit, self._keys(entries, unit)) for unit in sorted(units)}

    def _keys(self, entries: Sequence[Entry], unit: str) -> Keys:
        parts, length = [np.zeros(0, dtype=np.uint64)], 0
        for entry in entries:
            chunk = entry.units.get(unit)
            if chunk is None:
                continue
            if chunk.start != length:
                raise IntegrityError(DAMAGED)
            length += chunk.count
            if chunk.keys is not None:
                about = _about("chunk", entry.number, unit=unit, start=chunk.start)
                data = self.cipher.open(self.vault.get(chunk.keys), about)
                parts.append(guarded(lambda data=data: array_of(memoryview(data), "<u8"), DAMAGED))  # type: ignore[misc]
        keys = np.concatenate(parts)
        if len(keys) != length:
            raise IntegrityError(DAMAGED)
        return keys

    def add(self, entries: Sequence[Entry], evaluation: Evaluation, told: Told) -> Entry:
        """Put what leaves of `evaluation` into the vault, and return the entry that comes after `entries`."""
        number = len(entries) + 1
        before = self.indexes(entries, {s.unit for part in evaluation.contributors.parts for s in part.units})
        left = Release(told.id, told.title, Contributors.none(), told.project, told.at)
        release, after = left.of(evaluation, before)
        body = self.vault.put(self.cipher.seal(write_release(release), _about("body", number)))
        units = {unit: self._chunk(number, before[unit], after[unit]) for unit in before}
        return Entry(number, told, body, units)

    def _chunk(self, number: int, before: UnitIndex, after: UnitIndex) -> Chunk:
        start, fresh = len(before), after.keys[len(before) :]
        if not len(fresh):
            return Chunk(start, 0)
        about = _about("chunk", number, unit=before.unit, start=start)
        data = self.cipher.seal(fresh.astype("<u8").tobytes(), about)
        return Chunk(start, len(fresh), self.vault.put(data))


def _about(what: str, number: int, **more: Any) -> dict[str, Any]:
    return {"purpose": "saferoom/memory", "format": _FORMAT, "what": what, "number": number, **more}


def _read_entry(document: Mapping[str, Any]) -> Entry:
    told = document["told"]
    return Entry(
        number=int(document["number"]),
        told=Told(told["id"], told["title"], told["project"], told["at"], tuple(told["datasets"])),
        body=Digest(document["body"]),
        units={unit: Chunk(c["start"], c["count"], c["keys"]) for unit, c in document["units"].items()},
    )
