"""Judges a new table against everything released before.

Notes
-----
Four questions, for every kind of unit. Do a set of the new table and an earlier one differ by few units (`families`)?
Do several sets together leave few units (`equations`), or say within close bounds how many there are (`bounds`)? Do the
same people add nearly the same to two numbers (`sketches`, `measures`)? And is a number known both with and without
noise?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.history.bounds import Published, bounds, rounded
from saferoom.disclosure.history.cancelling import UndecidedError
from saferoom.disclosure.history.contributors import Cell, Contributors, Noise, Part, UnitSets
from saferoom.disclosure.history.equations import Solution, solutions, system_of
from saferoom.disclosure.history.families import Family, Pair, Pool, Tick, near, same
from saferoom.disclosure.history.judgement import Book, How, Judgement
from saferoom.disclosure.history.measures import PartlyAlike, Shares, measured
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.sketches import alike, crowded
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite


def _never() -> None:
    """Time is never up."""


def differencing(
    contributors: Contributors, memory: Memory, policy: RiskAppetite, tick: Tick = _never
) -> tuple[Finding, ...]:
    """Return only the findings of `judge`."""
    return judge(contributors, memory, policy, tick).findings


def judge(
    contributors: Contributors,
    memory: Memory,
    policy: RiskAppetite,
    tick: Tick = _never,
    shares: Shares | None = None,
) -> Judgement:
    """Return what the new table would give away beside everything released, and by which combinations.

    Parameters
    ----------
    contributors : Contributors
        Of the new table, with its own keys or in the memory's indexes.
    tick : callable
        Called between steps; raises when the time for the check is up, so that nothing is judged.
    shares : Shares, optional
        Computes what each unit adds, of the new query and of earlier ones, where two numbers nearly agree. Without it
        such numbers go to a person.
    """
    if not memory.releases:
        return Judgement()
    place = memory.placed(contributors)
    book = Book(memory.releases, policy)
    cases = list(_cases(place, memory))
    for case in cases:
        tick()
        own = [other.new for other in cases if other.unit == case.unit]
        _pairs(case, own, policy, book, tick)
    partly = _values(contributors, memory, policy, book, tick)
    more = list(_crowds(contributors, memory, policy))
    try:
        if not book.fails:
            for case in cases:
                _solved(case, policy, book, tick)
        if not book.fails:
            for case in cases:
                _bounded(case, policy, book, tick)
    except UndecidedError:
        more.append(_UNDECIDED)
    if not book.fails:
        more += measured(partly, (contributors.total, memory), policy, book, shares, tick)
    return book.judgement(more)


@dataclass(frozen=True, eq=False)
class _Case:
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


def _cases(contributors: Contributors, memory: Memory) -> Iterator[_Case]:
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
            yield _Case(
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


def _pairs(case: _Case, own: Sequence[Family], policy: RiskAppetite, book: Book, tick: Tick) -> None:
    """Note sets that differ by few units, and sets that are known with and without noise.

    Parameters
    ----------
    own : sequence of Family
        All sets of the same kind of unit behind the new table: of everybody, of those with other values than zero ...
    """
    reach = policy.difference_units - 1
    for pair in near(case.new, case.pool, reach, tick):
        found = _how_near(case, pair, reach)
        if found is not None and not _repeats(case, own, pair):
            _note(case, pair, found, book)
    if all(_alike(case.noise, case.base, noise, base) for noise, base in zip(case.noises, case.bases, strict=True)):
        return
    for pair in same(case.new, case.pool):
        found = _how_same(case, pair, policy)
        if found is not None:
            _note(case, pair, found, book)


def _repeats(case: _Case, own: Sequence[Family], pair: Pair) -> bool:
    """Say whether both tables have both sets: then nothing is told that was not told before.

    Somebody with a value of zero sets everybody apart from those with another value, in a table and in its repetition.
    """
    one, family = case.new.whole[pair.place], case.pool.families[pair.family]
    if not any((other.whole == family.whole[pair.other]).any() for other in own):
        return False
    release = case.releases[pair.family]
    theirs = (other for other, of in zip(case.pool.families, case.releases, strict=True) if of == release)
    return any((other.whole == one).any() for other in theirs)


def _alike(noise: Noise, base: int, other: Noise, other_base: int) -> bool:
    return noise is other and base == other_base


def _how_near(case: _Case, pair: Pair, reach: int) -> tuple[How, Verdict] | None:
    other = case.noises[pair.family]
    if case.noise is Noise.NONE and other is Noise.NONE:
        return How.SUBTRACT, Verdict.FAIL
    # Numbers that are about few themselves and not exact are no better known for being subtracted.
    size, old = case.new.signatures.sizes[pair.place], case.pool.families[pair.family].signatures.sizes[pair.other]
    if max(size, old) <= reach:
        return None
    if case.noise is other and other in (Noise.CELL_KEY, Noise.DP):
        # The same keys make different noise for different sets; and what privacy loss adds up to is accounted for.
        return None
    if Noise.DP in (case.noise, other):
        return How.NOISE, Verdict.REVIEW
    return How.SUBTRACT, Verdict.REVIEW


def _how_same(case: _Case, pair: Pair, policy: RiskAppetite) -> tuple[How, Verdict] | None:
    noise, other = case.noise, case.noises[pair.family]
    few = int(case.new.signatures.sizes[pair.place]) < policy.difference_units
    if Noise.DP in (noise, other) and noise is not other:
        return How.NOISE, Verdict.FAIL if few and Noise.NONE in (noise, other) else Verdict.REVIEW
    if noise is other is Noise.CELL_KEY and not _alike(noise, case.base, other, case.bases[pair.family]):
        # Noise of several designs tells the cell's key ever more closely, and with it the number.
        return How.AGAIN, Verdict.REVIEW
    if not few or noise is Noise.NONE or other is Noise.NONE:
        return None
    # Two ranges for one small count overlap in less than either.
    return None if _alike(noise, case.base, other, case.bases[pair.family]) else (How.SUBTRACT, Verdict.REVIEW)


def _note(case: _Case, pair: Pair, found: tuple[How, Verdict], book: Book) -> None:
    family = case.pool.families[pair.family]
    key = (case.releases[pair.family], *found)
    book.add(key, case.new.name(pair.place), [family.name(pair.other)], pair.apart or None)


def _values(
    contributors: Contributors, memory: Memory, policy: RiskAppetite, book: Book, tick: Tick
) -> list[PartlyAlike]:
    """Note cells to which all but a few units add the same as they did to an earlier release.

    Returns
    -------
    list of PartlyAlike
        Cells to which many, but not all but a few, add the same.
    """
    reach = policy.difference_units - 1
    partly = []
    for sketch in contributors.sketches:
        earlier = [
            (position, other)
            for position, release in enumerate(memory.releases)
            for other in release.contributors.sketches
            if (other.unit, other.reference) == (sketch.unit, sketch.reference)
        ]
        found = alike(sketch, [other for _, other in earlier], reach, tick)
        for (position, other), cells in zip(earlier, found, strict=True):
            noises = {contributors.noise, memory.releases[position].contributors.noise}
            if noises in ({Noise.CELL_KEY}, {Noise.DP}):
                continue
            severity = Verdict.FAIL if noises == {Noise.NONE} else Verdict.REVIEW
            for place, there in cells.close.items():
                book.add((position, How.MEASURE, severity), sketch.cells[place], [other.cells[there]], None)
            if noises == {Noise.NONE}:
                partly += [
                    PartlyAlike(position, sketch.unit, sketch.cells[place], other.cells[there], differing)
                    for place, there, differing in cells.partly
                ]
    return partly


def _crowds(contributors: Contributors, memory: Memory, policy: RiskAppetite) -> Iterator[Finding]:
    earlier = [sketch for release in memory.releases for sketch in release.contributors.sketches]
    if many := crowded(contributors.sketches, earlier, policy.residual_degrees_of_freedom):
        yield Finding(
            rule="many-numbers",
            risk=Risk.DIFFERENCING,
            severity=Verdict.REVIEW,
            cells=tuple(many),
            message="So many different numbers were released about the same few people, made from the same things, "
            "that together they come close to being solved for every single value.",
            remedy="use broader categories, one of the numbers released before, or let an output checker decide",
        )


def _solved(case: _Case, policy: RiskAppetite, book: Book, tick: Tick) -> None:
    """Note cells that are needed to solve the exact totals for few units."""
    if case.noise is not Noise.NONE:
        return
    exact = [number for number, noise in enumerate(case.noises) if noise is Noise.NONE]
    old = [case.pool.families[number] for number in exact]
    system = system_of(case.new, old)
    for found in solutions(system, policy.difference_units - 1, tick):
        cells = [case.new.name(place) for place in found.new.tolist()]
        earlier = _by_release(case, found, exact)
        book.add_together(How.SOLVE, Verdict.FAIL, cells, earlier, len(found.units))


def _by_release(case: _Case, found: Solution, chosen: Sequence[int]) -> dict[int, list[Cell]]:
    earlier: dict[int, list[Cell]] = {}
    for number, place in found.old:
        family = chosen[number]
        earlier.setdefault(case.releases[family], []).append(case.pool.families[family].name(place))
    return earlier


_MOST_LOCAL = 400


def _bounded(case: _Case, policy: RiskAppetite, book: Book, tick: Tick) -> None:
    """Note cells with which rounded and blank counts say closely how many a small group holds.

    Notes
    -----
    Whatever says that a group holds fewer than the threshold leaves at most twice as many units over when it is added
    up with halves, so that the groups are found among what nearly cancels out, as with exact numbers.
    """
    usable = [
        i for i, (noise, base) in enumerate(zip(case.noises, case.bases, strict=True)) if _is_bounded(noise, base)
    ]
    hidden = not case.new.margins or any(not case.pool.families[i].margins for i in usable)
    inexact = case.noise is not Noise.NONE or any(case.bases[i] for i in usable)
    if not case.counts or not _is_bounded(case.noise, case.base) or not (hidden or inexact):
        return
    base = case.base if case.noise is Noise.ROUNDING else 0
    bases = [case.bases[i] if case.noises[i] is Noise.ROUNDING else 0 for i in usable]
    old = [case.pool.families[i] for i in usable]
    system = system_of(case.new, old, [base < other for other in bases])
    limit = policy.threshold_units
    for found in solutions(system, 2 * (limit - 1), tick):
        if len(found.old) + len(found.new) > _MOST_LOCAL:
            raise UndecidedError
        if _tight(case.new, base, old, bases, found, limit):
            cells = [case.new.name(place) for place in found.new.tolist()]
            book.add_together(How.BOUND, Verdict.FAIL, cells, _by_release(case, found, usable), len(found.units))


def _is_bounded(noise: Noise, base: int) -> bool:
    """Say whether a published count leaves a known range."""
    return noise is Noise.NONE or (noise is Noise.ROUNDING and base > 0)


def _tight(new: Family, base: int, old: Sequence[Family], bases: Sequence[int], found: Solution, limit: int) -> bool:
    """Say whether a group is known to hold somebody, and fewer than the limit, only by all the sets together."""
    own = [new.sets[place] for place in found.new.tolist()]
    others = [old[number].sets[place] for number, place in found.old]
    rounding = np.array([base] * len(own) + [bases[number] for number, _ in found.old], dtype=np.int64)
    sets = [*own, *others]
    low, high = rounded(np.array([len(one) for one in sets], dtype=np.int64), rounding)
    ends = (slice(None), slice(len(own)), slice(len(own), None))
    for group in (found.units, *found.atoms):
        if len(group) >= limit:
            continue
        ranges = [bounds(Published(sets[end], low[end], high[end]), group) for end in ends]
        if ranges[0] is None:
            raise UndecidedError
        if _is_tight(ranges[0], limit) and not any(one is not None and _is_tight(one, limit) for one in ranges[1:]):
            return True
    return False


def _is_tight(found: tuple[float, float], limit: int) -> bool:
    return found[0] >= 1 and found[1] < limit


_UNDECIDED = Finding(
    rule="differencing",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    cells=(),
    message="Whether this and earlier releases together tell about few units could not be decided in the steps that "
    "are allowed for it; nothing is proven.",
    remedy="use categories of earlier releases, or let an output checker decide",
)
