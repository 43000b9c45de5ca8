"""Text and logs: the text, and what is in it that nobody sees. Tables in it are recognised by the screens."""

from __future__ import annotations

import re

from saferoom.disclosure.files.openers.base import File, OpeningError
from saferoom.disclosure.files.openers.characters import decode, invisible, without_colours

_SMCL = re.compile(r"\{(?:com|res|txt|err|hline|col|space|smcl|c|ralign|bf|it|ul|input|inp|sf|reset|break|p_end|p)"
                   r"(?: [^{}]{0,20})?(?::([^{}]{0,200}))?\}")  # fmt: skip


def read(file: File) -> None:
    """Read a text file."""
    read_text(file, "", decode(file.data, "text"))


def read_text(file: File, place: str, text: str) -> None:
    """Write down a text that is shown as it stands."""
    if not text.strip():
        if not place:
            raise OpeningError("unreadable", "holds nothing but blanks", "Leave it out.")
        return
    if what := invisible(text):
        file.conceal(place, what)
    if text.startswith("{smcl}"):
        text = _SMCL.sub(lambda found: found[1] or " ", text)
    text = without_colours(text)
    if "\r" in text:
        # A lone carriage return lets later text overwrite earlier text on a screen.
        if re.search(r"\r(?!\n)[^\n]*\n", text) and "\n" in text.replace("\r\n", ""):
            file.conceal(place, "lines that overwrite what was written before")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    file.passage(place, text)
