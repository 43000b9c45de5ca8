"""Browser sessions: kept in this process's memory, found by a digest of the cookie, and ended in time.

A restart of the service forgets them all; browsers then sign in again through the hub without a question.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from cryptography.fernet import Fernet, InvalidToken

from saferoom.clock import Clock
from saferoom.digests import sha256
from saferoom.ids import Username

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
SIGN_IN_SECONDS = 600
_MOST_SESSIONS = 10_000


@dataclass(frozen=True)
class Session:
    """One signed-in browser.

    Attributes
    ----------
    token : str
        The hub's token; it never reaches the browser.
    csrf : str
        What every form of this session must send back.
    """

    username: Username
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    started: datetime
    seen: datetime

    def accepts(self, csrf: str) -> bool:
        """Tell whether `csrf` is this session's token, in constant time."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))


class Sessions:
    """Starts, finds and ends sessions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def start(self, username: Username, token: str) -> str:
        """Start a session and return the secret that finds it."""
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        with self._lock:
            self._sessions[sha256(secret.encode())] = Session(username, token, secrets.token_urlsafe(32), now, now)
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return secret

    def find(self, secret: str) -> Session | None:
        """Return the live session that `secret` finds and note that it was used."""
        return self._look_up(secret, touch=True)

    def peek(self, secret: str) -> Session | None:
        """As `find`, for requests a page makes by itself: they do not keep a session awake."""
        return self._look_up(secret, touch=False)

    def _look_up(self, secret: str, *, touch: bool) -> Session | None:
        key, now = sha256(secret.encode("utf-8", "replace")), self._clock.now()
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if now - session.seen > IDLE or now - session.started > LONGEST:
                del self._sessions[key]
                return None
            if touch:
                session = replace(session, seen=now)
                self._sessions[key] = session
                self._sessions.move_to_end(key)
            return session

    def end(self, secret: str) -> None:
        """End the session that `secret` finds, if any."""
        with self._lock:
            self._sessions.pop(sha256(secret.encode("utf-8", "replace")), None)


@dataclass(frozen=True)
class SignIn:
    """A sign-in that went to the hub and has not come back."""

    state: str
    verifier: str = field(repr=False)
    next_path: str


class SignIns:
    """Sign-ins under way. They are kept in the browsers that started them, sealed, so nobody can crowd them out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seal = Fernet(Fernet.generate_key())

    def seal(self, sign_in: SignIn) -> str:
        """Return `sign_in` as a cookie's value that only this process can make or read."""
        data = json.dumps([sign_in.state, sign_in.verifier, sign_in.next_path]).encode()
        return self._seal.encrypt_at_time(data, int(self._clock.now().timestamp())).decode()

    def open(self, state: str, cookie: str) -> SignIn | None:
        """Return what was sealed into `cookie` if it is fresh and belongs to `state`."""
        try:
            now = int(self._clock.now().timestamp())
            data = self._seal.decrypt_at_time(cookie.encode("utf-8", "replace"), SIGN_IN_SECONDS, now)
        except InvalidToken:
            return None
        sign_in = SignIn(*json.loads(data))
        same = hmac.compare_digest(sign_in.state.encode(), state.encode("utf-8", "replace"))
        return sign_in if same else None
