"""Tables of privacy budgets. The database itself refuses what is beyond a limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base

STATES = ("charged", "computed", "released", "withheld", "failed")


class AccountRow(Base):
    """An account; rho in billionths, delta in 1e-15. Without a limit both limits are null."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint("rho_spent >= 0 AND delta_spent >= 0", name="spent"),
        CheckConstraint("(rho_limit IS NULL) = (delta_limit IS NULL)", name="limit_whole"),
        CheckConstraint("rho_limit IS NULL OR rho_spent <= rho_limit", name="rho_within"),
        CheckConstraint("delta_limit IS NULL OR delta_spent <= delta_limit", name="delta_within"),
        CheckConstraint("rho_limit IS NOT NULL OR kind NOT IN ('lineage', 'approval') OR rho_spent = 0", name="closed"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    rho_limit: Mapped[int | None] = mapped_column(BigInteger)
    delta_limit: Mapped[int | None] = mapped_column(BigInteger)
    rho_spent: Mapped[int] = mapped_column(BigInteger)
    delta_spent: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]


class LimitRow(Base):
    """A limit that somebody set, as it was said and what follows from it; `version` is the account's from then on."""

    __tablename__ = "ledger_limits"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    allows: Mapped[str]
    epsilon: Mapped[str | None]
    delta: Mapped[str | None]
    rho_limit: Mapped[int | None] = mapped_column(BigInteger)
    delta_limit: Mapped[int | None] = mapped_column(BigInteger)
    set_by: Mapped[str]
    at: Mapped[datetime]


class ChargeRow(Base):
    """What was charged once; rows are never deleted."""

    __tablename__ = "ledger_charges"
    __table_args__ = (
        UniqueConstraint("project", "key"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("rho > 0 AND delta >= 0", name="loss"),
        Index("ix_ledger_charges_state", "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.slug"))
    key: Mapped[str]
    made_by: Mapped[str] = mapped_column(ForeignKey("people.username"))
    content: Mapped[str]
    plan: Mapped[str]
    versions: Mapped[dict[str, Any]]
    mechanisms: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    rho: Mapped[int] = mapped_column(BigInteger)
    delta: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    at: Mapped[datetime]
    result: Mapped[str | None]
    reason: Mapped[str]


class DebitRow(Base):
    """One account that a charge was debited to, with its loss."""

    __tablename__ = "ledger_debits"
    __table_args__ = (Index("ix_ledger_debits_account", "kind", "name", "at"),)

    charge: Mapped[str] = mapped_column(ForeignKey("ledger_charges.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    rho: Mapped[int] = mapped_column(BigInteger)
    delta: Mapped[int] = mapped_column(BigInteger)
