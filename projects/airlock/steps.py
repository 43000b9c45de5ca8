"""The steps that the system takes with a request, each a row of the transition table."""

from __future__ import annotations

from dataclasses import replace

from saferoom.audit import Event
from saferoom.ids import OutputId, ReleaseId
from saferoom.projects.airlock import earlier, states
from saferoom.projects.airlock.model import Notice, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import Action, Party
from saferoom.projects.airlock.store import Step, Transaction


def approve(parts: Parts, tx: Transaction, request: Request, reason: str) -> Request:
    """Take the step to approved; from here the outputs count as released for every later check, in every project."""
    row = states.check(request.state, Action.APPROVE, Party.SYSTEM)
    release = ReleaseId(parts.ids("release"))
    payload = {"release": release, "round": request.round, "automatic": request.automatic, "reason": reason}
    approved = replace(request, state=row.to, reason=reason, blocked="", updated_at=parts.clock.now())
    remembered = earlier.remember(parts, tx, request)
    parts.checkpoint("remembered")
    event = Event("system", row.audit, request.id, payload)
    return tx.save_request(approved, Step(event, approves_as=release, remembered=remembered))


def block(parts: Parts, tx: Transaction, request: Request, message: str) -> Request:
    """Write on the request what keeps it from going on; the same reason is written once."""
    if request.blocked == message:
        return request
    row = states.check(request.state, Action.BLOCK, Party.SYSTEM)
    reason = f"blocked: {message}"
    after = replace(request, state=row.to, reason=reason, blocked=message, updated_at=parts.clock.now())
    told = notice(after, row.notify, f"request {request.id} is {reason}")
    event = Event("system", row.audit, request.id, {"reason": message})
    return tx.save_request(after, Step(event, notice=told))


def next_round(parts: Parts, request: Request) -> Request:
    """Return `request` in a new round with outputs of new ids, so that no vote counts that was cast before."""
    number = request.round + 1
    outputs = tuple(replace(o, id=OutputId(parts.ids("output")), round=number) for o in request.outputs)
    return replace(request, round=number, outputs=outputs, votes=(), updated_at=parts.clock.now())


def notice(request: Request, to: Party | None, message: str) -> Notice | None:
    """Return the notice of a transition, None when its row in the table tells nobody."""
    if to is None:
        return None
    return Notice(request.id, request.project, to, request.author, message, request.updated_at)
