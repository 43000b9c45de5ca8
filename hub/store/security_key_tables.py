"""Tables of security keys: what was registered, and how often it signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class SecurityKeyRow(Base):
    """One security key or passkey of a person. Nothing in it is secret: the private part never leaves the key."""

    __tablename__ = "security_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("people.username"), index=True)
    name: Mapped[str]
    credential_id: Mapped[str] = mapped_column(unique=True)
    """What the key calls itself here, base64url."""
    public_key: Mapped[str]
    """COSE, base64url."""
    user_handle: Mapped[str]
    """What the keys of one person call that person; random, base64url."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    synced: Mapped[bool]
    """Whether a provider keeps copies of it."""
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
