"""Proves that a processed table is made of numbers that were drawn, paid for and released, and of nothing else.

That it is is not taken from what was stored: everything is computed again from what was drawn, before anything leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy import postprocessing
from saferoom.disclosure.privacy.certificate import Processing
from saferoom.disclosure.privacy.processed import Certified, Public
from saferoom.disclosure.privacy.step_documents import parse_steps
from saferoom.errors import BadInputError, IntegrityError, WrongStateError
from saferoom.ids import EvaluationId
from saferoom.projects.airlock import evaluations, paying, quotes
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Reading, Selection

_TOTALS = "the table has its totals already; choose their rows instead"
_HIDDEN = "cells that are too small are not in the table, so that its sums would say too little"
_OTHER = "a processed table is not what its steps make of the numbers that were drawn; nothing is released"


def of(evaluation: Evaluation) -> Mapping[str, Any] | None:
    """Return what is stored of how an evaluation was processed; None where it was not."""
    return (evaluation.privacy or {}).get("processing")


def drawn_of(drawn: Evaluation) -> Certified:
    """Return what was drawn as post-processing takes it."""
    if drawn.outgoing is None or drawn.label_columns is None:
        raise IntegrityError("what was drawn has no table; nothing is released")
    hidden = (drawn.privacy or {}).get("cells") == 0
    why = _TOTALS if drawn.query.margins else _HIDDEN if hidden else ""
    return Certified(drawn.outgoing, drawn.label_columns, why)


def check_out(tx: Reading, record: EvaluationRecord) -> None:
    """Raise unless what was drawn has left, and still stands."""
    selection = Selection(evaluations=frozenset({record.id}), states=frozenset({State.RELEASED}))
    found = tx.requests(selection)
    if not found:
        raise WrongStateError("these numbers have not been released; what was released can be processed")
    if any(request.withdrawal is not None for request in found):
        raise WrongStateError("the release of these numbers was withdrawn; do not use them any more")


def check_current(parts: Parts, record: EvaluationRecord, evaluation: Evaluation) -> None:
    """Raise when a processed table may not be submitted: it is too old, was withdrawn, or is not what it says.

    New data and new rules change nothing of it: what it was made from has been released.
    """
    if parts.clock.now() >= record.expires_at:
        raise WrongStateError(f"'{record.title}' is too old; process the numbers again, which costs nothing")
    source, _ = _stored(parts, record, evaluation)
    with parts.store.reading() as tx:
        check_out(tx, source)
    proven(parts, record, evaluation)


def proven(parts: Parts, record: EvaluationRecord, evaluation: Evaluation) -> Processing | None:
    """Return how a table was processed, computed again from what was drawn and paid for; None where it was not.

    Raises
    ------
    IntegrityError
        It is not what its steps make of what was drawn.
    """
    if of(evaluation) is None:
        return None
    _, drawn = _stored(parts, record, evaluation)
    said = dict(of(evaluation) or {})
    try:
        declared = parse_steps(said["steps"])
        done = postprocessing.process(drawn_of(drawn), declared, Public.from_json(said["joined"]))
    except (KeyError, BadInputError):
        raise IntegrityError(_OTHER) from None
    same = {**(drawn.privacy or {}), "processing": said, "columns": None}
    if done.table != evaluation.outgoing or {**(evaluation.privacy or {}), "columns": None} != same:
        raise IntegrityError(_OTHER)
    return Processing(
        drawn=drawn_of(drawn).table,
        labels=drawn_of(drawn).labels,
        steps=tuple(one.document() for one in declared),
        joined=done.used.to_json(),
    )


def _stored(parts: Parts, record: EvaluationRecord, evaluation: Evaluation) -> tuple[EvaluationRecord, Evaluation]:
    """Return what a processed table says that it was made from, if that is there, was drawn, and was paid for."""
    id_ = EvaluationId(str((of(evaluation) or {}).get("source", "")))
    with parts.store.reading() as tx:
        source = tx.evaluation(id_)
    if source is None or (source.author, source.project) != (record.author, record.project):
        raise IntegrityError(_OTHER)
    drawn = evaluations.load(parts, source).evaluation
    if not quotes.is_drawn(drawn) or of(drawn) is not None or quotes.key_of(source.id) is None:
        raise IntegrityError(_OTHER)
    paying.paid(parts, source, drawn)
    return source, drawn
