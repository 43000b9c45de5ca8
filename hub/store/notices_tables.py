"""Tables of what people were told, and of the letters that carry it. Rows are never deleted: letters end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.base import Base


class LetterRow(Base):
    """One e-mail, sent or not; `day` is set for digests, of which there is one a day and person."""

    __tablename__ = "notices_letters"
    __table_args__ = (
        Index("ix_notices_letters_due", "state", "next_at"),
        Index("uq_notices_letters_digest", "to", "day", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    to: Mapped[str]
    category: Mapped[str | None]
    day: Mapped[date | None]
    state: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    waits_since: Mapped[datetime]
    next_at: Mapped[datetime]
    tries: Mapped[int]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]
    notices: Mapped[list[ToldRow]] = relationship(back_populates="letter_row", order_by="ToldRow.id")


class ToldRow(Base):
    """One thing that one person was told; `how` is how its e-mail comes, decided when it happened."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_mine", "to", "id"),
        Index("ix_notices_unread", "to", "read_at"),
        Index("ix_notices_gathering", "how", "letter", "to"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    to: Mapped[str]
    kind: Mapped[str]
    category: Mapped[str]
    side: Mapped[str]
    subject: Mapped[str]
    about: Mapped[str]
    project: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    how: Mapped[str]
    letter: Mapped[str | None] = mapped_column(ForeignKey("notices_letters.id"), index=True)
    letter_row: Mapped[LetterRow | None] = relationship(back_populates="notices")


class PreferenceRow(Base):
    """How somebody wants the e-mail of a category."""

    __tablename__ = "notices_preferences"

    username: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    how: Mapped[str]
