"""What people and the system do to a request, each kept as it was done.

Vocabulary
----------
claim
    An output checker's "I am looking at this".
sign-off
    A data owner's word on what is about to leave.
advice
    A change of a query that comes with the return of a request.
withdrawal
    A signed statement that a release is withdrawn.
sample
    An automatic release that was drawn to be looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from saferoom.ids import (
    DatasetName,
    Digest,
    EvaluationId,
    OutputId,
    ProjectSlug,
    ReleaseId,
    RequestId,
    Username,
)
from saferoom.projects.airlock.states import Party


class Choice(StrEnum):
    """An output checker's vote on one output."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    UNDECIDED = "undecided"
    """The checker has looked and cannot tell: it counts for nothing, and another checker has to."""


@dataclass(frozen=True)
class Vote:
    """One checker's opinion of one output; a later vote of the same checker replaces it, and both are kept.

    Attributes
    ----------
    seal : mapping
        The instance's word that it was cast, so that a row that somebody else wrote counts for nothing.
    """

    by: Username
    output: OutputId
    choice: Choice
    comment: str
    at: datetime
    round: int
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Comment:
    """A remark on a request, on one of its groups or on one of its outputs.

    Private ones stay among the output checkers, those of an author on the author's side.

    Attributes
    ----------
    output : OutputId or None
        The output of the round; None in a draft, whose outputs have no round.
    evaluation : EvaluationId or None
        What that output is, which stays the same from round to round.
    group : str or None
        The name of the group it is about.
    """

    by: Username
    body: str
    public: bool
    output: OutputId | None
    at: datetime
    round: int
    evaluation: EvaluationId | None = None
    group: str | None = None


@dataclass(frozen=True)
class SignOff:
    """A data owner's word on what is about to leave.

    Attributes
    ----------
    datasets : tuple of DatasetName
        The datasets that it was given for: those of the request that the person owned.
    signed : bool
        False when the owner refused.
    seal : mapping
        The instance's word that it was given.
    """

    by: Username
    datasets: tuple[DatasetName, ...]
    signed: bool
    comment: str
    at: datetime
    round: int
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Claim:
    """An output checker's "I am looking at this": it ends by itself, and keeps nobody else from looking."""

    by: Username
    at: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """Tell whether the checker may still be looking."""
        return self.at <= now < self.until


@dataclass(frozen=True)
class Advice:
    """A change of a query, given with the return of a request, that the author can accept as it stands.

    Attributes
    ----------
    patch : mapping
        Keys of the query document with the values they get; see `saferoom.disclosure.remedies.model`.
    words : str
        What it does and what it costs.
    taken_as : EvaluationId or None
        The evaluation that it led to, once the author has accepted it.
    """

    round: int
    output: OutputId
    evaluation: EvaluationId
    patch: Mapping[str, Any]
    words: str
    by: Username
    at: datetime
    taken_as: EvaluationId | None = None


@dataclass(frozen=True)
class Approval:
    """What was fixed when a request was approved, so that a crash cannot change what is released."""

    release: ReleaseId
    at: datetime
    link_seq: int
    link_digest: Digest


@dataclass(frozen=True)
class Release:
    """What left."""

    id: ReleaseId
    request: RequestId
    bundle: Digest
    at: datetime


class Cause(StrEnum):
    """Why a release is withdrawn: the one thing that is told to everybody."""

    DISCLOSURE_CONTROL = "disclosure_control"
    WRONG_NUMBERS = "wrong_numbers"
    DATA_WITHDRAWN = "data_withdrawn"
    OTHER = "other"


@dataclass(frozen=True)
class Withdrawal:
    """A signed statement that a release is withdrawn. What left is not undone, and stays on record.

    Attributes
    ----------
    explanation : str
        For those concerned; never part of the statement, because it could point at what was disclosed.
    statement : mapping
        The DSSE envelope, for everybody.
    """

    release: ReleaseId
    request: RequestId
    cause: Cause
    explanation: str
    by: Username
    party: Party
    at: datetime
    statement: Mapping[str, Any] = field(repr=False)


class AuditFinding(StrEnum):
    """What an output checker says afterwards of an automatic release."""

    FINE = "fine"
    SHOULD_NOT_HAVE_LEFT = "should_not_have_left"


@dataclass(frozen=True)
class Sample:
    """An automatic release that was drawn for an output checker to look at afterwards.

    Attributes
    ----------
    one_in : int
        How rarely releases were drawn at that time.
    proof : str
        Why this release was drawn, for whoever has the key; see `saferoom.projects.airlock.sampling`.
    finding : AuditFinding or None
        None until a checker has looked.
    """

    release: ReleaseId
    request: RequestId
    project: ProjectSlug
    drawn_at: datetime
    one_in: int
    proof: str
    finding: AuditFinding | None = None
    by: Username | None = None
    comment: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Taken:
    """A file that was taken from an outbox into a draft.

    Attributes
    ----------
    place : str
        Where it lay; see `saferoom.projects.airlock.outbox.Place`.
    """

    place: str
    content: Digest
    request: RequestId
    at: datetime


@dataclass(frozen=True)
class Happening:
    """One line of what the audit trail says of a request: not who voted how, and no word of anybody's.

    Attributes
    ----------
    actor : str
        A user name, ``system``, or the operator's name.
    action : str
        As `saferoom.projects.airlock.states.Transition.audit`, or a reading that is recorded.
    """

    at: str
    actor: str
    action: str


@dataclass(frozen=True)
class Notice:
    """Something that happened to a request and that people should know; nothing of any output is in it.

    Attributes
    ----------
    kind : str
        The audit action of the step, e.g. ``request.returned``.
    to : Party
        Which party is told.
    recipients : tuple of Username
        Who that was, at that moment.
    """

    request: RequestId
    project: ProjectSlug
    kind: str
    to: Party
    at: datetime
    recipients: tuple[Username, ...] = ()
