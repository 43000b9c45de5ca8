"""What a data owner allows: that records of a dataset leave as a file, protected by one named plan.

Vocabulary
----------
record-level file
    A file with one row per record. It leaves only where a record plan lets it, made by the trusted side.
record plan
    A data owner's word that a dataset's records may leave when they are protected by this plan: until when, for which
    projects, and how often. It is changed and revoked by its owner; the audit trail has its history.
to draw
    A plan draws when one of its steps needs random numbers. Two draws of one step can be averaged, so that what such
    a plan made leaves once per version of the data unless the owner says otherwise.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from saferoom.digests import canonical, sha256
from saferoom.ids import Digest, ProjectSlug
from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import DatasetNameField, ProjectSlugField, UsernameField

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan

PlanNameField = Annotated[
    str,
    Field(
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        json_schema_extra={ALLOWED: "1 to 60 lower-case letters, digits or single hyphens between them"},
    ),
]


class RecordTerms(PolicyModel):
    """What a data owner writes."""

    dataset: DatasetNameField
    name: PlanNameField
    allowed_by: UsernameField
    plan: dict[str, Any]
    """The plan, as `saferoom.disclosure.microdata.plans.plan.Plan` reads it."""
    since: date | None = None
    """First day (UTC) on which files may leave; None means at once."""
    until: date
    """Last day (UTC) on which files may leave."""
    projects: Annotated[tuple[ProjectSlugField, ...], Field(min_length=1, max_length=1000)] | None = None
    """The projects that it is for; None means every project with an approval of the dataset."""
    releases: Annotated[int, Field(ge=1, le=1000)] = 1
    """Most files that leave by it, over all projects and versions of the dataset."""
    repeats: bool = False
    """Whether another file may leave of a version of the dataset of which one with random numbers has left before."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.since is not None and self.since > self.until:
            raise ValueError("'since' is after 'until'")
        if self.projects is not None and len(set(self.projects)) < len(self.projects):
            raise ValueError("'projects' names a project twice")
        return self


class RecordPlan(RecordTerms):
    """A plan that is, or was, allowed."""

    ended_at: datetime | None = None
    """When the data owner revoked it."""

    @property
    def digest(self) -> Digest:
        """By which plans are compared."""
        return sha256(canonical(self.plan))

    def read(self) -> Plan:
        """Return the plan itself."""
        from saferoom.disclosure.microdata.plans.plan import Plan

        return Plan.model_validate(self.plan, strict=False)

    @property
    def draws(self) -> bool:
        """Whether a step of it draws random numbers."""
        return any(step.draws for step in self.read().steps)

    def obstacle(self, project: ProjectSlug, at: datetime) -> str:
        """Say why nothing may leave by it from `project` at `at`; empty when nothing is in the way."""
        today = at.astimezone(UTC).date()
        if self.ended_at is not None:
            return f"its data owner revoked the record plan {self.name} of {self.dataset}"
        if self.projects is not None and project not in self.projects:
            return f"the record plan {self.name} of {self.dataset} is not for this project"
        if self.since is not None and today < self.since:
            return f"the record plan {self.name} of {self.dataset} is allowed from {self.since} on"
        if today > self.until:
            return f"the record plan {self.name} of {self.dataset} was allowed until {self.until}"
        return ""
