"""Submits outputs for release: everything is checked again, rendered once, sealed, and sent on its route.

What leaves later is byte for byte what is rendered here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from saferoom.audit import Event
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Table, Verdict
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import earlier, evaluations, files, render, routing, screening, seals, states
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import DatasetVersion, EvaluationRecord, Output, Request, Route, Supporting
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import approve, next_round, notice
from saferoom.projects.airlock.store import Reading, Selection, Step, Transaction
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective

MOST_OUTPUTS = 20
"""Most outputs in one request, files among them: more cannot be looked at with care."""
MOST_SUPPORTING = 20
"""Most supporting files of one request."""
MOST_BYTES = 64 * 2**20
"""Most bytes that leave in the files of one request."""


@dataclass(frozen=True)
class Wanted:
    """What an author asks for.

    Attributes
    ----------
    evaluations : tuple of EvaluationId
        Declared statistics and files that would leave, in the order in which they are numbered.
    supporting : tuple of EvaluationId
        Files that are shown to output checkers and stay.
    """

    author: Username
    project: ProjectSlug
    evaluations: tuple[EvaluationId, ...]
    words: Words
    supporting: tuple[EvaluationId, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """One output, judged, checked and rendered.

    Attributes
    ----------
    judgement : Judgement or None
        What is known of the records behind it; None for a file of which nothing is known.
    """

    record: EvaluationRecord
    judgement: Judgement | None
    output: Output

    def judged(self) -> routing.Judged:
        """Return what the route depends on."""
        obstacles = self.judgement.evaluation.automatic_obstacles if self.judgement else ()
        return routing.Judged(self.record.verdict, obstacles, self.output.lane)


def draft(parts: Parts, wanted: Wanted) -> Request:
    """Keep what the author has so far; nothing is judged by it and nobody else has to act."""
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    words = screening.tidy(wanted.words, complete=False)
    wanted = replace(wanted, words=words)
    prepared = _prepare(parts, wanted, for_submission=False)
    request = _fresh(parts, wanted, prepared, _supporting(parts, wanted))
    with parts.store.transaction() as tx:
        return _add_draft(tx, request)


def submit(parts: Parts, wanted: Wanted, again: RequestId | None = None) -> Request:
    """Submit a new request, or `again` one that is a draft or was returned.

    Submitting the same evaluations with the same words twice gives the same request, so that a client may repeat a
    call whose answer it did not get. Submitting the evaluations of a request that was returned is its next round.
    """
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    wanted = replace(wanted, words=screening.tidy(wanted.words))
    prepared = _prepare(parts, wanted, for_submission=True)
    supporting = _supporting(parts, wanted)
    _refuse_identifiers(parts, wanted, prepared)
    parts.checkpoint("prepared")
    with parts.store.transaction() as tx:
        tx.lock()
        again = again or _returned(tx, wanted)
        twin = _twin(tx, wanted, again)
        if twin is not None:
            return twin
        fresh = _fresh(parts, wanted, prepared, supporting)
        before = _add_draft(tx, fresh) if again is None else _before(tx, wanted, again)
        request = _submitted(parts, tx, replace(before, supporting=supporting), wanted.words, prepared)
        if request.automatic:
            request = approve(parts, tx, request, "every output was proven safe; no person was needed")
    parts.checkpoint("submitted")
    return request


def _prepare(parts: Parts, wanted: Wanted, for_submission: bool) -> tuple[Prepared, ...]:
    if for_submission and not wanted.evaluations:
        raise BadInputError("a request needs at least one output")
    if len(wanted.evaluations) > MOST_OUTPUTS:
        raise BadInputError(f"a request has at most {MOST_OUTPUTS} outputs; make several requests")
    named = (*wanted.evaluations, *wanted.supporting)
    if len(set(named)) != len(named):
        raise BadInputError(
            "a request cannot have the same output twice; name each output and each supporting file once"
        )
    with parts.store.reading() as tx:
        records = [_own(tx, wanted, id_) for id_ in wanted.evaluations]
    made = []
    for number, record in enumerate(records, start=1):
        prepare = _prepare_one if record.file is None else _prepare_file
        made.append(prepare(parts, record, number, for_submission))
    if sum(record.file.leaving_size for record in records if record.file) > MOST_BYTES:
        raise BadInputError(
            f"the files of one request are at most {MOST_BYTES // 2**20} MiB together; make several requests"
        )
    return tuple(made)


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
        files={suffix: parts.vault.put(data) for suffix, data in _leaving(evaluation, table)},
    )
    return Prepared(record, judgement, output)


def _leaving(evaluation: Evaluation, table: Table) -> Iterator[tuple[str, bytes]]:
    """Yield what leaves of a declared statistic: its table, and the chart that the trusted side drew of it."""
    yield "csv", render.to_csv(table)
    yield "xlsx", render.to_xlsx(table)
    if evaluation.picture is not None:
        yield "png", evaluation.picture.png
        yield "svg", evaluation.picture.svg


def _prepare_file(parts: Parts, record: EvaluationRecord, number: int, for_submission: bool) -> Prepared:
    judgement = files.load(parts, record)
    if for_submission:
        evaluations.check_current(parts, record, parts.clock.now())
        files.check_submittable(record, judgement, f"output {number}")
    with parts.store.reading() as tx:
        known = files.known(parts, tx, record)
    return Prepared(record, known, files.output(parts, record, number))


def _supporting(parts: Parts, wanted: Wanted) -> tuple[Supporting, ...]:
    if len(wanted.supporting) > MOST_SUPPORTING:
        raise BadInputError(f"a request has at most {MOST_SUPPORTING} supporting files; put some together")
    with parts.store.reading() as tx:
        records = [_own(tx, wanted, id_) for id_ in wanted.supporting]
    for record in records:
        if record.file is None:
            raise BadInputError("only uploaded files can be supporting files; name statistics as outputs")
        files.load(parts, record)
    return tuple(Supporting(r.id, r.title, r.digest, r.file.content) for r in records if r.file)


def _refuse_identifiers(parts: Parts, wanted: Wanted, prepared: Sequence[Prepared]) -> None:
    if parts.identifiers is None:
        return
    names = [dataset.name for dataset in _datasets(prepared)]
    texts = (*wanted.words.items(), *_file_names(prepared))
    screening.refuse_identifiers(texts, parts.identifiers, wanted.project, names)


def _file_names(prepared: Sequence[Prepared]) -> tuple[tuple[str, str], ...]:
    """Return the names of files, which are words of the researcher's too, each with what messages call it."""
    return tuple((f"name of output {p.output.position}", p.record.file.name) for p in prepared if p.record.file)


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


