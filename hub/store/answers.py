"""What calls with an Idempotency-Key were answered, so that a repeated call is answered again and not done again.

A key belongs to one token for a day. It is taken before the call is done and given back when the call was refused;
what broke off half-way keeps its key, because nobody knows how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError as ConstraintError

from saferoom.clock import Clock
from saferoom.digests import sha256
from saferoom.errors import BadInputError, TooManyError, WrongStateError
from saferoom.hub.store.database import Database
from saferoom.hub.store.tokens_tables import AnswerRow

KEPT = timedelta(hours=24)
MOST = 5_000
"""Most keys of one token at the same time."""
_UNDER_WAY = (
    "a call with this Idempotency-Key is under way, or broke off; look whether it was done, then use another key"
)


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    body: str


class Answers:
    """Takes keys, keeps answers, and gives them again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, token: str, key: str, call: bytes) -> Answer | None:
        """Take `key` for a call; return the answer when the same call was answered before.

        Parameters
        ----------
        call : bytes
            Everything that makes the call what it is: method, address and body.

        Raises
        ------
        BadInputError
            The key was used for another call.
        WrongStateError
            The call is under way, or broke off.
        """
        now, called = self._clock.now(), sha256(call)
        try:
            with self._database.transaction() as session:
                session.execute(delete(AnswerRow).where(AnswerRow.begun_at <= now - KEPT))
                found = session.get(AnswerRow, (token, _digest(key)))
                if found is not None:
                    return _again(found, called)
                if (session.scalar(select(func.count()).where(AnswerRow.token == token)) or 0) >= MOST:
                    raise TooManyError(f"more than {MOST:,} calls with an Idempotency-Key in one day with this token")
                session.add(AnswerRow(token=token, key=_digest(key), call=called, begun_at=now, status=None, body=""))
        except ConstraintError:
            raise WrongStateError(_UNDER_WAY) from None
        return None

    def keep(self, token: str, key: str, answer: Answer) -> None:
        """Keep the answer to a call whose key was taken."""
        with self._database.transaction() as session:
            row = session.get(AnswerRow, (token, _digest(key)))
            if row is not None:
                row.status, row.body = answer.status, answer.body

    def give_back(self, token: str, key: str) -> None:
        """Let a key be used again: the call was refused, and nothing was done."""
        with self._database.transaction() as session:
            session.execute(delete(AnswerRow).where(AnswerRow.token == token, AnswerRow.key == _digest(key)))


def _again(row: AnswerRow, called: str) -> Answer:
    if row.call != called:
        raise BadInputError("this Idempotency-Key was used for another call", field="Idempotency-Key")
    if row.status is None:
        raise WrongStateError(_UNDER_WAY)
    return Answer(row.status, row.body)


def _digest(key: str) -> str:
    return sha256(key.encode())
