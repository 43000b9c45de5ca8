"""Gzip: one file in a wrapper, unpacked within bounds."""

from __future__ import annotations

import zlib

from saferoom.disclosure.files.kind import suffix
from saferoom.disclosure.files.openers.base import File, too_large, unreadable

_SMALL_BYTES = 1 << 20


def read(file: File) -> None:
    """Unpack a gzip file and open what is in it."""
    data, rest = inflate(file, file.data)
    if rest:
        # Further members, or anything else: gunzip would join or ignore it, and neither is what a person expects.
        file.conceal("after the compressed content", "further bytes")
        file.finding("concealed", "has more after its compressed content", "Compress one file, or send it as it is.")
    ending = suffix(file.name)
    name = f"{file.name[: -len(ending)]}{'.svg' if ending == '.svgz' else ''}" if ending else file.name
    file.budget.entry()
    file.open_inner(file, name or "content", data)


def inflate(file: File, data: bytes, wbits: int = 31) -> tuple[bytes, bytes]:
    """Return the unpacked content and what comes after it, within the limits of `file`."""
    engine = zlib.decompressobj(wbits)
    most = min(file.budget.bytes_left, max(_SMALL_BYTES, len(data) * file.limits.ratio))
    try:
        content = engine.decompress(data, most + 1)
    except zlib.error:
        raise unreadable("compressed data") from None
    if len(content) > most:
        raise too_large("unpacks to far more than a proper file would")
    if not engine.eof:
        raise unreadable("compressed data")
    file.budget.unpack(len(content))
    return content, engine.unused_data
