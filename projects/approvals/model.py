"""Projects and approvals.

Vocabulary
----------
project
    A purpose with members and an end. Its slug names rooms, folders and releases.
approval
    A data owner's word that a project may use a dataset's variables until a date. It covers the dataset's
    later versions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.policies.models import PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.fields import ColumnField, DatasetNameField, ProjectSlugField, TitleField, UsernameField


class Project(PolicyModel):
    """A project and who works in it."""

    slug: ProjectSlugField
    title: TitleField
    members: frozenset[UsernameField] = frozenset()
    ends: date | None = None
    """Last day (UTC) of the project; None while no end is set."""
    active: bool = True
    risk_appetite: RiskAppetite | None = None
    """Stricter limits than the data owners'; a looser value is not taken."""
    release_route: ReleaseRoute | None = None

    def ended(self, at: datetime) -> bool:
        """Tell whether the project's last day is over."""
        return self.ends is not None and at.astimezone(UTC).date() > self.ends


class Approval(PolicyModel):
    """One dataset approved for one project."""

    project: ProjectSlugField
    dataset: DatasetNameField
    granted_by: UsernameField
    until: date
    """Last day (UTC) of the approval."""
    variables: Annotated[tuple[ColumnField, ...], Field(min_length=1)] | None = None
    """Approved variables besides the unit ids; None means all that are neither ids nor direct identifiers."""
    automatic: bool = False
    """Whether the data owner lets this project's safe outputs leave by themselves."""
    ended_at: datetime | None = None
    """When the approval was ended before its last day."""

    def live(self, at: datetime) -> bool:
        """Tell whether the approval holds at `at`."""
        return self.ended_at is None and at.astimezone(UTC).date() <= self.until

    def columns(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the approved variables of `dataset` in its order, the unit ids first."""
        approved = {v.name for v in dataset.releasable} & (
            {v.name for v in dataset.releasable} if self.variables is None else set(self.variables)
        )
        return (*dataset.units, *(v.name for v in dataset.variables if v.name in approved))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.variables is not None and len(set(self.variables)) != len(self.variables):
            raise ValueError("'variables' names a variable twice")
        return self
