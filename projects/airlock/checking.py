"""What output checkers and authors do to a submitted request: vote, comment, return, reject, withdraw."""

from __future__ import annotations

from dataclasses import dataclass, replace

from saferoom.audit import Event
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import OutputId, RequestId, Username
from saferoom.projects.airlock import (
    earlier,
    evaluations,
    files,
    permissions,
    review,
    routing,
    screening,
    seals,
    states,
)
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import Choice, Comment, Request, Vote
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import approve, block, next_round, notice
from saferoom.projects.airlock.store import Selection, Step, Transaction
from saferoom.projects.policies import effective

LONGEST_COMMENT = 4000


@dataclass(frozen=True)
class Opinion:
    """A vote as it is cast."""

    output: OutputId
    choice: Choice
    comment: str


@dataclass(frozen=True)
class Remark:
    """A comment as it is made."""

    by: Username
    body: str
    public: bool
    output: OutputId | None


def vote(parts: Parts, checker: Username, request_id: RequestId, opinion: Opinion) -> Request:
    """Record a vote and take the steps of the system that it completes.

    Everything is decided again inside the transaction, so that two checkers who vote at once both count, and a vote
    on an output that was replaced meanwhile is refused.
    """
    if opinion.choice is Choice.CHANGES_REQUESTED and not opinion.comment.strip():
        raise BadInputError("say in a comment what has to change")
    body = _body(opinion.comment) if opinion.comment.strip() else ""
    with parts.store.transaction() as tx:
        found = tx.request(request_id)
        if found is None:
            raise NotFoundError("there is no such request")
        tx.lock()
        permissions.decide(parts.standing(checker, found), Action.VOTE, found.state).enforce()
        if opinion.output not in {output.id for output in found.outputs}:
            raise WrongStateError("this output is not part of the request's current round; open the request again")
        row = states.check(found.state, Action.VOTE, Party.CHECKERS)
        now = parts.clock.now()
        cast = Vote(checker, opinion.output, opinion.choice, body, now, found.round)
        payload = {"output": opinion.output, "choice": opinion.choice.value, "round": found.round}
        voted = tx.save_request(
            replace(found, updated_at=now), Step(Event(checker, row.audit, found.id, payload), votes=(cast,))
        )
        return _count(parts, tx, voted)


def _count(parts: Parts, tx: Transaction, request: Request) -> Request:
    """Take the system's steps until the votes call for no more."""
    while (action := review.next_step(request)) is not None:
        if action is Action.APPROVE:
            return _approve_or_block(parts, tx, request)
        row = states.check(request.state, action, Party.SYSTEM)
        now = parts.clock.now()
        reason = _REASONS[row.to]
        after = replace(request, state=row.to, reason=reason, updated_at=now)
        told = notice(after, row.notify, f"request {request.id}: {reason}")
        event = Event("system", row.audit, request.id, {"round": request.round})
        request = tx.save_request(after, Step(event, notice=told))
    return request


_REASONS = {
    State.PARTLY_REVIEWED: "one output checker has looked at every output; another has to",
    State.REVIEWED: "enough output checkers have looked at every output; they decide what happens",
}


def retry(parts: Parts) -> None:
    """Count the votes again of requests that something kept from being approved."""
    with parts.store.reading() as tx:
        blocked = [r.id for r in tx.requests(Selection(states=frozenset({State.REVIEWED}))) if r.blocked]
    for id_ in blocked:
        with parts.store.transaction() as tx:
            found = tx.request(id_)
            if found is not None and found.state is State.REVIEWED:
                tx.lock()
                _count(parts, tx, found)


def _approve_or_block(parts: Parts, tx: Transaction, request: Request) -> Request:
    try:
        return _approve(parts, tx, request)
    except IntegrityError as error:
        return block(parts, tx, request, error.message)


def _approve(parts: Parts, tx: Transaction, request: Request) -> Request:
    """Approve, unless what the checkers approved no longer holds: then they look again at what changed."""
    seals.check_submission(request, parts.signing_key.verifying_key)
    changed, checkers = _changed(parts, tx, request)
    if not changed:
        return approve(parts, tx, request, "every output was approved by enough output checkers")
    row = states.check(request.state, Action.REOPEN_REVIEW, Party.SYSTEM)
    reason = "the review starts again: " + "; ".join(changed)
    warnings = tuple(dict.fromkeys([*request.warnings, *changed]))
    after = replace(next_round(parts, request), state=row.to, reason=reason, warnings=warnings, checkers=checkers)
    sealed = replace(after, seal=seals.seal_submission(after, parts.signing_key))
    event = Event("system", row.audit, request.id, {**seals.submission_claims(sealed), "reasons": list(changed)})
    told = notice(sealed, row.notify, f"request {request.id}: {reason}")
    return tx.save_request(sealed, Step(event, notice=told, outputs=sealed.outputs))


