"""What two sets tell beside each other, by the noise of their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.cases import Case
from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.history.families import Family, Pair, Tick
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

MOST_ALIKE = 5
"""Pairs of sets with cell-key noise that may differ by the same few units. Noise of two different sets is independent,
so that the average of m differences is off by a share of 1 / sqrt(m) of what one is; at five it is still more than two
fifths, and ordinary tables of two dimensions with their margins have four such pairs."""


def repeats(case: Case, own: Sequence[Family], pair: Pair) -> bool:
    """Say whether both tables have both sets: then nothing is told that was not told before.

    Somebody with a value of zero sets everybody apart from those with another value, in a table and in its repetition.
    Rounded in two ways, both sets are known more closely than in either table.
    """
    other = case.noises[pair.family]
    if Noise.NONE not in (case.noise, other) and not same_design(case.noise, case.base, other, case.bases[pair.family]):
        return False
    one, family = case.new.whole[pair.place], case.pool.families[pair.family]
    if not any((other.whole == family.whole[pair.other]).any() for other in own):
        return False
    release = case.releases[pair.family]
    theirs = (other for other, of in zip(case.pool.families, case.releases, strict=True) if of == release)
    return any((other.whole == one).any() for other in theirs)


def same_design(noise: Noise, base: int, other: Noise, other_base: int) -> bool:
    """Say whether two tables have noise of one design."""
    return noise is other and base == other_base


def same_table(one: Family, other: Family) -> bool:
    """Say whether two families have the same sets, cells that hold nobody aside."""
    ours, theirs = (family.whole[family.signatures.sizes > 0] for family in (one, other))
    return np.array_equal(np.unique(ours), np.unique(theirs))


def settled(case: Case) -> bool:
    """Say whether equal sets have equal numbers in all earlier tables, so that they tell nothing new."""
    if case.noise is Noise.CONTROLLED_ROUNDING:
        return False
    return all(
        same_design(case.noise, case.base, noise, base) for noise, base in zip(case.noises, case.bases, strict=True)
    )


def how_near(case: Case, pair: Pair, reach: int) -> tuple[How, Verdict] | None:
    """Return how two numbers about nearly the same units are combined, and how bad that is."""
    other = case.noises[pair.family]
    if case.noise is Noise.NONE and other is Noise.NONE:
        return _how_subtracted(case, pair)
    if case.own_worked_out or case.worked_out[pair.family]:
        # What ranges leave is judged with all their sets together.
        return None
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


def _how_subtracted(case: Case, pair: Pair) -> tuple[How, Verdict] | None:
    how = How.SUBTRACT
    if case.own_worked_out or case.worked_out[pair.family]:
        how = How.WORK_OUT
    apart = BitMap()
    if how is How.WORK_OUT:
        apart = case.new.set(pair.place) ^ case.pool.families[pair.family].set(pair.other)
    severity = case.severity(apart, [pair.family])
    return None if severity is None else (how, severity)


def how_same(case: Case, pair: Pair, policy: RiskAppetite) -> tuple[How, Verdict] | None:
    """Return how two numbers about the same units are combined, and how bad that is."""
    noise, other = case.noise, case.noises[pair.family]
    if case.own_worked_out or case.worked_out[pair.family]:
        return None
    few = int(case.new.signatures.sizes[pair.place]) < policy.difference_units
    if Noise.DP in (noise, other) and noise is not other:
        return How.NOISE, Verdict.FAIL if few and Noise.NONE in (noise, other) else Verdict.REVIEW
    if noise is other is Noise.CELL_KEY and not same_design(noise, case.base, other, case.bases[pair.family]):
        # Noise of several designs tells the cell's key ever more closely, and with it the number.
        return How.AGAIN, Verdict.REVIEW
    if {noise, other} == {Noise.NONE, Noise.CELL_KEY} and not case.counts:
        # All noise of a cell follows from its people: what an exact number tells of it strips their other numbers.
        return How.NOISE, Verdict.REVIEW
    if not few or noise is Noise.NONE or other is Noise.NONE:
        return None
    if noise is other is Noise.CONTROLLED_ROUNDING and not same_table(case.new, case.pool.families[pair.family]):
        # Which of its two multiples a count becomes depends on the table around it: shown as both, it is neither.
        return How.AGAIN, Verdict.REVIEW
    # Two ranges for one small count overlap in less than either.
    return None if same_design(noise, case.base, other, case.bases[pair.family]) else (How.SUBTRACT, Verdict.REVIEW)


def note(case: Case, pair: Pair, found: tuple[How, Verdict], book: Book) -> None:
    """Note what two sets tell."""
    family = case.pool.families[pair.family]
    key = (case.releases[pair.family], *found)
    book.add(key, case.new.name(pair.place), [family.name(pair.other)], pair.apart or None)


def averaged(case: Case, pairs: Iterable[Pair], reach: int, tick: Tick) -> Iterator[Pair]:
    """Yield pairs with cell-key noise of which so many differ by the same units that their average tells about these.

    Notes
    -----
    Fingerprints of sets are sums over their units, so that two pairs differ by the same units where their fingerprints
    have the same difference; no set is read.
    """
    if case.noise is not Noise.CELL_KEY:
        return
    keyed = [family for family, noise in zip(case.pool.families, case.noises, strict=True) if noise is Noise.CELL_KEY]
    known: NDArray[np.uint64] | None = None
    often: dict[int, bool] = {}
    for pair in pairs:
        other = case.pool.families[pair.family]
        sizes = case.new.signatures.sizes[pair.place], other.signatures.sizes[pair.other]
        if case.noises[pair.family] is not Noise.CELL_KEY or max(sizes) <= reach:
            continue
        if known is None:
            known = np.unique(np.concatenate([_sums(family, reach) for family in (case.new, *keyed)]))
        step = case.new.signatures.prints[[pair.place]].sum(axis=1) - other.signatures.prints[[pair.other]].sum(axis=1)
        key = int(np.minimum(step, -step)[0])
        if key not in often:
            tick()
            often[key] = int(np.isin(known + step, known).sum()) > MOST_ALIKE
        if often[key]:
            yield pair


def _sums(family: Family, reach: int) -> NDArray[np.uint64]:
    found = family.signatures
    return np.asarray(found.prints[found.sizes > reach].sum(axis=1, dtype=np.uint64))
