"""What was asked of a browser's security key and not answered yet, and who has just signed in: kept in memory, briefly.

A browser finds its own by a cookie that no script and no room sees. A hub that starts again has forgotten all of it.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from saferoom.clock import Clock
from saferoom.digests import sha256

CHALLENGE_LIFETIME = timedelta(minutes=3)
FRESH = timedelta(minutes=10)
"""How long after a sign-in somebody may change the own second factor."""
_CHALLENGE_BYTES = 32
_MOST = 20_000
_MOST_PER_SOURCE = 200


class Purpose(StrEnum):
    """What a key is asked for."""

    SIGN_IN = "sign-in"
    REGISTER = "register"


@dataclass(frozen=True)
class Challenge:
    """What a key has to sign, for whom, and what for.

    Attributes
    ----------
    username : str
        Who it was asked for, as that was said: perhaps nobody.
    handle : bytes
        With `Purpose.REGISTER` what the new key will call its person.
    """

    purpose: Purpose
    username: str
    source: str
    since: datetime
    handle: bytes = b""
    value: bytes = field(default_factory=lambda: secrets.token_bytes(_CHALLENGE_BYTES), repr=False)


class Challenges:
    """Gives out challenges and takes them back, once each.

    The oldest give way: those of one source first, so that nobody takes away everybody's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Challenge] = OrderedDict()

    def begin(self, purpose: Purpose, username: str, source: str, handle: bytes = b"") -> tuple[str, Challenge]:
        """Return a new challenge, and the secret that finds it."""
        now = self._clock.now()
        while self._open and now - next(iter(self._open.values())).since >= CHALLENGE_LIFETIME:
            self._open.popitem(last=False)
        same = [name for name, one in self._open.items() if one.source == source]
        if len(same) >= _MOST_PER_SOURCE:
            del self._open[same[0]]
        elif len(self._open) >= _MOST:
            self._open.popitem(last=False)
        secret, made = secrets.token_urlsafe(32), Challenge(purpose, username, source, now, handle)
        self._open[_digest(secret)] = made
        return secret, made

    def take(self, secret: str, purpose: Purpose, username: str) -> Challenge | None:
        """Return the challenge of `secret` if it was made for this and is not old; it is used up in any case."""
        found = self._open.pop(_digest(secret), None)
        if found is None or self._clock.now() - found.since >= CHALLENGE_LIFETIME:
            return None
        return found if (found.purpose, found.username) == (purpose, username) else None


class Fresh:
    """Remembers which browser somebody has just signed in with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signed_in: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    def begin(self, username: str) -> str:
        """Return the secret of a browser with which `username` signed in now."""
        secret = secrets.token_urlsafe(32)
        self._signed_in[_digest(secret)] = (username, self._clock.now())
        while len(self._signed_in) > _MOST:
            self._signed_in.popitem(last=False)
        return secret

    def holds(self, secret: str, username: str) -> bool:
        """Tell whether `username` signed in with this browser a moment ago."""
        name, since = self._signed_in.get(_digest(secret), ("", None))
        return since is not None and name == username and self._clock.now() - since < FRESH


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace"))
