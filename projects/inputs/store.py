"""What keeping inputs asks of storage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import Digest, ProjectSlug, Username
from saferoom.projects.inputs.model import Heard, Input
from saferoom.projects.registry import Registry


@dataclass(frozen=True)
class Chain:
    """How far a project's chain goes.

    Attributes
    ----------
    seq, digest
        Of the newest input.
    anchored : int
        The newest input whose digest the audit trail has.
    gone : int
        The newest input that was removed because its time was over.
    """

    project: ProjectSlug
    seq: int
    digest: Digest
    anchored: int
    gone: int


@dataclass(frozen=True)
class Wanted:
    """Which inputs somebody asks for.

    Attributes
    ----------
    before : datetime or None
        Only what was heard before it.
    """

    person: Username | None = None
    before: datetime | None = None


class Chains(Protocol):
    """One moment of the chains, for which no key is needed."""

    def chains(self) -> tuple[Chain, ...]:
        """Return every project's chain."""
        ...

    def anchored_projects(self) -> frozenset[ProjectSlug]:
        """Return the projects of whose inputs the audit trail knows."""
        ...

    def check(self, chain: Chain) -> str:
        """Return what is wrong with a chain and its anchors in the audit trail; empty when it holds."""
        ...


class Reading(Chains, Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def total(self, project: ProjectSlug, wanted: Wanted) -> int:
        """Return how many inputs there are."""
        ...

    def newest(self, project: ProjectSlug, wanted: Wanted, offset: int, limit: int) -> Iterator[Input]:
        """Yield inputs, the newest first.

        Raises
        ------
        IntegrityError
            One of them was changed.
        """
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together, each with its audit event."""

    def record(self, event: Event) -> None: ...

    def add(self, project: ProjectSlug, person: Username, at: datetime, heard: Sequence[Heard]) -> None:
        """Append inputs to a project's chain, sealed."""
        ...

    def anchored(self, chain: Chain) -> None:
        """Note that the audit trail has the digest of a chain's newest input."""
        ...

    def remove(self, chain: Chain, before: datetime) -> tuple[int, Digest] | None:
        """Remove what was heard before a time; return the newest input that is gone and its digest, None if none is."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
