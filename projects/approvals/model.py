"""Projects and approvals.

Vocabulary
----------
project
    A purpose with members and an end. Its slug names rooms, folders and releases.
approval
    A data owner's word that a project may use a dataset's variables until a date. It covers the dataset's
    later versions, as long as they are the same or wider.
terms
    What an approval allows and asks: variables, rows, checkers, sign-off, privacy budget, and until when.
held
    After a breaking change of its dataset an approval is held at the version before, until the data owner confirms.
privacy budget
    The most privacy loss, as (epsilon, delta) of differential privacy, that a project may spend on a dataset.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import PurposesField
from saferoom.projects.fields import ColumnField, DatasetNameField, ProjectSlugField, TitleField, UsernameField


class Project(PolicyModel):
    """A project and who works in it."""

    slug: ProjectSlugField
    title: TitleField
    members: frozenset[UsernameField] = frozenset()
    purposes: PurposesField = ()
    """The fields of research it is about; datasets' legal gateways may exclude some."""
    ends: date | None = None
    """Last day (UTC) of the project; None while no end is set."""
    active: bool = True
    paused: bool = False
    """Nobody works in it until it is resumed; its data stay where they are."""
    risk_appetite: RiskAppetite | None = None
    """Stricter limits than the data owners'; a looser value is not taken."""
    release_route: ReleaseRoute | None = None

    def ended(self, at: datetime) -> bool:
        """Tell whether the project's last day is over."""
        return self.ends is not None and at.astimezone(UTC).date() > self.ends


_EPSILON = {ALLOWED: "a number above 0 and at most 1000, with at most 12 decimals"}
_DELTA = {ALLOWED: "a number from 0 and below 1, with at most 30 decimals, as 0.000001"}


_NO_DELTA = (
    "a privacy budget needs a delta above 0, as 0.000001, the chance with which its promise may fail: losses are added "
    "up in zCDP, which no (epsilon, 0) can be promised from, so that nothing could be spent"
)


class PrivacyBudget(PolicyModel):
    """The most privacy loss that a project may spend on a dataset; exact decimals, so that sums of debits are exact."""

    epsilon: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=12, json_schema_extra=_EPSILON)]
    delta: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=30, json_schema_extra=_DELTA)] = Decimal(0)

    @property
    def problem(self) -> str:
        """Why nothing could be spent of it; empty when something can.

        Nobody may set such a budget; approvals from before there was a ledger can have one, and stay readable.
        """
        return "" if self.delta > 0 else _NO_DELTA


class Terms(PolicyModel):
    """What a data owner allows a project to do with a dataset, and asks for it."""

    until: date
    """Last day (UTC) of the approval, for this version of the dataset and for future ones."""
    variables: Annotated[tuple[ColumnField, ...], Field(min_length=1)] | None = None
    """Approved variables besides the unit ids; None means all that are neither ids nor direct identifiers."""
    rows: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Approved rows: a condition in the language of declared queries, as `age >= 16`; None means all rows."""
    automatic: bool = False
    """Whether the data owner lets this project's safe outputs leave by themselves."""
    risk_appetite: RiskAppetite | None = None
    """Stricter limits than the dataset's own for this project; a looser value is not taken."""
    checkers: Annotated[int, Field(ge=1, le=3)] | None = None
    """Fewest output checkers that approve an output of this project; None leaves it to the dataset's release route."""
    sign_off: bool = False
    """Whether the data owner signs off each output that a person approved, before it leaves."""
    budget: PrivacyBudget | None = None
    """What the project may spend on noisy statistics; None allows none."""

    @model_validator(mode="after")
    def _terms_consistent(self) -> Self:
        if self.variables is not None and len(set(self.variables)) != len(self.variables):
            raise ValueError("'variables' names a variable twice")
        return self


class Approval(Terms):
    """One dataset approved for one project."""

    project: ProjectSlugField
    dataset: DatasetNameField
    granted_by: UsernameField
    ended_at: datetime | None = None
    """When the approval was ended before its last day."""
    held: int | None = None
    """The number of the dataset's version that the project keeps until the owner confirms a breaking change."""

    @property
    def terms(self) -> Terms:
        """What the approval allows and asks."""
        return Terms(**{name: getattr(self, name) for name in Terms.model_fields})

    def live(self, at: datetime) -> bool:
        """Tell whether the approval holds at `at`."""
        return self.ended_at is None and at.astimezone(UTC).date() <= self.until

    def columns(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the approved variables of `dataset` in its order, the unit ids first."""
        approved = {v.name for v in dataset.releasable} & (
            {v.name for v in dataset.releasable} if self.variables is None else set(self.variables)
        )
        return (*dataset.units, *(v.name for v in dataset.variables if v.name in approved))
