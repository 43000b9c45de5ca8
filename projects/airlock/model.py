"""What the airlock remembers: evaluations, requests with their outputs, votes and comments, and releases.

Vocabulary
----------
evaluation
    What the trusted side judged: a declared statistic that it computed, or a file that it opened and screened.
output
    One evaluation in a request, and the files that would leave for it, by their digests.
supporting file
    A file that helps output checkers to judge (code, notes). It is kept with the request and never leaves.
round
    One submission of a request. Resubmitting starts the next round; outputs and votes belong to a round, so that
    no vote survives a change of what it was about. Earlier rounds are kept.
seal
    A DSSE envelope by the instance's key over what was judged, so that a changed row is noticed like a changed byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from saferoom.disclosure.verdict import Verdict
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
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State


@dataclass(frozen=True)
class DatasetVersion:
    """A dataset as it was when it was used."""

    name: DatasetName
    version: str


@dataclass(frozen=True)
class Route:
    """How outputs would leave: by themselves, or through how many output checkers and why.

    Attributes
    ----------
    reasons : tuple of str
        Why a person is needed; empty when `automatic`.
    checkers : int
        Approvals needed; 0 when `automatic`.
    """

    automatic: bool
    reasons: tuple[str, ...]
    checkers: int


@dataclass(frozen=True)
class UploadedFile:
    """A file from a workspace, as it was screened.

    Attributes
    ----------
    name : str
        As its author called it; no path.
    type : str
        What its content is, whatever its name says.
    size : int
        Bytes of `content`; `leaving_size` those of `leaving`.
    content : Digest
        The bytes that were uploaded.
    leaving : Digest
        The bytes that would leave: the same, or a picture drawn anew without anything else in the file.
    suffix : str
        What the name of `leaving` ends with in a bundle.
    declared : EvaluationId or None
        The declared statistic whose numbers are, one by one, those of the file; None for every other file.
    """

    name: str
    type: str
    size: int
    content: Digest
    leaving: Digest
    leaving_size: int
    suffix: str
    declared: EvaluationId | None = None


@dataclass(frozen=True)
class EvaluationRecord:
    """A statistic that the trusted side computed, or a file that it opened, and judged; its bytes are in the vault.

    Attributes
    ----------
    title : str
        Generated from the query, none of the researcher's own words; for a file its name.
    digest : Digest
        Where the vault keeps the judgement and the rules it was made by.
    route : Route
        How it would have left alone at that moment; decided again at submission.
    file : UploadedFile or None
        None for a declared statistic.
    """

    id: EvaluationId
    author: Username
    project: ProjectSlug
    title: str
    verdict: Verdict
    digest: Digest
    rules: Digest
    datasets: tuple[DatasetVersion, ...]
    route: Route
    created_at: datetime
    expires_at: datetime
    file: UploadedFile | None = None
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Lane(StrEnum):
    """What is known of an output's numbers."""

    DECLARED = "declared"
    """The trusted side computed them, and what it computed leaves."""
    LIFTED = "lifted"
    """They stand in a file, and each is one that the trusted side computed."""
    FILE = "file"
    """They stand in a file, and nothing is known of the records behind them."""


@dataclass(frozen=True)
class Output:
    """One evaluation in a round of a request, with what would leave.

    Attributes
    ----------
    files : mapping of str to Digest
        What would leave, each by the suffix of its name (``csv``, ``png``).
    """

    id: OutputId
    round: int
    position: int
    evaluation: EvaluationId
    title: str
    verdict: Verdict
    judged: Digest
    files: Mapping[str, Digest]
    lane: Lane = Lane.DECLARED


@dataclass(frozen=True)
class Supporting:
    """A supporting file of a round of a request."""

    evaluation: EvaluationId
    title: str
    judged: Digest
    content: Digest


class Choice(StrEnum):
    """An output checker's vote on one output."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


@dataclass(frozen=True)
class Vote:
    """One checker's opinion of one output; a later vote of the same checker replaces it, and both are kept."""

    by: Username
    output: OutputId
    choice: Choice
    comment: str
    at: datetime
    round: int


@dataclass(frozen=True)
class Comment:
    """A remark on a request or on one of its outputs. Private ones stay among the output checkers."""

    by: Username
    body: str
    public: bool
    output: OutputId | None
    at: datetime
    round: int


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


@dataclass(frozen=True)
class Round:
    """The words of one submission, kept when a later one says something else."""

    number: int
    title: str
    context: str
    controls: str
    at: datetime
    supporting: tuple[Supporting, ...] = ()


@dataclass(frozen=True)
class Request:
    """A researcher's wish to take outputs out, and everything that happened to it.

    Attributes
    ----------
    outputs, supporting, votes
        Those of the current round.
    rounds, earlier_votes
        The words of every round so far, and the votes of those that are over: nothing is forgotten.
    waits_because : tuple of str
        Why a person is needed; empty for an automatic release.
    warnings : tuple of str
        What the screening of the researcher's own words found; shown to checkers.
    reason : str
        Why the request is in its state, for the person who looks at it.
    blocked : str
        Why an approved request could not be released; empty when nothing is wrong.
    version : int
        Counts writes; a write that started from an older version is refused.
    """

    id: RequestId
    author: Username
    project: ProjectSlug
    state: State
    round: int
    title: str
    context: str
    controls: str
    automatic: bool
    checkers: int
    created_at: datetime
    updated_at: datetime
    datasets: tuple[DatasetVersion, ...] = ()
    waits_because: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    blocked: str = ""
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    approval: Approval | None = None
    version: int = 0
    outputs: tuple[Output, ...] = ()
    supporting: tuple[Supporting, ...] = ()
    votes: tuple[Vote, ...] = ()
    comments: tuple[Comment, ...] = ()
    rounds: tuple[Round, ...] = ()
    earlier_votes: tuple[Vote, ...] = ()
    release: Release | None = None

    @property
    def waiting_for(self) -> Party | None:
        """Who has to act next; None when nobody has, because the request is at its end."""
        return None if self.state in FINAL else OWNER[self.state]


@dataclass(frozen=True)
class Notice:
    """Something a party should know about a request."""

    request: RequestId
    project: ProjectSlug
    to: Party
    author: Username
    message: str
    at: datetime
