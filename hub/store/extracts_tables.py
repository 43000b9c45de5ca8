"""Tables of what became of extracts: epochs of ids, and refreshes. Rows are never changed and never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class EpochRow(Base):
    """An epoch of a project's ids, from the second on."""

    __tablename__ = "extract_epochs"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime]
    begun_by: Mapped[str]
    reason: Mapped[str]


class RefreshRow(Base):
    """A new version of a dataset that a project was given, and what was other in it."""

    __tablename__ = "extract_refreshes"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"))
    before: Mapped[str]
    """The version before."""
    version: Mapped[str]
    changes: Mapped[list[Any]]
    """What changed, one sentence each."""
    at: Mapped[datetime]
