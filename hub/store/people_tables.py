"""Tables of people, their roles, records and emergencies. Rows are never deleted; what ends gets its time."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.base import Base


class PersonRow(Base):
    """A person's account; what it may do is in the rows that belong to it."""

    __tablename__ = "people"

    username: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    email: Mapped[str | None]
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    roles: Mapped[list[PersonRoleRow]] = relationship(lazy="selectin", order_by="PersonRoleRow.id")
    records: Mapped[list[PersonRecordRow]] = relationship(lazy="selectin", order_by="PersonRecordRow.recorded_at")
    emergencies: Mapped[list[EmergencyRow]] = relationship(
        lazy="selectin", order_by="EmergencyRow.opened_at", foreign_keys="EmergencyRow.username"
    )

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - its base says so


class PersonRoleRow(Base):
    """One role of one person over one stretch of time; it is held while it has no end."""

    __tablename__ = "people_roles_held"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    role: Mapped[str] = mapped_column(index=True)
    since: Mapped[datetime | None]
    granted_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")


class PersonRecordRow(Base):
    """An accreditation or a training."""

    __tablename__ = "people_records"

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    kind: Mapped[str]
    type: Mapped[str]
    body: Mapped[str]
    granted: Mapped[date | None]
    expires: Mapped[date]
    evidence: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    ending: Mapped[str | None]
    end_reason: Mapped[str] = mapped_column(default="")


class EmergencyRow(Base):
    """A break-glass act."""

    __tablename__ = "people_emergencies"

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    power: Mapped[str]
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime]
    state: Mapped[str] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str]
    justified: Mapped[bool | None]
    findings: Mapped[str]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - its base says so


class DeputyRow(Base):
    """The naming of a deputy for emergencies."""

    __tablename__ = "people_deputies"

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    named_by: Mapped[str]
    named_at: Mapped[datetime]
    until: Mapped[date]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str]
