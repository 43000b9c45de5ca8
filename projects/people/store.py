"""What the people's service needs of a store: reading at one moment, and writing with audit events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from saferoom.audit import Event
from saferoom.ids import Username
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.emergencies import Emergency, State
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.records import Deputy, Dossier, Ending, Record
from saferoom.projects.registry import Registry

SOON_DAYS = 60
FIRST_PAGE = Cut()


class Only(StrEnum):
    """Which people a list shows."""

    LAPSED = "lapsed"
    SOON = "soon"
    """In good standing, but something needed ends within 60 days."""
    CLOSED = "closed"


@dataclass(frozen=True)
class Search:
    """What a list of people asks for.

    Attributes
    ----------
    text : str
        Part of a user name, a name or an e-mail address; empty for everybody.
    """

    text: str = ""
    role: Role | None = None
    only: Only | None = None
    cut: Cut = FIRST_PAGE


@dataclass(frozen=True)
class HistoryLine:
    """One event of the audit trail that is about a person, or that the person caused."""

    at: datetime
    actor: str
    action: str
    subject: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class EndOf:
    """How something ends: when, by whom and why."""

    at: datetime
    by: str
    how: Ending
    reason: str


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry:
        """Everything else known, at the same moment."""
        ...

    def dossier(self, username: Username) -> Dossier | None: ...

    def search(self, search: Search, today: date) -> Paged[Person]: ...

    def record_of(self, id_: str) -> Record | None: ...

    def history(self, username: Username, cut: Cut) -> Paged[HistoryLine]:
        """Return events about a person or by a person, newest first."""
        ...

    def emergency(self, id_: str) -> Emergency | None: ...

    def emergencies(
        self, username: Username | None = None, states: Collection[State] | None = None
    ) -> tuple[Emergency, ...]:
        """Return break-glass acts, newest first."""
        ...

    def emergency_page(self, cut: Cut) -> Paged[Emergency]:
        """Return a page of all break-glass acts, newest first."""
        ...

    def deputies(self) -> tuple[Deputy, ...]:
        """Return the deputies whose naming was not ended early, by user name."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None: ...

    def lock(self, usernames: Iterable[Username]) -> None:
        """Keep other transactions that lock any of these people waiting until this one ends."""
        ...

    def add_person(self, person: Person, by: str, at: datetime) -> None: ...

    def save_person(self, person: Person, version: int, by: str, at: datetime) -> None:
        """Write name, address, roles and whether the account is open.

        Raises
        ------
        StaleVersionError
            Somebody else changed the person since `version` was read.
        """
        ...

    def add_record(self, record: Record) -> None: ...

    def end_records(self, ids: Sequence[str], end: EndOf) -> None: ...

    def save_emergency(self, emergency: Emergency) -> Emergency:
        """Write a new emergency (version 0) or the next version of one; raises as `save_person`."""
        ...

    def save_deputy(self, deputy: Deputy) -> None: ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
