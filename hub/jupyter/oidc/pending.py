"""Sign-ins between the provider and the hub: kept in memory, for minutes, found by a cookie."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from saferoom.clock import Clock
from saferoom.digests import sha256
from saferoom.hub.jupyter.oidc.provider import Verified
from saferoom.ids import Username

LONGEST = timedelta(minutes=5)
"""How long a pending sign-in waits."""
STATE_LIFETIME = timedelta(minutes=10)
"""How long somebody may stay at the provider."""
_MOST = 1_000
_MOST_STATES = 100_000


@dataclass
class Pending:
    """Somebody whom the provider named, and who has a step to go.

    Attributes
    ----------
    username : Username or None
        None while the account is linked to nobody.
    """

    verified: Verified
    username: Username | None
    next_url: str
    since: datetime = field(repr=False)


class Waiting:
    """Finds pending sign-ins; the oldest give way when there are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: OrderedDict[str, Pending] = OrderedDict()
        self._states: OrderedDict[str, datetime] = OrderedDict()

    def begin(self, verified: Verified, username: Username | None, next_url: str) -> str:
        """Return the secret that finds a new pending sign-in."""
        secret = secrets.token_urlsafe(32)
        self._pending[sha256(secret.encode())] = Pending(verified, username, next_url, self._clock.now())
        while len(self._pending) > _MOST:
            self._pending.popitem(last=False)
        return secret

    def find(self, secret: str) -> Pending | None:
        """Return the pending sign-in of `secret`, unless it waits for too long."""
        found = self._pending.get(sha256(secret.encode("utf-8", "replace")))
        return found if found is not None and self._clock.now() - found.since < LONGEST else None

    def end(self, secret: str) -> None:
        """Forget a pending sign-in."""
        self._pending.pop(sha256(secret.encode("utf-8", "replace")), None)

    def first_time(self, state: str) -> bool:
        """Tell whether `state` comes back for the first time; it is remembered for as long as its cookie is good."""
        now = self._clock.now()
        while self._states and (
            len(self._states) >= _MOST_STATES or now - next(iter(self._states.values())) > STATE_LIFETIME
        ):
            self._states.popitem(last=False)
        if state in self._states:
            return False
        self._states[state] = now
        return True
