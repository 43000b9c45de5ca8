"""What the airlock remembers: evaluations, requests with their outputs, votes and comments, and releases.

Vocabulary
----------
evaluation
    What the trusted side judged: a declared statistic that it computed, or a file that it opened and screened.
output
    One evaluation in a request, and the files that would leave for it, by their digests.
group
    Outputs of a request that belong together, with what the author says about them (`context`, `controls`) and the
    supporting files that help to judge them. A request whose outputs need no telling apart has one group without a
    name.
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
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock.judged import ByPlan as ByPlan
from saferoom.projects.airlock.judged import DatasetVersion as DatasetVersion
from saferoom.projects.airlock.judged import EvaluationRecord as EvaluationRecord
from saferoom.projects.airlock.judged import Left as Left
from saferoom.projects.airlock.judged import Route as Route
from saferoom.projects.airlock.judged import UploadedFile as UploadedFile
from saferoom.projects.airlock.records import Advice as Advice
from saferoom.projects.airlock.records import Approval as Approval
from saferoom.projects.airlock.records import AuditFinding as AuditFinding
from saferoom.projects.airlock.records import Cause as Cause
from saferoom.projects.airlock.records import Choice as Choice
from saferoom.projects.airlock.records import Claim as Claim
from saferoom.projects.airlock.records import Comment as Comment
from saferoom.projects.airlock.records import Notice as Notice
from saferoom.projects.airlock.records import Release as Release
from saferoom.projects.airlock.records import Sample as Sample
from saferoom.projects.airlock.records import SignOff as SignOff
from saferoom.projects.airlock.records import Vote as Vote
from saferoom.projects.airlock.records import Withdrawal as Withdrawal
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State


class Lane(StrEnum):
    """What is known of an output's numbers."""

    DECLARED = "declared"
    """The trusted side computed them, and what it computed leaves."""
    PRIVACY = "privacy"
    """The trusted side drew them: noise was added that a privacy budget paid for, and its loss is proven."""
    LIFTED = "lifted"
    """They stand in a file, and each is one that the trusted side computed."""
    FILE = "file"
    """They stand in a file, and nothing is known of the records behind them."""
    RECORDS = "records"
    """They are records, which the trusted side protected by the data owner's plan."""


FILES = frozenset({Lane.LIFTED, Lane.FILE, Lane.RECORDS})
"""The lanes of files, which pages show in a frame."""


@dataclass(frozen=True)
class Output:
    """One evaluation in a round of a request, with what would leave.

    Attributes
    ----------
    files : mapping of str to Digest
        What would leave, each by the suffix of its name (``csv``, ``png``).
    group : int
        The place of its group in the request, from 1.
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
    group: int = 1


@dataclass(frozen=True)
class Supporting:
    """A supporting file of a round of a request."""

    evaluation: EvaluationId
    title: str
    judged: Digest
    content: Digest


@dataclass(frozen=True)
class Group:
    """What the author says about some outputs of a request, and the files that support them."""

    name: str = ""
    context: str = ""
    controls: str = ""
    supporting: tuple[Supporting, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What an author is working on: a request before its first submission, or the next round of a returned one."""

    title: str
    groups: tuple[Group, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Round:
    """The words of one submission, kept when a later one says something else.

    Attributes
    ----------
    remembered : int
        How many entries the memory of releases held when the round began; 0 where that is not known.
    """

    number: int
    title: str
    groups: tuple[Group, ...]
    at: datetime
    remembered: int = 0

    @property
    def context(self) -> str:
        """The context of every group."""
        return together(self.groups, "context")

    @property
    def controls(self) -> str:
        """The controls of every group."""
        return together(self.groups, "controls")

    @property
    def supporting(self) -> tuple[Supporting, ...]:
        """The supporting files of every group."""
        return tuple(file for group in self.groups for file in group.supporting)


@dataclass(frozen=True)
class Request:
    """A researcher's wish to take outputs out, and everything that happened to it.

    Attributes
    ----------
    outputs, groups, votes, sign_offs
        Those of the current round; of a draft what its author has put together so far.
    draft : Draft or None
        What the author works on while it is a draft or was returned; None when nothing was changed since.
    since : datetime
        When the present state, or the present round of it, began.
    submitted_at : datetime or None
        When the author submitted it last.
    sign_off : tuple of DatasetName
        The datasets whose owners have to sign before it leaves.
    third_asked : bool
        Whether one more output checker was asked for in this round, because those who looked disagree.
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
    automatic: bool
    checkers: int
    created_at: datetime
    updated_at: datetime
    since: datetime
    groups: tuple[Group, ...] = (Group(),)
    datasets: tuple[DatasetVersion, ...] = ()
    sign_off: tuple[DatasetName, ...] = ()
    submitted_at: datetime | None = None
    third_asked: bool = False
    waits_because: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    blocked: str = ""
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    approval: Approval | None = None
    version: int = 0
    outputs: tuple[Output, ...] = ()
    draft: Draft | None = None
    votes: tuple[Vote, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    comments: tuple[Comment, ...] = ()
    claims: tuple[Claim, ...] = ()
    advice: tuple[Advice, ...] = ()
    rounds: tuple[Round, ...] = ()
    earlier_votes: tuple[Vote, ...] = ()
    earlier_sign_offs: tuple[SignOff, ...] = ()
    release: Release | None = None
    withdrawal: Withdrawal | None = None
    sample: Sample | None = None

    @property
    def waiting_for(self) -> Party | None:
        """Who has to act next; None when nobody has, because the request is at its end."""
        return None if self.state in FINAL else OWNER[self.state]

    @property
    def context(self) -> str:
        """The context of every group."""
        return together(self.groups, "context")

    @property
    def controls(self) -> str:
        """The controls of every group."""
        return together(self.groups, "controls")

    @property
    def supporting(self) -> tuple[Supporting, ...]:
        """The supporting files of every group."""
        return tuple(file for group in self.groups for file in group.supporting)

    def outputs_of(self, group: int) -> tuple[Output, ...]:
        """Return the outputs of the group at place `group`, from 1."""
        return tuple(output for output in self.outputs if output.group == group)


def together(groups: tuple[Group, ...], text: str) -> str:
    """Return one of the texts of all groups, each under its group's name where there are several."""
    if len(groups) == 1:
        return str(getattr(groups[0], text))
    return "\n\n".join(f"{group.name}:\n{getattr(group, text)}" for group in groups)
