"""Deletes what authors put together and never submitted: words and choice of outputs, not that there was a draft.

What was judged for it is not the draft's: evaluations stay, as they are remembered whether they leave or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import isoformat
from saferoom.digests import canonical, sha256
from saferoom.errors import WrongStateError
from saferoom.hub import retention_state as state
from saferoom.hub.retention_deleting import Deleting, certify
from saferoom.hub.retention_state import DRAFTS, Told
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.ids import RequestId
from saferoom.projects.airlock.states import State

if TYPE_CHECKING:
    from saferoom.projects.airlock.model import Request

_TITLE = "A draft that was deleted"


@dataclass(frozen=True)
class Drafted:
    """A draft that was never submitted; `at` is when it was changed last."""

    name: str
    at: datetime


def drafted(session: Session) -> Iterator[Drafted]:
    """Yield the drafts that were never submitted."""
    query = select(RequestRow.id, RequestRow.updated_at).where(
        RequestRow.state == State.DRAFT.value, RequestRow.round == 0
    )
    for row in session.execute(query.order_by(RequestRow.id)):
        yield Drafted(f"{DRAFTS}{row.id}", row.updated_at)


def delete_draft(deleting: Deleting, name: str, why: str, since: datetime) -> None:
    """Delete a draft whose time is over.

    Raises
    ------
    WrongStateError
        It is held, or was changed or submitted meanwhile; it stays.
    """
    from saferoom.hub.store.airlock import AirlockTransaction
    from saferoom.projects.airlock import states
    from saferoom.projects.airlock.states import Action, Party
    from saferoom.projects.airlock.steps import moved
    from saferoom.projects.airlock.store import Step

    with deleting.writing() as (session, log):
        tx = AirlockTransaction(session, log)
        request = tx.request(RequestId(name.removeprefix(DRAFTS)))
        if state.told(session).get(name, Told()).held is not None:
            raise WrongStateError(f"{name} is held; end the hold first: saferoom admin hold {name} --end")
        if request is None or Drafted(name, since) not in drafted(session):
            raise WrongStateError(f"{name} was changed or submitted meanwhile; it was left")
        words = canonical(_content(request))
        said = {"sha256": sha256(words), "bytes": len(words), "why": why, "since": isoformat(since)}
        begun = deleting.record(log, state.BEGUN, name, said)
        row = states.check(request.state, Action.WITHDRAW, Party.AUTHOR)
        left = moved(request, row, deleting.instance.clock.now())
        after = replace(left, title=_TITLE, groups=(), draft=None, outputs=(), datasets=(), reason=why)
        event = Event(deleting.actor.name, row.audit, request.id, {"round": 0, "content": None, "why": why})
        tx.save_request(after, Step(event))
        deleting.record(log, state.TAKEN, name, {})
    certify(deleting, "draft", name, (begun.seq, str(begun.digest), said))


def finish_draft(deleting: Deleting, name: str, one: Told) -> None:
    """Certify a deletion that was interrupted after it was done."""
    if one.begun is None or one.newest != state.TAKEN:
        raise WrongStateError(f"the deletion of {name} was never begun")
    certify(deleting, "draft", name, one.begun)


def _content(request: Request) -> dict[str, object]:
    groups = request.draft.groups if request.draft else request.groups
    outputs = request.draft.outputs if request.draft else request.outputs
    return {
        "title": request.draft.title if request.draft else request.title,
        "groups": [[one.name, one.context, one.controls] for one in groups],
        "outputs": [one.evaluation for one in outputs],
    }
