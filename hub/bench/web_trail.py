"""Writes requests of the `web` benchmark's world in bulk, with links of the audit trail that hold."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event, Link, append, sign_head
from saferoom.clock import isoformat, parse
from saferoom.hub.store import airlock_record_rows as record_rows
from saferoom.hub.store import airlock_rows as rows
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.hub.store.audit_log import AuditHeadRow, AuditLinkRow
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.ids import Digest, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.notices.model import Category, How, Subject
from saferoom.signing import SigningKey

_DECIDED = {State.RELEASED: "approved", State.RETURNED: "returned", State.REJECTED: "rejected"}
_TO_CHECKERS = (State.SUBMITTED, State.PARTLY_REVIEWED, State.REVIEWED)
_BEFORE = timedelta(hours=30)


@dataclass
class Trail:
    """Appends to the audit trail without looking its newest link up each time, and writes rows in bulk.

    Attributes
    ----------
    rows : tuple of list
        What is not written yet: rows that others refer to come first.
    """

    session: Session
    newest: Link
    rows: tuple[list[Any], list[Any], list[Any]] = field(default_factory=lambda: ([], [], []))

    @classmethod
    def of(cls, session: Session) -> Trail:
        """Go on after what is in the store."""
        row = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq.desc()).limit(1)).one()
        digests = (Digest(row.payload_digest), Digest(row.previous), Digest(row.digest))
        return cls(session, Link(row.seq, row.at, row.actor, row.action, row.subject, *digests))

    def record(self, event: Event, at: datetime) -> Link:
        """Append `event` and return its link."""
        made = append(self.newest, event, at, secrets.token_hex(16))
        link = self.newest = made.link
        self.rows[0].append(AuditLinkRow(**vars(link), payload=dict(made.payload or {}), salt=made.salt))
        return link

    def flush(self) -> None:
        """Write what is not written yet, and forget it."""
        for waiting in self.rows:
            self.session.add_all(waiting)
            self.session.flush()
            waiting.clear()
        self.session.expunge_all()

    def sign(self, key: SigningKey, at: datetime) -> None:
        """Sign the newest link as the trail's head."""
        self.flush()
        self.session.add(AuditHeadRow(seq=self.newest.seq, at=isoformat(at), envelope=sign_head(self.newest, key)))


def save(trail: Trail, request: Request, before: Request | None) -> None:
    """Write `request` and everything below it.

    Parameters
    ----------
    before : Request or None
        The round before, of a request in its second one.
    """
    row = RequestRow(id=request.id, version=len(request.votes) + request.round + 1)
    rows.write_request(row, request)
    row.comments = [record_rows.comment_row(comment) for comment in request.comments]
    if request.round:
        row.outputs = [rows.output_row(output) for one in (before, request) if one for output in one.outputs]
        for number in range(1, request.round + 1):
            kept = rows.round_row(row)
            kept.round, kept.submitted_at = number, request.since - _BEFORE
            row.rounds.append(kept)
            trail.record(Event(request.author, "request.submitted", request.id, {"round": number}), request.since)
    link = trail.record(Event(request.author, f"request.{request.state.value}", request.id), request.updated_at)
    if request.state in _DECIDED:
        rows.decide_round(row.rounds[-1], _DECIDED[request.state], request.since)
    if request.release is not None:
        row.release_id, row.approved_at = request.release.id, parse(link.at)
        row.link_seq, row.link_digest = link.seq, link.digest
        row.release = record_rows.release_row(request.release)
    trail.rows[1].append(row)
    trail.rows[2].extend(rows.dataset_rows(request))
    for vote in map(record_rows.vote_row, request.votes):
        vote.request = request.id
        trail.rows[2].append(vote)


def told(request: Request, checkers: tuple[Username, ...]) -> list[ToldRow]:
    """Return what people were told of `request`; half of it is read, and no letters go out."""
    to_checkers = request.state in _TO_CHECKERS
    people = checkers if to_checkers else (request.author,) if request.state in _DECIDED else ()
    return [
        ToldRow(
            key=f"request.{request.state.value}:{request.id}:1:{name}",
            to=name,
            kind="request.submitted" if to_checkers else f"request.{request.state.value}",
            category=(Category.WORK if to_checkers else Category.REQUESTS).value,
            side="checkers" if to_checkers else "author",
            subject=Subject.REQUEST.value,
            about=request.id,
            project=request.project,
            facts={},
            at=request.since,
            read_at=request.since if int(request.id[-1]) % 2 else None,
            how=How.OFF.value,
        )
        for name in people
    ]
