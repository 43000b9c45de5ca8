"""Everything released before: every table with its numbers, and the units behind every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.announced import Announced, announced_of
from saferoom.disclosure.history.contributors import Contributors, Keys, Noise, Pack, UnitSets, Unpack
from saferoom.disclosure.history.frames import Segment, array_of, guarded, read_frame, write_frame
from saferoom.disclosure.history.index import UnitIndex
from saferoom.disclosure.history.signatures import prints_of
from saferoom.disclosure.history.told import told_before
from saferoom.disclosure.verdict import Table
from saferoom.errors import IntegrityError

if TYPE_CHECKING:
    from saferoom.disclosure.evaluation import Evaluation

_FORMAT = 2
_LAST_SEEN = "judged_beside"
DAMAGED = "the history is damaged; nothing can be judged until it is restored"


@dataclass(frozen=True, eq=False)
class Release:
    """One released table.

    Attributes
    ----------
    id : str
        Names it to the trusted side.
    title : str or None
        Generated from its query; shown where a later output collides with it. None where it is another project's, of
        which nothing is told.
    project, at : str or None
        Where and when (RFC 3339) it was released; None as with `title`.
    query : mapping
        The canonical query; empty where it is another project's.
    table : Table or None
        The numbers that left.
    said : Announced or None
        What its query says, as digests: made when it left, so that no long history has to be read anew.
    contributors : Contributors
        In the memory's indexes.
    """

    id: str
    title: str | None
    contributors: Contributors
    project: str | None = None
    at: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    table: Table | None = None
    said: Announced | None = None

    @property
    def announced(self) -> Announced | None:
        """What its query says of its numbers."""
        return self.said or announced_of(self.query)

    def of(self, evaluation: Evaluation, indexes: Mapping[str, UnitIndex]) -> tuple[Release, Mapping[str, UnitIndex]]:
        """Return this release with what leaves of `evaluation`, and `indexes` with the units behind it."""
        contributors, grown = placed(evaluation.contributors, indexes)
        kept = with_prints(contributors)
        if is_noisy(evaluation):
            kept = replace(kept, noise=Noise.DP)
        query, said = dict(evaluation.canonical), announced_of(evaluation.canonical)
        return replace(self, contributors=kept, query=query, table=evaluation.outgoing, said=said), grown

    def anonymous(self) -> Release:
        """Return it as another project may be compared with it."""
        return replace(self, title=None, project=None, at=None, query={}, said=self.announced)


@dataclass(frozen=True)
class Memory:
    """All releases that concern a query's data, oldest first.

    Attributes
    ----------
    indexes : mapping of str to UnitIndex
        By kind of unit; the bitmaps of all releases are in these.
    """

    releases: tuple[Release, ...] = ()
    indexes: Mapping[str, UnitIndex] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Memory:
        """Nothing was released yet."""
        return cls()

    def since(self, evidence: Mapping[str, Any]) -> Memory:
        """Return only the releases that an evaluation with this `evidence` was not judged beside."""
        ids = [release.id for release in self.releases]
        seen = evidence.get(_LAST_SEEN) or [None]
        start = ids.index(seen[-1]) + 1 if seen[-1] in ids else 0
        return Memory(self.releases[start:], self.indexes)

    def placed(self, contributors: Contributors) -> Contributors:
        """Return a judged table's contributors in the indexes; units never seen get positions after their ends."""
        return placed(contributors, self.indexes)[0]

    def with_evaluation(self, evaluation: Evaluation, release: Release | None = None) -> Memory:
        """Return the memory after what `evaluation` would let leave has left.

        Parameters
        ----------
        release : Release, optional
            Says what is known of it; by default the evaluation's own title and numbers.
        """
        if not evaluation.contributors.parts and not is_noisy(evaluation):
            return self
        told = release or Release(f"release-{len(self.releases) + 1}", evaluation.title, Contributors.none())
        left, indexes = told.of(evaluation, self.indexes)
        return Memory((*self.releases, left), indexes)

    def to_bytes(self) -> bytes:
        """Return the memory as one run of bytes; bitmaps are not read for it where they are serialised already."""
        units = list(self.indexes)
        segments: list[Segment] = [self.indexes[unit].keys.astype("<u8") for unit in units]
        segments += [write_release(release) for release in self.releases]
        about = [[r.id, r.title, r.project, r.at] for r in self.releases]
        return write_frame({"format": _FORMAT, "units": units, "releases": about}, segments)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Memory:
        """Read what `to_bytes` wrote.

        Raises
        ------
        IntegrityError
            When the bytes are damaged or of another version.
        """
        document, segments = guarded(lambda: read_frame(data), DAMAGED)
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise IntegrityError("the history was written by another version of Saferoom")
        return guarded(lambda: _read_memory(document, segments), DAMAGED)


