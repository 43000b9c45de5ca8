"""Tables of the airlock. Nothing is deleted; only a request's own row changes, and each change counts its version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.base import Base


class EvaluationRow(Base):
    """A judged statistic or file; its bytes are in the vault."""

    __tablename__ = "airlock_evaluations"

    id: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(index=True)
    project: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    verdict: Mapped[str]
    digest: Mapped[str]
    rules: Mapped[str]
    datasets: Mapped[list[Any]]
    route: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    file: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    seal: Mapped[dict[str, Any]]


class RequestRow(Base):
    """A release request as it stands."""

    __tablename__ = "airlock_requests"

    id: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(index=True)
    project: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    title: Mapped[str]
    context: Mapped[str]
    controls: Mapped[str]
    automatic: Mapped[bool]
    checkers: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    datasets: Mapped[list[Any]]
    waits_because: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    supporting: Mapped[list[Any]] = mapped_column(server_default="[]")
    reason: Mapped[str]
    blocked: Mapped[str]
    seal: Mapped[dict[str, Any]]
    release_id: Mapped[str | None] = mapped_column(unique=True)
    approved_at: Mapped[datetime | None]
    link_seq: Mapped[int | None] = mapped_column(ForeignKey("audit_links.seq"))
    link_digest: Mapped[str | None]
    version: Mapped[int] = mapped_column()

    outputs: Mapped[list[OutputRow]] = relationship(lazy="selectin", order_by="OutputRow.round, OutputRow.position")
    rounds: Mapped[list[RoundRow]] = relationship(lazy="selectin", order_by="RoundRow.round")
    votes: Mapped[list[VoteRow]] = relationship(lazy="selectin", order_by="VoteRow.id")
    comments: Mapped[list[CommentRow]] = relationship(lazy="selectin", order_by="CommentRow.id")
    release: Mapped[ReleaseRow | None] = relationship(lazy="selectin")

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - its base says so


class OutputRow(Base):
    """One output in one round of a request, with the digests of the files that would leave."""

    __tablename__ = "airlock_outputs"
    __table_args__ = (UniqueConstraint("request", "round", "position"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"))
    round: Mapped[int]
    position: Mapped[int]
    evaluation: Mapped[str] = mapped_column(ForeignKey("airlock_evaluations.id"), index=True)
    title: Mapped[str]
    verdict: Mapped[str]
    judged: Mapped[str]
    files: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    lane: Mapped[str] = mapped_column(server_default="declared")


class RoundRow(Base):
    """The words of one round of a request."""

    __tablename__ = "airlock_rounds"

    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    context: Mapped[str]
    controls: Mapped[str]
    at: Mapped[datetime]
    supporting: Mapped[list[Any]] = mapped_column(server_default="[]")


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


class CommentRow(Base):
    """One comment."""

    __tablename__ = "airlock_comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), index=True)
    by: Mapped[str]
    body: Mapped[str]
    public: Mapped[bool]
    output: Mapped[str | None] = mapped_column(ForeignKey("airlock_outputs.id"))
    at: Mapped[datetime]
    round: Mapped[int]


class ReleaseRow(Base):
    """What left: at most one release per request."""

    __tablename__ = "airlock_releases"

    id: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), unique=True)
    bundle: Mapped[str]
    at: Mapped[datetime]


class MemoryRow(Base):
    """What is remembered of one output that left: a sealed entry, numbered without a gap."""

    __tablename__ = "airlock_memory"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    output: Mapped[str] = mapped_column(ForeignKey("airlock_outputs.id"), unique=True)
    entry: Mapped[bytes]


class NoticeRow(Base):
    """Something a party should know."""

    __tablename__ = "airlock_notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"))
    project: Mapped[str]
    to: Mapped[str]
    author: Mapped[str]
    message: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


class LockRow(Base):
    """A row to lock, so that releases see each other."""

    __tablename__ = "airlock_locks"

    name: Mapped[str] = mapped_column(primary_key=True)
