"""How every store gives out its transactions: each write happens with its audit event, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from saferoom.clock import Clock
from saferoom.errors import StaleVersionError
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.signing import SigningKey

Reads = TypeVar("Reads")
Writes = TypeVar("Writes")


class TransactionStore(Generic[Reads, Writes]):
    """Gives out transactions.

    Parameters
    ----------
    reads, writes : callable
        Make what one moment, and what one transaction, of the store is.
    stale : str
        What somebody is told whose write met another one; when empty, the database's own error is raised, because
        nothing people do can bring it about.
    """

    def __init__(
        self,
        at: tuple[Database, Clock, SigningKey],
        reads: Callable[[Session], Reads],
        writes: Callable[[Session, AuditLog], Writes],
        stale: str = "",
    ) -> None:
        self._database, self._clock, self._key = at
        self._reads = reads
        self._writes = writes
        self._stale = stale

    @contextmanager
    def reading(self) -> Iterator[Reads]:
        """Yield one moment of the store."""
        with self._database.reading() as session:
            yield self._reads(session)

    @contextmanager
    def transaction(self) -> Iterator[Writes]:
        """Yield a transaction: it commits when the block ends and leaves no trace when the block raises."""
        try:
            with self._database.transaction() as session:
                yield self._writes(session, AuditLog(session, self._clock, self._key))
        except (StaleDataError, ConstraintError) as error:
            if not self._stale:
                raise
            raise StaleVersionError(self._stale) from error