def is_noisy(evaluation: Evaluation) -> bool:
    """Tell whether an evaluation's numbers have noise from a privacy budget; nobody knows who is behind these."""
    said = announced_of(evaluation.canonical)
    return said is not None and said.noisy and evaluation.outgoing is not None


def last_seen(memory: Memory | None) -> dict[str, list[str]]:
    """Return the part of an evaluation's evidence that says beside which releases it was judged."""
    return {_LAST_SEEN: [release.id for release in memory.releases[-1:]]} if memory is not None else {}


def _read_memory(document: Mapping[str, Any], segments: Sequence[memoryview]) -> Memory:
    units, about = document["units"], document["releases"]
    keys = [array_of(segment, "<u8") for segment in segments[: len(units)]]
    indexes = {str(unit): UnitIndex(str(unit), found) for unit, found in zip(units, keys, strict=True)}
    bodies = segments[len(units) :]
    if len(bodies) != len(about):
        raise ValueError("a release is missing")
    releases = (read_release(body, item, indexes) for body, item in zip(bodies, about, strict=True))
    return Memory(tuple(releases), indexes)


def write_release(release: Release) -> bytes:
    """Return what is kept of a release beside its id, title, project and time."""
    pack = Pack(indexed=True)
    document = {
        "query": dict(release.query),
        "table": release.table.document() if release.table else None,
        "contributors": pack.contributors(release.contributors),
        **({} if release.said is None else {"said": release.said.to_json()}),
    }
    return write_frame(document, pack.segments)


def read_release(data: bytes | memoryview, about: Sequence[str | None], indexes: Mapping[str, UnitIndex]) -> Release:
    """Read what `write_release` wrote.

    Parameters
    ----------
    about : sequence of str or None
        Id, title, project and time.
    """
    document, segments = read_frame(data)
    id_, title, project, at = about
    table = document["table"]
    keys = {unit: index.keys for unit, index in indexes.items()}
    contributors = Unpack(document["contributors"], segments, keys).contributors()
    if all("told" not in part for part in document["contributors"]["parts"]):
        contributors = told_before(contributors, document["query"])
    return Release(
        id=str(id_),
        title=title,
        contributors=contributors,
        project=project,
        at=at,
        query=document["query"],
        table=Table(tuple(table["columns"]), tuple(tuple(row) for row in table["rows"])) if table else None,
        said=Announced.from_json(document["said"]) if "said" in document else None,
    )


def placed(
    contributors: Contributors, indexes: Mapping[str, UnitIndex]
) -> tuple[Contributors, Mapping[str, UnitIndex]]:
    """Return `contributors` in `indexes`, and the indexes with all their units."""
    grown = dict(indexes)
    places: dict[int, Any] = {}
    for sets in _different(contributors):
        index = grown.get(sets.unit, UnitIndex.empty(sets.unit))
        grown[sets.unit], places[id(sets)] = index.placed(sets.keys)
    return _with_sets(contributors, lambda sets: _moved(sets, places[id(sets)], grown[sets.unit].keys)), grown


def _different(contributors: Contributors) -> list[UnitSets]:
    """Return all sets, once those that several parts share."""
    return list({id(sets): sets for part in contributors.parts for sets in part.units}.values())


def _with_sets(contributors: Contributors, change: Callable[[UnitSets], UnitSets]) -> Contributors:
    """Return contributors with changed sets; parts that share some still do."""
    changed = {id(sets): change(sets) for sets in _different(contributors)}
    parts = (replace(part, units=tuple(changed[id(sets)] for sets in part.units)) for part in contributors.parts)
    return replace(contributors, parts=tuple(parts))


def _moved(sets: UnitSets, places: Any, keys: Keys) -> UnitSets:
    cells = tuple(BitMap(places[np.asarray(cell.to_array())]) if cell else BitMap() for cell in sets.cells)
    return UnitSets(sets.unit, keys, cells)


def with_prints(contributors: Contributors) -> Contributors:
    """Return placed contributors with what later comparisons look at before they read any set."""
    return _with_sets(contributors, lambda sets: replace(sets, signatures=prints_of(sets.cells)))
