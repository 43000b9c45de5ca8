"""PNG pictures: every chunk is known or concealed, and nothing may follow the end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from saferoom.disclosure.files.openers.base import File, too_large, unreadable
from saferoom.disclosure.files.openers.pictures import redraw
from saferoom.disclosure.verdict import Verdict

_DRAWN: Final = frozenset({b"PLTE", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"bKGD", b"sBIT", b"cICP"})
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_HARMLESS: Final = {b"tIME": "a time", b"iCCP": "a colour profile", b"hIST": "a histogram of colours"}
_FRAMES: Final = frozenset({b"acTL", b"fcTL", b"fdAT"})
# What drawing libraries write about themselves.
_PROGRAMS: Final = (b"Matplotlib version", b"R ", b"ggplot", b"Adobe ImageReady", b"Plotly", b"Stata")
_MOST_TEXT = 1 << 20


def read(file: File) -> None:
    """Open a PNG picture."""
    end = 8
    head = b""
    packed: list[bytes] = []
    for sort, content, after in _chunks(file.data):
        end = after
        if sort == b"IHDR":
            if len(content) != 13:
                raise unreadable("a PNG picture")
            head = content
            width, height = struct.unpack(">II", content[:8])
            if width * height > file.limits.pixels:
                raise too_large(f"has more than {file.limits.pixels // 1_000_000} million pixels")
        elif sort == b"IDAT":
            packed.append(content)
        else:
            _beside(file, sort, content)
    if end < len(file.data):
        file.conceal("after the end of the picture", "further bytes")
        file.open_inner(file, "after the picture", file.data[end:])
    if head and _surplus(b"".join(packed), _pixel_bytes(head)):
        file.conceal("", "more data than the picture has pixels")
    redraw(file, "PNG")


def _beside(file: File, sort: bytes, content: bytes) -> None:
    """Write down a chunk that is not the picture itself."""
    if sort in _TEXTS:
        _text(file, sort, content)
    elif sort == b"eXIf":
        file.conceal("", "metadata of a camera or a program (EXIF)")
    elif sort in _HARMLESS:
        file.conceal("", _HARMLESS[sort], Verdict.REVIEW)
    elif sort in _FRAMES:
        file.conceal("", "further pictures behind the first")
    elif sort not in _DRAWN:
        file.conceal("", "a part that viewers do not show")


def _pixel_bytes(head: bytes) -> int:
    """Return how many bytes the unpacked pixels of a picture have."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    bits = depth * _CHANNELS.get(colour, 4)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes if width > x and height > y]
    return sum((-(-across * bits // 8) + 1) * down for across, down in sizes)


def _surplus(packed: bytes, expected: int) -> bool:
    """Tell whether packed pixels go on after the last pixel."""
    engine = zlib.decompressobj()
    count = 0
    try:
        while not engine.eof and count <= expected:
            part = engine.decompress(packed, _UNPACKED_AT_ONCE)
            if not part:
                break
            count += len(part)
            packed = engine.unconsumed_tail
    except zlib.error:
        raise unreadable("a PNG picture") from None
    return count > expected or bool(engine.unused_data)


_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_UNPACKED_AT_ONCE = 1 << 20


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield type, content and end of every chunk up to the last."""
    position = 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        sort = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            break
        content = data[position + 8 : end - 4]
        if zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise unreadable("a PNG picture", "damaged (a checksum is wrong)")
        yield sort, content, end
        if sort == b"IEND":
            return
        position = end
    raise unreadable("a PNG picture")


def _text(file: File, sort: bytes, content: bytes) -> None:
    key, _, rest = content.partition(b"\0")
    packed = sort == b"zTXt" or (sort == b"iTXt" and rest[:1] == b"\1")
    if sort == b"zTXt":
        rest = rest[1:]
    elif sort == b"iTXt":
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if packed:
        engine = zlib.decompressobj()
        try:
            rest = engine.decompress(rest, _MOST_TEXT)
        except zlib.error:
            raise unreadable("a PNG picture", "damaged in a text beside the picture") from None
        if engine.unconsumed_tail:
            raise too_large("unpacks to far more than a proper file would")
    ordinary = key == b"Software" and len(rest) < 100 and rest.startswith(_PROGRAMS)
    small = len(rest) < 200
    if not ordinary:
        file.conceal("", "a text beside the picture", Verdict.REVIEW if small else Verdict.FAIL)
    encoding = "utf-8" if sort == b"iTXt" else "latin-1"
    file.passage("a text beside the picture", f"{key.decode('latin-1')}: {rest.decode(encoding, 'replace')}")
