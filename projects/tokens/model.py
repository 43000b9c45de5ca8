"""API tokens: what a program shows in the name of its person.

Vocabulary
----------
token
    A secret that stands for one person until a day, for reading alone or for deeds as well. Only its digest is kept.
scope
    What a token is good for. It never gives more than its person may do at that moment.
proof
    The person's password and a code of the second factor, asked for again when a token is made: a session that somebody
    else got hold of makes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from saferoom.digests import sha256
from saferoom.ids import Digest, Username
from saferoom.policies.models import PolicyModel

PREFIX = "srt_"
"""What every secret begins with, so that people and scanners of code know one when they see it."""
LONGEST_DAYS = 30
USUAL_DAYS = 7
MOST_TOKENS = 10
"""Most tokens of one person that hold at the same time."""
SECRET_BYTES = 32
_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    ACT = "act"
    """Reading, and every deed of its person."""


class Ending(StrEnum):
    """Why a token no longer holds."""

    EXPIRED = "expired"
    ENDED = "ended"
    """Its person or an administrator ended it."""
    STANDING = "standing"
    """Its person could not sign in any more."""
    PASSWORD = "password"  # noqa: S105 - a reason's name
    """Its person got a new password since it was made."""


@dataclass(frozen=True)
class Token:
    """A token without its secret.

    Attributes
    ----------
    used_at : datetime or None
        When it was used last, to the minute.
    ended_by : str
        Who ended it; empty while nobody did.
    """

    id: str
    username: Username
    name: str
    scope: Scope
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ending: Ending | None = None

    def ending_at(self, at: datetime, longest_days: int, password_set: datetime | None) -> Ending | None:
        """Return why it does not hold at `at`, None when it does.

        Parameters
        ----------
        longest_days : int
            What the instance's policy allows now; also for tokens made before.
        password_set : datetime or None
            When its person got the present password.
        """
        if self.ending is not None:
            return self.ending
        if password_set is not None and password_set > self.made_at:
            return Ending.PASSWORD
        until = min(self.expires_at, self.made_at + timedelta(days=longest_days))
        return Ending.EXPIRED if at >= until else None


@dataclass(frozen=True)
class Listing:
    """A token as a list shows it; `ending` says why it does not hold now."""

    token: Token
    ending: Ending | None


class TokenForm(PolicyModel):
    """A token to make, with the proof that its person asks."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scope: Scope
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
    password: Annotated[str, Field(min_length=1, max_length=1024, repr=False)]
    code: Annotated[str, Field(min_length=1, max_length=12, repr=False)]


@dataclass(frozen=True)
class Holder:
    """Whom a secret stands for."""

    username: Username
    token: str
    scope: Scope


def looks_like_one(secret: str) -> bool:
    """Tell whether `secret` has the form of a token's; nothing is looked up."""
    return _SECRET.fullmatch(secret) is not None


def digest_of(secret: str) -> Digest:
    """Return what is kept of a secret. It has 256 random bits, so a plain digest cannot be turned back by guessing."""
    return sha256(secret.encode("utf-8", "replace"))
