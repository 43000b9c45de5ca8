"""People, datasets, projects and approvals as the store knows them now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from saferoom.errors import IntegrityError, NotFoundError
from saferoom.hub.store import people_rows
from saferoom.hub.store.database import Database
from saferoom.hub.store.life_tables import DatasetVersionRow
from saferoom.hub.store.people_tables import EmergencyRow
from saferoom.hub.store.tables import (
    ApprovalRow,
    DatasetRow,
    IngestedVersionRow,
    MemberRow,
    PersonRoleRow,
    PersonRow,
    PlatformRow,
    ProjectRow,
    RecordPlanRow,
)
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset, Variable
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.people.model import Person, Role
from saferoom.projects.record_plans.model import RecordPlan
from saferoom.projects.registry import Platform

_Model = TypeVar("_Model", bound=BaseModel)
_Answer = TypeVar("_Answer")
PLATFORM_ID = 1


class SessionRegistry:
    """The registry inside the caller's transaction; implements `saferoom.projects.registry.Registry`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def person(self, username: Username) -> Person:
        return read_person(_found(self._session.get(PersonRow, username), f"nobody is registered as {username}"))

    def project(self, slug: ProjectSlug) -> Project:
        return _project(_found(self._session.get(ProjectRow, slug), f"there is no project called {slug}"))

    def dataset(self, name: DatasetName) -> Dataset:
        return _dataset(_found(self._session.get(DatasetRow, name), f"there is no dataset called {name}"))

    def described(self, name: DatasetName, number: int) -> Dataset:
        row = _found(
            self._session.get(DatasetVersionRow, (name, number)), f"there is no version number {number} of {name}"
        )
        return read_model(Dataset, **row.document)

    def versions(self, name: DatasetName) -> tuple[Version, ...]:
        newest = select(IngestedVersionRow).where(IngestedVersionRow.dataset == name)
        ordered = newest.order_by(IngestedVersionRow.ingested_at.desc(), IngestedVersionRow.version.desc())
        return self._all(ordered, _version)

    def platform(self) -> Platform:
        row = self._session.get(PlatformRow, PLATFORM_ID)
        if row is None:
            return Platform()
        return read_model(Platform, **{name: getattr(row, name) for name in Platform.model_fields})

    def people(self) -> tuple[Person, ...]:
        return self._all(select(PersonRow).order_by(PersonRow.username), read_person)

    def projects(self) -> tuple[Project, ...]:
        return self._all(select(ProjectRow).order_by(ProjectRow.slug), _project)

    def datasets(self) -> tuple[Dataset, ...]:
        return self._all(select(DatasetRow).order_by(DatasetRow.name), _dataset)

    def owners(self) -> Mapping[DatasetName, Username]:
        query = select(DatasetRow.name, DatasetRow.owner).order_by(DatasetRow.name)
        return {DatasetName(name): Username(owner) for name, owner in self._session.execute(query)}

    def links(self) -> Mapping[DatasetName, tuple[DatasetName, ...]]:
        query = select(DatasetRow.name, DatasetRow.linked_from).where(DatasetRow.linked_from.is_not(None))
        return {
            DatasetName(name): tuple(DatasetName(one) for one in linked)
            for name, linked in self._session.execute(query.order_by(DatasetRow.name))
            if linked
        }

    def people_with(self, role: Role) -> tuple[Person, ...]:
        held = select(PersonRoleRow.username).where(PersonRoleRow.role == role.value, PersonRoleRow.ended_at.is_(None))
        holders = select(PersonRow).where(PersonRow.username.in_(held), PersonRow.active)
        return self._all(holders.order_by(PersonRow.username), read_person)

    def people_as(self, role: Role, at: datetime) -> tuple[Person, ...]:
        given = select(EmergencyRow.username).where(EmergencyRow.until > at, EmergencyRow.ended_at.is_(None))
        helped = select(PersonRow).where(PersonRow.username.in_(given), PersonRow.active)
        found = {one.username: one for one in (*self.people_with(role), *self._all(helped, read_person))}
        counting = (one.model_copy(update={"roles": one.roles_at(at)}) for _, one in sorted(found.items()))
        return tuple(one for one in counting if role in one.roles)

    def left(self, slug: ProjectSlug) -> frozenset[Username]:
        query = select(MemberRow.username).where(MemberRow.project == slug, MemberRow.ended_at.is_not(None))
        return frozenset(Username(name) for name in self._session.scalars(query))

    def projects_left(self, username: Username) -> frozenset[ProjectSlug]:
        query = select(MemberRow.project).where(MemberRow.username == username, MemberRow.ended_at.is_not(None))
        return frozenset(ProjectSlug(slug) for slug in self._session.scalars(query))

    def projects_of(self, username: Username) -> tuple[Project, ...]:
        joined = select(ProjectRow).join(MemberRow)
        current = joined.where(MemberRow.username == username, MemberRow.ended_at.is_(None))
        return self._all(current.order_by(ProjectRow.slug), _project)

    def approvals(self, slug: ProjectSlug) -> tuple[Approval, ...]:
        rows = select(ApprovalRow).where(ApprovalRow.project == slug).order_by(ApprovalRow.dataset)
        found = self._all(rows, read_approval)
        if not found:
            self.project(slug)  # says so where there is none
        return found

    def record_plans(self, name: DatasetName) -> tuple[RecordPlan, ...]:
        rows = select(RecordPlanRow).where(RecordPlanRow.dataset == name).order_by(RecordPlanRow.name)
        return self._all(rows, _record_plan)

    def _all(self, query: Select[Any], make: Callable[[Any], _Answer]) -> tuple[_Answer, ...]:
        return tuple(make(row) for row in self._session.scalars(query))


