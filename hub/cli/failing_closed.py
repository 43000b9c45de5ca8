"""How commands end on an error nobody thought of: closed, with one sentence, and without its words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from saferoom.errors import SaferoomError, UnavailableError


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
