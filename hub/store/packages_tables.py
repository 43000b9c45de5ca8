"""Tables of wheels and of what projects may install. Rows are never deleted; what ends gets its time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class WheelRow(Base):
    """A wheel; its bytes are a file of the home."""

    __tablename__ = "packages_wheels"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    requires: Mapped[list[Any]]
    requires_python: Mapped[str]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None]


class AllowanceRow(Base):
    """That a project may install a package; the audit trail has its history."""

    __tablename__ = "packages_allowed"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    versions: Mapped[str]
    allowed_at: Mapped[datetime]
    allowed_by: Mapped[str]
    ended_at: Mapped[datetime | None]
