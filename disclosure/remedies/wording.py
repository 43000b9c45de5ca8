"""Puts what was found into the findings' remedies, so that each ends in something that can be applied as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.disclosure.rules.hit import SUPPRESS
from saferoom.disclosure.verdict import Finding, Verdict

_OFFERS = (f", or {SUPPRESS}", f" or {SUPPRESS}", f", {SUPPRESS}", SUPPRESS)


def worded(evaluation: Evaluation, suggestions: Sequence[Suggestion], suppression_passes: bool | None) -> Evaluation:
    """Return `evaluation` with `suggestions`, and with remedies that name the cheapest of them.

    Parameters
    ----------
    suppression_passes : bool or None
        Whether blanking cells alone was found to pass; None when it was not tried. Findings do not offer it when it
        was tried and does not.
    """
    findings = tuple(_finding(finding, suggestions, suppression_passes) for finding in evaluation.findings)
    return replace(evaluation, findings=findings, suggestions=tuple(suggestions))


def _finding(finding: Finding, suggestions: Sequence[Suggestion], suppression_passes: bool | None) -> Finding:
    general = finding.remedy
    if suppression_passes is False:
        for offer in _OFFERS:
            general = general.replace(offer, "")
    offers = _offers(suggestions)
    parts = [*offers, *([f"in general: {general}"] if offers else [general])]
    return replace(finding, remedy="; ".join(part for part in parts if part))


def _offers(suggestions: Sequence[Suggestion]) -> list[str]:
    """Name the cheapest that passes, and the cheapest whose lines can be repeated here where that is another."""
    passing = [item for item in suggestions if item.verdict is Verdict.PASS]
    chosen = passing[:1]
    if passing and passing[0].names_categories:
        chosen += [item for item in passing if not item.names_categories][:1]
    if not passing:
        chosen = [item for item in suggestions if not item.names_categories][:1]
    return [_offer(item, suggestions.index(item) + 1) for item in chosen]


def _offer(suggestion: Suggestion, number: int) -> str:
    # A finding goes further than the room; categories of the data stay in the suggestion.
    lines = f"see the lines of suggestion {number}" if suggestion.names_categories else suggestion.block()
    return f"{lines} ({suggestion.sentence})"
