"""What an evaluation says of differential privacy: a quote, or what was drawn by one.

Vocabulary
----------
quote
    What a release would cost and how exact it would be, found without looking at a row. Nothing has been drawn yet.
drawn
    The same with noisy numbers, once they were paid for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.certificate import PRIVATE
from saferoom.ids import EvaluationId
from saferoom.projects.airlock.model import Lane

_DRAWN = "drawn-"


def is_quote(evaluation: Evaluation) -> bool:
    """Tell whether nothing has been drawn yet of a query with noise from a budget."""
    return evaluation.privacy is not None and not evaluation.privacy.get("drawn")


def is_drawn(evaluation: Evaluation) -> bool:
    """Tell whether the numbers that leave were drawn and paid for."""
    return evaluation.privacy is not None and bool(evaluation.privacy.get("drawn"))


def lane_of(evaluation: Evaluation) -> Lane:
    """Return what is known of the numbers of a declared statistic.

    Noise that is not differentially private is paid for as well, and goes the way of every other statistic.
    """
    private = evaluation.privacy is not None and evaluation.privacy.get("label") == PRIVATE
    return Lane.PRIVACY if private else Lane.DECLARED


def drawn_id(quote: EvaluationId) -> EvaluationId:
    """Return what the result of `quote` is called: there is one at most."""
    return EvaluationId(_DRAWN + quote)


def key_of(id_: EvaluationId) -> EvaluationId | None:
    """Return the quote that an evaluation was drawn by, which its charge is called after; None where it was not."""
    return EvaluationId(id_.removeprefix(_DRAWN)) if id_.startswith(_DRAWN) else None


def terms(evaluation: Evaluation) -> Mapping[str, Any]:
    """Return the quote without what came with the draw."""
    return {name: value for name, value in (evaluation.privacy or {}).items() if name not in _OF_DRAW}


_OF_DRAW = frozenset({"drawn", "charge", "quote", "software"})


def with_draw(evaluation: Evaluation, **said: Any) -> Evaluation:
    """Return a drawn evaluation with what is known of its draw."""
    return replace(evaluation, privacy={**(evaluation.privacy or {}), "drawn": True, **said})
