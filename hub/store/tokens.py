"""Storage of API tokens: every write happens in one transaction with its audit event and its notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.credentials import CredentialRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.people_tables import PersonRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.tokens_tables import TokenRow
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import Digest, Username
from saferoom.projects.notices.model import Notice
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.tokens.model import Ending, Scope, Token
from saferoom.signing import SigningKey


class TokensReading:
    """One moment of the store; implements `saferoom.projects.tokens.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def token(self, id_: str) -> Token | None:
        row = self._session.get(TokenRow, id_)
        return _read(row) if row else None

    def by_digest(self, digest: Digest) -> Token | None:
        row = self._session.scalar(select(TokenRow).where(TokenRow.digest == digest))
        return _read(row) if row else None

    def tokens(self, username: Username, cut: Cut) -> Paged[Token]:
        query = select(TokenRow).where(TokenRow.username == username).order_by(TokenRow.made_at.desc(), TokenRow.id)
        found = self._session.scalars(query.limit(cut.size).offset(cut.offset))
        total = self._session.scalar(select(func.count()).where(TokenRow.username == username)) or 0
        return Paged(tuple(_read(row) for row in found), total, cut)

    def open(self, at: datetime, username: Username | None = None) -> tuple[Token, ...]:
        query = select(TokenRow).where(TokenRow.ending.is_(None), TokenRow.expires_at > at).order_by(TokenRow.id)
        if username is not None:
            query = query.where(TokenRow.username == username)
        return tuple(_read(row) for row in self._session.scalars(query))

    def password_set(self, username: Username) -> datetime | None:
        return self._session.scalar(select(CredentialRow.changed_at).where(CredentialRow.username == username))


class TokensTransaction(TokensReading):
    """Reads and writes of one transaction; implements `saferoom.projects.tokens.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def tell(self, notices: Sequence[Notice]) -> int:
        return tell(self._session, notices)

    def lock(self, username: Username) -> None:
        # SQLite's transactions are alone from their start; elsewhere the row keeps the others waiting.
        self._session.execute(select(PersonRow.username).where(PersonRow.username == username).with_for_update()).all()

    def add(self, token: Token, digest: Digest) -> None:
        row = TokenRow(id=token.id, digest=digest)
        _write(row, token)
        self._session.add(row)
        self._session.flush()

    def save(self, token: Token) -> None:
        _write(self._session.get_one(TokenRow, token.id, with_for_update=True), token)
        self._session.flush()


class TokensStore(TransactionStore[TokensReading, TokensTransaction]):
    """Gives out transactions; implements `saferoom.projects.tokens.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), TokensReading, TokensTransaction)


def _read(row: TokenRow) -> Token:
    values = {field.name: getattr(row, field.name) for field in fields(Token)}
    ending = None if row.ending is None else Ending(row.ending)
    return Token(**values | {"username": Username(row.username), "scope": Scope(row.scope), "ending": ending})


def _write(row: TokenRow, token: Token) -> None:
    for field in fields(Token):
        setattr(row, field.name, getattr(token, field.name))
    row.scope, row.ending = token.scope.value, token.ending.value if token.ending else None
