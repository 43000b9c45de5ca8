"""Attempts to prove who one is, counted before they are checked, so that many at once cannot pass the limit.

Counts are stored, so that a restart does not clear them. An account is kept as a digest: people type passwords into
the field for names by mistake.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from saferoom.clock import Clock
from saferoom.errors import TooManyError
from saferoom.hub.store.base import Base
from saferoom.hub.store.database import Database
from saferoom.projects.decision import ALLOWED, Decision

WINDOW = timedelta(minutes=15)
MOST_PER_PERSON = 10
MOST_PER_SOURCE = 50
LONGEST_SOURCE = 200
TOO_MANY = Decision(
    allowed=False,
    code="too-many-attempts",
    reason=f"There were too many failed sign-ins; wait {int(WINDOW.total_seconds()) // 60} minutes and try again.",
    rule="credentials.rate",
    error=TooManyError,
)


class AttemptRow(Base):
    """A sign-in attempt not yet successful."""

    __tablename__ = "credentials_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(index=True)


class Attempts:
    """Counts attempts of an account and of a source over the last quarter of an hour."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def reserve(self, account: str, source: str) -> Decision:
        """Count an attempt; refused when the account's or the source's limit is reached.

        Parameters
        ----------
        source : str
            The network address that asks; all that ask from one address share its limit.
        """
        now, digest, source = self._clock.now(), _digest(account), source[:LONGEST_SOURCE]
        with self._database.transaction() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.at <= now - WINDOW))
            of_account = _count(session, AttemptRow.account == digest)
            of_source = _count(session, AttemptRow.source == source)
            if of_account >= MOST_PER_PERSON or of_source >= MOST_PER_SOURCE:
                return TOO_MANY
            session.add(AttemptRow(at=now, account=digest, source=source))
        return ALLOWED


def forget(session: Session, account: str) -> None:
    """Forget an account's attempts, in the transaction in which one succeeded."""
    session.execute(delete(AttemptRow).where(AttemptRow.account == _digest(account)))


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(AttemptRow).where(condition)) or 0
