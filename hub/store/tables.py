"""Tables of datasets, projects, approvals and record plans. Rows are never deleted; what ends gets its time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.base import Base
from saferoom.hub.store.catalogue_tables import CatalogueEntryRow as CatalogueEntryRow
from saferoom.hub.store.catalogue_tables import CatalogueHeadRow as CatalogueHeadRow
from saferoom.hub.store.catalogue_tables import IngestedVersionRow as IngestedVersionRow
from saferoom.hub.store.catalogue_tables import TwinRow as TwinRow
from saferoom.hub.store.people_tables import EmergencyRow as EmergencyRow
from saferoom.hub.store.people_tables import PersonRecordRow as PersonRecordRow
from saferoom.hub.store.people_tables import PersonRoleRow as PersonRoleRow
from saferoom.hub.store.people_tables import PersonRow as PersonRow


class DatasetRow(Base):
    """A dataset as its owner describes it."""

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    source: Mapped[str]
    version: Mapped[str]
    units: Mapped[list[Any]]
    risk_appetite: Mapped[dict[str, Any]]
    release_route: Mapped[dict[str, Any]]
    description: Mapped[str | None]
    coverage: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    quality: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    linked_from: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    gateways: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    gaps: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    refresh: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    nations: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    key: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    references: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    derived: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    twin: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undisclosed: Mapped[bool] = mapped_column(server_default=false())
    variables: Mapped[list[VariableRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="VariableRow.position"
    )


class VariableRow(Base):
    """One variable of one dataset."""

    __tablename__ = "datasets_variables"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    type: Mapped[str]
    role: Mapped[str]
    label: Mapped[str | None]
    column: Mapped[str | None]
    codelist: Mapped[list[Any] | None]
    boundaries: Mapped[str | None]
    hierarchy: Mapped[dict[str, Any] | None]
    figures: Mapped[dict[str, Any] | None]
    complete: Mapped[bool] = mapped_column(server_default=false())
    identifies: Mapped[str | None]
    linked_through: Mapped[str | None]
    carries: Mapped[str | None]
    relates: Mapped[str | None]
    labels: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    harmonised: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ProjectRow(Base):
    """A project."""

    __tablename__ = "projects"

    slug: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    ends: Mapped[date | None]
    active: Mapped[bool]
    paused: Mapped[bool] = mapped_column(server_default=false())
    risk_appetite: Mapped[dict[str, Any] | None]
    release_route: Mapped[dict[str, Any] | None]
    purposes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    members: Mapped[list[MemberRow]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class MemberRow(Base):
    """A membership; it is current while it has no end."""

    __tablename__ = "projects_members"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), primary_key=True, index=True)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApprovalRow(Base):
    """The approval of a dataset for a project; the audit trail has its history."""

    __tablename__ = "approvals"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True, index=True)
    granted_by: Mapped[str] = mapped_column(ForeignKey("people.username"))
    until: Mapped[date]
    variables: Mapped[list[Any] | None]
    rows: Mapped[str | None]
    automatic: Mapped[bool]
    risk_appetite: Mapped[dict[str, Any] | None]
    checkers: Mapped[int | None]
    sign_off: Mapped[bool] = mapped_column(server_default=false())
    budget: Mapped[dict[str, Any] | None]
    ended_at: Mapped[datetime | None]
    held: Mapped[int | None]


class RecordPlanRow(Base):
    """A plan by which a dataset's records may leave as a file; the audit trail has its history."""

    __tablename__ = "record_plans"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    allowed_by: Mapped[str] = mapped_column(ForeignKey("people.username"))
    plan: Mapped[dict[str, Any]]
    since: Mapped[date | None]
    until: Mapped[date]
    projects: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    releases: Mapped[int]
    repeats: Mapped[bool]
    ended_at: Mapped[datetime | None]


class PlatformRow(Base):
    """The platform's own policies; at most one row."""

    __tablename__ = "platform"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    risk_appetite: Mapped[dict[str, Any]]
    release_route: Mapped[dict[str, Any]]
    confirms_people: Mapped[str] = mapped_column(server_default="administrator")
    retention_days: Mapped[int] = mapped_column(server_default="1826")
    api_token_days: Mapped[int] = mapped_column(server_default="30")
    inputs_days: Mapped[int] = mapped_column(server_default="400")
    environment: Mapped[str] = mapped_column(server_default="Saferoom")
