"""Returns a request with changes of its queries that would do, so that its author can accept them as they stand.

What is advised was evaluated before, by the engine that judges and under the rules that hold
(`saferoom.disclosure.remedies`): the cheapest variant with the best verdict comes first. Accepting it has the changed
query evaluated anew, puts it in the place of the old one, and submits the request again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.remedies.model import Suggestion, patched
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, OutputId, Username
from saferoom.projects.airlock import drafts, evaluations
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import Output, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.records import Advice
from saferoom.projects.airlock.sheets import Sheet
from saferoom.projects.airlock.wanted import Wanted

Evaluate = Callable[[Mapping[str, Any], bytes | None], Evaluation]
"""Evaluates a query of the author's in the project, over the table from the room where one is given."""


def offered(parts: Parts, request: Request) -> dict[OutputId, Suggestion]:
    """Return the cheapest safe variant of each output that has one."""
    found = {}
    for output in request.outputs:
        judgement = _statistic(parts, output)
        if judgement is not None and judgement.evaluation.suggestions:
            found[output.id] = judgement.evaluation.suggestions[0]
    return found


def best(sheet: Sheet) -> dict[OutputId, Suggestion]:
    """Return the cheapest safe variant of each output of `sheet` that has one, as `offered` does."""
    found = {}
    for output in sheet.request.outputs:
        content = sheet.contents[output.evaluation]
        if content.file is None and content.statistic is not None and content.statistic.evaluation.suggestions:
            found[output.id] = content.statistic.evaluation.suggestions[0]
    return found


def chosen(parts: Parts, request: Request, checker: Username, outputs: Sequence[OutputId]) -> tuple[Advice, ...]:
    """Return the advice that goes with a return: the cheapest safe variant of each of `outputs`.

    Raises
    ------
    NotFoundError
        There is no such output.
    BadInputError
        No variant of it is known.
    """
    made = []
    variants = offered(parts, request) if outputs else {}
    for id_ in dict.fromkeys(outputs):
        output = next((o for o in request.outputs if o.id == id_), None)
        if output is None:
            raise NotFoundError("there is no such output in this request")
        if id_ not in variants:
            which = f"output {output.position}"
            raise BadInputError(f"no safe variant of {which} is known; say in the comment what to change")
        made.append(_advice(parts, request, checker, (output, variants[id_])))
    return tuple(made)


def _advice(parts: Parts, request: Request, checker: Username, about: tuple[Output, Suggestion]) -> Advice:
    output, suggestion = about
    return Advice(
        round=request.round,
        output=output.id,
        evaluation=output.evaluation,
        patch=suggestion.document()["patch"],
        words=suggestion.sentence,
        by=checker,
        at=parts.clock.now(),
    )


def open_advice(request: Request) -> tuple[Advice, ...]:
    """Return the advice of the present return that the author has not taken and that still fits what is there."""
    there = drafts.content_of(request).evaluations
    return tuple(
        one for one in request.advice if one.round == request.round and not one.taken_as and one.evaluation in there
    )


def take(parts: Parts, request: Request, evaluate: Evaluate) -> tuple[Wanted, dict[EvaluationId, EvaluationId]]:
    """Have every advised query evaluated; return what would be submitted then, and what took the place of what.

    Raises
    ------
    WrongStateError
        There is nothing to accept.
    IntegrityError
        What was evaluated is not what was advised.
    """
    advice = open_advice(request)
    if not advice:
        raise WrongStateError("nothing is advised for this request that you could accept")
    taken = {one.evaluation: _evaluated(parts, request, one, evaluate) for one in advice}
    return drafts.replaced(drafts.content_of(request), taken), taken


def _evaluated(parts: Parts, request: Request, advice: Advice, evaluate: Evaluate) -> EvaluationId:
    with parts.store.reading() as tx:
        record = tx.evaluation(advice.evaluation)
    if record is None or record.file is not None:
        raise IntegrityError("the statistic that advice is about is missing")
    judgement = evaluations.load(parts, record)
    document = patched(judgement.evaluation.query.document(), advice.patch)
    snapshot = parts.vault.get(judgement.snapshot) if judgement.snapshot else None
    evaluation = evaluate(document, snapshot)
    if evaluation.query != parse_query(document):
        raise IntegrityError("what was evaluated is not what was advised; nothing was changed")
    made = evaluations.record(parts, request.author, request.project, evaluation, snapshot)
    return made.id


def _statistic(parts: Parts, output: Output) -> Judgement | None:
    with parts.store.reading() as tx:
        record = tx.evaluation(output.evaluation)
    return evaluations.load(parts, record) if record is not None and record.file is None else None
