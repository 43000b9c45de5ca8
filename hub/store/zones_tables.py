"""Tables of deliveries that were split between the zones, of indexes, and of their linkages. Nothing is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class DeliveryRow(Base):
    """A data owner's delivery: one version of one dataset, split. The zones' files that no row names are leftovers."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("version", "dataset"),)

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(unique=True)
    version: Mapped[str]
    period: Mapped[str | None]
    rows: Mapped[int]
    sha256: Mapped[str]
    """Of the file as it was delivered."""
    stamps: Mapped[dict[str, Any]]
    """Of identifiers, attributes and crosswalk."""
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What the checks of the delivery found: counts and names of columns."""
    at: Mapped[datetime]
    by: Mapped[str]


class IndexRow(Base):
    """An index: how the records of which datasets are linked."""

    __tablename__ = "indexes"

    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by: Mapped[str]


class LinkageRow(Base):
    """One version of an index's linkage."""

    __tablename__ = "linkages"

    index: Mapped[str] = mapped_column(ForeignKey("indexes.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    """The index as it was."""
    deliveries: Mapped[list[Any]]
    """Every delivery whose records the map names: `id`, `dataset`, `version`."""
    afresh: Mapped[bool]
    passes: Mapped[list[Any]]
    """What `match_pass` of its map may say."""
    stamps: Mapped[dict[str, Any]]
    """Of what the linker keeps, and of the map for the provisioner."""
    queue: Mapped[list[Any]]
    """Doubtful pairs for people to decide: number, stratum, whether taken for a link."""
    counts: Mapped[dict[str, Any]]
    quality: Mapped[dict[str, Any]]
    """The quality pack, as it passed the checker: by groups that identify, and by attributes."""
    at: Mapped[datetime]
    by: Mapped[str]
