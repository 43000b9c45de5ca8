"""Submits outputs for release: everything is checked again, rendered once, sealed, and sent on its route.

What leaves later is byte for byte what is rendered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from saferoom.audit import Event
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import earlier, evaluations, render, screening, seals, states
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import DatasetVersion, EvaluationRecord, Output, Request, Route
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import approve, next_round, notice
from saferoom.projects.airlock.store import Reading, Selection, Step, Transaction
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective

MOST_OUTPUTS = 20
"""Most outputs in one request: more cannot be looked at with care."""


@dataclass(frozen=True)
class Wanted:
    """What an author asks for."""

    author: Username
    project: ProjectSlug
    evaluations: tuple[EvaluationId, ...]
    words: Words


@dataclass(frozen=True)
class Prepared:
    """One output, judged, checked and rendered."""

    record: EvaluationRecord
    judgement: Judgement
    output: Output


def draft(parts: Parts, wanted: Wanted) -> Request:
    """Keep what the author has so far; nothing is judged by it and nobody else has to act."""
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    words = screening.tidy(wanted.words, complete=False)
    prepared = _prepare(parts, replace(wanted, words=words), for_submission=False)
    request = _fresh(parts, wanted, words, prepared)
    with parts.store.transaction() as tx:
        return _add_draft(tx, request)


def submit(parts: Parts, wanted: Wanted, again: RequestId | None = None) -> Request:
    """Submit a new request, or `again` one that is a draft or was returned.

    Submitting the same evaluations with the same words twice gives the same request, so that a client may repeat a
    call whose answer it did not get. Submitting the evaluations of a request that was returned is its next round.
    """
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    words = screening.tidy(wanted.words)
    prepared = _prepare(parts, wanted, for_submission=True)
    datasets = _datasets(prepared)
    if parts.identifiers is not None:
        screening.refuse_identifiers(words, parts.identifiers, wanted.project, [d.name for d in datasets])
    parts.checkpoint("prepared")
    with parts.store.transaction() as tx:
        tx.lock(wanted.project)
        again = again or _returned(tx, wanted)
        twin = _twin(tx, wanted, words, again)
        if twin is not None:
            return twin
        before = _before(parts, tx, wanted, words, prepared, again)
        request = _submitted(parts, tx, before, words, prepared)
        if request.automatic:
            request = approve(parts, tx, request, "every output was proven safe; no person was needed")
    parts.checkpoint("submitted")
    return request


def _prepare(parts: Parts, wanted: Wanted, for_submission: bool) -> tuple[Prepared, ...]:
    if for_submission and not wanted.evaluations:
        raise BadInputError("a request needs at least one output")
    if len(wanted.evaluations) > MOST_OUTPUTS:
        raise BadInputError(f"a request has at most {MOST_OUTPUTS} outputs; make several requests")
    if len(set(wanted.evaluations)) != len(wanted.evaluations):
        raise BadInputError("a request cannot have the same output twice")
    with parts.store.reading() as tx:
        records = [_own(tx, wanted, id_) for id_ in wanted.evaluations]
    return tuple(_prepare_one(parts, record, number, for_submission) for number, record in enumerate(records, start=1))


def _own(tx: Reading, wanted: Wanted, id_: EvaluationId) -> EvaluationRecord:
    record = tx.evaluation(id_)
    if record is None or (record.author, record.project) != (wanted.author, wanted.project):
        raise NotFoundError("there is no such evaluation of yours in this project")
    return record


def _prepare_one(parts: Parts, record: EvaluationRecord, number: int, for_submission: bool) -> Prepared:
    judgement = evaluations.load(parts, record)
    evaluation = judgement.evaluation
    if for_submission:
        evaluations.check_current(parts, record, parts.clock.now())
        if evaluation.verdict is Verdict.FAIL:
            remedies = dict.fromkeys(f.remedy for f in evaluation.findings if f.severity is Verdict.FAIL and f.remedy)
            advice = " ".join(remedies) or "Change the query and evaluate again."
            raise BadInputError(f"output {number} must not leave as it is (verdict: fail). {advice}")
    table = evaluation.outgoing
    if table is None:
        raise BadInputError(f"output {number} has no table that may leave; change the query and evaluate again")
    output = Output(
        id=OutputId(parts.ids("output")),
        round=0,
        position=number,
        evaluation=record.id,
        title=record.title,
        verdict=record.verdict,
        judged=record.digest,
        files={"csv": parts.vault.put(render.to_csv(table)), "xlsx": parts.vault.put(render.to_xlsx(table))},
    )
    return Prepared(record, judgement, output)


def _returned(tx: Transaction, wanted: Wanted) -> RequestId | None:
    """Return the author's returned request with the same outputs."""
    selection = Selection(
        author=wanted.author,
        project=wanted.project,
        states=frozenset({State.RETURNED}),
        evaluations=frozenset(wanted.evaluations),
    )
    same = [r.id for r in tx.requests(selection) if tuple(o.evaluation for o in r.outputs) == wanted.evaluations]
    return same[0] if same else None


