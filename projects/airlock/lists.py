"""Lists of requests: which, in which order, which page of it; a line has what a list shows and nothing more.

Vocabulary
----------
line
    A request as lists show it. Its outputs, votes and comments are not read for it.
scope
    Which requests somebody may see in a list; it says in the store's terms what
    `saferoom.projects.airlock.permissions` says of one request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.ids import DatasetName, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.records import Claim
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State

PAGE_SIZE = 50
LARGEST_PAGE = 200
LAST_PAGE = 10_000


class Order(StrEnum):
    """How a list is ordered."""

    LONGEST_WAITING = "longest_waiting"
    RISKIEST = "riskiest"
    """The worst verdict first, and the longest waiting of those."""
    NEWEST = "newest"


@dataclass(frozen=True)
class Scope:
    """The requests that somebody may see in a list: all that fit one of these, and none that is left out.

    Attributes
    ----------
    everything : bool
        Every request that was ever submitted.
    author : Username or None
        Those of this author.
    projects : frozenset of ProjectSlug
        Those of these projects.
    datasets : frozenset of DatasetName
        Those made from one of these datasets; with `signing`, only where its owner has to sign.
    but_author, but_projects : Username or None, frozenset of ProjectSlug
        None of this author, and none of these projects.
    but_signed : frozenset of DatasetName
        None for which the owner of one of these datasets has to sign.
    """

    everything: bool = False
    author: Username | None = None
    projects: frozenset[ProjectSlug] = frozenset()
    datasets: frozenset[DatasetName] = frozenset()
    signing: bool = False
    but_author: Username | None = None
    but_projects: frozenset[ProjectSlug] = frozenset()
    but_signed: frozenset[DatasetName] = frozenset()


@dataclass(frozen=True)
class Filters:
    """What somebody looks for among the requests they may see; nothing given leaves nothing out.

    Attributes
    ----------
    before : datetime or None
        Only requests whose present state began before this moment.
    """

    states: frozenset[State] | None = None
    project: ProjectSlug | None = None
    risk: Verdict | None = None
    lane: Lane | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Paging:
    """One page of a list, counted from 1.

    Raises
    ------
    BadInputError
        There is no such page, whatever the list holds.
    """

    page: int = 1
    size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        if not (1 <= self.page <= LAST_PAGE and 1 <= self.size <= LARGEST_PAGE):
            raise BadInputError(f"pages are numbered from 1 to {LAST_PAGE} and have 1 to {LARGEST_PAGE} entries")

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return (self.page - 1) * self.size


@dataclass(frozen=True)
class Listing:
    """Asks for one page of a list."""

    scope: Scope
    filters: Filters = field(default_factory=Filters)
    order: Order = Order.LONGEST_WAITING
    paging: Paging = field(default_factory=Paging)


@dataclass(frozen=True)
class Line:
    """A request as a list shows it.

    Attributes
    ----------
    risk : Verdict
        The worst of its outputs.
    lane : Lane
        That of which least is known.
    claims : tuple of Claim
        Those that may still hold.
    """

    id: RequestId
    title: str
    author: Username
    project: ProjectSlug
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
    submitted_at: datetime | None = None
    reason: str = ""
    blocked: str = ""
    waits_because: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    third_asked: bool = False
    release: ReleaseId | None = None
    released_at: datetime | None = None
    withdrawn_at: datetime | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def waiting_for(self) -> Party | None:
        """Who has to act next; None at the end."""
        return None if self.state in FINAL else OWNER[self.state]


T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list, and how many entries the whole list has."""

    items: Sequence[T]
    total: int
    paging: Paging

    @property
    def pages(self) -> int:
        """How many pages there are; one when the list is empty."""
        return max(1, -(-self.total // self.paging.size))