def _changed(parts: Parts, tx: Transaction, request: Request) -> tuple[tuple[str, ...], int]:
    """Return what speaks against an approval that did not when the round began, and the checkers needed now."""
    now, names = parts.clock.now(), [dataset.name for dataset in request.datasets]
    live = {approval.dataset for approval in parts.registry.approvals(request.project) if approval.live(now)}
    changed = [f"the project's approval for {name} has ended" for name in names if name not in live]
    _, route = effective(parts.registry, request.project, names)
    needed = routing.checkers([output.lane for output in request.outputs], route.policy)
    checkers = max(request.checkers, needed)
    if checkers > request.checkers:
        changed.append(f"the rules now ask for {checkers} output checkers")
    return (*changed, *_news(parts, tx, request)), checkers


def _news(parts: Parts, tx: Transaction, request: Request) -> list[str]:
    """Return what changed about the outputs since they were judged and is not known yet; then the checkers decide."""
    found: list[str] = []
    judged: dict[int, Judgement] = {}
    for output in request.outputs:
        record = tx.evaluation(output.evaluation)
        if record is None:
            raise IntegrityError(f"an evaluation behind request {request.id} is missing; nothing is released")
        if record.file is not None:
            files.load(parts, record)
        if (known := files.known(parts, tx, record)) is not None:
            judged[output.position] = known
        if evaluations.rules_now(parts, record) != record.rules:
            found.append(f"the rules have changed since output {output.position} was judged")
    found += earlier.recheck(parts, tx, request.project, judged)
    untold = [text for text in found if text not in request.warnings]
    return list(dict.fromkeys([*untold, *earlier.unheard(parts, tx, request, judged)]))


def comment(parts: Parts, request: Request, remark: Remark) -> Request:
    """Record a comment on a request or on one of its outputs."""
    if remark.output is not None and remark.output not in {output.id for output in request.outputs}:
        raise NotFoundError("there is no such output in this request")
    as_checker = remark.by != request.author
    row = states.check(request.state, Action.COMMENT, Party.CHECKERS if as_checker else Party.AUTHOR)
    public = remark.public or not as_checker
    made = _comment(parts, request, replace(remark, public=public))
    payload = {"public": public, "output": remark.output, "round": request.round}
    with parts.store.transaction() as tx:
        after = replace(request, updated_at=made.at)
        return tx.save_request(after, Step(Event(remark.by, row.audit, request.id, payload), comments=(made,)))


def end_turn(parts: Parts, checker: Username, request: Request, action: Action, body: str) -> Request:
    """Return or reject a request, with a public comment. Nothing is deleted: votes and private comments stay."""
    row = states.check(request.state, action, Party.CHECKERS)
    if not body.strip():
        raise BadInputError("say in a comment why, so that the author knows what to do")
    made = _comment(parts, request, Remark(checker, body, True, None))
    after = replace(request, state=row.to, reason=_ENDS[row.to], updated_at=made.at)
    told = notice(after, row.notify, f"request {request.id}: {_ENDS[row.to]}")
    event = Event(checker, row.audit, request.id, {"round": request.round})
    with parts.store.transaction() as tx:
        return tx.save_request(after, Step(event, notice=told, comments=(made,)))


_ENDS = {
    State.RETURNED: "an output checker returned it; the comments say what to change",
    State.REJECTED: "an output checker rejected it; the comments say why",
}


def withdraw(parts: Parts, author: Username, request: Request) -> Request:
    """Take a request back before anything has left."""
    row = states.check(request.state, Action.WITHDRAW, Party.AUTHOR)
    after = replace(request, state=row.to, reason="its author took it back", updated_at=parts.clock.now())
    event = Event(author, row.audit, request.id, {"round": request.round, "from": request.state.value})
    with parts.store.transaction() as tx:
        return tx.save_request(after, Step(event))


def _comment(parts: Parts, request: Request, remark: Remark) -> Comment:
    return Comment(remark.by, _body(remark.body), remark.public, remark.output, parts.clock.now(), request.round)


def _body(text: str) -> str:
    return screening.tidy_text("comment", text, LONGEST_COMMENT)
