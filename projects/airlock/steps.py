"""The steps that the system takes with a request, each a row of the transition table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from saferoom.audit import Event
from saferoom.ids import OutputId, ReleaseId
from saferoom.projects.airlock import earlier, sampling, states
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import Action, Party, Transition
from saferoom.projects.airlock.store import Step, Transaction


def moved(request: Request, row: Transition, now: datetime) -> Request:
    """Return `request` after the step `row`; a step that stays in its state does not change since when it is in it."""
    since = request.since if row.from_ is row.to else now
    return replace(request, state=row.to, since=since, updated_at=now)


def approve(parts: Parts, tx: Transaction, request: Request, reason: str) -> Request:
    """Take the step to approved; from here the outputs count as released for every later check, in every project."""
    row = states.check(request.state, Action.APPROVE, Party.SYSTEM)
    release = ReleaseId(parts.ids("release"))
    payload = {"release": release, "round": request.round, "automatic": request.automatic, "reason": reason}
    approved = replace(moved(request, row, parts.clock.now()), reason=reason, blocked="")
    remembered = earlier.remember(parts, tx, request)
    parts.checkpoint("remembered")
    event = Event("system", row.audit, request.id, payload)
    drawn = sampling.draw(parts, approved, release) if request.automatic else None
    step = Step(event, approves_as=release, remembered=remembered, decides=row.to, sample=drawn)
    return tx.save_request(approved, step)


def block(parts: Parts, tx: Transaction, request: Request, message: str) -> Request:
    """Write on the request what keeps it from going on; the same reason is written once."""
    if request.blocked == message:
        return request
    row = states.check(request.state, Action.BLOCK, Party.SYSTEM)
    after = replace(moved(request, row, parts.clock.now()), reason=f"blocked: {message}", blocked=message)
    event = Event("system", row.audit, request.id, {"reason": message})
    return tx.save_request(after, Step(event, notice=notice(parts, after, row)))


def next_round(parts: Parts, request: Request) -> Request:
    """Return `request` in a new round with outputs of new ids, so that no vote counts that was cast before."""
    number, now = request.round + 1, parts.clock.now()
    outputs = tuple(replace(o, id=OutputId(parts.ids("output")), round=number) for o in request.outputs)
    return replace(
        request,
        round=number,
        outputs=outputs,
        votes=(),
        sign_offs=(),
        third_asked=False,
        since=now,
        updated_at=now,
    )
