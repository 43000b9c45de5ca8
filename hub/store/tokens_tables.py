"""Tables of API tokens, and of what calls with an Idempotency-Key were answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class TokenRow(Base):
    """A token without its secret: `digest` is the SHA-256 of that. Rows are never deleted; tokens end."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("ix_api_tokens_open", "ending", "expires_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    name: Mapped[str]
    scope: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str]
    ending: Mapped[str | None]


class AnswerRow(Base):
    """What a call was answered, kept for a day; without a status while the call is under way."""

    __tablename__ = "api_answers"

    token: Mapped[str] = mapped_column(ForeignKey("api_tokens.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """The digest of the caller's key."""
    call: Mapped[str]
    """The digest of address and body."""
    begun_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    body: Mapped[str]
