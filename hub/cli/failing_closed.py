"""How commands end on an error nobody thought of, or when told to end: closed, and with nothing left behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from saferoom.errors import SaferoomError, UnavailableError

_SIGNALLED = 128


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let a plain `kill` end the work as an error does, so that nobody's records stay behind."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(_SIGNALLED + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def failing_closed(work: str, outcome: str) -> Iterator[None]:
    """Turn every error that is none of ours into a sentence; a traceback's texts could hold data.

    Parameters
    ----------
    work : str
        What was under way, such as ``the check``.
    outcome : str
        What holds now, such as ``nothing was judged``.

    Raises
    ------
    UnavailableError
        The block raised anything but a `SaferoomError`; its type alone is told.
    """
    try:
        yield
    except SaferoomError:
        raise
    except Exception as error:
        raise UnavailableError(
            f"{work} was stopped by an error inside Saferoom ({type(error).__name__}); {outcome}"
        ) from None
