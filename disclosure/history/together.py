"""What several sets tell together: solved, where they are exact, and within bounds, where they are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.bounds import Published, bounds, neighbouring, rounded
from saferoom.disclosure.history.cases import Case
from saferoom.disclosure.history.contributors import Cell, Noise
from saferoom.disclosure.history.equations import Solution, solutions
from saferoom.disclosure.history.families import Family, Tick
from saferoom.disclosure.history.gradients import UndecidedError
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.history.signatures import Positions
from saferoom.disclosure.history.systems import system_of
from saferoom.disclosure.tables.significant import ladder
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

_How = tuple[Noise, int]
"""How counts are changed, and by which base."""


def solved(case: Case, policy: RiskAppetite, book: Book, tick: Tick) -> None:
    """Note cells that are needed to solve the exact totals for few units."""
    if case.noise is not Noise.NONE or case.pairs_only:
        return
    exact = [number for number, noise in enumerate(case.noises) if noise is Noise.NONE]
    old = [case.pool.families[number] for number in exact]
    system = system_of(case.new, old)
    for found in solutions(system, policy.difference_units - 1, tick, lambda: book.fails):
        severity = case.severity(found.units, {exact[number] for number, _ in found.old})
        if severity is not None:
            cells = [case.new.name(place) for place in found.new.tolist()]
            book.add_together(How.SOLVE, severity, cells, _by_release(case, found, exact), len(found.units))


def _by_release(case: Case, found: Solution, chosen: Sequence[int]) -> dict[int, list[Cell]]:
    earlier: dict[int, list[Cell]] = {}
    for number, place in found.old:
        family = chosen[number]
        earlier.setdefault(case.releases[family], []).append(case.pool.families[family].name(place))
    return earlier


_MOST_LOCAL = 400


def bounded(case: Case, policy: RiskAppetite, book: Book, tick: Tick) -> None:
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
    if case.pairs_only or not case.counts or not _is_bounded(case.noise, case.base) or not (hidden or inexact):
        return
    own = (case.noise, case.base if case.noise is not Noise.NONE else 0)
    hows = [(case.noises[i], case.bases[i] if case.noises[i] is not Noise.NONE else 0) for i in usable]
    old = [case.pool.families[i] for i in usable]
    # Changed in another way, a set that was known is known more closely.
    system = system_of(case.new, old, [own != how and how[0] is not Noise.NONE for how in hows])
    limit = policy.threshold_units
    for found in solutions(system, 2 * (limit - 1), tick, lambda: book.fails):
        if len(found.old) + len(found.new) > _MOST_LOCAL:
            raise UndecidedError
        if _tight((case.new, own), old, hows, found, limit):
            cells = [case.new.name(place) for place in found.new.tolist()]
            drawn = own[0] in _DRAWN or any(hows[number][0] in _DRAWN for number, _ in found.old)
            # Of drawn multiples it is not kept which was shown: the closest range that they can leave is judged.
            severity = case.severity(found.units, {usable[number] for number, _ in found.old})
            if severity is None:
                continue
            severity = Verdict.REVIEW if drawn else severity
            book.add_together(How.BOUND, severity, cells, _by_release(case, found, usable), len(found.units))


_DRAWN = (Noise.CONTROLLED_ROUNDING, Noise.RANDOM_ROUNDING)
_BOUNDED = (Noise.ROUNDING, *_DRAWN, Noise.SIGNIFICANT)


def _is_bounded(noise: Noise, base: int) -> bool:
    """Say whether a published count leaves a known range."""
    return noise is Noise.NONE or (noise in _BOUNDED and base > 0)


def _ranges(sets: Sequence[BitMap], how: _How) -> tuple[Positions, Positions]:
    sizes, (noise, base) = np.array([len(one) for one in sets], dtype=np.int64), how
    if noise in _DRAWN:
        return neighbouring(sizes, base)
    if noise is Noise.SIGNIFICANT:
        _, low, high = ladder(sizes.astype(np.float64))
        return low.astype(np.int64), np.minimum(high, 2.0**62).astype(np.int64)
    return rounded(sizes, np.full(len(sizes), base, dtype=np.int64))


def _tight(own: tuple[Family, _How], old: Sequence[Family], hows: Sequence[_How], found: Solution, limit: int) -> bool:
    """Say whether a group is known to hold somebody, and fewer than the limit, only by all the sets together.

    Notes
    -----
    A set that several tables have lies in the ranges of all of them.
    """
    new, how = own
    wholes = [int(new.whole[place]) for place in found.new.tolist()]
    wholes += [int(old[number].whole[place]) for number, place in found.old]
    sets = [new.sets[place] for place in found.new.tolist()] + [old[number].sets[place] for number, place in found.old]
    mine = _narrowed(sets, wholes, [(new, how)])
    others = _narrowed(sets, wholes, list(zip(old, hows, strict=True)))
    both = Published(sets, np.maximum(mine.low, others.low), np.minimum(mine.high, others.high))
    for group in (found.units, *found.atoms):
        if len(group) >= limit:
            continue
        together, *alone = (bounds(published, group) for published in (both, mine, others))
        if together is None:
            raise UndecidedError
        if _is_tight(together, limit) and not any(one is not None and _is_tight(one, limit) for one in alone):
            return True
    return False


def _narrowed(sets: Sequence[BitMap], wholes: Sequence[int], tables: Sequence[tuple[Family, _How]]) -> Published:
    """Return between which numbers the sizes lie that some tables publish; those they do not have can be anything."""
    low, high = np.zeros(len(sets), dtype=np.int64), np.full(len(sets), _ANYTHING)
    for family, how in tables:
        listed = family.whole[: len(family.sets)]
        places = np.flatnonzero(np.isin(np.array(wholes, dtype=np.uint64), listed))
        if len(places):
            ends = _ranges([sets[place] for place in places.tolist()], how)
            low[places] = np.maximum(low[places], ends[0])
            high[places] = np.minimum(high[places], ends[1])
    return Published(sets, low, high)


_ANYTHING = np.int64(2**31)


def _is_tight(found: tuple[float, float], limit: int) -> bool:
    return found[0] >= 1 and found[1] < limit
