"""Tables of projects' lives: proposals, decisions, amendments, holds and ends. Nothing is deleted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.base import Base


class LifeRow(Base):
    """Where a project stands, from its first draft to its end."""

    __tablename__ = "lives"
    __table_args__ = (
        Index("ix_lives_state_updated_at", "state", "updated_at"),
        Index("ix_lives_updated_at", "updated_at"),
    )

    slug: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    origin: Mapped[str]
    lead: Mapped[str | None] = mapped_column(ForeignKey("people.username"), index=True)
    title: Mapped[str]
    ends: Mapped[date | None]
    words: Mapped[dict[str, Any]]
    """The proposal's texts by name: question, benefit, gateway ..."""
    purposes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    round: Mapped[int]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    since: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    people: Mapped[list[LifePersonRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="LifePersonRow.username"
    )
    datasets: Mapped[list[LifeDatasetRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="LifeDatasetRow.dataset"
    )
    rulings: Mapped[list[RulingRow]] = relationship(lazy="selectin", order_by="RulingRow.number")
    amendments: Mapped[list[AmendmentRow]] = relationship(lazy="selectin", order_by="AmendmentRow.number")
    holds: Mapped[list[HoldRow]] = relationship(lazy="selectin", order_by="HoldRow.number")
    seal: Mapped[SealRow | None] = relationship(lazy="selectin")

    # Checked at every write: two people who change a project at once are told, nothing is overwritten.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - its base says so


class LifePersonRow(Base):
    """Somebody proposed for, or in, a project; the present list (memberships keep the history)."""

    __tablename__ = "lives_people"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), primary_key=True, index=True)


class LifeDatasetRow(Base):
    """A dataset that a project wants or has; the present list (rulings and the audit trail keep the history)."""

    __tablename__ = "lives_datasets"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True, index=True)
    variables: Mapped[list[Any] | None]
    rows: Mapped[str | None]
    waits: Mapped[bool]
    """Whether its data owner has to decide something now."""
    current: Mapped[bool]
    """False for a dataset that an amendment asks for and that is no part of the project yet, or no longer."""


class RulingRow(Base):
    """What a data owner decided about a dataset; added, never changed."""

    __tablename__ = "lives_rulings"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int]
    amendment: Mapped[int | None]
    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), index=True)
    choice: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str]
    terms: Mapped[dict[str, Any] | None]


class AmendmentRow(Base):
    """A change of a running project that somebody has to agree to."""

    __tablename__ = "lives_amendments"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(index=True)
    by: Mapped[str]
    why: Mapped[str]
    change: Mapped[dict[str, Any]]
    asks: Mapped[list[Any]]
    at: Mapped[datetime]
    since: Mapped[datetime]
    reason: Mapped[str]


class HoldRow(Base):
    """Why a project pauses, by whose word."""

    __tablename__ = "lives_holds"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    by: Mapped[str]
    side: Mapped[str]
    reason: Mapped[str]
    since: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]


class SealRow(Base):
    """The sealed workspace of a closed project, and the certificate of its deletion."""

    __tablename__ = "lives_seals"

    life: Mapped[str] = mapped_column(ForeignKey("lives.slug"), primary_key=True)
    sealed_at: Mapped[datetime]
    retain_until: Mapped[date]
    statement: Mapped[dict[str, Any]]
    """The signed statement of what was sealed (a DSSE envelope)."""
    deleted_at: Mapped[datetime | None]
    certificate: Mapped[dict[str, Any] | None]
    """The signed certificate of deletion (a DSSE envelope)."""


class DatasetVersionRow(Base):
    """A dataset as its owner described it at one time; one row per description that differs."""

    __tablename__ = "datasets_versions"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str]
    document: Mapped[dict[str, Any]]
    at: Mapped[datetime]
