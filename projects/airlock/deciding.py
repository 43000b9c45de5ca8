"""The system's steps after a vote or a signature: what the votes call for is done, once and in one transaction."""

from __future__ import annotations

from dataclasses import replace

from saferoom.audit import Event
from saferoom.errors import IntegrityError
from saferoom.ids import DatasetName
from saferoom.projects.airlock import earlier, evaluations, files, record_rules, review, routing, seals, states
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import approve, block, moved, next_round
from saferoom.projects.airlock.store import Selection, Step, Transaction
from saferoom.projects.policies import effective


def count(parts: Parts, tx: Transaction, request: Request) -> Request:
    """Take the system's steps until votes and signatures call for no more."""
    while (action := review.next_step(request)) is not None:
        if action is Action.APPROVE:
            return _approve_or_block(parts, tx, request)
        request = _step(parts, tx, request, action)
    return request


def _step(parts: Parts, tx: Transaction, request: Request, action: Action) -> Request:
    row = states.check(request.state, action, Party.SYSTEM)
    after = moved(request, row, parts.clock.now())
    asked = request.third_asked or action is Action.ASK_THIRD
    after = replace(after, third_asked=asked)
    after = replace(after, reason=review.reason(after))
    event = Event("system", row.audit, request.id, {"round": request.round})
    return tx.save_request(after, Step(event, notice=notice(parts, after, row)))


def retry(parts: Parts) -> None:
    """Count again what something kept from being approved."""
    waiting = frozenset({State.REVIEWED, State.AWAITING_SIGN_OFF})
    with parts.store.reading() as tx:
        blocked = [r.id for r in tx.requests(Selection(states=waiting, blocked=True))]
    for id_ in blocked:
        with parts.store.transaction() as tx:
            found = tx.request(id_)
            if found is not None and found.state in waiting:
                tx.lock()
                count(parts, tx, found)


def _approve_or_block(parts: Parts, tx: Transaction, request: Request) -> Request:
    if parts.registry.project(request.project).paused:
        return block(parts, tx, request, f"project {request.project} is paused; this goes on once it is resumed")
    try:
        if said := record_rules.obstacle(parts, tx, request):
            return block(parts, tx, request, said)
        return _approve(parts, tx, request)
    except IntegrityError as error:
        return block(parts, tx, request, error.message)


def _approve(parts: Parts, tx: Transaction, request: Request) -> Request:
    """Approve, unless what the checkers approved no longer holds: then they look again at what changed."""
    key = parts.signing_key.verifying_key
    seals.check_submission(request, key)
    seals.check_words(request, review.counting(request).values(), key)
    changed, checkers, signing = _changed(parts, tx, request)
    if changed:
        return _reopen(parts, tx, replace(request, checkers=checkers, sign_off=signing), changed)
    if review.unsigned(request):
        return _step(parts, tx, request, Action.ASK_SIGN_OFF)
    signed = ", and signed by its data owners" if request.sign_off else ""
    return approve(parts, tx, request, f"every output was approved by enough output checkers{signed}")


def _reopen(parts: Parts, tx: Transaction, request: Request, changed: tuple[str, ...]) -> Request:
    row = states.check(request.state, Action.REOPEN_REVIEW, Party.SYSTEM)
    after = replace(
        moved(next_round(parts, request), row, parts.clock.now()),
        since=parts.clock.now(),
        reason="the review starts again: " + "; ".join(changed),
        warnings=tuple(dict.fromkeys([*request.warnings, *changed])),
        blocked="",
    )
    sealed = replace(after, seal=seals.seal_submission(after, parts.signing_key))
    event = Event("system", row.audit, request.id, {**seals.submission_claims(sealed), "reasons": list(changed)})
    return tx.save_request(sealed, Step(event, notice=notice(parts, sealed, row), outputs=sealed.outputs))


def _changed(parts: Parts, tx: Transaction, request: Request) -> tuple[tuple[str, ...], int, tuple[DatasetName, ...]]:
    """Return what speaks against an approval that did not when the round began, and who is needed now."""
    now, names = parts.clock.now(), [dataset.name for dataset in request.datasets]
    live = {approval.dataset for approval in parts.registry.approvals(request.project) if approval.live(now)}
    changed = [f"the project's approval for {name} has ended" for name in names if name not in live]
    changed += _joined(parts, request)
    _, route = effective(parts.registry, request.project, names)
    needed = routing.checkers([output.lane for output in request.outputs], route.policy)
    checkers = max(request.checkers, needed)
    if checkers > request.checkers:
        changed.append(f"the rules now ask for {checkers} output checkers")
    asked = routing.signing(parts.registry, request.project, names)
    changed += [
        f"the rules now ask for the signature of the data owner of {n}" for n in asked if n not in request.sign_off
    ]
    signing = tuple(sorted({*request.sign_off, *asked}))
    return (*changed, *_news(parts, tx, request)), checkers, signing


def _joined(parts: Parts, request: Request) -> list[str]:
    """Say so when somebody who voted is on the author's side by now: that vote is none of an independent checker."""
    circle = parts.circle(request)
    inside = {request.author, *circle.members}
    voted = {by for by, _ in review.counting(request)}
    return ["an output checker who voted is a member of the project now"] if voted & inside else []


def _news(parts: Parts, tx: Transaction, request: Request) -> list[str]:
    """Return what changed about the outputs since they were judged and is not known yet; then the checkers decide."""
    found: list[str] = []
    judged: dict[int, Judgement] = {}
    records: dict[int, EvaluationRecord] = {}
    for output in request.outputs:
        record = tx.evaluation(output.evaluation)
        if record is None:
            raise IntegrityError(f"an evaluation behind request {request.id} is missing; nothing is released")
        records[output.position] = record
        if record.file is not None:
            files.load(parts, record)
        if (known := files.known(parts, tx, record)) is not None:
            judged[output.position] = known
        if evaluations.rules_now(parts, record) != record.rules:
            found.append(f"the rules have changed since output {output.position} was judged")
    found += earlier.recheck(parts, tx, request.project, judged)
    found += record_rules.beside(tx, records, request)
    untold = [text for text in found if text not in request.warnings]
    return list(dict.fromkeys([*untold, *earlier.unheard(parts, tx, request, judged)]))
