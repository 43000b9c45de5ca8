"""What the rules ask about people, projects and data. The store answers; tests may answer from memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import ANY_COLUMN, PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.people.model import Person, Role
from saferoom.projects.record_plans.model import RecordPlan


class ConfirmsPeople(StrEnum):
    """Who confirms the people of a project once its data owners have decided."""

    ADMINISTRATOR = "administrator"
    POLICY = "policy"
    """Nobody has to where every one of them is an accredited researcher in good standing."""


class Platform(PolicyModel):
    """The platform's own layer of every policy."""

    risk_appetite: RiskAppetite = RiskAppetite(name="platform", structural=frozenset({ANY_COLUMN}))
    release_route: ReleaseRoute = ReleaseRoute(name="platform", automatic=True)
    """By default the platform leaves it to the data owners whether anything leaves by itself."""
    confirms_people: ConfirmsPeople = ConfirmsPeople.ADMINISTRATOR
    """Whether an administrator confirms the people of every new project, or the policy alone."""
    retention_days: Annotated[int, Field(ge=0, le=36500)] = 1826
    """How long the sealed workspace of a closed project is kept, in days."""
    api_token_days: Annotated[int, Field(ge=0, le=30)] = 30
    """How long an API token may last, in days; 0 for none at all. It counts for tokens made before, too."""
    inputs_days: Annotated[int, Field(ge=1, le=36500)] = 400
    """How long what people had kernels run is kept, in days."""
    environment: Annotated[str, Field(min_length=1, max_length=100)] = "Saferoom"
    """What the environment calls itself in public; also the publisher of the register."""


class Registry(Protocol):
    """Everything known about people, projects and data, at this moment.

    What does not exist raises `NotFoundError`. Lists are ordered by name.
    """

    def person(self, username: Username) -> Person: ...

    def project(self, slug: ProjectSlug) -> Project: ...

    def dataset(self, name: DatasetName) -> Dataset: ...

    def described(self, name: DatasetName, number: int) -> Dataset:
        """Return a dataset as its owner described it in the version of that number, from 1."""
        ...

    def versions(self, name: DatasetName) -> tuple[Version, ...]:
        """Return the versions of a dataset that came in, the newest first."""
        ...

    def platform(self) -> Platform: ...

    def people(self) -> tuple[Person, ...]: ...

    def projects(self) -> tuple[Project, ...]: ...

    def datasets(self) -> tuple[Dataset, ...]: ...

    def owners(self) -> Mapping[DatasetName, Username]:
        """Return who owns each dataset, without what is in it."""
        ...

    def links(self) -> Mapping[DatasetName, tuple[DatasetName, ...]]:
        """Return, for every dataset that was linked from others, which these are."""
        ...

    def people_with(self, role: Role) -> tuple[Person, ...]:
        """Return the active people who hold `role`."""
        ...

    def people_as(self, role: Role, at: datetime) -> tuple[Person, ...]:
        """Return the active people for whom `role` counts at `at`, break-glass included, with the roles that count."""
        ...

    def left(self, slug: ProjectSlug) -> frozenset[Username]:
        """Return who was a member of a project and is none any more."""
        ...

    def projects_left(self, username: Username) -> frozenset[ProjectSlug]:
        """Return the projects that `username` was a member of and is not any more."""
        ...

    def projects_of(self, username: Username) -> tuple[Project, ...]:
        """Return the projects that `username` is a member of, ended or not."""
        ...

    def approvals(self, slug: ProjectSlug) -> tuple[Approval, ...]:
        """Return every approval of a project, ended or not, one per dataset, ordered by dataset."""
        ...

    def record_plans(self, name: DatasetName) -> tuple[RecordPlan, ...]:
        """Return the plans by which a dataset's owner lets record-level files leave, revoked or not, by name."""
        ...
