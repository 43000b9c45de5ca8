"""Epochs of projects' ids, and refreshes of their extracts, each written with its event in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.extracts_tables import EpochRow, RefreshRow
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.registry import SessionRegistry
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts.epochs import TABLE_ENDED
from saferoom.projects.extracts.pseudonyms import FIRST_EPOCH
from saferoom.projects.extracts.refreshes import Refreshed
from saferoom.projects.life.model import Told
from saferoom.projects.notices.kinds import IDS_CHANGED, REFRESHED
from saferoom.projects.notices.making import of_life
from saferoom.signing import SigningKey

_ROTATED = "ids.rotated"


class ExtractRecords:
    """What became of extracts; implements `saferoom.projects.extracts.epochs.Epochs`."""

    def __init__(self, database: Database, clock: Clock, signing_key: SigningKey) -> None:
        self._database = database
        self._clock = clock
        self._key = signing_key

    def current(self, project: ProjectSlug) -> int:
        """Return the epoch of the project's ids."""
        with self._database.reading() as session:
            return _epoch(session, project)

    def ended(self, project: ProjectSlug) -> int:
        """Return the epoch in which the table of old and new ids was last ended, by the audit trail."""
        query = (
            select(AuditLinkRow.action)
            .where(AuditLinkRow.subject == f"project:{project}", AuditLinkRow.action.in_((_ROTATED, TABLE_ENDED)))
            .order_by(AuditLinkRow.seq)
        )
        epoch, ended = FIRST_EPOCH, 0
        with self._database.reading() as session:
            for action in session.scalars(query):
                epoch, ended = (epoch + 1, ended) if action == _ROTATED else (epoch, epoch)
        return ended

    def begin(self, project: ProjectSlug, actor: str, reason: str) -> int:
        """Begin another epoch, and tell the project's members."""
        at = self._clock.now()
        with self._database.transaction() as session:
            epoch = _epoch(session, project) + 1
            session.add(EpochRow(project=project, epoch=epoch, begun_at=at, begun_by=actor, reason=reason))
            session.flush()
            event = Event(actor, _ROTATED, f"project:{project}", {"epoch": epoch, "reason": reason})
            AuditLog(session, self._clock, self._key).record(event)
            self._tell(session, project, epoch, IDS_CHANGED)
        return epoch

    def refreshed(self, project: ProjectSlug, found: Refreshed, actor: str) -> None:
        """Keep that the project was given a new version, and tell its members."""
        with self._database.transaction() as session:
            last = select(func.max(RefreshRow.number)).where(RefreshRow.project == project)
            number = (session.scalar(last) or 0) + 1
            session.add(
                RefreshRow(
                    project=project,
                    number=number,
                    dataset=found.dataset,
                    before=found.before,
                    version=found.version,
                    changes=list(found.changes),
                    at=found.at,
                )
            )
            session.flush()
            payload = {
                "dataset": found.dataset,
                "before": found.before,
                "version": found.version,
                "changes": list(found.changes),
            }
            event = Event(actor, "extract.refreshed", f"project:{project}", payload)
            AuditLog(session, self._clock, self._key).record(event)
            self._tell(session, project, number, REFRESHED)

    def refreshes(self, project: ProjectSlug, most: int = 20) -> Sequence[Refreshed]:
        """Return the project's last refreshes, the newest first."""
        query = select(RefreshRow).where(RefreshRow.project == project).order_by(RefreshRow.number.desc()).limit(most)
        with self._database.reading() as session:
            return [
                Refreshed(DatasetName(row.dataset), row.before, row.version, tuple(map(str, row.changes)), row.at)
                for row in session.scalars(query)
            ]

    def _tell(self, session: Session, project: ProjectSlug, number: int, kind: str) -> None:
        members = sorted(SessionRegistry(session).project(project).members)
        tell(session, of_life([Told(name, "") for name in members], project, number, kind, self._clock.now()))


def _epoch(session: Session, project: ProjectSlug) -> int:
    return session.scalar(select(func.max(EpochRow.epoch)).where(EpochRow.project == project)) or FIRST_EPOCH
