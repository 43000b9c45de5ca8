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
from dataclasses import replace

from saferoom.disclosure.history.cases import Case, cases_of
from saferoom.disclosure.history.contributors import Contributors, Noise
from saferoom.disclosure.history.families import Family, Tick, near, same
from saferoom.disclosure.history.gradients import ManySmallError, UndecidedError
from saferoom.disclosure.history.judgement import Book, How, Judgement
from saferoom.disclosure.history.measures import PartlyAlike, Shares, measured
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.pairing import averaged, how_near, how_same, note, repeats, settled
from saferoom.disclosure.history.sketches import alike, crowded
from saferoom.disclosure.history.strangers import not_comparable
from saferoom.disclosure.history.together import bounded as _bounded
from saferoom.disclosure.history.together import solved as _solved
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
    cases = list(cases_of(place, memory))
    for case in cases:
        tick()
        own = [other.new for other in cases if other.unit == case.unit and _alike(case, other)]
        _pairs(case, own, policy, book, tick)
    partly = _values(contributors, memory, policy, book, tick)
    more = [*_crowds(contributors, memory, policy), *not_comparable(contributors, memory)]
    more += _together(cases, policy, book, tick)
    if not book.fails:
        if shares is not None:
            # Here, because most queries are first ones of their column, and it takes scipy.
            from saferoom.disclosure.history.transformed import transformed

            whole = [case for case in cases if not case.own_worked_out and not case.pairs_only]
            partly = [*(partly or ()), *transformed(whole, contributors, memory, shares.query, tick)]
        more += measured(partly, (contributors.total, memory), policy, book, shares, tick)
    if shares is not None and not book.fails:
        from saferoom.disclosure.history.composed import composed
        from saferoom.disclosure.history.dominating import dominating

        dominating(cases, place, memory, policy, book, shares, tick)
        unknown = list(composed(place, memory, policy, shares, book, tick))
        more += [one for one in unknown if one.rule not in {other.rule for other in more}]
    return book.judgement(more)


def _alike(case: Case, other: Case) -> bool:
    """Say whether what is known of the sets of the other case is known of counts, where this one is about those."""
    return other.counts or not any((case.own_worked_out, *case.worked_out))


def _together(cases: Sequence[Case], policy: RiskAppetite, book: Book, tick: Tick) -> Iterator[Finding]:
    """Note what several sets tell together, and yield what is said where that was not decided."""
    for search in (_solved, _bounded):
        if book.fails:
            return
        for case in cases:
            try:
                search(case, policy, book, tick)
            except ManySmallError:
                yield _MANY_SMALL
            except UndecidedError:
                yield _UNDECIDED


def _pairs(case: Case, own: Sequence[Family], policy: RiskAppetite, book: Book, tick: Tick) -> None:
    """Note sets that differ by few units, and sets that are known with and without noise.

    Parameters
    ----------
    own : sequence of Family
        All sets of the same kind of unit behind the new table: of everybody, of those with other values than zero ...
    """
    reach = policy.difference_units - 1
    pairs = [pair for pair in near(case.new, case.pool, reach, tick) if not repeats(case, own, pair)]
    for pair in pairs:
        found = how_near(case, pair, reach)
        if found is not None:
            note(case, pair, found, book)
    for pair in averaged(case, pairs, reach, tick):
        note(case, pair, (How.AVERAGE, Verdict.REVIEW), book)
    if case.pairs_only or settled(case):
        return
    for pair in same(case.new, case.pool):
        found = how_same(case, pair, policy)
        if found is not None:
            note(case, pair, found, book)


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


_UNDECIDED = Finding(
    rule="differencing",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    cells=(),
    message="Whether this and earlier releases together tell about few units could not be decided in the steps that "
    "are allowed for it; nothing is proven.",
    remedy="use categories of earlier releases, or let an output checker decide",
)
_MANY_SMALL = replace(
    _UNDECIDED,
    message="The history is so long, and has so many small cells, that what three and more releases tell together "
    "about few units was not searched for completely; nothing is proven.",
    remedy="use categories of earlier releases, larger cells, or let an output checker decide",
)
"""Where sets are too many for all their small ones to be searched."""
