"""What the store tells whoever watches the instance: numbers of things and times, and nothing of what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.ledger_tables import AccountRow
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State
from saferoom.projects.ledger.model import AccountKind

BACKUP_MADE = "backup.made"
"""The audit trail's word for a backup that was written."""
ROOM_ENDED = "room.ended"


@dataclass(frozen=True)
class Stored:
    """One moment of the store.

    Attributes
    ----------
    requests : mapping of State to int
    oldest : mapping of Party to datetime
        When the request that has waited longest for each party came to it.
    blocked : int
        Approved requests whose release is held up by something that people have to mend.
    budgets : mapping of str to float
        By project's slug, the largest share spent of any of its privacy budgets, 0 to 1.
    letters : mapping of str to int
        By state.
    backups : mapping of str to str
        By part (``data``, ``keys``), when the newest was made, in ISO 8601.
    links : int
        The audit trail's length.
    """

    requests: Mapping[State, int]
    oldest: Mapping[Party, datetime]
    blocked: int
    budgets: Mapping[str, float]
    letters: Mapping[str, int]
    backups: Mapping[str, str]
    links: int


def stored(session: Session) -> Stored:
    """Return what is so in this moment; every question is answered from an index or a small table."""
    since = func.min(func.coalesce(RequestRow.since, RequestRow.updated_at))
    rows = session.execute(select(RequestRow.state, func.count(), since).group_by(RequestRow.state)).all()
    oldest: dict[Party, datetime] = {}
    for state, _, at in rows:
        party = OWNER[State(state)]
        if State(state) not in FINAL:
            oldest[party] = min(at, oldest.get(party, at))
    blocked = select(func.count()).where(RequestRow.state == State.APPROVED.value, RequestRow.blocked != "")
    letters = select(LetterRow.state, func.count().label("amount")).group_by(LetterRow.state)
    return Stored(
        requests={State(state): count for state, count, _ in rows},
        oldest=oldest,
        blocked=session.scalar(blocked) or 0,
        budgets=_budgets(session),
        letters={row.state: row.amount for row in session.execute(letters)},
        backups=_backups(session),
        links=newest_link(session),
    )


def newest_link(session: Session) -> int:
    """Return the number of the audit trail's newest link; 0 where it is empty."""
    return session.scalar(select(func.max(AuditLinkRow.seq))) or 0


def events_after(session: Session, seq: int) -> Iterator[tuple[int, str, str]]:
    """Yield number, action and, of rooms that ended, the reason of every event after link `seq`."""
    columns = (AuditLinkRow.seq, AuditLinkRow.action, AuditLinkRow.payload["reason"].as_string())
    query = select(*columns).where(AuditLinkRow.seq > seq).order_by(AuditLinkRow.seq)
    for number, action, reason in session.execute(query.execution_options(yield_per=1000)):
        yield number, action, (reason or "") if action == ROOM_ENDED else ""


def _budgets(session: Session) -> dict[str, float]:
    kinds = (AccountKind.PROJECT.value, AccountKind.APPROVAL.value)
    query = select(AccountRow).where(AccountRow.kind.in_(kinds), AccountRow.rho_limit.is_not(None))
    found: dict[str, float] = {}
    for row in session.scalars(query):
        project = row.name.partition("/")[0]
        pairs = ((row.rho_spent, row.rho_limit), (row.delta_spent, row.delta_limit))
        shares = [spent / limit for spent, limit in pairs if limit]
        found[project] = max([found.get(project, 0.0), *shares])
    return found


def _backups(session: Session) -> dict[str, str]:
    part = AuditLinkRow.payload["part"].as_string()
    query = select(part, func.max(AuditLinkRow.at)).where(
        AuditLinkRow.subject == "instance", AuditLinkRow.action == BACKUP_MADE
    )
    return {name: at for name, at in session.execute(query.group_by(part)) if name}
