"""Noise from a privacy budget as a page shows it: what it costs, whom it protects, how exact the numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.words import PRIVATE, Privacy, read_privacy
from saferoom.errors import IntegrityError
from saferoom.hub.notebook.layout import Grid, grid
from saferoom.hub.web.texts import airlock as words
from saferoom.hub.web.texts.common import Sign
from saferoom.ids import EvaluationId, Username
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.service import Airlock

MOST_ROWS = 2_000


@dataclass(frozen=True)
class PrivacyView:
    """A quote, or what was drawn by one.

    Attributes
    ----------
    drawn : bool
        False of a quote, whose table says how exact the numbers would be.
    numbers : Grid
        Of a quote for everybody who may see it; once drawn for those who may see the numbers.
    record : tuple of (str, str)
        What it was paid and drawn by; empty of a quote.
    certified : bool
        Whether a certificate leaves with it.
    refused : bool
        Whether the budget is not enough at this moment.
    """

    sign: Sign
    sentence: str
    legend: str
    facts: tuple[tuple[str, str], ...]
    numbers: Grid
    drawn: bool
    record: tuple[tuple[str, str], ...]
    certified: bool
    refused: bool = False


def privacy(evaluation: Evaluation, refusal: str | None = None) -> PrivacyView | None:
    """Return what a page says of noise; None of other statistics.

    Parameters
    ----------
    refusal : str, optional
        Why the budget would not be enough at this moment; empty when it would.
    """
    said = _read(evaluation.privacy, refusal)
    if said is None:
        return None
    shown = said.shown(evaluation.table)
    labels = (evaluation.label_columns or 0) if said.drawn else 1
    return PrivacyView(
        sign=words.PRIVATE if said.label == PRIVATE else words.NOISE_INFUSED,
        sentence=said.sentence,
        legend=said.legend(evaluation.table),
        facts=tuple((name.capitalize(), value) for name, value in said.facts),
        numbers=grid(shown, labels, {}, MOST_ROWS),
        drawn=said.drawn,
        record=_record(evaluation.privacy or {}) if said.drawn else (),
        certified=said.label == PRIVATE,
        refused=bool(refusal),
    )


def quotes(
    airlock: Airlock, author: Username, records: Mapping[EvaluationId, EvaluationRecord], used: Iterable[EvaluationId]
) -> dict[EvaluationId, PrivacyView]:
    """Return what the statistics with noise of a draft would cost, and whether the budget is enough for each."""
    found: dict[EvaluationId, PrivacyView] = {}
    for id_ in used:
        if id_ in records and records[id_].file is None:
            judged = airlock.evaluation(author, id_).evaluation
            view = privacy(judged, airlock.refusal(records[id_], judged)) if judged.privacy is not None else None
            found |= {} if view is None or view.drawn else {id_: view}
    return found


def facts(said: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Return what a data owner should know of the noise of what leaves."""
    found = _read(said, None)
    if found is None:
        return ()
    return (("Privacy", found.label), *((name.capitalize(), value) for name, value in found.facts))


def _read(said: Mapping[str, Any] | None, refusal: str | None) -> Privacy | None:
    try:
        return read_privacy(said, refusal)
    except (KeyError, TypeError, ValueError):
        raise IntegrityError("what is known of the noise of a statistic cannot be read") from None


def _record(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = [("Charge", str(said.get("charge", "–"))), ("Plan, SHA-256", str(said.get("digest", "–")))]
    software = said.get("software")
    if isinstance(software, Mapping):
        found.append(("Drawn by", ", ".join(f"{name} {version}" for name, version in software.items())))
    return tuple(found)
