"""What tokens need from a store, as Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import Digest, Username
from saferoom.projects.notices.model import Notice
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.registry import Registry
from saferoom.projects.tokens.model import Token


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def token(self, id_: str) -> Token | None: ...

    def by_digest(self, digest: Digest) -> Token | None:
        """Return the token whose secret has this digest, ended or not."""
        ...

    def tokens(self, username: Username, cut: Cut) -> Paged[Token]:
        """Return a page of somebody's tokens, newest first."""
        ...

    def open(self, at: datetime, username: Username | None = None) -> tuple[Token, ...]:
        """Return tokens that nobody has ended and whose last day is not over, of one person or of all."""
        ...

    def password_set(self, username: Username) -> datetime | None:
        """Return when somebody got the present password."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None: ...

    def tell(self, notices: Sequence[Notice]) -> int: ...

    def lock(self, username: Username) -> None:
        """Keep other transactions that lock this person waiting until this one ends."""
        ...

    def add(self, token: Token, digest: Digest) -> None: ...

    def save(self, token: Token) -> None:
        """Write when a token was used last, and how it ended."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
