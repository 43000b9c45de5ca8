"""Files written as text inside other files: data URIs and long runs of base64."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from saferoom.disclosure.files.kind import Kind, kind_of
from saferoom.disclosure.files.openers.base import File
from saferoom.disclosure.verdict import Verdict

_URI: Final = re.compile(
    r"data:([\w.+-]{1,60}/[\w.+-]{1,80})?((?:;[\w=.\"+-]{1,60}){0,5}),([^\s\"'<>)\\]{0,})", re.IGNORECASE
)
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")
_PICTURES: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/svg+xml": ".svg"}
_ENDINGS: Final = {
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}
_HARMLESS_TYPES: Final = ("font/", "application/font", "application/x-font", "text/css")
_MOST_OF_A_TEXT = 500


def open_data_uris(file: File, place: str, text: str, *, shown: bool) -> str:
    """Open every data URI in `text`, and return the text without them.

    Parameters
    ----------
    shown : bool
        Whether pictures among them are seen by a person who opens the file.
    """
    if "data:" not in text.lower():
        return text
    found = 0

    def opened(match: re.Match[str]) -> str:
        nonlocal found
        if len(match[0]) < 64 or found >= _MOST_OF_A_TEXT:
            return match[0]
        found += 1
        _open(file, place, match, shown=shown)
        return "data:"

    return _URI.sub(opened, text)


def _open(file: File, place: str, match: re.Match[str], *, shown: bool) -> None:
    sort = (match[1] or "text/plain").lower()
    if sort.startswith(_HARMLESS_TYPES):
        # A typeface draws letters; it is passed over, but a person is told of it.
        file.conceal(place, "an embedded typeface or style sheet", Verdict.REVIEW)
        return
    data = decoded(match[3]) if "base64" in match[2].lower() else unquote_to_bytes(match[3])
    if data is None:
        file.conceal(place, "encoded data that cannot be decoded")
        return
    if sort not in _PICTURES or not shown:
        file.conceal(place, "an embedded file (data URI)")
    file.budget.unpack(len(data))
    file.budget.entry()
    file.open_inner(file, f"embedded{_PICTURES.get(sort) or _ENDINGS.get(sort, '')}", data)


def decoded(text: str) -> bytes | None:
    """Return the bytes of a base64 text, or None where it is none."""
    compact = "".join(text.split()).replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    compact = compact.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def open_runs(file: File, place: str, text: str) -> None:
    """Open long runs of base64 that hold a file of a known type; other long runs are concealed data."""
    if len(text) < _MOST_OF_A_TEXT:
        return
    for match in list(_RUN.finditer(text))[:20]:
        run = match[0]
        if re.fullmatch(r"[\d_-]+|[A-Za-z]+|[a-f0-9]+", run) is None and (data := decoded(run)):
            file.conceal(place, "a long run of encoded data")
            if kind_of(data, "") not in {Kind.UNKNOWN, Kind.EMPTY}:
                file.budget.unpack(len(data))
                file.budget.entry()
                file.open_inner(file, "embedded", data)


def comment_severity(text: str) -> Verdict:
    """Return how grave a comment is: a remark in words, or something that may be data."""
    numbers = len(re.findall(r"\d+", text[:20_000]))
    return Verdict.FAIL if numbers > 12 or len(text) > 2_000 else Verdict.REVIEW
