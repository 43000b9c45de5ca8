"""Backups as the audit trail has them: when each was made, and which the administrator says are destroyed.

Saferoom writes a backup where it is told to and knows nothing of what becomes of it: it deletes none. It says which are
older than they should be, and every certificate of a deletion says how many may still hold what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.clock import parse
from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub import retention_state as state
from saferoom.hub.retention_state import BACKUPS, Told
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.watched import BACKUP_MADE


@dataclass(frozen=True)
class Made:
    """A backup that was written and, as far as anybody said, still is somewhere.

    Attributes
    ----------
    name : str
        ``backups/`` and the audit link that has it.
    part : str
        ``data`` or ``keys``.
    """

    name: str
    part: str
    at: datetime


def lying(session: Session) -> Iterator[Made]:
    """Yield the backups of which nobody said that they are destroyed, the oldest first."""
    told = state.told(session)
    for row in session.scalars(
        select(AuditLinkRow).where(AuditLinkRow.action == BACKUP_MADE).order_by(AuditLinkRow.seq)
    ):
        name = f"{BACKUPS}{row.seq}"
        if told.get(name, Told()).newest != state.GONE:
            yield Made(name, str((row.payload or {}).get("part", "")), parse(row.at))


def check_lying(session: Session, name: str) -> None:
    """Check that a backup is on record, and not said to be destroyed; raise otherwise."""
    if all(one.name != name for one in lying(session)):
        if state.told(session).get(name, Told()).newest == state.GONE:
            raise WrongStateError(f"{name} was said to be destroyed before")
        raise NotFoundError(f"there is no {name}; saferoom admin retention lists the backups by their audit links")
