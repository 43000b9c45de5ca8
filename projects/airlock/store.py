"""What the airlock needs of its storage: whole transactions, and no write without its audit event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from saferoom.audit import Event
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.lists import Line, Listing, Page, Paging, Scope
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Left, Output, Request
from saferoom.projects.airlock.records import (
    Advice,
    Claim,
    Comment,
    Happening,
    Notice,
    Release,
    Sample,
    SignOff,
    Taken,
    Vote,
    Withdrawal,
)
from saferoom.projects.airlock.service_levels import Audited, Decided
from saferoom.projects.airlock.states import State


@dataclass(frozen=True)
class Remembered:
    """One entry of the memory of releases; see `saferoom.projects.airlock.remembering`.

    Attributes
    ----------
    number : int
        From 1, without a gap.
    entry : bytes
        Sealed.
    left : bool
        Whether its output was approved or released; an approved request can still be withdrawn.
    """

    number: int
    output: OutputId
    entry: bytes
    left: bool = True


@dataclass(frozen=True)
class Step:
    """One write to a request: the event that records it, and what it adds.

    Attributes
    ----------
    approves_as : ReleaseId or None
        Given when the step approves the request: the id of the release to come. The store then fixes the approval's
        time and audit link, and from this moment the outputs count as released from their datasets.
    remembered : tuple of Remembered
        Given when the step approves the request: one for each output with a declared statistic. The store refuses an
        approval that leaves one out, so that nothing leaves that is not remembered.
    release : Release or None
        Given when the step releases the request; a second release of one request is refused.
    withdrawal : Withdrawal or None
        Given when the step withdraws its release; a second withdrawal is refused.
    sample : Sample or None
        Given when the step draws the release, or says what was found in it.
    decides : State or None
        Given when the step decides the current round: what it became.
    taken : mapping of EvaluationId to EvaluationId
        Advice that the step takes: of which evaluation, and what it led to.
    dropped : tuple of (str, Digest)
        Files of the outbox, by place and content, that become part of the request.
    """

    event: Event
    notice: Notice | None = None
    outputs: tuple[Output, ...] = ()
    votes: tuple[Vote, ...] = ()
    comments: tuple[Comment, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    advice: tuple[Advice, ...] = ()
    approves_as: ReleaseId | None = None
    remembered: tuple[Remembered, ...] = ()
    release: Release | None = None
    withdrawal: Withdrawal | None = None
    sample: Sample | None = None
    decides: State | None = None
    taken: Mapping[EvaluationId, EvaluationId] = field(default_factory=dict)
    dropped: tuple[tuple[str, Digest], ...] = ()


@dataclass(frozen=True)
class Selection:
    """Which requests: those that fit everything that is given."""

    author: Username | None = None
    project: ProjectSlug | None = None
    states: frozenset[State] | None = None
    evaluations: frozenset[EvaluationId] | None = None
    outputs: frozenset[OutputId] | None = None
    blocked: bool = False
    """Only those that something keeps from being released."""
    newest: int | None = None
    """The latest of them alone, this many at most."""


class Reading(Protocol):
    """One moment of the store."""

    def evaluation(self, id_: EvaluationId) -> EvaluationRecord | None: ...

    def request(self, id_: RequestId) -> Request | None: ...

    def record_files(self, dataset: DatasetName) -> tuple[Left, ...]:
        """Return the record-level files of a dataset, of every version and project, that left or are approved to."""
        ...

    def files(self, author: Username, project: ProjectSlug, most: int) -> tuple[EvaluationRecord, ...]:
        """Return the latest `most` files that `author` uploaded in `project`, newest first."""
        ...

    def statistics(self, author: Username, project: ProjectSlug, most: int) -> tuple[EvaluationRecord, ...]:
        """Return the latest `most` declared statistics that `author` had judged in `project`, newest first."""
        ...

    def outputs_of(self, request: RequestId, round_: int) -> tuple[Output, ...]:
        """Return what would have left with one round of a request, in order."""
        ...

    def requests(self, selection: Selection) -> tuple[Request, ...]:
        """Return the requests that `selection` names, oldest first."""
        ...

    def remembered(self) -> tuple[Remembered, ...]:
        """Return every entry of the memory of releases, in the order of their numbers."""
        ...

    def forgotten(self) -> int:
        """Return how many outputs with a declared statistic were approved or released and have no entry."""
        ...

    def automatic_outputs(self, project: ProjectSlug, since: datetime) -> int:
        """Return how many outputs of `project` were approved automatically at or after `since`.

        Those that a privacy budget paid for are not counted: the budget is their limit.
        """
        ...

    def lines(self, listing: Listing, now: datetime) -> Page[Line]:
        """Return one page of a list, with the claims that hold at `now`."""
        ...

    def downloaders(self, request: RequestId) -> tuple[Username, ...]:
        """Return who took the bundle of `request`, each once, by name."""
        ...

    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """Return every withdrawal, oldest first."""
        ...

    def titles(self, scope: Scope, ids: Collection[RequestId]) -> dict[RequestId, str]:
        """Return the titles of those of the requests `ids` that are within `scope`."""
        ...

    def samples(self, scope: Scope, paging: Paging) -> Page[Sample]:
        """Return the samples within `scope` that nobody has looked at yet, oldest first."""
        ...

    def audited(self) -> tuple[Audited, ...]:
        """Return how many releases were drawn, looked at and found wrong, by month."""
        ...

    def decided(self, since: datetime) -> tuple[Decided, ...]:
        """Return every decision made at or after `since`."""
        ...

    def waiting(self, moments: Sequence[datetime]) -> Mapping[Lane, tuple[int, ...]]:
        """Return by lane how many requests wait for somebody else than their author.

        First all of them, then those that were submitted until each of `moments`.
        """
        ...

    def dropped(self, author: Username, project: ProjectSlug) -> frozenset[tuple[str, Digest]]:
        """Return the files of the author's outbox that became part of a request, by place and content."""
        ...

    def taken(self, author: Username, project: ProjectSlug, paging: Paging) -> Page[Taken]:
        """Return one page of the same files, the newest first."""
        ...

    def happened(self, request: RequestId) -> tuple[Happening, ...]:
        """Return what the audit trail says of a request, oldest first."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen whole or not at all."""

    def record(self, event: Event) -> None:
        """Record an event that changes nothing, such as a download."""
        ...

    def download(self, request: RequestId, by: Username, at: datetime, event: Event) -> None:
        """Record who took a release's bundle."""
        ...

    def claim(self, request: RequestId, claim: Claim, event: Event) -> None:
        """Record a claim; it takes the place of the same checker's earlier one.

        The request's version stays, so that it makes nobody else's work stale.
        """
        ...

    def unclaim(self, request: RequestId, by: Username, at: datetime, event: Event) -> None:
        """End a checker's claim."""
        ...

    def add_evaluation(self, record: EvaluationRecord, event: Event) -> None: ...

    def add_request(self, request: Request, step: Step) -> Request:
        """Write a new request and return it as stored."""
        ...

    def save_request(self, request: Request, step: Step) -> Request:
        """Write a request that was read before, and return it as stored.

        Raises
        ------
        WrongStateError
            Somebody else wrote it since it was read, or it is already released.
        """
        ...

    def lock(self) -> None:
        """Keep other transactions that lock waiting until this one ends.

        What leaves from any project is compared with what leaves from every other, so they go one at a time.
        """
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...


class Vault(Protocol):
    """Keeps bytes under their SHA-256; a changed or missing byte is an `IntegrityError`."""

    def put(self, data: bytes) -> Digest: ...

    def get(self, digest: Digest) -> bytes: ...


class Cipher(Protocol):
    """Keeps bytes secret at rest, and bound to what they are about."""

    def seal(self, data: bytes, about: Mapping[str, Any]) -> bytes: ...

    def open(self, sealed: bytes, about: Mapping[str, Any]) -> bytes:
        """Return what was sealed; anything changed, or about something else, is an `IntegrityError`."""
        ...
