"""What the store was asked for, remembered for as long as nobody writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy.event import listen

from saferoom.hub.store.airlock import AirlockReading
from saferoom.hub.store.database import Database
from saferoom.hub.store.life import LifeReading
from saferoom.hub.store.notices import NoticesReading
from saferoom.hub.store.people import PeopleReading
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.tokens import TokensReading

Kept = sqlite3.Connection
"""A store as it was once."""
_ASKED: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (SessionRegistry, ("person", "project", "dataset", "platform", "owners", "projects_of", "approvals")),
    (LifeReading, ("life",)),
    (AirlockReading, ("request",)),
    (PeopleReading, ("dossier", "deputies")),
    (TokensReading, ("by_digest", "password_set")),
    (NoticesReading, ("unread",)),
)
_WRITES = ("INSERT", "UPDATE", "DELETE")


class Memory:
    """What the store was asked for is remembered until somebody writes to it, also within a transaction.

    Thousands of refusals ask for the same people, projects and requests again; what is read after the first word of a
    transaction that writes is never remembered.
    """

    def __init__(self, database: Database, version: Callable[[], int]) -> None:
        self._version = version
        self._said: dict[tuple[Any, ...], Any] = {}
        self._as_of, self._writing = -1, False
        self._before: dict[int, dict[tuple[Any, ...], Any]] = {}
        listen(database.engine, "before_cursor_execute", self._watch)
        for end in ("commit", "rollback"):
            listen(database.engine, end, self._ended)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Remember while the block runs."""
        with ExitStack() as after:
            for kind, names in _ASKED:
                for name in names:
                    after.callback(setattr, kind, name, getattr(kind, name))
                    setattr(kind, name, self._remembering(f"{kind.__name__}.{name}", getattr(kind, name)))
            yield

    def back(self, kept: Kept) -> None:
        """Remember again what was known of a store that was put back."""
        self._said, self._as_of = self._before.setdefault(id(kept), {}), self._version()

    def forget(self, kept: Kept) -> None:
        """Forget a store that will not be put back any more."""
        self._before.pop(id(kept), None)

    def _remembering(self, about: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(reading: Any, *which: Any) -> Any:
            session = reading._session
            if self._writing or session.new or session.dirty or session.deleted:
                return ask(reading, *which)
            now = self._version()
            if now != self._as_of:
                self._said, self._as_of = {}, now
            if (about, *which) not in self._said:
                self._said[about, *which] = ask(reading, *which)
            return self._said[about, *which]

        return asked

    def _watch(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._writing = self._writing or statement.startswith(_WRITES)

    def _ended(self, _connection: Any) -> None:
        self._writing = False
