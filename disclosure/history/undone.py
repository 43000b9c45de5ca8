"""Numbers known both with noise from a privacy budget and without: the noise was paid for and protects nobody.

Both ways are looked for by what queries say (`announced`), so that a quote still depends on no row. An exact query has
looked at the rows anyway: it is computed who is behind earlier numbers with noise, and `pairing` compares the people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.history.announced import Announced, announced_of
from saferoom.disclosure.history.contributors import Contributors, Noise
from saferoom.disclosure.history.memory import Memory, Release, last_seen, placed, with_prints
from saferoom.disclosure.verdict import Finding, Risk, Verdict

if TYPE_CHECKING:
    from saferoom.disclosure.evaluation import Evaluation

RULE = "privacy-undone"


@dataclass(frozen=True)
class Undone:
    """One earlier release that tells the same cells in the other way.

    Attributes
    ----------
    release : str
        Its id.
    """

    release: str
    finding: Finding


def undone(canonical: Mapping[str, Any], memory: Memory) -> tuple[Undone, ...]:
    """Return every earlier release beside which a query's cells are known with noise and without.

    Parameters
    ----------
    canonical : mapping
        The new query under names that nobody chose.
    """
    return tuple(_undone(canonical, memory.releases))


def news_of(canonical: Mapping[str, Any], memory: Memory) -> tuple[Finding, ...]:
    """Return the findings of `undone`, each once."""
    return tuple(dict.fromkeys(one.finding for one in undone(canonical, memory)))


def _undone(canonical: Mapping[str, Any], releases: Sequence[Release]) -> Iterator[Undone]:
    new = announced_of(canonical)
    if new is None:
        return
    for release in releases:
        old = release.announced
        if old is None or old.noisy is new.noisy:
            continue
        exact, noisy = (old, new) if new.noisy else (new, old)
        if exact.tells(noisy):
            yield Undone(release.id, _finding(release, noisy=new.noisy))


def beside(evaluation: Evaluation, memory: Memory | None) -> Evaluation:
    """Return a quote with what was released before held against it; no row is read for it."""
    if memory is None:
        return evaluation
    found = (*evaluation.findings, *news_of(evaluation.canonical, memory))
    return replace(
        evaluation,
        findings=found,
        verdict=Verdict.worst((evaluation.verdict, *(one.severity for one in found))),
        evidence={**evaluation.evidence, **last_seen(memory)},
    )


MOST_QUERIES = 12
"""Releases with noise of which it is computed who is behind them: the newest."""


def with_people(
    memory: Memory, canonical: Mapping[str, Any], people: Callable[[Mapping[str, Any]], Contributors]
) -> Memory:
    """Return the memory with who is behind those noisy numbers that an exact query may tell in other words.

    Nobody was noted when the noise was drawn. Of another project's release the query is not told, so that only what it
    says is compared.

    Parameters
    ----------
    canonical : mapping
        The exact query.
    people : callable
        Computes who is behind an earlier query.
    """
    new = announced_of(canonical)
    if new is None or new.noisy:
        return memory
    found, indexes = list(memory.releases), memory.indexes
    for place, release in _untold(new, memory)[-MOST_QUERIES:]:
        behind, indexes = placed(replace(people(release.query), sketches=(), noise=Noise.DP), indexes)
        found[place] = replace(release, contributors=with_prints(behind))
    return Memory(tuple(found), indexes)


def _untold(new: Announced, memory: Memory) -> list[tuple[int, Release]]:
    """Return the releases of the same quantity with noise, and nobody behind them, that say something else."""
    found = []
    for place, release in enumerate(memory.releases):
        old = release.announced
        if old is None or not old.noisy or not release.query or release.contributors.parts:
            continue
        if old.quantity == new.quantity and not new.tells(old):
            found.append((place, release))
    return found


def _finding(release: Release, *, noisy: bool) -> Finding:
    known = (
        "an earlier release of another project" if release.title is None else f"the earlier release '{release.title}'"
    )
    message, remedy = _PAID_FOR_NOTHING if noisy else _TAKEN_OFF
    return Finding(
        rule=RULE,
        risk=Risk.DIFFERENCING,
        severity=Verdict.REVIEW,
        cells=(),
        message=message.format(release=known),
        remedy=remedy,
    )


_PAID_FOR_NOTHING = (
    "By what the two queries say, {release} has numbers for the same cells without noise from a privacy budget: noise "
    "would protect nobody there.",
    "use the earlier release, which costs no privacy budget; ask for other cells; or let an output checker decide",
)
_TAKEN_OFF = (
    "By what the two queries say, {release} has numbers for the same cells with noise from a privacy budget: beside "
    "this, the noise that was paid for would protect nobody there.",
    "use the earlier release, ask for other cells, or let an output checker decide",
)
