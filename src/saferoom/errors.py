"""What can go wrong, each with one exit code and one HTTP status.

A message is one clear sentence or two: what, where, what to do. It never contains a data value.
"""

from __future__ import annotations


class SaferoomError(Exception):
    """Anything Saferoom refuses or cannot do; the message is meant to be read by a person."""

    exit_code = 1
    http_status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInputError(SaferoomError):
    """The request itself is wrong: a malformed query, an unknown column, an invalid file.

    Parameters
    ----------
    field : str
        The field of a form or command that is wrong, e.g. ``ends`` or ``members.0.username``, so that a page can put
        the sentence beside it; empty when it is about the whole.
    """

    exit_code = 2
    http_status = 422

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnauthenticatedError(SaferoomError):
    """Nobody known is asking: a missing, expired or unknown token."""

    http_status = 401


class ForbiddenError(SaferoomError):
    """A known person asks for something that person may not do (HTTP 403)."""

    http_status = 403


class NotFoundError(SaferoomError):
    """No such thing, or none that this person may know of (HTTP 404)."""

    http_status = 404


class WrongStateError(SaferoomError):
    """Allowed in principle, but not while the thing is in this state (HTTP 409)."""

    http_status = 409


class StaleVersionError(WrongStateError):
    """Somebody else changed the thing since this person read it; nothing was overwritten (HTTP 409)."""


class TooManyError(SaferoomError):
    """A limit on rate, size or number is reached (HTTP 429).

    Parameters
    ----------
    after : int
        Seconds until it is worth while to try again; 0 where waiting alone does not help.
    """

    http_status = 429

    def __init__(self, message: str, *, after: int = 0) -> None:
        super().__init__(message)
        self.after = after


class IntegrityError(SaferoomError):
    """Stored bytes, a signature or a chain link are not what they must be; nothing may be released."""

    http_status = 500


class UnavailableError(SaferoomError):
    """A part this work needs does not answer or cannot be started here (HTTP 503)."""

    http_status = 503
