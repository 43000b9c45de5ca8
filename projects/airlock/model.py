"""What the airlock remembers: evaluations, requests with their outputs, votes and comments, and releases.

Vocabulary
----------
output
    One judged statistic in a request: an evaluation, and the files that would leave, by their digests.
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
class EvaluationRecord:
    """A statistic that the trusted side computed and judged; its bytes are in the vault.

    Attributes
    ----------
    title : str
        Generated from the query; none of the researcher's own words.
    digest : Digest
        Where the vault keeps the evaluation and the rules it was judged by.
    route : Route
        How it would have left alone at that moment; decided again at submission.
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
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Output:
    """One judged statistic in a round of a request, with the digests of the files that would leave."""

    id: OutputId
    round: int
    position: int
    evaluation: EvaluationId
    title: str
    verdict: Verdict
    judged: Digest
    csv: Digest
    xlsx: Digest


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


@dataclass(frozen=True)
class Request:
    """A researcher's wish to take outputs out, and everything that happened to it.

    Attributes
    ----------
    outputs, votes
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
