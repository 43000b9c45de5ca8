"""The audit trail: an append-only chain of links whose head is signed.

Vocabulary
----------
event
    What happened: who (actor), what (action), to what (subject), and a payload with the details.
link
    One event in the chain. It holds a *salted digest* of the payload, not the payload, so a payload can be erased
    where the law demands it without breaking the chain. Its own digest covers the digest of the link before it.
head
    The newest link's number and digest, signed. A chain shorter than a signed head has lost its tail.

Pure: storing links is the hub's work, this module makes and checks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from saferoom.clock import isoformat
from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.ids import Digest

HEAD_TYPE = "application/vnd.saferoom.audit-head+json"
GENESIS = Digest("0" * 64)


class Sealer(Protocol):
    """Signs a document; a `saferoom.signing.SigningKey` does."""

    def seal_json(self, document: Any, payload_type: str) -> dict[str, Any]: ...


class Opener(Protocol):
    """Returns a signed document or raises `IntegrityError`; a `saferoom.signing.VerifyingKey` does."""

    def open_json(self, envelope: Mapping[str, Any], payload_type: str) -> Any: ...


@dataclass(frozen=True)
class Event:
    """Something that happened and must be remembered."""

    actor: str
    action: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """One event in the chain; `digest` covers every other field."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    payload_digest: Digest
    previous: Digest
    digest: Digest


@dataclass(frozen=True)
class StoredLink:
    """A link with its payload and salt, both None once erased."""

    link: Link
    payload: Mapping[str, Any] | None
    salt: str | None


def _link_digest(fields: Mapping[str, Any]) -> Digest:
    return sha256(canonical({k: v for k, v in fields.items() if k != "digest"}))


def payload_digest(payload: Mapping[str, Any], salt: str) -> Digest:
    """Return the salted digest of `payload`: SHA-256 over canonical JSON of salt and payload."""
    return sha256(canonical({"payload": dict(payload), "salt": salt}))


def append(previous: Link | None, event: Event, at: datetime, salt: str) -> StoredLink:
    """Return the link that records `event` after `previous` (None at the start of a chain).

    Parameters
    ----------
    salt : str
        At least 32 hexadecimal digits, random, used once; drawn by the caller.
    """
    fields: dict[str, Any] = {
        "seq": previous.seq + 1 if previous else 1,
        "at": isoformat(at),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "payload_digest": payload_digest(event.payload, salt),
        "previous": previous.digest if previous else GENESIS,
    }
    return StoredLink(Link(**fields, digest=_link_digest(fields)), dict(event.payload), salt)


def sign_head(link: Link, key: Sealer) -> dict[str, Any]:
    """Return a signed statement that `link` is the chain's newest link."""
    return key.seal_json({"seq": link.seq, "digest": link.digest, "at": link.at}, HEAD_TYPE)


@dataclass(frozen=True)
class ChainReport:
    """What a verified chain holds."""

    links: int
    erased_payloads: int
    signed_heads: int
    head: Digest


def verify_chain(links: Iterable[StoredLink], heads: Sequence[Mapping[str, Any]], key: Opener | None) -> ChainReport:
    """Check every link, payload and signed head; return what was checked.

    Parameters
    ----------
    links : iterable of StoredLink
        In ascending order of `seq`.
    heads : sequence of DSSE envelopes
    key : Opener or None
        The key that signed the heads. Heads without a key are an error: they cannot be checked.

    Raises
    ------
    IntegrityError
        Names the first broken link, or the signed head that the chain does not reach.
    """
    digests: dict[int, Digest] = {}
    previous, erased, seq = GENESIS, 0, 0
    for stored in links:
        seq += 1
        _check_link(stored, seq, previous)
        previous = stored.link.digest
        digests[seq] = previous
        erased += stored.payload is None
    _check_heads(heads, digests, key)
    return ChainReport(links=seq, erased_payloads=erased, signed_heads=len(heads), head=previous)


def _check_link(stored: StoredLink, seq: int, previous: Digest) -> None:
    link = stored.link
    if link.seq != seq:
        raise IntegrityError(f"audit link {seq} is missing: the next one found is number {link.seq}")
    if link.previous != previous:
        raise IntegrityError(f"audit link {seq} does not follow the link before it")
    if not _agree(link.digest, lambda: _link_digest(asdict(link))):
        raise IntegrityError(f"audit link {seq} was changed after it was written")
    if (stored.payload is None) != (stored.salt is None):
        raise IntegrityError(f"audit link {seq} has lost its payload or its salt, but not both")
    payload, salt = stored.payload, stored.salt
    if payload is None or salt is None:
        return
    if not _agree(link.payload_digest, lambda: payload_digest(payload, salt)):
        raise IntegrityError(f"audit link {seq}: its payload was changed after it was written")


def _agree(digest: Digest, compute: Callable[[], Digest]) -> bool:
    """Compare a stored digest with a computed one; what has no canonical form was never hashed."""
    try:
        return compute() == digest
    except (ValueError, TypeError, RecursionError):
        return False


def _check_heads(heads: Sequence[Mapping[str, Any]], digests: Mapping[int, Digest], key: Opener | None) -> None:
    if heads and key is None:
        raise IntegrityError("the audit trail has signed heads but no key to check them with")
    for number, envelope in enumerate(heads, start=1):
        if key is None:  # pragma: no cover - excluded above, kept for the type checker
            break
        head = key.open_json(envelope, HEAD_TYPE)
        seq, digest = head.get("seq"), head.get("digest")
        if seq not in digests:
            raise IntegrityError(f"the audit trail ends before signed head {number}: link {seq} is missing")
        if digests[seq] != digest:
            raise IntegrityError(f"audit link {seq} is not the link that signed head {number} names")
