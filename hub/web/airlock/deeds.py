"""The forms: everything a person can do to a request. Who may do it when is the airlock's decision, not the page's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.web.shell.identity import Visitor, submitter
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.wiring import Instance
from saferoom.ids import OutputId, RequestId
from saferoom.projects.airlock import model
from saferoom.projects.airlock.model import Choice
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import State

router = APIRouter(prefix="/requests/{request_id}")
Sent = Annotated[tuple[Visitor, dict[str, str]], Depends(submitter)]


@router.post("/withdraw")
async def withdraw(request: Request, request_id: str, sent: Sent) -> Response:
    """Take one's own request back."""
    who, fields = sent
    _exactly(fields)
    airlock = parts_of(request).instance.airlock
    await run_in_threadpool(airlock.withdraw, who.username, RequestId(request_id))
    return see(request, f"requests/{request_id}", "withdrawn")


@router.post("/submit")
async def submit_again(request: Request, request_id: str, sent: Sent) -> Response:
    """Submit a returned request with the same outputs and other words."""
    who, fields = sent
    _exactly(fields, "title", "context", "controls")
    instance = parts_of(request).instance
    after = await run_in_threadpool(_submit_again, instance, who, RequestId(request_id), Words(**fields))
    done = "released" if after.state is State.RELEASED else "submitted"
    return see(request, f"requests/{request_id}", done)


def _submit_again(instance: Instance, who: Visitor, request_id: RequestId, words: Words) -> model.Request:
    before = instance.airlock.request(who.username, request_id)
    evaluations = [output.evaluation for output in before.outputs]
    return instance.airlock.submit_again(who.username, request_id, evaluations, words)


@router.post("/outputs/{output_id}/vote")
async def vote(request: Request, request_id: str, output_id: str, sent: Sent) -> Response:
    """Approve one output, or request changes to it."""
    who, fields = sent
    _exactly(fields, "choice", "comment")
    if fields["choice"] not in set(Choice):
        raise BadInputError("choose either to approve the output or to request changes")
    airlock = parts_of(request).instance.airlock
    after = await run_in_threadpool(
        airlock.vote,
        who.username,
        RequestId(request_id),
        OutputId(output_id),
        Choice(fields["choice"]),
        fields["comment"],
    )
    done = "released" if after.state is State.RELEASED else "voted"
    return see(request, f"requests/{request_id}", done)


@router.post("/return")
async def return_to_author(request: Request, request_id: str, sent: Sent) -> Response:
    """Give a request back to its author."""
    who, fields = sent
    _exactly(fields, "comment")
    airlock = parts_of(request).instance.airlock
    await run_in_threadpool(airlock.return_to_author, who.username, RequestId(request_id), fields["comment"])
    return see(request, f"requests/{request_id}", "returned")


@router.post("/reject")
async def reject(request: Request, request_id: str, sent: Sent) -> Response:
    """Refuse a request for good."""
    who, fields = sent
    _exactly(fields, "comment")
    airlock = parts_of(request).instance.airlock
    await run_in_threadpool(airlock.reject, who.username, RequestId(request_id), fields["comment"])
    return see(request, f"requests/{request_id}", "rejected")


def _exactly(fields: dict[str, str], *names: str) -> None:
    """Refuse a form with more or less than its own fields, so that nobody thinks another one was heard."""
    if set(fields) != set(names):
        raise BadInputError("the form was not understood; reload the page and send it again")
