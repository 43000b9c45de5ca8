"""What the audit trail says of things whose time is or may be over: it is the only record, and nothing can change it.

Vocabulary
----------
noticed, needed
    Nothing registered names it any more; something does again. Days count from the newest *noticed*.
begun, taken, given up
    Its deletion was decided; it was taken from its place; it was not deleted after all.
deleted
    It is gone, and the certificate of that is in the event.
gone
    An administrator says that it is destroyed; Saferoom cannot see that.
held, hold ended
    It must stay, whatever the settings say; it need not any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.clock import parse
from saferoom.hub.store.audit_log import AuditLinkRow

_PREFIX = "retention:"
SOURCES, WORKSPACES = "sources/", "workspaces/"
DELIVERIES, LOGS, BACKUPS, DRAFTS = "deliveries/", "logs/", "backups/", "drafts/"
NOTICED, NEEDED, BEGUN = "retention.noticed", "retention.needed", "retention.begun"
TAKEN, GIVEN_UP, DELETED = "retention.taken", "retention.given_up", "retention.deleted"
GONE = "retention.gone"
HELD, HOLD_ENDED = "retention.held", "retention.hold_ended"


@dataclass(frozen=True)
class Told:
    """What is known of one thing.

    Attributes
    ----------
    newest : str
        What happened to it last, holds aside; empty before anything did.
    since : datetime or None
        When it was noticed to be unneeded, if it is so still.
    begun : (int, str, mapping) or None
        Link, its digest and payload, of a deletion that is under way.
    held : str or None
        Why it must stay.
    """

    newest: str = ""
    since: datetime | None = None
    begun: tuple[int, str, Mapping[str, Any]] | None = None
    held: str | None = None


def subject(name: str) -> str:
    """Return what the audit trail calls the thing `name`, e.g. ``sources/pupils-2020.csv``."""
    return f"{_PREFIX}{name}"


def told(session: Session) -> dict[str, Told]:
    """Return what is known of everything that retention ever saw, by name."""
    query = select(AuditLinkRow).where(AuditLinkRow.subject.startswith(_PREFIX, autoescape=True))
    found: dict[str, Told] = {}
    for row in session.scalars(query.order_by(AuditLinkRow.seq)):
        name = row.subject.removeprefix(_PREFIX)
        found[name] = _after(found.get(name, Told()), row)
    return found


def certificates(session: Session) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield link and envelope of every certificate that something was deleted."""
    for row in session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == DELETED).order_by(AuditLinkRow.seq)):
        if row.payload is not None:
            yield row.seq, row.payload["certificate"]


def _after(before: Told, row: AuditLinkRow) -> Told:
    payload = row.payload or {}
    if row.action == HELD:
        return replace(before, held=str(payload.get("reason", "")))
    if row.action == HOLD_ENDED:
        return replace(before, held=None)
    after = replace(before, newest=row.action)
    if row.action == NOTICED:
        return replace(after, since=parse(row.at), begun=None)
    if row.action == BEGUN:
        return replace(after, begun=(row.seq, row.digest, payload))
    if row.action == TAKEN:
        return after
    return replace(after, since=None, begun=None)
