"""Which earlier sets the sets of a new table are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Contributors, Noise, Part, Told, UnitSets
from saferoom.disclosure.history.families import Family, Pool
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.told import absent_units
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Case:
    """A new table's sets beside all earlier ones that tell about the same things.

    Attributes
    ----------
    releases, noises, bases, worked_out : tuple
        Per earlier family, the last whether its counts are worked out from numbers that are none (see `told`).
    own_worked_out : bool
        The same of the new sets.
    pairs_only : bool
        Where the sets leave those out who lack a value: only pairs of them are compared, because everybody who does
        would look like something that is told. In the same sets with these, all is searched.
    absent : tuple of pairs of BitMap
        Who lacks a value, for certain and perhaps: in the new table, and then per earlier family. Empty where all
        counts are shown.
    """

    unit: str
    new: Family
    noise: Noise
    base: int
    counts: bool
    pool: Pool
    releases: tuple[int, ...]
    noises: tuple[Noise, ...]
    bases: tuple[int, ...]
    worked_out: tuple[bool, ...]
    own_worked_out: bool = False
    pairs_only: bool = False
    absent: tuple[tuple[BitMap, BitMap], ...] = ()

    def severity(self, units: BitMap, families: Iterable[int]) -> Verdict | None:
        """Return how bad it is that so few units are told about by numbers of the new and of some earlier families.

        Nothing is, where a count that is not shown has a part in it, and only those are told about who lack a value.
        """
        chosen = list(families)
        if not self.own_worked_out and not any(self.worked_out[i] for i in chosen):
            return Verdict.FAIL
        lack = [self.absent[0], *(self.absent[1 + i] for i in chosen)]
        left = units - BitMap().union(*(sure for sure, _ in lack))
        if not left:
            return None
        return Verdict.FAIL if left - BitMap().union(*(perhaps for _, perhaps in lack)) else Verdict.REVIEW


def cases_of(contributors: Contributors, memory: Memory) -> Iterator[Case]:
    """Yield the sets of a new table beside all earlier ones with which they can be compared."""
    made = _Cases(contributors, memory)
    for part in contributors.parts:
        for sets in part.units:
            for pairs_only in (False, True):
                chosen = _with_value if pairs_only else _comparable
                case = made.case(part, sets, tuple(chosen(part, sets, contributors, memory)), pairs_only=pairs_only)
                if case is not None:
                    yield case


_Key = tuple[int, int, int]
"""The place of a release, of a part in it, and of sets in that."""


class _Cases:
    """Makes cases; earlier families, and pools of the same ones, are made once."""

    def __init__(self, contributors: Contributors, memory: Memory) -> None:
        self._contributors = contributors
        self._memory = memory
        self._families: dict[int, Family] = {}
        self._pools: dict[tuple[int, ...], Pool] = {}
        self._new: dict[int, Family] = {}
        self._seen: list[tuple[int, Noise, set[tuple[int, Noise]]]] = []

    def case(self, part: Part, sets: UnitSets, keys: tuple[_Key, ...], *, pairs_only: bool) -> Case | None:
        """Return the case of some sets and the earlier ones at `keys`; None where it would tell nothing new."""
        if not keys:
            return None
        earlier = [self._memory.releases[key[0]].contributors for key in keys]
        parts = [one.parts[key[1]] for one, key in zip(earlier, keys, strict=True)]
        worked_out = tuple(one.told is not Told.SHOWN for one in parts)
        noises = tuple(Noise.NONE if out else one.noise for out, one in zip(worked_out, earlier, strict=True))
        own = part.told is not Told.SHOWN
        noise = Noise.NONE if own else self._contributors.noise
        if self._is_told(sets, noise, [self._sets(key) for key in keys], noises) and own:
            return None
        doubtful = own or any(worked_out)
        return Case(
            unit=sets.unit,
            new=self._own(part, sets),
            noise=noise,
            base=self._contributors.base,
            counts=COUNT in part.subjects,
            pool=self._pool(keys),
            releases=tuple(key[0] for key in keys),
            noises=noises,
            bases=tuple(0 if out else one.base for out, one in zip(worked_out, earlier, strict=True)),
            worked_out=worked_out,
            own_worked_out=own,
            pairs_only=pairs_only,
            absent=tuple(absent_units(one, sets.unit) for one in (self._contributors, *earlier)) if doubtful else (),
        )

    def _sets(self, key: _Key) -> UnitSets:
        return self._memory.releases[key[0]].contributors.parts[key[1]].units[key[2]]

    def _is_told(self, sets: UnitSets, noise: Noise, old: Sequence[UnitSets], noises: Sequence[Noise]) -> bool:
        """Say whether the same sets are compared with all of these already, because of what they are made from."""
        beside = {(id(one), other) for one, other in zip(old, noises, strict=True)}
        told = any((id(sets), noise) == (one, how) and beside <= known for one, how, known in self._seen)
        self._seen.append((id(sets), noise, beside))
        return told

    def _own(self, part: Part, sets: UnitSets) -> Family:
        if id(sets) not in self._new:
            total = self._contributors.total
            self._new[id(sets)] = Family(part.cells, sets.cells, part.margins_follow, total, sets.signatures)
        return self._new[id(sets)]

    def _pool(self, keys: Sequence[_Key]) -> Pool:
        found = tuple(id(self._sets(key)) for key in keys)
        for key, sets in zip(keys, found, strict=True):
            if sets not in self._families:
                self._families[sets] = _earlier(self._memory, key)
        if found not in self._pools:
            self._pools[found] = Pool([self._families[sets] for sets in found])
        return self._pools[found]


def _with_value(part: Part, sets: UnitSets, contributors: Contributors, memory: Memory) -> Iterator[_Key]:
    """Yield earlier sets of the kind without those who lack a value, where the new or the earlier ones are such."""
    if COUNT not in part.subjects:
        return
    if part.told is Told.ALL and any(one.told is Told.WITH_VALUE for one in contributors.parts):
        return
    for position, release in enumerate(memory.releases):
        parts = release.contributors.parts
        some_lack = any(one.told is Told.WITH_VALUE for one in parts)
        for i, earlier in enumerate(parts):
            wanted = earlier.told is Told.WITH_VALUE or (
                part.told is Told.WITH_VALUE and not (some_lack and earlier.told is Told.ALL)
            )
            if wanted and COUNT in earlier.subjects:
                yield from ((position, i, j) for j, found in enumerate(earlier.units) if found.unit == sets.unit)


def _comparable(part: Part, sets: UnitSets, contributors: Contributors, memory: Memory) -> Iterator[_Key]:
    """Yield where earlier releases tell about the same subjects and the same kind of unit.

    Notes
    -----
    Those who add something are compared with those who added something then: who adds nothing to either of two numbers
    is told by neither. Where all add something, these are all.
    """
    if part.told is Told.WITH_VALUE:
        return
    for position, release in enumerate(memory.releases):
        for i, earlier in enumerate(release.contributors.parts):
            if earlier.told is Told.WITH_VALUE:
                continue
            if part.subjects & earlier.subjects and not _unlike(part, contributors, earlier, release.contributors):
                for j, found in enumerate(earlier.units):
                    if found.unit == sets.unit:
                        yield position, i, j


def _unlike(part: Part, contributors: Contributors, earlier: Part, then: Contributors) -> bool:
    """Say whether one part is of those who add something, and the other of all beside a part of such."""
    if part.nonzero == earlier.nonzero:
        return False
    whole, parts = (earlier, then.parts) if part.nonzero else (part, contributors.parts)
    return any(other.nonzero and other.subjects == whole.subjects for other in parts)


def _earlier(memory: Memory, key: _Key) -> Family:
    contributors = memory.releases[key[0]].contributors
    part = contributors.parts[key[1]]
    sets = part.units[key[2]]
    return Family(part.cells, sets.cells, part.margins_follow, contributors.total, sets.signatures)
