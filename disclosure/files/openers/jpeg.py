"""JPEG pictures: segments besides the picture, and what follows its end."""

from __future__ import annotations

from typing import Final

from saferoom.disclosure.files.openers.base import File, too_large, unreadable
from saferoom.disclosure.files.openers.pictures import redraw
from saferoom.disclosure.verdict import Verdict

_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)}) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END, _COMMENT = 0xDA, 0xD9, 0xFE
_APPLICATIONS: Final = range(0xE0, 0xF0)


def read(file: File) -> None:
    """Open a JPEG picture."""
    data = file.data
    position = 2
    ended = False
    while position + 2 <= len(data):
        if data[position] != 0xFF:
            raise unreadable("a JPEG picture")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == _END:
            ended, position = True, position + 2
            break
        elif marker in _ALONE:
            position += 2
        else:
            length = int.from_bytes(data[position + 2 : position + 4], "big")
            if length < 2 or position + 2 + length > len(data):
                raise unreadable("a JPEG picture")
            _segment(file, marker, data[position + 4 : position + 2 + length])
            position += 2 + length
            if marker == _START_OF_SCAN:
                position = _after_scan(data, position)
    if not ended:
        raise unreadable("a JPEG picture")
    if position < len(data):
        file.conceal("after the end of the picture", "further bytes")
        file.open_inner(file, "after the picture", data[position:])
    redraw(file, "JPEG")


def _after_scan(data: bytes, position: int) -> int:
    """Return where the next marker stands after the packed pixels that begin at `position`."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise unreadable("a JPEG picture")
        if data[position + 1] != 0 and data[position + 1] not in _ALONE:
            return position
        position += 2


def _segment(file: File, marker: int, content: bytes) -> None:
    if marker in _FRAMES and len(content) >= 5:
        height, width = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
        if width * height > file.limits.pixels:
            raise too_large(f"has more than {file.limits.pixels // 1_000_000} million pixels")
    elif marker == _COMMENT:
        file.conceal("", "a comment beside the picture", Verdict.REVIEW if len(content) < 200 else Verdict.FAIL)
        file.passage("a comment beside the picture", content.decode("utf-8", "replace"))
    elif marker in _APPLICATIONS and not content.startswith((b"JFIF\0", b"Adobe\0")):
        if content.startswith(b"ICC_PROFILE\0"):
            file.conceal("", "a colour profile", Verdict.REVIEW)
        else:
            file.conceal("", "metadata of a camera or a program (EXIF, XMP)")
            file.passage(
                "metadata beside the picture", "".join(c if c.isprintable() else " " for c in content.decode("latin-1"))
            )
