"""Which earlier sets the sets of a new table are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saferoom.disclosure.history.contributors import Contributors, Noise, Part, UnitSets
from saferoom.disclosure.history.families import Family, Pool
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.relations import COUNT


@dataclass(frozen=True, eq=False)
class Case:
    """A new table's sets beside all earlier ones that tell about the same things."""

    unit: str
    new: Family
    noise: Noise
    base: int
    counts: bool
    pool: Pool
    releases: tuple[int, ...]
    noises: tuple[Noise, ...]
    bases: tuple[int, ...]
    """Per earlier family."""


def cases_of(contributors: Contributors, memory: Memory) -> Iterator[Case]:
    """Yield the sets of a new table beside all earlier ones with which they can be compared."""
    families: dict[tuple[int, int, int], Family] = {}
    pools: dict[tuple[tuple[int, int, int], ...], Pool] = {}
    for part in contributors.parts:
        for sets in part.units:
            keys = tuple(_comparable(part, sets, contributors, memory))
            if not keys:
                continue
            for key in keys:
                if key not in families:
                    families[key] = _earlier(memory, key)
            if keys not in pools:
                pools[keys] = Pool([families[key] for key in keys])
            earlier = [memory.releases[key[0]].contributors for key in keys]
            yield Case(
                unit=sets.unit,
                new=Family(part.cells, sets.cells, part.margins_follow, contributors.total, sets.signatures),
                noise=contributors.noise,
                base=contributors.base,
                counts=COUNT in part.subjects,
                pool=pools[keys],
                releases=tuple(key[0] for key in keys),
                noises=tuple(one.noise for one in earlier),
                bases=tuple(one.base for one in earlier),
            )


def _comparable(
    part: Part, sets: UnitSets, contributors: Contributors, memory: Memory
) -> Iterator[tuple[int, int, int]]:
    """Yield where earlier releases tell about the same subjects and the same kind of unit.

    Notes
    -----
    Those who add something are compared with those who added something then: who adds nothing to either of two numbers
    is told by neither. Where all add something, these are all.
    """
    for position, release in enumerate(memory.releases):
        for i, earlier in enumerate(release.contributors.parts):
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


def _earlier(memory: Memory, key: tuple[int, int, int]) -> Family:
    contributors = memory.releases[key[0]].contributors
    part = contributors.parts[key[1]]
    sets = part.units[key[2]]
    return Family(part.cells, sets.cells, part.margins_follow, contributors.total, sets.signatures)
