"""Text from bytes, and the characters in it that nobody sees."""

from __future__ import annotations

import codecs
import re
from typing import Final

from saferoom.disclosure.files.openers.base import OpeningError, unreadable
from saferoom.disclosure.files.signatures import wide

_BIDIRECTIONAL: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# A joiner between the parts of one emoji is how emoji are written; anywhere else it is hidden.
_JOINER: Final = re.compile(
    "(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d|\u200d(?![\u2600-\u27bf\U0001f000-\U0001faff])"
)
_SELECTORS: Final = re.compile("[\ufe00-\ufe0d]|[\ufe0e\ufe0f]{2}")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_CONTROL: Final = re.compile("[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")
_CONCEALED_TEXT: Final = re.compile(r"\x1b\[(?:[0-9;]{0,10};)?8m")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes, kind: str) -> str:
    """Return the text of `data`: UTF-8, UTF-16, UTF-32, else Windows-1252.

    Raises
    ------
    OpeningError
        It is no text in any of these.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(_strict(data[len(mark) :], encoding, kind), kind)
    if b"\0" in data[:4096] and (guessed := wide(data)):
        return _checked(_strict(data, guessed, kind), kind)
    try:
        return _checked(data.decode("utf-8"), kind)
    except UnicodeDecodeError:
        return _checked(_strict(data, "cp1252", kind), kind)


def _strict(data: bytes, encoding: str, kind: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise unreadable(kind, "not text in UTF-8, UTF-16 or Windows-1252") from None


def _checked(text: str, kind: str) -> str:
    if "\0" in text:
        raise OpeningError("unreadable", f"cannot be read as {kind}: it has NUL characters, which text never has")
    return text


def invisible(text: str) -> str | None:
    """Say which characters that nobody sees are in `text`; None when there are none."""
    if text.isascii():
        return _controls(text)
    said = [
        sentence
        for pattern, sentence in (
            (_BIDIRECTIONAL, "characters that turn the direction of writing, so that text is not what it seems"),
            (_INVISIBLE, "characters that are not visible and can carry a message"),
            (_JOINER, "joining characters that are not visible and can carry a message"),
            (_SELECTORS, "variation selectors that are not visible and can carry a message"),
            (_PRIVATE, "characters without an agreed shape"),
        )
        if pattern.search(text)
    ]
    if controls := _controls(text):
        said.append(controls)
    return "; ".join(said) or None


def _controls(text: str) -> str | None:
    if "\x1b" in text:
        if _CONCEALED_TEXT.search(text):
            return "terminal sequences that conceal text"
        if "\x1b" in _COLOURS.sub("", text):
            return "terminal sequences that move or replace text"
    return "control characters" if _CONTROL.search(text) else None


def without_colours(text: str) -> str:
    """Return `text` without the terminal's colours."""
    return _COLOURS.sub("", text) if "\x1b" in text else text
