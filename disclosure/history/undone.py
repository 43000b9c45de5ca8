"""Numbers known both with noise from a privacy budget and without: the noise was paid for and protects nobody.

Both ways are looked for by what queries say (`announced`), so that a quote still depends on no row. Where who is behind
both numbers is known, `pairing` compares the people as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.history.announced import announced_of
from saferoom.disclosure.history.memory import Memory, Release, last_seen
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
