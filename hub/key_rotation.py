"""The signing key is changed: a new one is made, the change recorded by both, and the old private key removed.

Three steps, and one key is valid after each: the new key lies beside the old one; the audit trail names it (that is the
moment); it takes the old one's place on disk. Whoever opens the instance after the second finishes the third.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from saferoom.audit import GENESIS, Event
from saferoom.clock import isoformat
from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.key_evidence import reading
from saferoom.hub.key_inventory import Inventory, gather
from saferoom.hub.store.audit_log import KEY_ROTATED, KEY_SUBJECT, AuditLinkRow, AuditLog, rotations
from saferoom.hub.store.vault import FileVault
from saferoom.ids import Digest
from saferoom.projects.keys.rotations import PublicKey, Rotation, Stated, check, listing, payload_digest, seal
from saferoom.signing import EndedKey, SigningKey, VerifyingKey

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance


@dataclass(frozen=True)
class Rotated:
    """What a rotation did.

    Attributes
    ----------
    link : int
        The link of the audit trail that says so.
    """

    ended: str
    new: str
    link: int
    inventory: Inventory


def rotate(instance: Instance, actor: str, reason: str, *, compromised: bool, since: datetime | None = None) -> Rotated:
    """Make a new signing key and let it take the place of the one that `instance` has.

    `instance` has the old key still: open it again. The caller sees to it that no service is running.

    Parameters
    ----------
    since : datetime, optional
        From when on somebody else had the old key, or may have had it, where that is known.

    Raises
    ------
    BadInputError
        That is later than now, or said of a key that is not compromised.
    WrongStateError
        Keys are handed in from elsewhere: a new one would be lost with the copy that it is written beside.
    UnavailableError
        The folder of keys cannot be written; nothing was changed.
    """
    keys.check_kept_here(instance.home)
    if since is not None and (not compromised or since > instance.clock.now()):
        raise BadInputError(
            "the moment since when somebody else had the key goes with a compromised one, and is in the past; "
            "nothing was changed"
        )
    new = SigningKey.generate()
    keys.put_beside(instance.home.next_signing_key, new.to_pem())
    said = {"reason": reason, "compromised": compromised, "since": since and isoformat(since)}
    with instance.database.transaction() as session:
        done = _recorded(session, instance, new, Event(actor, KEY_ROTATED, KEY_SUBJECT, said))
    keys.take_over(instance.home)
    return done


def _recorded(session: Session, instance: Instance, new: SigningKey, event: Event) -> Rotated:
    """Sign the old key's last head, write down what it had signed, and record the statement of both."""
    old = instance.signing_key
    log = AuditLog(session, instance.clock, old)
    log.sign()
    newest = log.newest()
    found = gather(session, instance.home, instance.vault, old.verifying_key)
    before = _statements(session)
    last = payload_digest(before[-1][1], old.verifying_key) if before else None
    rotation = Rotation(
        number=len(before) + 1,
        ended=PublicKey.of(old.verifying_key),
        new=PublicKey.of(new.verifying_key),
        at=isoformat(instance.clock.now()),
        compromised=bool(event.payload["compromised"]),
        after_link=newest.seq if newest else 0,
        after_digest=newest.digest if newest else GENESIS,
        listed=instance.vault.put(listing(found.outside)),
        kept=instance.vault.put(listing(found.inside)),
        previous=last,
        compromised_since=event.payload["since"],
    )
    payload = {
        **event.payload,
        "ended": rotation.ended.key_id,
        "new": rotation.new.key_id,
        "statement": seal(rotation, old, new),
    }
    link = log.record(Event(event.actor, event.action, event.subject, payload))
    AuditLog(session, instance.clock, new).sign()
    return Rotated(rotation.ended.key_id, rotation.new.key_id, link.seq, found)


def settle(home: Home) -> None:
    """Finish a rotation that was interrupted after the audit trail had named the new key."""
    with _reading(home) as session:
        row = session.execute(rotations().order_by(AuditLinkRow.seq.desc()).limit(1)).first() if session else None
    if row is not None and (row.payload or {}).get("new") == keys.next_key_id(home):
        keys.take_over(home)


def ended_keys(home: Home, current: VerifyingKey) -> tuple[EndedKey, ...]:
    """Return the ended keys of the instance, as the audit trail and the vault have them.

    Raises
    ------
    IntegrityError
        A statement does not hold.
    """
    with _reading(home) as session:
        return tuple(ended for _, ended in checked(session, home, current)) if session else ()


def checked(session: Session, home: Home, current: VerifyingKey) -> tuple[tuple[Rotation, EndedKey], ...]:
    """Return every statement of the audit trail, checked, with the key that it ended."""
    vault = FileVault(home.vault)

    def lists(rotation: Rotation) -> frozenset[str]:
        return _listed(vault, rotation.listed) | _listed(vault, rotation.kept)

    stated = _statements(session)
    found = check(current, [envelope for _, envelope, _ in stated], lists)
    for (link, _, before), (rotation, _) in zip(stated, found, strict=True):
        if (rotation.after_link, rotation.after_digest) != (link - 1, before):
            raise IntegrityError(
                f"audit link {link} has a statement on the signing key that was made for another place"
            )
    return found


def published(instance: Instance) -> tuple[Stated, ...]:
    """Return the statements with what each lists for those outside."""
    with instance.database.reading() as session:
        current = instance.signing_key.verifying_key
        found = checked(session, instance.home, current)
        envelopes = [envelope for _, envelope, _ in _statements(session)]
    lists = [_listed(instance.vault, rotation.listed) for rotation, _ in found]
    return tuple(Stated(envelope, listed) for envelope, listed in zip(envelopes, lists, strict=True))


def _listed(vault: FileVault, digest: str) -> frozenset[str]:
    return frozenset(vault.get(Digest(digest)).decode().split())


def _statements(session: Session) -> Sequence[tuple[int, dict[str, Any], str]]:
    """Return link, envelope and digest of the link before, of every rotation, the oldest first."""
    found = session.execute(rotations().order_by(AuditLinkRow.seq)).all()
    if any("statement" not in (payload or {}) for _, payload, _ in found):
        raise IntegrityError("a statement on the change of the signing key is gone from the audit trail; restore it")
    return [(seq, (payload or {})["statement"], previous) for seq, payload, previous in found]


@contextmanager
def _reading(home: Home) -> Iterator[Session | None]:
    """Yield one moment of the home's database; None where there is none yet, or no audit trail in it."""
    with reading(home) as session:
        known = session is not None and inspect(session.connection()).has_table(AuditLinkRow.__tablename__)
        yield session if known else None
