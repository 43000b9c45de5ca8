"""What calls answer: typed documents, made of what the domain showed this caller and of nothing else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from saferoom.disclosure.verdict import Verdict
from saferoom.projects.airlock import lists
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.records import Cause, Choice
from saferoom.projects.airlock.states import Party, State
from saferoom.projects.paging import Paged

Item = TypeVar("Item")


class Document(BaseModel):
    """Base of every answer; read from the domain's records, field by field of the same name."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Listed(Document, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    page: int
    pages: int
    total: int
    next: int | None
    """The number of the next page; null on the last one."""


_Made = TypeVar("_Made", bound=Document)


def listed(found: Paged[Any] | lists.Page[Any], kind: type[_Made]) -> Listed[_Made]:
    """Return a page of a list, each item as a `kind`."""
    page = found.number if isinstance(found, Paged) else found.paging.page
    items = [kind.model_validate(item) for item in found.items]
    following = page + 1 if page < found.pages else None
    return Listed[kind](items=items, page=page, pages=found.pages, total=found.total, next=following)  # type: ignore[valid-type]


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


class Withdrawal(Document):
    """A signed statement that a release is withdrawn."""

    cause: Cause
    explanation: str
    by: str
    party: Party
    at: datetime
    statement: dict[str, Any]


class Release(Document):
    """What left."""

    id: str
    bundle: str
    at: datetime


class DatasetVersion(Document):
    """A dataset that outputs were made from."""

    name: str
    version: str


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


class RequestDone(Document):
    """Where a request is after a deed; read it again for more, as far as it may still be seen."""

    id: str
    state: State
    round: int
    version: int


class ProjectDone(Document):
    """Where a project is after a deed."""

    slug: str
    state: str
    version: int


class ProjectLine(Document):
    """A project as lists show it."""

    slug: str
    title: str
    state: str
    lead: str | None
    ends: date | None
    since: datetime
    updated_at: datetime
    waits: list[str]