def _twin(tx: Transaction, wanted: Wanted, words: Words, again: RequestId | None) -> Request | None:
    """Return the request that this call made before; refuse evaluations that are part of another request."""
    alive = frozenset(State) - {State.DRAFT, State.REJECTED, State.WITHDRAWN}
    selection = Selection(project=wanted.project, states=alive, evaluations=frozenset(wanted.evaluations))
    for other in tx.requests(selection):
        if other.id == again:
            continue
        same = tuple(output.evaluation for output in other.outputs) == wanted.evaluations
        if again is None and same and Words(other.title, other.context, other.controls) == words:
            return other
        raise WrongStateError(f"an output of this request is already part of request {other.id}; it can leave once")
    return None


def _before(
    parts: Parts,
    tx: Transaction,
    wanted: Wanted,
    words: Words,
    prepared: Sequence[Prepared],
    again: RequestId | None,
) -> Request:
    if again is None:
        return _add_draft(tx, _fresh(parts, wanted, words, prepared))
    found = tx.request(again)
    if found is None or (found.author, found.project) != (wanted.author, wanted.project):
        raise NotFoundError("there is no such request")
    return found


def _fresh(parts: Parts, wanted: Wanted, words: Words, prepared: Sequence[Prepared]) -> Request:
    now = parts.clock.now()
    return Request(
        id=RequestId(parts.ids("request")),
        author=wanted.author,
        project=wanted.project,
        state=State.DRAFT,
        round=0,
        title=words.title,
        context=words.context,
        controls=words.controls,
        automatic=False,
        checkers=0,
        created_at=now,
        updated_at=now,
        datasets=_datasets(prepared),
        outputs=tuple(p.output for p in prepared),
    )


def _add_draft(tx: Transaction, request: Request) -> Request:
    row = states.check(None, Action.DRAFT, Party.AUTHOR)
    event = Event(request.author, row.audit, request.id, {"project": request.project})
    return tx.add_request(request, Step(event, outputs=request.outputs))


def _submitted(parts: Parts, tx: Transaction, before: Request, words: Words, prepared: Sequence[Prepared]) -> Request:
    row = states.check(before.state, Action.SUBMIT, Party.AUTHOR)
    route, findings = _route(parts, tx, before.project, prepared)
    unsealed = replace(
        next_round(parts, replace(before, outputs=tuple(p.output for p in prepared))),
        state=row.to,
        title=words.title,
        context=words.context,
        controls=words.controls,
        automatic=route.automatic,
        checkers=route.checkers,
        datasets=_datasets(prepared),
        waits_because=route.reasons,
        warnings=(*screening.screen(words), *findings),
        reason="" if route.automatic else "an output checker has to look: " + "; ".join(route.reasons),
        blocked="",
    )
    request = replace(unsealed, seal=seals.seal_submission(unsealed, parts.signing_key))
    told = None if route.automatic else notice(request, row.notify, f"request {request.id} waits for output checkers")
    event = Event(request.author, row.audit, request.id, seals.submission_claims(request))
    return tx.save_request(request, Step(event, told, outputs=request.outputs))


def _route(
    parts: Parts, tx: Transaction, project: ProjectSlug, prepared: Sequence[Prepared]
) -> tuple[Route, tuple[str, ...]]:
    """Return the route, decided inside the transaction, and what the releases made meanwhile add."""
    names = [dataset.name for dataset in _datasets(prepared)]
    _, merged = effective(parts.registry, project, names)
    judged = [p.judgement for p in prepared]
    policy = (merged.policy, merged.origins)
    route = evaluations.route_of(tx, project, [j.evaluation for j in judged], policy, parts.clock.now())
    later = earlier.recheck(parts, tx, project, judged)
    if not later:
        return route, ()
    return Route(False, (*route.reasons, *later), max(1, merged.policy.checkers_declared)), later


def _datasets(prepared: Sequence[Prepared]) -> tuple[DatasetVersion, ...]:
    return tuple(sorted({d for p in prepared for d in p.record.datasets}, key=lambda d: d.name))
