"""The stored audit trail: every event is appended in the transaction of the write it records."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import ForeignKey, Select, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from saferoom.audit import ChainReport, Event, Link, StoredLink, append, sign_head, verify_chain
from saferoom.clock import Clock, isoformat
from saferoom.errors import IntegrityError, WrongStateError
from saferoom.hub.store.base import Base
from saferoom.ids import Digest
from saferoom.signing import SigningKey, VerifyingKey

KEY_SUBJECT = "signing-key"
KEY_ROTATED = "signing-key.rotated"


class AuditLinkRow(Base):
    """One link of the chain."""

    __tablename__ = "audit_links"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    payload: Mapped[dict[str, Any] | None]
    salt: Mapped[str | None]
    payload_digest: Mapped[str]
    previous: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)


class AuditHeadRow(Base):
    """A signed head: the newest link at the time it was signed."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(ForeignKey("audit_links.seq"))
    at: Mapped[str]
    envelope: Mapped[dict[str, Any]]


def _stored(row: AuditLinkRow) -> StoredLink:
    link = Link(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        payload_digest=Digest(row.payload_digest),
        previous=Digest(row.previous),
        digest=Digest(row.digest),
    )
    return StoredLink(link, row.payload, row.salt)


class AuditLog:
    """Appends events inside the caller's transaction and signs heads."""

    def __init__(self, session: Session, clock: Clock, key: SigningKey) -> None:
        self._session = session
        self._clock = clock
        self._key = key

    def record(self, event: Event) -> Link:
        """Append `event` and return its link. Takes part in the caller's transaction.

        Raises
        ------
        WrongStateError
            The key of this log has ended meanwhile.
        """
        self._check_key()
        stored = append(self.newest(), event, self._clock.now(), secrets.token_hex(16))
        link = stored.link
        self._session.add(
            AuditLinkRow(
                seq=link.seq,
                at=link.at,
                actor=link.actor,
                action=link.action,
                subject=link.subject,
                payload=dict(stored.payload or {}),
                salt=stored.salt,
                payload_digest=link.payload_digest,
                previous=link.previous,
                digest=link.digest,
            )
        )
        self._session.flush()
        return link

    def sign(self) -> dict[str, Any] | None:
        """Sign the newest link as the chain's head; None when the chain is empty. Raises as `record`."""
        self._check_key()
        newest = self.newest()
        if newest is None:
            return None
        envelope = sign_head(newest, self._key)
        self._session.add(AuditHeadRow(seq=newest.seq, at=isoformat(self._clock.now()), envelope=envelope))
        self._session.flush()
        return envelope

    def newest(self) -> Link | None:
        """Return the newest link; None when the chain is empty."""
        row = self._session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq.desc()).limit(1)).first()
        return _stored(row).link if row else None

    def _check_key(self) -> None:
        """Check that no other key has taken this one's place: what a process still has in memory signs no more."""
        row = self._session.execute(rotations().order_by(AuditLinkRow.seq.desc()).limit(1)).first()
        if row is not None and (row.payload or {}).get("new") != self._key.verifying_key.key_id:
            raise WrongStateError(
                f"the signing key of this process ended with link {row.seq} of the audit trail; nothing was changed; "
                "start the service again, or restore the newer key where keys came from a backup"
            )


def rotations() -> Select[tuple[int, dict[str, Any] | None, str]]:
    """Return the query for every change of the signing key: link, payload, and digest of the link before."""
    columns = (AuditLinkRow.seq, AuditLinkRow.payload, AuditLinkRow.previous)
    return select(*columns).where(AuditLinkRow.subject == KEY_SUBJECT, AuditLinkRow.action == KEY_ROTATED)


def stored_links(session: Session) -> Generator[StoredLink, None, None]:
    """Yield the chain in order, a thousand rows at a time.

    Raises
    ------
    IntegrityError
        Names the first link whose payload is no JSON any more.
    """
    last = None
    query = select(AuditLinkRow).order_by(AuditLinkRow.seq)
    try:
        with session.scalars(query.execution_options(yield_per=1000)) as rows:
            for row in rows:
                yield _stored(row)
                last = row.seq
    except ValueError:
        yield from _one_by_one(session, last)


def _one_by_one(session: Session, last: int | None) -> Iterator[StoredLink]:
    """Yield the links after `last` each by itself, so that the first one that cannot be read is known."""
    after = AuditLinkRow.seq > last if last is not None else true()
    for seq in session.scalars(select(AuditLinkRow.seq).where(after).order_by(AuditLinkRow.seq)).all():
        try:
            yield _stored(session.scalars(select(AuditLinkRow).where(AuditLinkRow.seq == seq)).one())
        except ValueError as error:
            raise IntegrityError(f"audit link {seq} cannot be read: it was changed after it was written") from error


def verify_audit_log(session: Session, key: VerifyingKey) -> ChainReport:
    """Check the whole stored chain and its signed heads; see `saferoom.audit.verify_chain`."""
    try:
        heads = session.scalars(select(AuditHeadRow.envelope).order_by(AuditHeadRow.id)).all()
    except ValueError as error:
        raise IntegrityError("a signed head cannot be read: it was changed after it was written") from error
    # Closed at a broken link, too: on PostgreSQL the rest would wait at the server.
    with closing(stored_links(session)) as links:
        return verify_chain(links, heads, key)
