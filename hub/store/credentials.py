"""Passwords and second factors: stored as Argon2id hashes and TOTP secrets, tried at a limited rate.

Every refusal reads the same, takes the same work whether or not the person exists, and leaves its event in the audit
trail.

References
----------
RFC 9106 (Argon2), RFC 6238 (TOTP; section 5.2: a code is used once, one time step of drift).
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from saferoom import ids
from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, UnauthenticatedError
from saferoom.hub.store.attempts import LONGEST_SOURCE, Attempts, forget
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.base import Base
from saferoom.hub.store.database import Database
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision
from saferoom.projects.people.password import LONGEST_BYTES, check_password, normalised
from saferoom.signing import SigningKey

STEP_SECONDS = 30
ISSUER = "Saferoom"
WRONG = Decision(
    allowed=False,
    code="wrong-credentials",
    reason="The user name, the password or the code is wrong.",
    rule="credentials.match",
    error=UnauthenticatedError,
)
WRONG_CODE = Decision(
    allowed=False,
    code="wrong-code",
    reason="The code is wrong, or it was used before; wait for the next one.",
    rule="credentials.match",
    error=UnauthenticatedError,
)


class CredentialRow(Base):
    """A person's password hash and second factor."""

    __tablename__ = "credentials"

    username: Mapped[str] = mapped_column(ForeignKey("people.username"), primary_key=True)
    password_hash: Mapped[str]
    totp_secret: Mapped[str]
    totp_last_step: Mapped[int]
    changed_at: Mapped[datetime]


@dataclass(frozen=True)
class Enrolment:
    """A new second factor, shown once to the person it belongs to."""

    username: Username
    secret: str
    uri: str


@dataclass(frozen=True)
class _Record:
    password_hash: str
    totp_secret: str
    totp_last_step: int


class Credentials:
    """Sets and checks passwords and codes."""

    def __init__(
        self, database: Database, clock: Clock, signing_key: SigningKey, hasher: PasswordHasher | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = signing_key
        self._attempts = Attempts(database, clock)
        self._hasher = hasher or PasswordHasher()
        # Compared with when nobody of that name exists, so that the answer takes as long.
        self._nobody = _Record(self._hasher.hash(secrets.token_hex(16)), pyotp.random_base32(), -1)

    def set_password(
        self, username: Username, password: str, *, actor: str = "system", totp_secret: str | None = None
    ) -> Enrolment:
        """Give `username` a password and a second factor; both replace earlier ones, and failures are forgotten.

        Parameters
        ----------
        actor : str
            Who does it, for the audit trail.
        totp_secret : str, optional
            Base 32; a fresh random one when left out.

        Raises
        ------
        BadInputError
            The password is too weak.
        NotFoundError
            Nobody is registered as `username`.
        """
        check_password(password, username)
        secret = totp_secret or pyotp.random_base32()
        hashed = self._hasher.hash(normalised(password))
        with self._database.transaction() as session:
            if session.get(PersonRow, username) is None:
                raise NotFoundError(f"nobody is registered as {username}")
            session.merge(
                CredentialRow(
                    username=username,
                    password_hash=hashed,
                    totp_secret=secret,
                    totp_last_step=-1,
                    changed_at=self._clock.now(),
                )
            )
            forget(session, username)
            self._record(session, actor, "credentials.set", username)
        uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
        return Enrolment(username, secret, uri)

    def verify(self, username: str, password: str, totp: str, source: str) -> Decision:
        """Decide whether this is the person's password and a code not used before.

        Parameters
        ----------
        source : str
            The network address that asks; all that ask from one address share its limit.

        Returns
        -------
        Decision
            ``ok``, ``wrong-credentials`` or ``too-many-attempts``.
        """
        source = source[:LONGEST_SOURCE]
        counted = self._attempts.reserve(username, source)
        if not counted:
            return counted
        known = self._known(username)
        record = known or self._nobody
        matches = self._matches(record, password)
        step = self._step(record, totp)
        if known and matches and step is not None and self._accept(Username(username), known, step, source):
            self._rehash(Username(username), known, password)
            return ALLOWED
        reason = "unknown-person" if not known else "password" if not matches else "code"
        self._refused(username if known else None, source, reason)
        return WRONG

    def verify_code(self, username: Username, totp: str, source: str) -> Decision:
        """Decide whether this is a code of the person's second factor not used before.

        For somebody whom an identity provider named already: attempts are counted as with a password.

        Returns
        -------
        Decision
            ``ok``, ``wrong-code`` or ``too-many-attempts``.
        """
        source = source[:LONGEST_SOURCE]
        counted = self._attempts.reserve(username, source)
        if not counted:
            return counted
        known = self._known(username)
        step = self._step(known or self._nobody, totp)
        if known and step is not None and self._accept(username, known, step, source, "second-factor.succeeded"):
            return ALLOWED
        self._refused(username, source, "code" if known else "no-second-factor")
        return WRONG_CODE

    def enrolled(self, username: Username) -> bool:
        """Tell whether `username` has a password."""
        return self._known(username) is not None

    def _known(self, username: str) -> _Record | None:
        try:
            name = ids.username(username)
        except BadInputError:
            return None
        with self._database.reading() as session:
            row = session.get(CredentialRow, name)
            return _Record(row.password_hash, row.totp_secret, row.totp_last_step) if row else None

    def _matches(self, record: _Record, password: str) -> bool:
        try:
            text = normalised(password[: LONGEST_BYTES + 1])
            return self._hasher.verify(record.password_hash, text)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _step(self, record: _Record, totp: str) -> int | None:
        """Return the time step whose code `totp` is: now, the one before or the one after."""
        code = totp.replace(" ", "") if re.fullmatch(r"[0-9 ]{6,12}", totp) else ""
        now = int(self._clock.now().timestamp()) // STEP_SECONDS
        found = None
        for step in (now - 1, now, now + 1):
            if hmac.compare_digest(pyotp.TOTP(record.totp_secret).generate_otp(step), code):
                found = step
        return found

    def _accept(
        self, username: Username, record: _Record, step: int, source: str, event: str = "sign-in.succeeded"
    ) -> bool:
        """Use up the code's time step; False when it was used before, or the password changed meanwhile."""
        with self._database.transaction() as session:
            row = session.get_one(CredentialRow, username, with_for_update=True)
            if row.password_hash != record.password_hash or step <= row.totp_last_step:
                return False
            row.totp_last_step = step
            forget(session, username)
            self._record(session, username, event, username, source=source)
        return True

    def _rehash(self, username: Username, record: _Record, password: str) -> None:
        """Bring the hash up to today's cost while the password is at hand."""
        if not self._hasher.check_needs_rehash(record.password_hash):
            return
        hashed = self._hasher.hash(normalised(password))
        with self._database.transaction() as session:
            row = session.get_one(CredentialRow, username)
            if row.password_hash == record.password_hash:
                row.password_hash = hashed

    def _refused(self, username: str | None, source: str, reason: str) -> None:
        with self._database.transaction() as session:
            self._record(session, "anonymous", "sign-in.failed", username or "unknown", source=source, reason=reason)

    def _record(self, session: Session, actor: str, action: str, username: str, **payload: str) -> None:
        AuditLog(session, self._clock, self._key).record(Event(actor, action, f"person:{username}", payload))
