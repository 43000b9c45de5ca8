"""The forms: what people do to a request that was submitted.

Who may do it when is the airlock's decision, not the page's: it is asked before a form is read, so that whoever may not
do a thing learns that, and not what was wrong with the form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.web.airlock.commands import (
    Audience,
    AuditForm,
    CommentForm,
    Nothing,
    ReasonForm,
    RemarkForm,
    ReturnForm,
    VoteForm,
    WithdrawalForm,
    placed,
)
from saferoom.hub.web.airlock.pages import shown
from saferoom.hub.web.shell.forms import attempt, read
from saferoom.hub.web.shell.identity import Sent, sender
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.web.texts.airlock import COMMENT
from saferoom.ids import OutputId, RequestId, Username
from saferoom.projects.airlock import model
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.airlock.states import Action, State

router = APIRouter(prefix="/requests/{request_id}")
Sender = Annotated[Sent, Depends(sender)]


@dataclass(frozen=True)
class _Deed:
    """One form.

    Attributes
    ----------
    place : str
        Where on the page it stands.
    done : str
        The word of the news that the page tells afterwards.
    """

    action: Action
    form: type[BaseModel]
    place: str
    done: str


async def _do(
    request: Request,
    id_: str,
    sent: Sent,
    deed: _Deed,
    act: Callable[[Airlock, Username, Any], model.Request],
) -> Response:
    airlock, who, request_id = parts_of(request).instance.airlock, sent.who, RequestId(id_)
    await run_in_threadpool(airlock.allowed, who.username, request_id, deed.action)
    form = read(deed.form, sent.fields, COMMENT)
    form, after = await attempt(form, lambda command: act(airlock, who.username, command))
    if after is None:
        forms = {deed.place: placed(form, deed.place)}
        return await run_in_threadpool(shown, request, who, request_id, forms, form.status)
    before_release = deed.action in (Action.VOTE, Action.SIGN_OFF)
    left = before_release and after.state is State.RELEASED
    return see(request, f"requests/{request_id}", "released" if left else deed.done)


@router.post("/claim")
async def claim(request: Request, request_id: str, sent: Sender) -> Response:
    """Say that one is looking at it."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.CLAIM, Nothing, "claim", "claimed")
    return await _do(request, request_id, sent, deed, lambda airlock, who, _: airlock.claim(who, id_))


@router.post("/unclaim")
async def unclaim(request: Request, request_id: str, sent: Sender) -> Response:
    """Say that one is not looking at it any more."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.CLAIM, Nothing, "claim", "unclaimed")
    return await _do(request, request_id, sent, deed, lambda airlock, who, _: airlock.unclaim(who, id_))


@router.post("/outputs/{output_id}/vote")
async def vote(request: Request, request_id: str, output_id: str, sent: Sender) -> Response:
    """Vote on one output."""
    id_, output = RequestId(request_id), OutputId(output_id)
    deed = _Deed(Action.VOTE, VoteForm, f"vote-{output_id}", "voted")

    def act(airlock: Airlock, who: Username, form: VoteForm) -> model.Request:
        return airlock.vote(who, id_, output, form.choice, form.comment)

    return await _do(request, request_id, sent, deed, act)


@router.post("/return")
async def return_to_author(request: Request, request_id: str, sent: Sender) -> Response:
    """Give a request back to its author, with safe variants where they were chosen."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.RETURN, ReturnForm, "return", "returned")

    def act(airlock: Airlock, who: Username, form: ReturnForm) -> model.Request:
        return airlock.return_to_author(
            who, id_, form.comment, [OutputId(output) for output in form.advise], form.round
        )

    return await _do(request, request_id, sent, deed, act)


@router.post("/reject")
async def reject(request: Request, request_id: str, sent: Sender) -> Response:
    """Refuse a request for good."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.REJECT, ReasonForm, "reject", "rejected")
    return await _do(
        request, request_id, sent, deed, lambda airlock, who, form: airlock.reject(who, id_, form.comment, form.round)
    )


@router.post("/comment")
async def comment(request: Request, request_id: str, sent: Sender) -> Response:
    """Comment on a request, a group or an output."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.COMMENT, CommentForm, "comment", "commented")

    def act(airlock: Airlock, who: Username, form: CommentForm) -> model.Request:
        output, group = _about(airlock.request(who, id_), form.about)
        return airlock.comment(who, id_, form.body, form.audience is Audience.BOTH_SIDES, output, group)

    return await _do(request, request_id, sent, deed, act)


def _about(found: model.Request, about: str) -> tuple[OutputId | None, str | None]:
    kind, _, name = about.partition(":")
    if kind == "output":
        return OutputId(name), None
    if kind == "group" and name.isascii() and name.isdigit() and 1 <= int(name[:3]) <= len(found.groups):
        return None, found.groups[int(name[:3]) - 1].name
    if about:
        raise BadInputError("choose one of the groups or outputs that are listed", field="about")
    return None, None


@router.post("/sign")
async def sign(request: Request, request_id: str, sent: Sender) -> Response:
    """Sign what leaves, as a data owner."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.SIGN_OFF, RemarkForm, "sign", "signed")
    return await _do(
        request, request_id, sent, deed, lambda airlock, who, form: airlock.sign_off(who, id_, form.comment, form.round)
    )


@router.post("/refuse")
async def refuse(request: Request, request_id: str, sent: Sender) -> Response:
    """Return a request instead of signing it; its owner sees no more of it then."""
    id_, airlock = RequestId(request_id), parts_of(request).instance.airlock
    deed = _Deed(Action.REFUSE_SIGN_OFF, ReasonForm, "refuse", "not-signed")
    answer = await _do(
        request,
        request_id,
        sent,
        deed,
        lambda _, who, form: airlock.refuse_sign_off(who, id_, form.comment, form.round),
    )
    return see(request, "sign-offs", deed.done) if answer.status_code == 303 else answer


@router.post("/audit")
async def audit(request: Request, request_id: str, sent: Sender) -> Response:
    """Say what was found in an automatic release that was drawn."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.AUDIT, AuditForm, "audit", "audited")
    return await _do(
        request, request_id, sent, deed, lambda airlock, who, form: airlock.audit(who, id_, form.finding, form.comment)
    )


@router.post("/withdraw-release")
async def withdraw_release(request: Request, request_id: str, sent: Sender) -> Response:
    """State that a release is withdrawn."""
    id_ = RequestId(request_id)
    deed = _Deed(Action.WITHDRAW_RELEASE, WithdrawalForm, "withdraw-release", "release-withdrawn")

    def act(airlock: Airlock, who: Username, form: WithdrawalForm) -> model.Request:
        return airlock.withdraw_release(who, id_, form.cause, form.explanation)

    return await _do(request, request_id, sent, deed, act)
