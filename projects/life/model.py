"""The records of a project's life.

Vocabulary
----------
proposal
    What a project wants to do, for whose benefit, with whom, with which data, until when. Once a project runs, it is
    what holds now.
wish
    One dataset of a proposal: the variables and the rows wanted.
ruling
    A data owner's decision about one dataset, with its terms when it approves. Rulings are added, never changed.
amendment
    A change of a running project that others have to agree to.
origin
    How a project came to be: by a proposal that its data owners decided on, or registered directly by an administrator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.purposes import PurposesField
from saferoom.projects.fields import ColumnField, DatasetNameField, ProjectSlugField, TitleField, UsernameField
from saferoom.projects.life.states import State

LONGEST_TEXT = 4000
TextField = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
TEXTS = ("question", "benefit", "gateway", "assessment", "outputs")
"""The proposal's texts; all but the last two must be there to submit it."""


class Origin(StrEnum):
    """How a project came to be."""

    PROPOSAL = "proposal"
    ADMINISTRATOR = "administrator"


class Wish(PolicyModel):
    """One dataset that a project wants."""

    dataset: DatasetNameField
    variables: tuple[ColumnField, ...] | None = ()
    """Variables besides the unit ids; None means all, as administrators may register it."""
    rows: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """A condition in the language of declared queries; None asks for all rows."""


class Proposal(PolicyModel):
    """What a project wants to do; a draft may be incomplete."""

    slug: ProjectSlugField
    title: TitleField
    question: TextField = ""
    """What is to be found out."""
    benefit: TextField = ""
    """What the public gains."""
    gateway: TextField = ""
    """The law that allows it, as ``Digital Economy Act 2017, section 64``."""
    assessment: TextField = ""
    """Where the data-protection and ethics assessments are kept."""
    outputs: TextField = ""
    """What is expected to leave: tables, models, figures."""
    purposes: PurposesField = ()
    """The fields of research it is about; datasets' legal gateways may exclude some."""
    members: frozenset[UsernameField] = frozenset()
    """Everybody who would work in it, the lead among them."""
    ends: date | None = None
    """Last day (UTC)."""
    datasets: tuple[Wish, ...] = ()

    def wish(self, dataset: str) -> Wish | None:
        """Return the wish for `dataset`, None when there is none."""
        return next((wish for wish in self.datasets if wish.dataset == dataset), None)


class Choice(StrEnum):
    """What a data owner decides about a dataset."""

    APPROVED = "approved"
    CHANGES = "changes"
    DECLINED = "declined"


@dataclass(frozen=True)
class Ruling:
    """A data owner's decision about one dataset.

    Attributes
    ----------
    amendment : int or None
        The amendment it decides; None for the proposal itself, and for terms that the owner revised alone.
    """

    number: int
    round: int
    dataset: DatasetName
    choice: Choice
    by: str
    at: datetime
    reason: str = ""
    terms: Terms | None = None
    amendment: int | None = None


class AmendmentState(StrEnum):
    """Where an amendment stands."""

    OPEN = "open"
    CONFIRMING = "confirming"
    """Its data owners agreed; an administrator has to confirm the new people."""
    APPLIED = "applied"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


PENDING = frozenset({AmendmentState.OPEN, AmendmentState.CONFIRMING})


class Alteration(PolicyModel):
    """What an amendment changes; what is left out stays."""

    add: frozenset[UsernameField] = frozenset()
    remove: frozenset[UsernameField] = frozenset()
    ends: date | None = None
    purposes: PurposesField | None = None
    """What the project is for from now on."""
    datasets: tuple[Wish, ...] = ()
    """Datasets with what is wanted of them now; those that are not named stay as they are."""
    drop: frozenset[DatasetNameField] = frozenset()

    def __bool__(self) -> bool:
        told = self.ends is not None or self.purposes is not None
        return bool(self.add or self.remove or told or self.datasets or self.drop)


@dataclass(frozen=True)
class Amendment:
    """A change of a running project that others have to agree to.

    Attributes
    ----------
    asks : tuple of DatasetName
        The datasets whose owners have to agree.
    """

    number: int
    state: AmendmentState
    by: str
    why: str
    change: Alteration
    asks: tuple[DatasetName, ...]
    at: datetime
    since: datetime
    reason: str = ""

    @property
    def pending(self) -> bool:
        """Whether somebody still has to decide."""
        return self.state in PENDING


ADMINISTRATORS = "administrators"


@dataclass(frozen=True)
class Hold:
    """Somebody's word that the project pauses.

    Attributes
    ----------
    side : str
        Who may lift it: `ADMINISTRATORS`, or the user name of the data owner who placed it.
    """

    number: int
    by: str
    side: str
    reason: str
    since: datetime
    lifted_at: datetime | None = None
    lifted_by: str | None = None


@dataclass(frozen=True)
class Seal:
    """A closed project's sealed workspace, and the certificate once it is deleted; both signed."""

    sealed_at: datetime
    retain_until: date
    statement: Mapping[str, Any]
    deleted_at: datetime | None = None
    certificate: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Life:
    """A project from its first draft to its end.

    Attributes
    ----------
    lead : Username or None
        Who answers for it; None where an administrator registered it and named nobody.
    since : datetime
        When it entered its state.
    version : int
        Counts its writes; a write to an older version is refused.
    """

    slug: ProjectSlug
    state: State
    origin: Origin
    lead: Username | None
    proposal: Proposal
    created_at: datetime
    updated_at: datetime
    since: datetime
    submitted_at: datetime | None = None
    round: int = 1
    reason: str = ""
    rulings: tuple[Ruling, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    holds: tuple[Hold, ...] = ()
    seal: Seal | None = None
    version: int = 0
    waits: frozenset[DatasetName] = field(default=frozenset())
    """The datasets whose owners have to decide something now, a refresh among them."""

    def ruling(self, dataset: str) -> Ruling | None:
        """Return what counts as decided on the proposal of `dataset` in this round; None while it is undecided."""
        counting = (r for r in self.rulings if r.round == self.round and r.amendment is None and r.dataset == dataset)
        return next(reversed(tuple(counting)), None)

    def ruled(self, amendment: Amendment) -> dict[str, Ruling]:
        """Return what was decided on `amendment`, by dataset."""
        return {ruling.dataset: ruling for ruling in self.rulings if ruling.amendment == amendment.number}

    @property
    def undecided(self) -> tuple[DatasetName, ...]:
        """The datasets of the proposal that nobody decided on in this round."""
        return tuple(wish.dataset for wish in self.proposal.datasets if self.ruling(wish.dataset) is None)

    @property
    def holding(self) -> tuple[Hold, ...]:
        """The holds that keep the project paused."""
        return tuple(hold for hold in self.holds if hold.lifted_at is None)

    @property
    def pending(self) -> tuple[Amendment, ...]:
        """The amendments that somebody still has to decide on."""
        return tuple(amendment for amendment in self.amendments if amendment.pending)

    def with_amendment(self, amendment: Amendment) -> Life:
        """Return the life with `amendment` in place of the one of its number, or added."""
        others = tuple(one for one in self.amendments if one.number != amendment.number)
        return replace(self, amendments=tuple(sorted((*others, amendment), key=lambda one: one.number)))


@dataclass(frozen=True)
class Told:
    """What somebody is told about a project, without its content."""

    to: Username
    message: str
