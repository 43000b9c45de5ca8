"""Tables of what people had kernels run."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class InputRow(Base):
    """An input, sealed; its text is in no other column. It is deleted when its time is over, and never changed."""

    __tablename__ = "inputs"
    __table_args__ = (Index("ix_inputs_person", "project", "person", "seq"), Index("ix_inputs_at", "project", "at"))

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    person: Mapped[str] = mapped_column(ForeignKey("people.username"))
    sealed: Mapped[bytes]
    digest: Mapped[str]
    """Of this input and, through the one before it, of all that came earlier."""


class InputChainRow(Base):
    """How far a project's chain of inputs goes."""

    __tablename__ = "inputs_chains"

    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"), primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str]
    anchored: Mapped[int]
    gone: Mapped[int]
