"""What people do to requests."""

from __future__ import annotations

from starlette.requests import Request

from saferoom.hub.web.airlock.commands import (
    Audience,
    AuditForm,
    Nothing,
    ReasonForm,
    RemarkForm,
    ReturnForm,
    SubmitForm,
    VoteForm,
    WithdrawalForm,
)
from saferoom.hub.web.api.commands import CommentBody, DraftBody, SaveBody
from saferoom.hub.web.api.request_documents import RequestDone
from saferoom.hub.web.api.routing import Caller, On
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import OutputId, ProjectSlug, RequestId
from saferoom.projects.airlock import model

router = routes("requests")


def _done(after: model.Request) -> RequestDone:
    return RequestDone.model_validate(after)


@router.post("/requests", status_code=201)
def draft(request: Request, who: Caller, on: On, command: DraftBody) -> RequestDone:
    """Begin a draft."""
    parts_of(request).rates.spend(Rate.REQUESTS, who)
    groups = [group.wanted() for group in command.groups]
    return _done(on.airlock.draft_groups(who, ProjectSlug(command.project), command.title, groups))


@router.put("/requests/{request_id}/draft")
def save(who: Caller, on: On, request_id: str, command: SaveBody) -> RequestDone:
    """Save a draft, or the next round of a returned request."""
    groups = [group.wanted() for group in command.groups]
    return _done(on.airlock.save(who, RequestId(request_id), command.version, command.title, groups))


@router.post("/requests/{request_id}/submit")
def submit(request: Request, who: Caller, on: On, request_id: str, command: SubmitForm) -> RequestDone:
    """Submit it as it was read; what may leave by itself has left when this answers."""
    parts_of(request).rates.spend(Rate.REQUESTS, who)
    return _done(on.airlock.submit_draft(who, RequestId(request_id), command.version))


@router.post("/requests/{request_id}/discard")
def discard(who: Caller, on: On, request_id: str, _: Nothing) -> RequestDone:
    """Discard a draft, or what was changed of a returned request."""
    return _done(on.airlock.discard(who, RequestId(request_id)))


@router.post("/requests/{request_id}/withdraw")
def withdraw(who: Caller, on: On, request_id: str, _: Nothing) -> RequestDone:
    """Take one's own request back."""
    return _done(on.airlock.withdraw(who, RequestId(request_id)))


@router.post("/requests/{request_id}/comments")
def comment(who: Caller, on: On, request_id: str, command: CommentBody) -> RequestDone:
    """Comment on a request, a group or an output."""
    both = command.audience is Audience.BOTH_SIDES
    airlock, id_ = on.airlock, RequestId(request_id)
    return _done(airlock.comment(who, id_, command.body, both, command.output_id(), command.group))


@router.post("/requests/{request_id}/claim")
def claim(who: Caller, on: On, request_id: str, _: Nothing) -> RequestDone:
    """Say that one is looking at it."""
    return _done(on.airlock.claim(who, RequestId(request_id)))


@router.post("/requests/{request_id}/unclaim")
def unclaim(who: Caller, on: On, request_id: str, _: Nothing) -> RequestDone:
    """Say that one is not looking at it any more."""
    return _done(on.airlock.unclaim(who, RequestId(request_id)))


@router.post("/requests/{request_id}/outputs/{output_id}/vote")
def vote(who: Caller, on: On, request_id: str, output_id: str, command: VoteForm) -> RequestDone:
    """Vote on one output."""
    output = OutputId(output_id)
    return _done(on.airlock.vote(who, RequestId(request_id), output, command.choice, command.comment))


@router.post("/requests/{request_id}/return")
def return_to_author(who: Caller, on: On, request_id: str, command: ReturnForm) -> RequestDone:
    """Give a request back to its author, with safe variants where they were chosen."""
    advise = [OutputId(output) for output in command.advise]
    return _done(on.airlock.return_to_author(who, RequestId(request_id), command.comment, advise, command.round))


@router.post("/requests/{request_id}/reject")
def reject(who: Caller, on: On, request_id: str, command: ReasonForm) -> RequestDone:
    """Refuse a request for good."""
    return _done(on.airlock.reject(who, RequestId(request_id), command.comment, command.round))


@router.post("/requests/{request_id}/sign-off")
def sign_off(who: Caller, on: On, request_id: str, command: RemarkForm) -> RequestDone:
    """Sign what leaves, as a data owner."""
    return _done(on.airlock.sign_off(who, RequestId(request_id), command.comment, command.round))


@router.post("/requests/{request_id}/refuse-sign-off")
def refuse_sign_off(who: Caller, on: On, request_id: str, command: ReasonForm) -> RequestDone:
    """Return a request instead of signing it."""
    return _done(on.airlock.refuse_sign_off(who, RequestId(request_id), command.comment, command.round))


@router.post("/requests/{request_id}/withdraw-release")
def withdraw_release(who: Caller, on: On, request_id: str, command: WithdrawalForm) -> RequestDone:
    """State that a release is withdrawn."""
    return _done(on.airlock.withdraw_release(who, RequestId(request_id), command.cause, command.explanation))


@router.post("/requests/{request_id}/audit")
def audit(who: Caller, on: On, request_id: str, command: AuditForm) -> RequestDone:
    """Say what was found in an automatic release that was drawn."""
    return _done(on.airlock.audit(who, RequestId(request_id), command.finding, command.comment))
