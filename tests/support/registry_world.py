"""People, projects and data held in memory, and a store to put them into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from tests.support.empty_store import store_at

from saferoom.clock import FrozenClock
from saferoom.errors import NotFoundError
from saferoom.hub.store.database import Database
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.people.model import Person, Role
from saferoom.projects.record_plans.model import RecordPlan
from saferoom.projects.registry import Platform

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
TODAY = NOW.date()
ROSA, OLGA, MOB, HTV = Username("rosa"), Username("olga"), ProjectSlug("mob"), DatasetName("htv")


@dataclass
class MemoryRegistry:
    """Implements `saferoom.projects.registry.Registry` over plain dictionaries."""

    persons: dict[str, Person] = field(default_factory=dict)
    sets: dict[str, Dataset] = field(default_factory=dict)
    works: dict[str, Project] = field(default_factory=dict)
    granted: dict[tuple[str, str], Approval] = field(default_factory=dict)
    base: Platform = field(default_factory=Platform)
    earlier: dict[tuple[str, int], Dataset] = field(default_factory=dict)
    came: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    gone: set[tuple[ProjectSlug, Username]] = field(default_factory=set)
    allowed: dict[tuple[str, str], RecordPlan] = field(default_factory=dict)

    @classmethod
    def of(cls, *records: Person | Dataset | Project | Approval) -> MemoryRegistry:
        registry = cls()
        for record in records:
            if isinstance(record, Person):
                registry.persons[record.username] = record
            elif isinstance(record, Dataset):
                registry.sets[record.name] = record
            elif isinstance(record, Project):
                registry.works[record.slug] = record
            else:
                registry.granted[record.project, record.dataset] = record
        return registry

    def person(self, username: Username) -> Person:
        return _found(self.persons, username)

    def project(self, slug: ProjectSlug) -> Project:
        return _found(self.works, slug)

    def dataset(self, name: DatasetName) -> Dataset:
        return _found(self.sets, name)

    def described(self, name: DatasetName, number: int) -> Dataset:
        return self.earlier[name, number]

    def versions(self, name: DatasetName) -> tuple[Version, ...]:
        return self.came.get(name, ())

    def platform(self) -> Platform:
        return self.base

    def people(self) -> tuple[Person, ...]:
        return tuple(self.persons.values())

    def projects(self) -> tuple[Project, ...]:
        return tuple(self.works.values())

    def owners(self) -> Mapping[DatasetName, Username]:
        return {DatasetName(one.name): Username(one.owner) for one in self.sets.values()}

    def links(self) -> Mapping[DatasetName, tuple[DatasetName, ...]]:
        linked = {one.name: tuple(DatasetName(name) for name in one.linked_from) for one in self.sets.values()}
        return {DatasetName(name): sources for name, sources in linked.items() if sources}

    def datasets(self) -> tuple[Dataset, ...]:
        return tuple(self.sets.values())

    def people_with(self, role: Role) -> tuple[Person, ...]:
        return tuple(person for person in self.persons.values() if role in person.roles and person.active)

    def people_as(self, role: Role, at: datetime) -> tuple[Person, ...]:
        found = (one.model_copy(update={"roles": one.roles_at(at)}) for one in self.persons.values() if one.active)
        return tuple(one for one in found if role in one.roles)

    def left(self, slug: ProjectSlug) -> frozenset[Username]:
        return frozenset(name for project, name in self.gone if project == slug)

    def projects_left(self, username: Username) -> frozenset[ProjectSlug]:
        return frozenset(project for project, name in self.gone if name == username)

    def projects_of(self, username: Username) -> tuple[Project, ...]:
        return tuple(project for project in self.works.values() if username in project.members)

    def approvals(self, slug: ProjectSlug) -> tuple[Approval, ...]:
        self.project(slug)
        return tuple(approval for approval in self.granted.values() if approval.project == slug)

    def record_plans(self, name: DatasetName) -> tuple[RecordPlan, ...]:
        return tuple(plan for (dataset, _), plan in sorted(self.allowed.items()) if dataset == name)


def _found(records: dict[str, T], key: str) -> T:
    if key not in records:
        raise NotFoundError(f"there is no {key}")
    return records[key]


def researcher(**changes: object) -> Person:
    """Rosa: a researcher in good standing."""
    values: dict[str, object] = {
        "username": ROSA,
        "display_name": "Rosa",
        "roles": frozenset({Role.RESEARCHER}),
        "accreditation_expires": date(2027, 1, 1),
        "training_expires": date(2027, 1, 1),
    }
    return Person.model_validate(values | changes)


def owner(**changes: object) -> Person:
    """Olga: a data owner."""
    return Person(username=OLGA, display_name="Olga", roles=frozenset({Role.DATA_OWNER})).model_copy(update=changes)


def project(**changes: object) -> Project:
    """Project mob, of which rosa is a member."""
    return Project(slug=MOB, title="Mobility", members=frozenset({ROSA})).model_copy(update=changes)


def approval(**changes: object) -> Approval:
    """Olga's approval of htv for mob."""
    return Approval(project=MOB, dataset=HTV, granted_by=OLGA, until=date(2027, 1, 1)).model_copy(update=changes)


def dataset(**changes: object) -> Dataset:
    """Olga's dataset htv: an id, a name, a coded and two numeric variables."""
    base = Dataset(
        name=HTV,
        title="Wages",
        owner=OLGA,
        source="htv.csv",
        units=("person_id",),
        variables=(
            Variable(name="person_id", type=VariableType.INTEGER, role=VariableRole.ID),
            Variable(name="full_name", type=VariableType.TEXT, role=VariableRole.DIRECT),
            Variable(name="sex", type=VariableType.TEXT, role=VariableRole.QUASI, codelist=("F", "M")),
            Variable(name="age", type=VariableType.INTEGER, role=VariableRole.QUASI),
            Variable(name="wage", type=VariableType.NUMBER, role=VariableRole.SENSITIVE),
        ),
    )
    return base.model_copy(update=changes)


def world() -> MemoryRegistry:
    """Rosa works in mob on olga's htv."""
    return MemoryRegistry.of(researcher(), owner(), project(), dataset(), approval())


def clock() -> FrozenClock:
    """Stand still at `NOW`."""
    return FrozenClock(NOW)


def store(folder: Path) -> Database:
    """Return an empty, migrated database in `folder`."""
    return store_at(folder / "store.sqlite")
