"""A quick path for worksheets that are written as nearly all programs write them.

Notes
-----
A streaming parser calls back five times for every cell; a regular expression is three times as fast. It reads one
narrow grammar only: rows of cells without prefixes, comments, sections or unusual attributes.
Whatever does not fit it to the last character is left to the parser (`NotPlainError`), from the beginning of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Final

_CHUNK_BYTES = 1 << 18
_MOST_ROW_BYTES = 1 << 23
_HEAD_BYTES = 1 << 20
_UTF8: Final = re.compile(rb"\s*(?:<\?xml(?![^>]*encoding=(?![\"']utf-8[\"']))[^>]*\?>)?", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r'<c r="([A-Z]{1,3})\d{1,7}"(?: s="(\d{1,6})")?(?: t="([A-Za-z]{1,9})")? ?'
    r"(?:/>|>(?:<f>([^<]*)</f>)?(?:<v>([^<]*)</v>|<v ?/>|<is><t(?: xml:space=\"preserve\")?>([^<]*)</t></is>)?</c>)"
    r'|<row((?: [A-Za-z][\w:]{0,30}="[^"<&]{0,100}"){0,20}) ?(/?)>|(</row>)|([\s\S])'
)
ATTRIBUTE: Final = re.compile(r' ([A-Za-z][\w:]{0,30})="([^"<&]{0,100})"')
_REFERENCE: Final = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));|(&)")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}

Token = tuple[str, ...]
"""A cell's column, style, type, formula, value, inline text; a row's attributes, slash; a row's end; anything else."""


class NotPlainError(Exception):
    """The sheet is not written in the narrow grammar; nothing is wrong with it by that."""


class PlainRows:
    """The parts of a worksheet: `head` up to its rows, the rows, and then `tail`."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._buffer = source.read(_CHUNK_BYTES)
        start = self._buffer.find(b"<sheetData>")
        if start < 0 or not _UTF8.match(self._buffer) or b"<!" in self._buffer[:start]:
            raise NotPlainError
        start += len(b"<sheetData>")
        self.head, self._buffer = self._buffer[:start], self._buffer[start:]
        self.tail = b""

    def tokens(self) -> Iterator[list[Token]]:
        """Yield the tokens of some rows at a time."""
        while True:
            end = self._buffer.find(b"</sheetData>")
            cut = end if end >= 0 else self._buffer.rfind(b"</row>") + len(b"</row>")
            if end >= 0 or cut >= len(b"</row>"):
                rows, self._buffer = self._buffer[:cut], self._buffer[cut:]
                yield _tokens(rows)
            if end >= 0:
                self.tail = self._buffer + self._source.read()
                return
            more = self._source.read(_CHUNK_BYTES)
            self._buffer += more
            if not more or len(self._buffer) > _MOST_ROW_BYTES:
                raise NotPlainError


def _tokens(rows: bytes) -> list[Token]:
    try:
        found: list[Token] = _TOKEN.findall(rows.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotPlainError from None
    if any(token[9] for token in found):
        raise NotPlainError
    return found


def unescaped(text: str) -> str:
    """Return a text with XML's references resolved."""
    return _REFERENCE.sub(_resolved, text) if "&" in text else text


def _resolved(found: re.Match[str]) -> str:
    if found[1]:
        return _NAMED[found[1]]
    number = int(found[2]) if found[2] else int(found[3], 16) if found[3] else -1
    if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000:
        raise NotPlainError
    return chr(number)
