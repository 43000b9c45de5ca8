"""What clerical review asks of its store: numbers and decisions, never what identifies anybody."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from saferoom.audit import Event
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Pair, Progress, Review, Vote
from saferoom.projects.registry import Registry


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry:
        """People."""

    def review(self, link: str) -> Review | None:
        """Return the review of one linked version."""

    def reviews(self) -> tuple[Review, ...]:
        """Return all reviews, the newest first."""

    def pair(self, link: str, number: int) -> Pair | None:
        """Return one pair."""

    def pairs(self, link: str) -> tuple[Pair, ...]:
        """Return all pairs of a review, by number."""

    def open_to(self, link: str, username: Username) -> tuple[int, ...]:
        """Return the numbers of pairs that are not settled and that `username` has not decided."""

    def last_of(self, link: str, username: Username) -> Pair | None:
        """Return the pair that `username` decided last."""

    def progress(self, link: str, username: Username) -> Progress:
        """Return how far a review is."""


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None:
        """Write into the audit trail."""

    def add(self, review: Review, pairs: Sequence[Pair]) -> None:
        """Add a review with its pairs."""

    def close(self, link: str) -> None:
        """Close a review."""

    def locked(self, link: str, number: int) -> Pair | None:
        """Return one pair, which nobody else changes until the transaction ends."""

    def save(self, pair: Pair, vote: Vote) -> None:
        """Write the pair's new state with one more decision."""

    def take_back(self, pair: Pair, username: Username) -> None:
        """Write the pair's new state without the decision of `username`."""


class Store(Protocol):
    """Gives out transactions."""

    def reading(self) -> AbstractContextManager[Reading]:
        """Yield one moment of the store."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Yield a transaction."""
