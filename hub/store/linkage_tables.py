"""Tables of clerical review: pair numbers and decisions. What a number stands for is in the linker's zone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base

STATES = ("waiting", "half", "apart", "match", "no-match", "undecided")
CHOICES = ("match", "no-match", "unsure")


class ClericalReviewRow(Base):
    """The doubtful pairs of one linked version."""

    __tablename__ = "clerical_reviews"

    link: Mapped[str] = mapped_column(primary_key=True)
    pairs: Mapped[int]
    at: Mapped[datetime]
    closed: Mapped[bool]


class ClericalPairRow(Base):
    """One pair; its version is counted up by every step."""

    __tablename__ = "clerical_pairs"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_clerical_pairs_state", "link", "state"),
    )

    link: Mapped[str] = mapped_column(ForeignKey("clerical_reviews.link"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stratum: Mapped[int]
    accepted: Mapped[bool]
    state: Mapped[str]
    version: Mapped[int]


class ClericalVoteRow(Base):
    """One decision; nobody has two on a pair."""

    __tablename__ = "clerical_votes"
    __table_args__ = (
        ForeignKeyConstraint(["link", "number"], ["clerical_pairs.link", "clerical_pairs.number"]),
        UniqueConstraint("link", "number", "by"),
        CheckConstraint(f"choice IN {CHOICES}", name="choice"),
        CheckConstraint("turn BETWEEN 1 AND 3", name="turn"),
        Index("ix_clerical_votes_by", "by", "link", "at"),
    )

    link: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    by: Mapped[str] = mapped_column(ForeignKey("people.username"))
    choice: Mapped[str]
    at: Mapped[datetime]
