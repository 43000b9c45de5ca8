"""Requests as calls answer them: lines of lists, one request, its draft, and what the service levels say."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.api.documents import Document
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.records import AuditFinding, Cause, Choice
from saferoom.projects.airlock.states import Action, Party, State


class Claim(Document):
    """Somebody is looking at it."""

    by: str
    at: datetime
    until: datetime


class RequestLine(Document):
    """A request as lists show it."""

    id: str
    title: str
    author: str
    project: str
    state: State
    round: int
    version: int
    automatic: bool
    checkers: int
    risk: Verdict
    lane: Lane
    outputs: int
    created_at: datetime
    since: datetime
    submitted_at: datetime | None
    reason: str
    blocked: str
    waits_because: list[str]
    waiting_for: Party | None
    warnings: list[str]
    """What the screening of the researcher's words found; for output checkers alone."""
    third_asked: bool
    """Whether one more output checker was asked for; for output checkers alone."""
    release: str | None
    released_at: datetime | None
    withdrawn_at: datetime | None
    claims: list[Claim]


class Supporting(Document):
    """A file that output checkers see and that stays."""

    evaluation: str
    title: str


class Group(Document):
    """Outputs that belong together."""

    name: str
    context: str
    controls: str
    supporting: list[Supporting]


class Output(Document):
    """One output of the present round."""

    id: str
    position: int
    group: int
    evaluation: str
    title: str
    verdict: Verdict
    lane: Lane
    files: dict[str, str]
    """What would leave: the SHA-256 digest of each file by its suffix."""


class Vote(Document):
    """One output checker's opinion of one output."""

    by: str
    output: str
    choice: Choice
    comment: str
    at: datetime
    round: int


class Comment(Document):
    """A remark."""

    by: str
    body: str
    public: bool
    """Whether both sides read it; otherwise it stays on the side of who wrote it."""
    output: str | None
    group: str | None
    at: datetime
    round: int


class SignOff(Document):
    """A data owner's word on what is about to leave."""

    by: str
    datasets: list[str]
    signed: bool
    comment: str
    at: datetime
    round: int


class Signature(Document):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(Document):
    """A signed statement (DSSE)."""

    payload: str
    """Base64."""
    payload_type: str = Field(alias="payloadType")
    signatures: list[Signature]


class Withdrawal(Document):
    """A release is withdrawn."""

    cause: Cause
    explanation: str
    by: str
    party: Party
    at: datetime
    statement: Envelope


class Release(Document):
    """What left."""

    id: str
    bundle: str
    at: datetime


class DatasetVersion(Document):
    """A dataset that outputs were made from."""

    name: str
    version: str


class Sample(Document):
    """An automatic release that was drawn for an output checker to look at afterwards."""

    release: str
    request: str
    project: str
    drawn_at: datetime
    one_in: int
    finding: AuditFinding | None
    """What was found; null until somebody has looked."""
    by: str | None
    comment: str
    at: datetime | None


class Advice(Document):
    """A change of a query that came back with a request; its author can accept it as it stands."""

    output: str
    evaluation: str
    words: str
    by: str
    at: datetime


class Wait(Document):
    """Who has to act, since when, and why."""

    party: Party
    since: datetime
    why: str
    overdue: bool


class Permission(Document):
    """Whether the caller can do a thing now."""

    allowed: bool
    reason: str
    """Why not, for a person."""


class Request(Document):
    """A request as the caller may see it."""

    id: str
    author: str
    project: str
    title: str
    state: State
    round: int
    version: int
    automatic: bool
    checkers: int
    created_at: datetime
    updated_at: datetime
    since: datetime
    submitted_at: datetime | None
    reason: str
    blocked: str
    waits_because: list[str]
    waiting_for: Party | None
    warnings: list[str]
    third_asked: bool
    sign_off: list[str]
    datasets: list[DatasetVersion]
    groups: list[Group]
    outputs: list[Output]
    votes: list[Vote]
    comments: list[Comment]
    sign_offs: list[SignOff]
    claims: list[Claim]
    release: Release | None
    withdrawal: Withdrawal | None
    sample: Sample | None
    """For output checkers alone."""
    advice: list[Advice]
    """What its author can accept now."""
    wait: Wait | None
    """Null at the end."""
    can: dict[Action, Permission]
    """What the caller can do to it now."""


class RequestDone(Document):
    """Where a request is after a deed; read it again for more, as far as it may still be seen."""

    id: str
    state: State
    round: int
    version: int


class DraftGroup(Document):
    """A group of what an author works on, by the ids of evaluations and files."""

    name: str
    context: str
    controls: str
    outputs: list[str]
    supporting: list[str]


class Draft(Document):
    """What would be submitted now."""

    id: str
    state: State
    version: int
    """Send it back with a change, so that nobody's other change is overwritten."""
    title: str
    groups: list[DraftGroup]
    changed: bool
    """Whether anything was changed since the last submission."""
    submit: Permission


class Route(Document):
    """How something would leave if it left alone."""

    automatic: bool
    checkers: int
    reasons: list[str]


class FileFacts(Document):
    """A file as it was brought."""

    type: str
    """Told from its content."""
    size: int
    sha256: str
    drawn_anew: bool
    """What would leave are other bytes: the picture, drawn anew."""
    declared: str | None
    """The statistic whose numbers it holds."""


class Evaluated(Document):
    """A statistic or file of the caller's that was judged and can be part of a draft."""

    id: str
    title: str
    project: str
    verdict: Verdict
    created_at: datetime
    expires_at: datetime
    route: Route
    file: FileFacts | None
    """Null for a statistic."""


class Taken(Document):
    """A file that was taken from the caller's outbox."""

    place: str
    """The group's folder, ``supporting`` for a supporting file, and the file's name, joined by slashes."""
    content: str
    """SHA-256."""
    request: str
    """The request whose draft it came into."""
    at: datetime


class Level(Document):
    """How long decisions took."""

    month: str
    """``2026-03``; empty where months are not told apart."""
    lane: Lane
    decisions: int
    automatic: int
    median_seconds: float | None
    p95_seconds: float | None


class Band(Document):
    """How many requests have waited for so long."""

    lane: Lane
    from_seconds: float
    to_seconds: float | None
    requests: int


class Audited(Document):
    """What output checkers found in automatic releases that were drawn in one month."""

    month: str
    drawn: int
    looked_at: int
    wrong: int


class ServiceLevels(Document):
    """How long decisions take, and how many requests have waited for how long."""

    lanes: list[Level]
    """Of the last 30 days."""
    months: list[Level]
    """Of the last year."""
    waiting: list[Band]
