"""The registry as it would be once documents are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.people.model import Person
from saferoom.projects.registry import Platform, Registry

_Found = TypeVar("_Found")


class Outlook:
    """The registry as it would be afterwards."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._people: dict[str, Person] = {}
        self._datasets: dict[str, Dataset] = {}
        self._projects: dict[str, Project] = {}
        self._approvals: dict[tuple[str, str], Approval] = {}
        self._platform: Platform | None = None

    def expect(self, record: PolicyModel) -> None:
        """Take `record` as registered."""
        if isinstance(record, Person):
            self._people[record.username] = record
        elif isinstance(record, Dataset):
            self._datasets[record.name] = record
        elif isinstance(record, Project):
            self._projects[record.slug] = record
        elif isinstance(record, Approval):
            self._approvals[record.project, record.dataset] = record
        elif isinstance(record, Platform):
            self._platform = record

    def person(self, username: Username) -> Person | None:
        """Return a person, None when nobody has that name."""
        return self._people.get(username) or _or_none(self._registry.person, username)

    def dataset(self, name: DatasetName) -> Dataset | None:
        """Return a dataset, None when there is none."""
        return self._datasets.get(name) or _or_none(self._registry.dataset, name)

    def project(self, slug: ProjectSlug) -> Project | None:
        """Return a project, None when there is none."""
        return self._projects.get(slug) or _or_none(self._registry.project, slug)

    def platform(self) -> Platform:
        """Return the platform's policies."""
        return self._platform or self._registry.platform()

    def datasets_of(self, owner: Username) -> list[Dataset]:
        """Return the datasets of a data owner."""
        everything = {dataset.name: dataset for dataset in self._registry.datasets()} | self._datasets
        return [dataset for dataset in everything.values() if dataset.owner == owner]

    def links(self) -> dict[DatasetName, tuple[DatasetName, ...]]:
        """Return what every linked dataset was linked from."""
        written = {
            DatasetName(one.name): tuple(DatasetName(name) for name in one.linked_from)
            for one in self._datasets.values()
        }
        return {**self._registry.links(), **written}

    def approvals_for(self, slug: ProjectSlug) -> list[Approval]:
        """Return the approvals of a project."""
        known = {one.dataset: one for one in _or_none(self._registry.approvals, slug) or ()}
        return [
            *(known | {dataset: one for (project, dataset), one in self._approvals.items() if project == slug}).values()
        ]

    def approvals_of(self, dataset: DatasetName) -> list[Approval]:
        """Return the approvals of a dataset."""
        known = {
            (approval.project, approval.dataset): approval
            for project in self._registry.projects()
            for approval in self._registry.approvals(project.slug)
        }
        return [approval for approval in (known | self._approvals).values() if approval.dataset == dataset]


def _or_none(find: Callable[[str], _Found] | Callable[..., _Found], key: str) -> _Found | None:
    try:
        return find(key)
    except NotFoundError:
        return None
