"""What output checkers and authors do to a submitted request: claim, vote, comment, return, reject, withdraw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from saferoom.audit import Event
from saferoom.errors import BadInputError, NotFoundError, StaleVersionError, WrongStateError
from saferoom.ids import OutputId, RequestId, Username
from saferoom.projects.airlock import deciding, permissions, review, screening, seals, states
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.records import Advice, Choice, Claim, Comment, SignOff, Vote
from saferoom.projects.airlock.states import Action, Party, State, Transition
from saferoom.projects.airlock.steps import moved
from saferoom.projects.airlock.store import Step

LONGEST_COMMENT = 4000
CLAIM_HOLDS = timedelta(hours=2)
"""How long "I am looking at this" is believed."""


@dataclass(frozen=True)
class Opinion:
    """A vote as it is cast."""

    output: OutputId
    choice: Choice
    comment: str


@dataclass(frozen=True)
class Remark:
    """A comment as it is made: on a request, or on one of its outputs or groups."""

    by: Username
    body: str
    public: bool
    output: OutputId | None = None
    group: str | None = None


@dataclass(frozen=True)
class Ending:
    """What comes with the end of a turn beside its comment."""

    advice: tuple[Advice, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()


_NOTHING = Ending()


def claim(parts: Parts, checker: Username, request: Request) -> Request:
    """Say that `checker` is looking at a request, until they say otherwise or some hours have passed."""
    row = states.check(request.state, Action.CLAIM, Party.CHECKERS)
    now = parts.clock.now()
    made = Claim(checker, now, now + CLAIM_HOLDS)
    with parts.store.transaction() as tx:
        tx.claim(request.id, made, Event(checker, row.audit, request.id, {"round": request.round, "held": True}))
        return _found(tx.request(request.id))


def unclaim(parts: Parts, checker: Username, request: Request) -> Request:
    """Say that `checker` is not looking at a request any more."""
    row = states.check(request.state, Action.CLAIM, Party.CHECKERS)
    with parts.store.transaction() as tx:
        event = Event(checker, row.audit, request.id, {"round": request.round, "held": False})
        tx.unclaim(request.id, checker, parts.clock.now(), event)
        return _found(tx.request(request.id))


def vote(parts: Parts, checker: Username, request_id: RequestId, opinion: Opinion) -> Request:
    """Record a vote and take the steps of the system that it completes.

    Everything is decided again inside the transaction, so that two checkers who vote at once both count, and a vote
    on an output that was replaced meanwhile is refused.
    """
    if not opinion.comment.strip() and opinion.choice in _NEEDS_COMMENT:
        raise BadInputError(_NEEDS_COMMENT[opinion.choice], field="comment")
    text = body(opinion.comment) if opinion.comment.strip() else ""
    with parts.store.transaction() as tx:
        found = _found(tx.request(request_id))
        tx.lock()
        permissions.decide(parts.standing(checker, found), Action.VOTE, found.state).enforce()
        if opinion.output not in {output.id for output in found.outputs}:
            raise WrongStateError("this output is not part of the request's current round; open the request again")
        row = states.check(found.state, Action.VOTE, Party.CHECKERS)
        now = parts.clock.now()
        cast = Vote(checker, opinion.output, opinion.choice, text, now, found.round)
        cast = seals.seal_vote(found.id, cast, parts.signing_key)
        payload = {"output": opinion.output, "choice": opinion.choice.value, "round": found.round}
        event = Event(checker, row.audit, found.id, payload)
        reason = review.reason(replace(found, votes=(*found.votes, cast))) or found.reason
        voted = tx.save_request(replace(moved(found, row, now), reason=reason), Step(event, votes=(cast,)))
        return deciding.count(parts, tx, voted)


_NEEDS_COMMENT = {
    Choice.CHANGES_REQUESTED: "say in a comment what has to change",
    Choice.UNDECIDED: "say in a comment what keeps you from deciding, so that the next output checker knows",
}


def comment(parts: Parts, request: Request, remark: Remark, as_: Party) -> Request:
    """Record a comment of somebody who acts as `as_`."""
    row = states.check(request.state, Action.COMMENT, as_)
    made = _comment(parts, request, remark)
    payload = {"public": made.public, "output": remark.output, "round": request.round}
    with parts.store.transaction() as tx:
        after = moved(request, row, made.at)
        return tx.save_request(after, Step(Event(remark.by, row.audit, request.id, payload), comments=(made,)))


def end_turn(parts: Parts, request: Request, row: Transition, remark: Remark, more: Ending = _NOTHING) -> Request:
    """Take the step `row`, which returns or rejects a request, with a public comment.

    Nothing is deleted: votes and private comments stay.
    """
    if not remark.body.strip():
        raise BadInputError("say in a comment why, so that the author knows what to do", field="comment")
    made = _comment(parts, request, remark)
    after = replace(moved(request, row, made.at), reason=_ENDS[row.audit], draft=None)
    event = Event(remark.by, row.audit, request.id, {"round": request.round, "advice": [a.output for a in more.advice]})
    step = Step(
        event=event,
        notice=notice(parts, after, row, remark.by),
        comments=(made,),
        advice=more.advice,
        sign_offs=more.sign_offs,
        decides=row.to,
    )
    with parts.store.transaction() as tx:
        return tx.save_request(after, step)


_ENDS = {
    "request.returned": "an output checker returned it; the comments say what to change",
    "request.rejected": "an output checker rejected it; the comments say why",
    "request.sign_off_refused": "a data owner returned it; the comment says what to change",
}


def withdraw(parts: Parts, author: Username, request: Request) -> Request:
    """Take a request back before anything has left."""
    row = states.check(request.state, Action.WITHDRAW, Party.AUTHOR)
    after = replace(moved(request, row, parts.clock.now()), reason="its author took it back")
    event = Event(author, row.audit, request.id, {"round": request.round, "from": request.state.value})
    with parts.store.transaction() as tx:
        return tx.save_request(after, Step(event, decides=row.to if request.round else None))


def _comment(parts: Parts, request: Request, remark: Remark) -> Comment:
    output = next((o for o in request.outputs if o.id == remark.output), None)
    if remark.output is not None and output is None:
        raise NotFoundError("there is no such output in this request")
    if remark.group is not None and remark.group not in {group.name for group in request.groups}:
        raise NotFoundError("there is no such group in this request")
    return Comment(
        by=remark.by,
        body=body(remark.body),
        public=remark.public,
        # The outputs of a draft have no round yet: what they are stays the same when it is submitted.
        output=output.id if output and request.state is not State.DRAFT else None,
        at=parts.clock.now(),
        round=request.round,
        evaluation=output.evaluation if output else None,
        group=remark.group,
    )


def as_seen(request: Request, round_: int | None) -> Request:
    """Return `request` if `round_` is the submission that it is in; None asks for nothing."""
    if round_ is not None and round_ != request.round:
        raise StaleVersionError(
            "the request was changed and submitted again since you opened its page; look at it as it is now"
        )
    return request


def body(text: str) -> str:
    """Return a comment's text tidied; raise `BadInputError` when it is empty, too long or has hidden characters."""
    return screening.tidy_text("comment", text, LONGEST_COMMENT)


def _found(request: Request | None) -> Request:
    if request is None:
        raise NotFoundError("there is no such request")
    return request