def _twin(tx: Transaction, wanted: Wanted, again: RequestId | None) -> Request | None:
    """Return the request that this call made before; refuse evaluations that are part of another request."""
    alive = frozenset(State) - {State.DRAFT, State.REJECTED, State.WITHDRAWN}
    selection = Selection(project=wanted.project, states=alive, evaluations=frozenset(wanted.evaluations))
    for other in tx.requests(selection):
        if other.id == again:
            continue
        same = tuple(output.evaluation for output in other.outputs) == wanted.evaluations
        same = same and tuple(file.evaluation for file in other.supporting) == wanted.supporting
        if again is None and same and Words(other.title, other.context, other.controls) == wanted.words:
            return other
        raise WrongStateError(f"an output of this request is already part of request {other.id}; it can leave once")
    return None


def _before(tx: Transaction, wanted: Wanted, again: RequestId) -> Request:
    found = tx.request(again)
    if found is None or (found.author, found.project) != (wanted.author, wanted.project):
        raise NotFoundError("there is no such request")
    return found


def _fresh(parts: Parts, wanted: Wanted, prepared: Sequence[Prepared], supporting: tuple[Supporting, ...]) -> Request:
    now, words = parts.clock.now(), wanted.words
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
        supporting=supporting,
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
        warnings=(*screening.screen((*words.items(), *_file_names(prepared))), *findings),
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
    policy = (merged.policy, merged.origins)
    route = evaluations.route_of(tx, project, [p.judged() for p in prepared], policy, parts.clock.now())
    known = {p.output.position: p.judgement for p in prepared if p.judgement}
    later = earlier.recheck(parts, tx, project, known)
    if not later:
        return route, ()
    needed = routing.checkers([p.output.lane for p in prepared], merged.policy)
    return Route(False, (*route.reasons, *later), needed), later


def _datasets(prepared: Sequence[Prepared]) -> tuple[DatasetVersion, ...]:
    return tuple(sorted({d for p in prepared for d in p.record.datasets}, key=lambda d: d.name))
