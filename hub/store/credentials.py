"""Passwords and second factors: stored as Argon2id hashes and TOTP secrets, tried at a limited rate.

Every refusal reads the same, takes the same work whether or not the person exists, and leaves its event in the audit
trail.

References
----------
RFC 9106 (Argon2). For the second factors see `saferoom.hub.store.proofs`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from saferoom import ids
from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, UnauthenticatedError
from saferoom.hub.store.attempts import LONGEST_SOURCE, Attempts, forget
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.base import Base
from saferoom.hub.store.database import Database
from saferoom.hub.store.proofs import Code, Known, Proof
from saferoom.hub.store.security_key_tables import SecurityKeyRow
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision
from saferoom.projects.people.password import LONGEST_BYTES, check_password, normalised
from saferoom.signing import SigningKey

ISSUER = "Saferoom"
WRONG = Decision(
    allowed=False,
    code="wrong-credentials",
    reason="The user name, the password, or the code or key is wrong.",
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
    codes_off: Mapped[bool] = mapped_column(server_default="0")
    """Whether this person signs in with security keys alone."""
    changed_at: Mapped[datetime]


@dataclass(frozen=True)
class Enrolment:
    """A new second factor, shown once to the person it belongs to."""

    username: Username
    secret: str
    uri: str


class Credentials:
    """Sets and checks passwords and second factors."""

    def __init__(
        self, database: Database, clock: Clock, signing_key: SigningKey, hasher: PasswordHasher | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = signing_key
        self._attempts = Attempts(database, clock)
        self._hasher = hasher or PasswordHasher()
        # Compared with when nobody of that name exists, so that the answer takes as long.
        self._nobody = Known(self._hasher.hash(secrets.token_hex(16)), pyotp.random_base32(), -1)

    def set_password(
        self, username: Username, password: str, *, actor: str = "system", totp_secret: str | None = None
    ) -> Enrolment:
        """Give `username` a password and a second factor; both replace earlier ones, and failures are forgotten.

        Security keys end with the others: whoever took an account over may have added one.

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
                    codes_off=False,
                    changed_at=self._clock.now(),
                )
            )
            forget(session, username)
            keys = session.scalars(select(SecurityKeyRow).where(SecurityKeyRow.username == username)).all()
            for key in keys:
                session.delete(key)
            ended = {"keys_ended": str(len(keys))} if keys else {}
            self._record(session, actor, "credentials.set", username, **ended)
        uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
        return Enrolment(username, secret, uri)

    def verify(self, username: str, password: str, proof: str | Proof, source: str) -> Decision:
        """Decide whether this is the person's password and a second factor not used before.

        Parameters
        ----------
        proof : str or Proof
            A one-time code, or what else there is.
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
        proof = Code(proof) if isinstance(proof, str) else proof
        holds = proof.holds(username, record, self._clock.now())
        if known and matches and holds and self._accept(Username(username), known, proof, source):
            self._rehash(Username(username), known, password)
            return ALLOWED
        reason = "unknown-person" if not known else "password" if not matches else proof.reason
        self._refused(username if known else None, source, reason)
        return WRONG

    def verify_code(self, username: Username, proof: str | Proof, source: str) -> Decision:
        """Decide whether this is a second factor of the person's not used before.

        For somebody whom an identity provider named already: attempts are counted as with a password.

        Returns
        -------
        Decision
            ``ok``, ``wrong-code``, ``wrong-key`` or ``too-many-attempts``.
        """
        source = source[:LONGEST_SOURCE]
        counted = self._attempts.reserve(username, source)
        if not counted:
            return counted
        known = self._known(username)
        proof = Code(proof) if isinstance(proof, str) else proof
        holds = proof.holds(username, known or self._nobody, self._clock.now())
        if known and holds and self._accept(username, known, proof, source, "second-factor.succeeded"):
            return ALLOWED
        self._refused(username, source, proof.reason if known else "no-second-factor")
        return proof.wrong

    def enrolled(self, username: Username) -> bool:
        """Tell whether `username` has a password."""
        return self._known(username) is not None

    def _known(self, username: str) -> Known | None:
        try:
            name = ids.username(username)
        except BadInputError:
            return None
        with self._database.reading() as session:
            row = session.get(CredentialRow, name)
            if row is None:
                return None
            return Known(row.password_hash, row.totp_secret, row.totp_last_step, row.codes_off)

    def _matches(self, record: Known, password: str) -> bool:
        try:
            text = normalised(password[: LONGEST_BYTES + 1])
            return self._hasher.verify(record.password_hash, text)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _accept(
        self, username: Username, known: Known, proof: Proof, source: str, event: str = "sign-in.succeeded"
    ) -> bool:
        """Use the proof up; False when it was used before, or the password changed meanwhile."""
        with self._database.transaction() as session:
            row = session.get_one(CredentialRow, username, with_for_update=True)
            if row.password_hash != known.password_hash or not proof.use(session, row):
                return False
            forget(session, username)
            self._record(session, username, event, username, source=source, factor=proof.word)
        return True

    def _rehash(self, username: Username, record: Known, password: str) -> None:
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
