"""Source code: shown to the screens as code."""

from __future__ import annotations

from saferoom.disclosure.files.openers.base import File, OpeningError
from saferoom.disclosure.files.openers.characters import decode, invisible


def read(file: File) -> None:
    """Read a file of source code; nothing of it is run, or parsed by anything that could run it."""
    text = decode(file.data, "source code")
    if not text.strip():
        raise OpeningError("unreadable", "holds nothing but blanks", "Leave it out.")
    if what := invisible(text):
        file.conceal("", what)
    file.passage("", text, is_code=True)
