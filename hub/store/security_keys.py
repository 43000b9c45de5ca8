"""Security keys and passkeys: which are whose, and whether the one-time code still counts beside them.

Vocabulary
----------
security key
    What signs a challenge for one person at one web site: a stick, a phone, a passkey of an operating system.
signature counter
    How often a key has signed, as it says itself; some say 0 always. One that goes back was copied, or lies.

Every deed is an event of the audit trail and a notice to whose key it is, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.credentials import CredentialRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.proofs import StoredKey
from saferoom.hub.store.security_key_tables import SecurityKeyRow
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username, new_id
from saferoom.projects.notices.making import of_factor
from saferoom.signing import SigningKey

MOST_KEYS = 5
LONGEST_NAME = 40
LONGEST_REASON = 500
_LAST = "this is your last second factor: let one-time codes count again, or add another key first"
_UNKNOWN = "there is no such security key; look at the list again"


@dataclass(frozen=True)
class NewKey:
    """A key that was just made and proved.

    Attributes
    ----------
    credential_id, public_key, user_handle : str
        Base64url.
    """

    credential_id: str
    public_key: str = field(repr=False)
    user_handle: str
    sign_count: int
    synced: bool


@dataclass(frozen=True)
class SecurityKey:
    """A key as its person and administrators see it."""

    id: str
    name: str
    synced: bool
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Factors:
    """A person's second factors.

    Attributes
    ----------
    codes : bool
        Whether a one-time code lets this person in.
    """

    codes: bool
    keys: tuple[SecurityKey, ...]


class SecurityKeys:
    """Adds, finds, uses and removes security keys."""

    def __init__(self, database: Database, clock: Clock, signing_key: SigningKey) -> None:
        self._database = database
        self._clock = clock
        self._signing_key = signing_key

    def factors(self, username: Username) -> Factors:
        """Return a person's second factors.

        Raises
        ------
        NotFoundError
            Nobody is registered as `username`.
        """
        with self._database.reading() as session:
            if session.get(PersonRow, username) is None:
                raise NotFoundError(f"nobody is registered as {username}")
            row = session.get(CredentialRow, username)
            return Factors(row is not None and not row.codes_off, tuple(_read(one) for one in _of(session, username)))

    def known(self, username: Username) -> tuple[str | None, tuple[str, ...]]:
        """Return what the person's keys call the person (None without one), and what they call themselves."""
        with self._database.reading() as session:
            rows = _of(session, username)
            return (rows[0].user_handle if rows else None), tuple(row.credential_id for row in rows)

    def stored(self, username: str, credential_id: str) -> StoredKey | None:
        """Return what is needed to look at a signature of a person's key; None for anybody else's."""
        with self._database.reading() as session:
            row = _named(session, username, credential_id)
            return StoredKey(row.id, row.public_key, row.user_handle) if row else None

    def use(self, session: Session, username: str, credential_id: str, count: int) -> str:
        """Note in the caller's transaction that a key signed; return why it does not count, or nothing.

        A counter that does not rise is refused for as long as that lasts.
        """
        row = _named(session, username, credential_id)
        if row is None:
            return "key-removed"
        if (count or row.sign_count) and count <= row.sign_count:
            self._told(session, username, Username(username), "security-key.doubted", row.id, {})
            return "key-counter"
        row.sign_count, row.used_at = count, self._clock.now()
        return ""

    def add(self, username: Username, key: NewKey, name: str) -> SecurityKey:
        """Add a key of a person who is signed in.

        Raises
        ------
        BadInputError
            The name is empty, too long or taken.
        WrongStateError
            There are as many keys as there may be, the key is known already, or the person has no second factor here.
        """
        wanted = " ".join(name.split())
        if not (0 < len(wanted) <= LONGEST_NAME and wanted.isprintable()):
            raise BadInputError(
                f"a key's name has 1 to {LONGEST_NAME} characters; choose one that tells your keys apart"
            )
        with self._database.transaction() as session:
            if session.get(CredentialRow, username, with_for_update=True) is None:
                raise WrongStateError("you have no one-time code here yet; ask the administrator for one first")
            self._check(session, username, key, wanted)
            now = self._clock.now()
            row = SecurityKeyRow(id=new_id("key"), username=username, name=wanted, added_at=now, used_at=None)
            row.credential_id, row.public_key, row.user_handle = key.credential_id, key.public_key, key.user_handle
            row.sign_count, row.synced = key.sign_count, key.synced
            session.add(row)
            session.flush()
            self._told(session, username, username, "security-key.added", row.id, {})
            return _read(row)

    def remove(self, username: Username, id_: str, *, actor: str, reason: str = "") -> None:
        """Remove a key; it counts no more from this moment on.

        Who removes an own key keeps a second factor; an administrator removes also the last one, with a `reason`.

        Raises
        ------
        NotFoundError
            The person has no such key.
        BadInputError
            The reason of an administrator is missing or too long.
        WrongStateError
            It is the person's own last second factor.
        """
        own, why = actor == username, " ".join(reason.split())
        if not own and not 0 < len(why) <= LONGEST_REASON:
            raise BadInputError(f"say why, in 1 to {LONGEST_REASON} characters; it is kept in the audit trail")
        with self._database.transaction() as session:
            row = session.get(SecurityKeyRow, id_)
            if row is None or row.username != username:
                raise NotFoundError(_UNKNOWN)
            if own and session.get_one(CredentialRow, username).codes_off and len(_of(session, username)) == 1:
                raise WrongStateError(_LAST)
            session.delete(row)
            self._told(session, actor, username, "security-key.removed", id_, {} if own else {"reason": why})

    def switch_codes(self, username: Username, *, on: bool) -> None:
        """Say whether one-time codes let a person in beside the keys.

        Raises
        ------
        WrongStateError
            Without codes the person would have no second factor.
        """
        with self._database.transaction() as session:
            row = session.get(CredentialRow, username, with_for_update=True)
            if row is None or (not on and not _of(session, username)):
                raise WrongStateError("add a security key first: without codes it is your only second factor")
            if row.codes_off is not on:
                return
            row.codes_off = not on
            self._told(session, username, username, f"codes.{'on' if on else 'off'}", new_id("switch"), {})

    def _check(self, session: Session, username: Username, key: NewKey, name: str) -> None:
        mine = _of(session, username)
        if len(mine) >= MOST_KEYS:
            raise WrongStateError(
                f"you have {MOST_KEYS} security keys, which is as many as there may be; remove one first"
            )
        if any(row.name.casefold() == name.casefold() for row in mine):
            raise BadInputError("you have a key of that name; choose another one")
        taken = session.scalar(select(SecurityKeyRow.id).where(SecurityKeyRow.credential_id == key.credential_id))
        if taken is not None or any(row.user_handle != key.user_handle for row in mine):
            raise WrongStateError(
                "this key is registered already, or your keys changed meanwhile; look at the list again"
            )

    def _told(
        self, session: Session, actor: str, username: Username, kind: str, about: str, said: dict[str, str]
    ) -> None:
        event = Event(actor, kind, f"person:{username}", {"key": about, **said} if "key" in kind else said)
        session.flush()
        AuditLog(session, self._clock, self._signing_key).record(event)
        now = self._clock.now()
        tell(session, [of_factor(kind, username, f"{about}:{now.isoformat()}", now)])


def _of(session: Session, username: str) -> Sequence[SecurityKeyRow]:
    query = select(SecurityKeyRow).where(SecurityKeyRow.username == username)
    return session.scalars(query.order_by(SecurityKeyRow.added_at, SecurityKeyRow.id)).all()


def _named(session: Session, username: str, credential_id: str) -> SecurityKeyRow | None:
    # The name is compared here: what was typed as one may be no text that a database takes.
    row = session.scalar(select(SecurityKeyRow).where(SecurityKeyRow.credential_id == credential_id))
    return row if row is not None and row.username == username else None


def _read(row: SecurityKeyRow) -> SecurityKey:
    return SecurityKey(row.id, row.name, row.synced, row.added_at, row.used_at)
