"""Tables of what people do to a request. Rows are only ever added; of what ends, the time of its end is noted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class VoteRow(Base):
    """One vote; a later one by the same checker on the same output replaces it in the count."""

    __tablename__ = "airlock_votes"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    by: Mapped[str]
    output: Mapped[str] = mapped_column(ForeignKey("airlock_outputs.id"))
    choice: Mapped[str]
    comment: Mapped[str]
    at: Mapped[datetime]
    round: Mapped[int]
    seal: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class CommentRow(Base):
    """One comment."""

    __tablename__ = "airlock_comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    by: Mapped[str]
    body: Mapped[str]
    public: Mapped[bool]
    output: Mapped[str | None] = mapped_column(ForeignKey("airlock_outputs.id"))
    evaluation: Mapped[str | None]
    group: Mapped[str | None]
    at: Mapped[datetime]
    round: Mapped[int]


class SignOffRow(Base):
    """One data owner's word in one round."""

    __tablename__ = "airlock_sign_offs"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    by: Mapped[str]
    datasets: Mapped[list[Any]]
    signed: Mapped[bool]
    comment: Mapped[str]
    at: Mapped[datetime]
    round: Mapped[int]
    seal: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class ClaimRow(Base):
    """One output checker's "I am looking at this"; `until` is moved forward when it is given up."""

    __tablename__ = "airlock_claims"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    by: Mapped[str]
    at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)


class AdviceRow(Base):
    """One change of a query that came with the return of a request."""

    __tablename__ = "airlock_advice"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    round: Mapped[int]
    output: Mapped[str] = mapped_column(ForeignKey("airlock_outputs.id"))
    evaluation: Mapped[str] = mapped_column(ForeignKey("airlock_evaluations.id"))
    patch: Mapped[dict[str, Any]]
    words: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    taken_as: Mapped[str | None] = mapped_column(ForeignKey("airlock_evaluations.id"))


class ReleaseRow(Base):
    """What left: at most one release per request."""

    __tablename__ = "airlock_releases"

    id: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), unique=True)
    bundle: Mapped[str]
    at: Mapped[datetime]


class DownloadRow(Base):
    """Who took a release's bundle, so that they can be told when it is withdrawn."""

    __tablename__ = "airlock_downloads"
    __table_args__ = (Index("ix_airlock_downloads_request", "request", "by"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"))
    by: Mapped[str]
    at: Mapped[datetime]


class WithdrawalRow(Base):
    """The signed statement that a release is withdrawn: at most one per release."""

    __tablename__ = "airlock_withdrawals"

    release: Mapped[str] = mapped_column(ForeignKey("airlock_releases.id"), primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), unique=True)
    cause: Mapped[str]
    explanation: Mapped[str]
    by: Mapped[str]
    party: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    statement: Mapped[dict[str, Any]]


class SampleRow(Base):
    """An automatic release that was drawn to be looked at afterwards, and what was found."""

    __tablename__ = "airlock_samples"
    __table_args__ = (Index("ix_airlock_samples_waiting", "finding", "drawn_at"),)

    release: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), unique=True)
    project: Mapped[str]
    drawn_at: Mapped[datetime]
    one_in: Mapped[int]
    proof: Mapped[str]
    finding: Mapped[str | None]
    by: Mapped[str | None]
    comment: Mapped[str]
    at: Mapped[datetime | None]


class DroppedRow(Base):
    """A file that appeared in an author's outbox, by its content: it becomes part of a draft once."""

    __tablename__ = "airlock_dropped"

    author: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"))
    at: Mapped[datetime]
