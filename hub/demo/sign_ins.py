"""The demonstration's passwords and second factors: random per home, kept beside it so that they can be shown again.

A real instance never keeps a password. Here they stand in a file that only the home's owner may read, because the
demonstration's people are played by whoever started it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.store.credentials import Credentials
from saferoom.ids import Username, username

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = 4


@dataclass(frozen=True)
class SignIn:
    """How somebody of the demonstration signs in."""

    username: Username
    password: str = field(repr=False)
    totp_secret: str = field(repr=False)

    def code(self, at: datetime) -> str:
        """Return the one-time code of the 30 seconds around `at`."""
        import pyotp

        return pyotp.TOTP(self.totp_secret).at(at)


def enrol(credentials: Credentials, people: Sequence[Username], file: Path) -> dict[Username, SignIn]:
    """Give everybody in `people` a password and a second factor, once, and return all of them."""
    known = load(file) if file.exists() else {}
    for person in people:
        if person in known and credentials.enrolled(person):
            continue
        password = _password()
        enrolment = credentials.set_password(person, password, actor="saferoom demo")
        known[person] = SignIn(person, password, enrolment.secret)
        _save(file, known)
    return {person: known[person] for person in people}


def load(file: Path) -> dict[Username, SignIn]:
    """Return the sign-ins kept in `file`.

    Raises
    ------
    BadInputError
        No demonstration was prepared there.
    IntegrityError
        The file is not what `enrol` wrote.
    """
    try:
        items = json.loads(file.read_text())
        found = [SignIn(username(item["username"]), item["password"], item["totp_secret"]) for item in items]
    except FileNotFoundError:
        raise BadInputError("there is no demonstration here yet; start one with: saferoom demo") from None
    except (ValueError, KeyError, TypeError, BadInputError):
        raise IntegrityError(f"{file.name} cannot be read; start over with: saferoom demo --fresh") from None
    return {sign_in.username: sign_in for sign_in in found}


def _save(file: Path, sign_ins: dict[Username, SignIn]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump([asdict(sign_in) for sign_in in sign_ins.values()], stream, indent=1)
    partial.replace(file)


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))
