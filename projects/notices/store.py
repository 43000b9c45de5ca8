"""What notices need from a store, as Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import Username
from saferoom.projects.notices.model import Category, How, Letter, LetterState, Notice
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.registry import Registry


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def notices(self, to: Username, unread: bool, cut: Cut) -> Paged[Notice]:
        """Return a page of what somebody was told, newest first."""
        ...

    def unread(self, to: Username) -> int: ...

    def notice(self, id_: int) -> Notice | None: ...

    def preferences(self, of: Username) -> Mapping[Category, How]:
        """Return what somebody chose; categories nobody chose for are not there."""
        ...

    def letter(self, id_: str) -> Letter | None: ...

    def letters(self, state: LetterState | None, cut: Cut) -> Paged[Letter]:
        """Return a page of letters, newest first, without what they tell."""
        ...

    def counts(self) -> Mapping[LetterState, int]: ...

    def due(self, at: datetime) -> bool:
        """Tell whether a letter waits to be sent."""
        ...

    def gathering(self) -> tuple[Username, ...]:
        """Return whose daily digest has something in it."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None: ...

    def tell(self, notices: Sequence[Notice]) -> int:
        """Give the notices whose keys are new, with their letters; return how many that were."""
        ...

    def mark_read(self, to: Username, at: datetime, id_: int | None = None) -> int:
        """Note that somebody read one notice, or all; return how many were unread."""
        ...

    def prefer(self, of: Username, chosen: Mapping[Category, How]) -> None: ...

    def take(self, at: datetime, most: int, lease: timedelta) -> tuple[Letter, ...]:
        """Take letters that are due, the oldest first; nobody else gets them before `lease` is over."""
        ...

    def save(self, letter: Letter) -> None:
        """Write a letter's state, tries, next try and reason."""
        ...

    def digest(self, to: Username, day: date, at: datetime) -> bool:
        """Make the digest of `day` from what was gathered for somebody; False when that day has one."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
