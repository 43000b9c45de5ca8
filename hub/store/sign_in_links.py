"""Who is who at an identity provider: links between accounts there and people here, and how long a sign-in holds.

Vocabulary
----------
identity
    What a provider vouches for: its own address (issuer) and its name for the account (subject), which it never gives
    to another one. Nothing else links anybody: names and e-mail addresses change hands.
link
    That an identity is a person's. The subject is kept as a keyed hash alone.
invitation
    A code that an administrator hands to a person, who makes the link with it, once.

Every link, its end, and every refusal is an event of the audit trail.

References
----------
OpenID Connect Core 1.0, sections 2 and 5.7 (only ``iss`` and ``sub`` together identify).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.store.attempts import LONGEST_SOURCE, Attempts, forget
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.sign_in_tables import InvitationRow, SignInLinkRow
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden
from saferoom.signing import SigningKey

LONGEST_SUBJECT = 255
LONGEST_ISSUER = 500
MOST_INVITATION_DAYS = 30
_CODE_BYTES = 10
_GROUP = 4
_RULE = "sign-in.link"
NOT_LINKED = forbidden(
    "not-linked",
    "This account belongs to nobody here. Ask the administrator to link it, or for an invitation.",
    _RULE,
)
WRONG_INVITATION = forbidden(
    "wrong-invitation", "This invitation is not known, was used or has expired; ask the administrator.", _RULE
)
_TAKEN = "either this account or this person is linked already; end that link first: saferoom admin unlink-account"
_ENDED = forbidden("link-ended", "Your account is not linked any more; ask the administrator.", _RULE)
_OVER = forbidden("session-over", "Your session is over; sign in again.", "sign-in.lifetime")


@dataclass(frozen=True)
class Identity:
    """An account at a provider.

    Raises
    ------
    BadInputError
        Issuer or subject are nothing that a provider gives out.
    """

    issuer: str
    subject: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, text, longest in (
            ("issuer", self.issuer, LONGEST_ISSUER),
            ("subject", self.subject, LONGEST_SUBJECT),
        ):
            if not (0 < len(text) <= longest and text.isascii() and text.isprintable()):
                raise BadInputError(f"the {name} must be 1 to {longest} printable ASCII characters")


@dataclass(frozen=True)
class Link:
    """That a person has an account at the provider `issuer`."""

    issuer: str
    username: Username
    linked_at: datetime
    linked_by: str
    signed_in_at: datetime | None


@dataclass(frozen=True)
class Invitation:
    """A new invitation; its code is shown this once."""

    username: Username
    code: str = field(repr=False)
    expires_at: datetime


class SignInLinks:
    """Makes, finds and ends links.

    Parameters
    ----------
    key : bytes, 32
        What subjects and codes are hashed with, so that a copy of the store does not tell them.
    """

    def __init__(self, database: Database, clock: Clock, signing_key: SigningKey, key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._signing_key = signing_key
        self._key = key
        self._attempts = Attempts(database, clock)

    def link(self, username: Username, identity: Identity, *, actor: str) -> None:
        """Say that `identity` is the person's.

        Raises
        ------
        NotFoundError
            Nobody is registered as `username`.
        WrongStateError
            The identity is somebody's, or the person has another one at the same provider.
        """
        with self._writing() as session:
            self._add(session, username, identity, actor)

    def unlink(self, username: Username, *, actor: str) -> int:
        """End every link and open invitation of a person; return how many links ended. Sessions end with them.

        Raises
        ------
        NotFoundError
            Nobody is registered as `username`.
        """
        with self._writing() as session:
            _registered(session, username)
            links = session.scalars(select(SignInLinkRow).where(SignInLinkRow.username == username)).all()
            for link in links:
                session.delete(link)
                self._record(session, Event(actor, "sign-in-link.ended", _subject(username), {"issuer": link.issuer}))
            if (invitation := session.get(InvitationRow, username)) is not None:
                session.delete(invitation)
                self._record(session, Event(actor, "sign-in-invitation.ended", _subject(username), {}))
        return len(links)

    def of(self, username: Username) -> tuple[Link, ...]:
        """Return a person's links."""
        query = select(SignInLinkRow).where(SignInLinkRow.username == username).order_by(SignInLinkRow.issuer)
        with self._database.reading() as session:
            return tuple(_read(row) for row in session.scalars(query))

    def person(self, identity: Identity) -> Username | None:
        """Return whose `identity` is; None when it is nobody's."""
        with self._database.reading() as session:
            row = session.get(SignInLinkRow, self._digest(identity))
            return Username(row.username) if row else None

    def invite(self, username: Username, *, actor: str, days: int) -> Invitation:
        """Make an invitation for a person; an earlier one is void.

        Raises
        ------
        NotFoundError
            Nobody is registered as `username`.
        BadInputError
            It would last longer than invitations may.
        """
        if not 1 <= days <= MOST_INVITATION_DAYS:
            raise BadInputError(f"an invitation lasts 1 to {MOST_INVITATION_DAYS} days")
        text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
        now = self._clock.now()
        row = InvitationRow(username=username, digest=self._code(text), made_at=now, made_by=actor)
        row.expires_at = now + timedelta(days=days)
        with self._writing() as session:
            _registered(session, username)
            session.merge(row)
            self._record(session, Event(actor, "sign-in-invitation.made", _subject(username), {"days": str(days)}))
        code = "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
        return Invitation(username, code, row.expires_at)

    def accept(self, code: str, identity: Identity, source: str) -> Decision:
        """Link `identity` to the person whose invitation `code` is; the invitation is used up.

        Attempts are counted for the identity and for the `source` they come from.
        """
        source, account = source[:LONGEST_SOURCE], self._digest(identity)
        counted = self._attempts.reserve(account, source)
        if not counted:
            return counted
        with self._writing() as session:
            query = select(InvitationRow).where(InvitationRow.digest == self._code(code)).with_for_update()
            row = session.scalar(query)
            if row is not None and row.expires_at > self._clock.now():
                username = Username(row.username)
                session.delete(row)
                self._add(session, username, identity, username)
                forget(session, account)
                return ALLOWED
            self._refused(session, None, source, WRONG_INVITATION.code)
        return WRONG_INVITATION

    def entered(self, username: Username, identity: Identity, source: str) -> Decision:
        """Note that a person signed in with `identity` now; refused when the link ended meanwhile."""
        with self._writing() as session:
            row = session.get(SignInLinkRow, self._digest(identity), with_for_update=True)
            if row is None or row.username != username:
                return NOT_LINKED
            row.signed_in_at = self._clock.now()
            said = {"source": source[:LONGEST_SOURCE], "issuer": identity.issuer}
            self._record(session, Event(username, "sign-in.succeeded", _subject(username), said))
        return ALLOWED

    def refused(self, username: Username | None, source: str, reason: str) -> None:
        """Write into the audit trail that a sign-in through a provider was refused, and the code of the reason."""
        with self._writing() as session:
            self._refused(session, username, source[:LONGEST_SOURCE], reason)

    def holds(self, username: Username, issuer: str, lifetime: timedelta | None = None) -> Decision:
        """Decide whether a person is linked at `issuer` and, with `lifetime`, signed in no longer ago than that."""
        with self._database.reading() as session:
            row = session.scalar(_at(username, issuer))
            if row is None:
                return _ENDED
            if lifetime is None:
                return ALLOWED
            since = row.signed_in_at
            return ALLOWED if since is not None and self._clock.now() - since < lifetime else _OVER

    def _add(self, session: Session, username: Username, identity: Identity, actor: str) -> None:
        _registered(session, username)
        digest = self._digest(identity)
        if session.get(SignInLinkRow, digest) is not None or session.scalar(_at(username, identity.issuer)) is not None:
            raise WrongStateError(_TAKEN)
        row = SignInLinkRow(digest=digest, issuer=identity.issuer, username=username, signed_in_at=None)
        row.linked_at, row.linked_by = self._clock.now(), actor
        session.add(row)
        session.flush()
        self._record(session, Event(actor, "sign-in-link.made", _subject(username), {"issuer": identity.issuer}))

    def _digest(self, identity: Identity) -> str:
        return self._keyed(b"identity\x00" + identity.issuer.encode() + b"\x00" + identity.subject.encode())

    def _code(self, code: str) -> str:
        plain = "".join(code.split()).replace("-", "").upper()
        return self._keyed(b"invitation\x00" + plain.encode("utf-8", "surrogatepass"))

    def _keyed(self, text: bytes) -> str:
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        try:
            with self._database.transaction() as session:
                yield session
        except ConstraintError:
            raise WrongStateError(_TAKEN) from None

    def _refused(self, session: Session, username: Username | None, source: str, reason: str) -> None:
        said = {"source": source, "reason": reason, "method": "oidc"}
        self._record(session, Event("anonymous", "sign-in.failed", _subject(username or "unknown"), said))

    def _record(self, session: Session, event: Event) -> None:
        AuditLog(session, self._clock, self._signing_key).record(event)


def _at(username: Username, issuer: str) -> Select[SignInLinkRow]:
    return select(SignInLinkRow).where(SignInLinkRow.username == username, SignInLinkRow.issuer == issuer)


def _registered(session: Session, username: Username) -> None:
    if session.get(PersonRow, username) is None:
        raise NotFoundError(f"nobody is registered as {username}")


def _subject(username: str) -> str:
    return f"person:{username}"


def _read(row: SignInLinkRow) -> Link:
    return Link(row.issuer, Username(row.username), row.linked_at, row.linked_by, row.signed_in_at)
