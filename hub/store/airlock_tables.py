"""Tables of requests. Nothing is deleted; only a request's own row changes, and each change counts its version.

What people do to a request is in `saferoom.hub.store.airlock_records`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from saferoom.hub.store.airlock_records import (
    AdviceRow,
    ClaimRow,
    CommentRow,
    ReleaseRow,
    SampleRow,
    SignOffRow,
    VoteRow,
    WithdrawalRow,
)
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
    """A release request as it stands.

    `risk` (0 pass, 1 review, 2 fail), `lane` and `output_count` repeat what the outputs say, and
    `airlock_requests_datasets` what `datasets` and `sign_off` say, so that lists need nothing but this row.
    """

    __tablename__ = "airlock_requests"
    __table_args__ = (
        Index("ix_airlock_requests_queue", "state", "since", "id"),
        Index("ix_airlock_requests_mine", "author", "created_at"),
        Index("ix_airlock_requests_of_project", "project", "state", "since"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(index=True)
    project: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    title: Mapped[str]
    groups: Mapped[list[Any]] = mapped_column(server_default="[]")
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    automatic: Mapped[bool]
    checkers: Mapped[int]
    sign_off: Mapped[list[Any]] = mapped_column(server_default="[]")
    third_asked: Mapped[bool] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    since: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    datasets: Mapped[list[Any]]
    waits_because: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    reason: Mapped[str]
    blocked: Mapped[str]
    seal: Mapped[dict[str, Any]]
    risk: Mapped[int] = mapped_column(server_default="1")
    lane: Mapped[str] = mapped_column(server_default="declared")
    output_count: Mapped[int] = mapped_column(server_default="0")
    release_id: Mapped[str | None] = mapped_column(unique=True)
    approved_at: Mapped[datetime | None]
    link_seq: Mapped[int | None] = mapped_column(ForeignKey("audit_links.seq"))
    link_digest: Mapped[str | None]
    version: Mapped[int] = mapped_column()

    outputs: Mapped[list[OutputRow]] = relationship(lazy="selectin", order_by="OutputRow.round, OutputRow.position")
    rounds: Mapped[list[RoundRow]] = relationship(lazy="selectin", order_by="RoundRow.round")
    votes: Mapped[list[VoteRow]] = relationship(lazy="selectin", order_by=VoteRow.id)
    comments: Mapped[list[CommentRow]] = relationship(lazy="selectin", order_by=CommentRow.id)
    sign_offs: Mapped[list[SignOffRow]] = relationship(lazy="selectin", order_by=SignOffRow.id)
    claims: Mapped[list[ClaimRow]] = relationship(lazy="selectin", order_by=ClaimRow.id)
    advice: Mapped[list[AdviceRow]] = relationship(lazy="selectin", order_by=AdviceRow.id)
    release: Mapped[ReleaseRow | None] = relationship(lazy="selectin")
    withdrawal: Mapped[WithdrawalRow | None] = relationship(lazy="selectin")
    sample: Mapped[SampleRow | None] = relationship(lazy="selectin")

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - its base says so


class RequestDatasetRow(Base):
    """One dataset that a request uses now; an index of the request's own row, made anew when that changes."""

    __tablename__ = "airlock_requests_datasets"

    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), primary_key=True)
    dataset: Mapped[str] = mapped_column(primary_key=True, index=True)
    signs: Mapped[bool]


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
    group: Mapped[int] = mapped_column(server_default="1")


class RoundRow(Base):
    """The words of one round of a request, when it was submitted, and when and how it was decided.

    `seconds` is the time from the author's submission to the decision; null until there is one. `remembered` is the
    number of the memory's last entry when the round began; 0 where that is not known, so that every entry is later.
    """

    __tablename__ = "airlock_rounds"

    request: Mapped[str] = mapped_column(ForeignKey("airlock_requests.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    groups: Mapped[list[Any]] = mapped_column(server_default="[]")
    at: Mapped[datetime]
    lane: Mapped[str] = mapped_column(server_default="declared")
    automatic: Mapped[bool] = mapped_column(server_default="0")
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    decision: Mapped[str | None]
    seconds: Mapped[int | None]
    remembered: Mapped[int] = mapped_column(server_default="0")


class MemoryRow(Base):
    """What is remembered of one output that left: a sealed entry, numbered without a gap."""

    __tablename__ = "airlock_memory"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    output: Mapped[str] = mapped_column(ForeignKey("airlock_outputs.id"), unique=True)
    entry: Mapped[bytes]


class LockRow(Base):
    """A row to lock, so that releases see each other."""

    __tablename__ = "airlock_locks"

    name: Mapped[str] = mapped_column(primary_key=True)
