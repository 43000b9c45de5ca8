"""Tables of who is who at an identity provider, and of invitations to say so oneself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class SignInLinkRow(Base):
    """One account at a provider that is a person's; `digest` is a keyed hash of issuer and subject."""

    __tablename__ = "sign_in_links"
    # One person has one account at a provider, as one account is one person's.
    __table_args__ = (UniqueConstraint("issuer", "username"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]
    signed_in_at: Mapped[datetime | None]


class InvitationRow(Base):
    """An open invitation; `digest` is a keyed hash of its code. It is dropped when it is used."""

    __tablename__ = "sign_in_invitations"

    username: Mapped[str] = mapped_column(ForeignKey("people.username"), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