class StoredRegistry:
    """The registry as it is at each call; implements `saferoom.projects.registry.Registry`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def snapshot(self) -> AbstractContextManager[Session]:
        """Return a read-only session; a `SessionRegistry` on it answers as of one moment."""
        return self._database.reading()

    def person(self, username: Username) -> Person:
        return self._ask(lambda registry: registry.person(username))

    def project(self, slug: ProjectSlug) -> Project:
        return self._ask(lambda registry: registry.project(slug))

    def dataset(self, name: DatasetName) -> Dataset:
        return self._ask(lambda registry: registry.dataset(name))

    def described(self, name: DatasetName, number: int) -> Dataset:
        return self._ask(lambda registry: registry.described(name, number))

    def versions(self, name: DatasetName) -> tuple[Version, ...]:
        return self._ask(lambda registry: registry.versions(name))

    def platform(self) -> Platform:
        return self._ask(SessionRegistry.platform)

    def people(self) -> tuple[Person, ...]:
        return self._ask(SessionRegistry.people)

    def projects(self) -> tuple[Project, ...]:
        return self._ask(SessionRegistry.projects)

    def datasets(self) -> tuple[Dataset, ...]:
        return self._ask(SessionRegistry.datasets)

    def owners(self) -> Mapping[DatasetName, Username]:
        return self._ask(SessionRegistry.owners)

    def links(self) -> Mapping[DatasetName, tuple[DatasetName, ...]]:
        return self._ask(SessionRegistry.links)

    def people_with(self, role: Role) -> tuple[Person, ...]:
        return self._ask(lambda registry: registry.people_with(role))

    def people_as(self, role: Role, at: datetime) -> tuple[Person, ...]:
        return self._ask(lambda registry: registry.people_as(role, at))

    def left(self, slug: ProjectSlug) -> frozenset[Username]:
        return self._ask(lambda registry: registry.left(slug))

    def projects_left(self, username: Username) -> frozenset[ProjectSlug]:
        return self._ask(lambda registry: registry.projects_left(username))

    def projects_of(self, username: Username) -> tuple[Project, ...]:
        return self._ask(lambda registry: registry.projects_of(username))

    def approvals(self, slug: ProjectSlug) -> tuple[Approval, ...]:
        return self._ask(lambda registry: registry.approvals(slug))

    def record_plans(self, name: DatasetName) -> tuple[RecordPlan, ...]:
        return self._ask(lambda registry: registry.record_plans(name))

    def _ask(self, question: Callable[[SessionRegistry], _Answer]) -> _Answer:
        with self._database.reading() as session:
            return question(SessionRegistry(session))


def _found(row: _Answer | None, message: str) -> _Answer:
    if row is None:
        raise NotFoundError(message)
    return row


def read_model(model: type[_Model], **values: Any) -> _Model:
    """Make a record from stored values; what an older or a damaged store holds is never half understood."""
    try:
        # Stored JSON has lists and texts where the models have tuples and enums.
        return model.model_validate(values, strict=False)
    except ValidationError as error:
        raise IntegrityError(f"the store holds a {model.__name__.lower()} that this version cannot read") from error


def read_person(row: PersonRow) -> Person:
    """Return a person with what the records say."""
    try:
        values = people_rows.person_values(row)
    except ValueError as error:
        raise IntegrityError("the store holds a person's record that this version cannot read") from error
    return read_model(Person, **values)


_DESCRIBED = (
    *("coverage", "quality", "linked_from", "gateways", "gaps", "refresh", "nations", "key", "references"),
    *("derived", "twin"),
)
"""Columns of a dataset that are empty where its owner told nothing."""


def _dataset(row: DatasetRow) -> Dataset:
    kept = {name: getattr(row, name) for name in _DESCRIBED}
    return read_model(
        Dataset,
        name=row.name,
        title=row.title,
        owner=row.owner,
        source=row.source,
        version=row.version,
        units=row.units,
        variables=[{field: getattr(one, field) for field in Variable.model_fields} for one in row.variables],
        risk_appetite=row.risk_appetite,
        release_route=row.release_route,
        description=row.description,
        undisclosed=row.undisclosed,
        **{name: value for name, value in kept.items() if value is not None},
    )


def _version(row: IngestedVersionRow) -> Version:
    return read_model(Version, **{name: getattr(row, name) for name in Version.model_fields})


def _project(row: ProjectRow) -> Project:
    return read_model(
        Project,
        slug=row.slug,
        title=row.title,
        members=current_members(row.members),
        ends=row.ends,
        active=row.active,
        paused=row.paused,
        risk_appetite=row.risk_appetite,
        release_route=row.release_route,
        purposes=row.purposes or (),
    )


def current_members(rows: Sequence[MemberRow]) -> frozenset[str]:
    """Return the user names of memberships that have not ended."""
    return frozenset(row.username for row in rows if row.ended_at is None)


def read_approval(row: ApprovalRow) -> Approval:
    """Return the approval of a row."""
    return read_model(Approval, **{name: getattr(row, name) for name in Approval.model_fields})


def _record_plan(row: RecordPlanRow) -> RecordPlan:
    return read_model(RecordPlan, **{name: getattr(row, name) for name in RecordPlan.model_fields})
