"""What people show besides a password, and what becomes of it: a one-time code or a signature of a security key.

A proof is looked at before anything is written, with the same work for people who do not exist, and used up in the
transaction that lets somebody in.

References
----------
RFC 6238 (TOTP; section 5.2: a code is used once, one time step of drift). W3C Web Authentication Level 3, section 7.2
(verifying an assertion; step 22: the signature counter).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import pyotp
from sqlalchemy.orm import Session

from saferoom.errors import UnauthenticatedError
from saferoom.projects.decision import Decision

if TYPE_CHECKING:
    from saferoom.hub.store.credentials import CredentialRow
    from saferoom.hub.store.security_keys import SecurityKeys

STEP_SECONDS = 30
WRONG_CODE = Decision(
    allowed=False,
    code="wrong-code",
    reason="The code is wrong, or it was used before; wait for the next one.",
    rule="credentials.match",
    error=UnauthenticatedError,
)
WRONG_KEY = Decision(
    allowed=False,
    code="wrong-key",
    reason="The security key was not accepted. Try again, or use a one-time code.",
    rule="credentials.match",
    error=UnauthenticatedError,
)


@dataclass(frozen=True)
class Known:
    """What is kept of somebody's password and codes.

    Attributes
    ----------
    codes_off : bool
        Whether this person signs in with security keys alone.
    """

    password_hash: str
    totp_secret: str
    totp_last_step: int
    codes_off: bool = False


class Proof(Protocol):
    """A second factor as somebody shows it.

    Attributes
    ----------
    word : str
        What it is, for the audit trail.
    reason : str
        Why it does not hold, once it was looked at; for the audit trail.
    wrong : Decision
        The refusal of whoever shows it alone.
    """

    word: str
    reason: str
    wrong: Decision

    def holds(self, username: str, known: Known, now: datetime) -> bool:
        """Tell whether it is this person's; nothing is written."""

    def use(self, session: Session, row: CredentialRow) -> bool:
        """Use it up; False when it was used before, or counts no more."""


class Code:
    """A one-time code.

    Parameters
    ----------
    inside : bool
        Whether it is asked of somebody who is signed in: there it counts also for people who sign in with keys alone.
    """

    word = "code"
    wrong = WRONG_CODE

    def __init__(self, text: str, *, inside: bool = False) -> None:
        self._text = text.replace(" ", "") if re.fullmatch(r"[0-9 ]{6,12}", text) else ""
        self._inside = inside
        self._step: int | None = None
        self.reason = "code"

    def holds(self, username: str, known: Known, now: datetime) -> bool:  # noqa: ARG002
        """Tell whether it is the code of now, the one before or the one after."""
        current = int(now.timestamp()) // STEP_SECONDS
        for step in (current - 1, current, current + 1):
            if hmac.compare_digest(pyotp.TOTP(known.totp_secret).generate_otp(step), self._text):
                self._step = step
        if self._step is not None and known.codes_off and not self._inside:
            self.reason = "codes-off"
            return False
        return self._step is not None

    def use(self, session: Session, row: CredentialRow) -> bool:  # noqa: ARG002
        """Use up the code's time step."""
        if self._step is None or self._step <= row.totp_last_step or (row.codes_off and not self._inside):
            return False
        row.totp_last_step = self._step
        return True


@dataclass(frozen=True)
class StoredKey:
    """What is needed to look at a signature.

    Attributes
    ----------
    public_key, user_handle : str
        Base64url.
    """

    id: str
    public_key: str
    user_handle: str


@dataclass(frozen=True)
class Assertion:
    """What a browser brought of a security key.

    Attributes
    ----------
    credential_id : str
        Which key it says it is, base64url.
    count : callable
        Returns the key's signature counter when a stored key made the signature, and None otherwise.
    """

    credential_id: str
    count: Callable[[StoredKey], int | None]


class KeySignature:
    """A signature of a security key."""

    word = "key"
    wrong = WRONG_KEY

    def __init__(self, keys: SecurityKeys, assertion: Assertion) -> None:
        self._keys = keys
        self._assertion = assertion
        self._count: int | None = None
        self.reason = "key"

    def holds(self, username: str, known: Known, now: datetime) -> bool:  # noqa: ARG002
        """Tell whether a key of this person's signed; somebody's key is as unknown as nobody's."""
        stored = self._keys.stored(username, self._assertion.credential_id)
        self._count = self._assertion.count(stored or NOBODYS)
        return stored is not None and self._count is not None

    def use(self, session: Session, row: CredentialRow) -> bool:
        """Note the key's counter; one that did not rise is refused, and everybody concerned is told."""
        if self._count is None:
            return False
        self.reason = self._keys.use(session, row.username, self._assertion.credential_id, self._count)
        return not self.reason


# Of a pair whose private part nobody has kept: compared with where there is no key, so that the answer takes as long.
NOBODYS = StoredKey(
    id="",
    public_key=(
        "pQECAyYgASFYIIcJxwOsKvr-XvFOJmWy_3v16Y9WHr3LoQEPmKNOhpf4IlggG-t1maVm9ILknaE0PdHqocXoi6e2Vvpm31seKlwu2Nw"
    ),
    user_handle="",
)
