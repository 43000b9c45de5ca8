"""What projects' lives need of their storage: whole transactions, and no write without its audit event."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import DatasetName, ProjectSlug, RequestId, Username
from saferoom.projects.administration.changes import Change
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.life.model import Life, Told
from saferoom.projects.life.states import State
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.registry import Registry


@dataclass(frozen=True)
class Selection:
    """Which projects: those of `of` or of `owner` (of everybody when neither is given) that fit all the rest.

    Attributes
    ----------
    of : Username or None
        Led by, or with, this person; drafts only where they lead.
    owner : Username or None
        Submitted at least once, and asking for a dataset of this data owner.
    waiting : bool
        Only those that wait for `of` or `owner`; where neither is given, those that wait for an administrator.
    text : str
        Part of the title or the name, whatever its case.
    """

    of: Username | None = None
    owner: Username | None = None
    waiting: bool = False
    states: frozenset[State] | None = None
    text: str = ""


@dataclass(frozen=True)
class DatasetVersion:
    """A dataset as its owner described it from `at` on, until the next number."""

    number: int
    at: datetime
    dataset: Dataset


@dataclass(frozen=True)
class Line:
    """One project in a list."""

    slug: ProjectSlug
    title: str
    state: State
    lead: Username | None
    ends: date | None
    since: datetime
    updated_at: datetime
    waits: tuple[DatasetName, ...]
    """Datasets whose owners have to decide something now."""


@dataclass(frozen=True)
class Entry:
    """One link of the audit trail about a project."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str


@dataclass(frozen=True)
class Left:
    """An output that left a project."""

    request: RequestId
    title: str
    at: datetime


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def life(self, slug: ProjectSlug) -> Life | None: ...

    def versions(self, dataset: DatasetName) -> tuple[DatasetVersion, ...]:
        """Return how a dataset was described, the first description first."""
        ...

    def listing(self, selection: Selection, cut: Cut) -> Paged[Line]:
        """Return the projects that `selection` names, the latest change first."""
        ...

    def history(self, slug: ProjectSlug, datasets: Sequence[DatasetName], cut: Cut) -> Paged[Entry]:
        """Return what the audit trail knows of a project and its approvals, newest first."""
        ...

    def releases(self, slug: ProjectSlug, cut: Cut) -> Paged[Left]:
        """Return what left the project, newest first."""
        ...

    def proposals(self, lead: Username) -> int:
        """Return how many proposals of `lead` are neither registered nor ended."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen whole or not at all."""

    def add(self, life: Life, event: Event) -> Life:
        """Write a new life and return it as stored."""
        ...

    def save(self, life: Life, event: Event, told: Sequence[Told] = ()) -> Life:
        """Write a life that was read before, and return it as stored.

        Raises
        ------
        StaleVersionError
            Somebody else wrote it since it was read.
        """
        ...

    def write(self, change: Change, actor: str) -> None:
        """Write a record of the registry, with its own event."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
