"""Reads a ZIP file as strictly as a signature deserves: every byte is accounted for, and nothing is unpacked unbounded.

Readers of ZIP files differ in which of two contradicting tables they believe, so that one file can show two contents.
Here both tables must agree, entries must follow each other without a gap, and nothing may stand before or behind.

References
----------
APPNOTE.TXT, .ZIP File Format Specification 6.3.10, sections 4.3.6 (overall format), 4.3.7 (local file header),
4.3.12 (central directory), 4.3.16 (end of central directory record).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from saferoom.errors import IntegrityError

MOST_BYTES = 256 * 2**20
"""Largest bundle, packed and unpacked."""
MOST_FILES = 100

_LOCAL = struct.Struct("<4s5H3L2H")
_END_BYTES = 22
_ENCRYPTED = 0x1
_STREAMED = 0x8
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


class ArchiveError(IntegrityError):
    """The file is not an archive as this program writes them."""


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the files in `data` by their paths.

    Raises
    ------
    ArchiveError
        One sentence on the first thing that is wrong.
    """
    if len(data) > MOST_BYTES:
        raise ArchiveError(f"the bundle is larger than {MOST_BYTES // 2**20} MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            _check_layout(data, entries, archive.start_dir, archive.comment)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OverflowError) as error:
        raise ArchiveError("the bundle is not a ZIP file, or is damaged") from error
    return {entry.filename: _content(data, entry) for entry in entries}


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise ArchiveError(f"the bundle has more than {MOST_FILES} files")
    names: set[str] = set()
    for entry in entries:
        # APPNOTE 4.4.17.1: no drive letter, no leading slash; here no step upwards and no other alphabet either.
        if entry.orig_filename != entry.filename or not _PLAIN_NAME.fullmatch(entry.filename):
            raise ArchiveError("the bundle has a file whose path is not plain; it could be written elsewhere")
        if entry.filename in names:
            raise ArchiveError(f"the bundle has {entry.filename} twice")
        names.add(entry.filename)
        if entry.flag_bits & _ENCRYPTED:
            raise ArchiveError(f"{entry.filename} is encrypted")
        if entry.flag_bits & _STREAMED or entry.extra or entry.comment:
            raise ArchiveError(f"{entry.filename} has fields that no bundle has")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"{entry.filename} is packed by an unknown method")
        if (entry.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            raise ArchiveError(f"{entry.filename} is not an ordinary file")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ArchiveError(f"unpacked, the bundle is larger than {MOST_BYTES // 2**20} MiB")


def _check_layout(data: bytes, entries: list[zipfile.ZipInfo], directory: int, comment: bytes) -> None:
    """Check that local headers agree with the directory and that every byte belongs to something (4.3.6)."""
    place = 0
    for entry in entries:
        if entry.header_offset != place:
            raise ArchiveError("the bundle has bytes that belong to no file")
        place = _data_start(data, entry) + entry.compress_size
    if place != directory:
        raise ArchiveError("the bundle has bytes that belong to no file")
    length = sum(46 + len(entry.orig_filename) for entry in entries)
    if comment or directory + length + _END_BYTES != len(data):
        raise ArchiveError("the bundle has bytes before its first or behind its last entry")


def _data_start(data: bytes, entry: zipfile.ZipInfo) -> int:
    fields = _LOCAL.unpack_from(data, entry.header_offset)
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = fields
    start = entry.header_offset + _LOCAL.size
    agrees = (
        signature == b"PK\x03\x04"
        and (flags, method, crc, packed, size)
        == (entry.flag_bits, entry.compress_type, entry.CRC, entry.compress_size, entry.file_size)
        and extra_length == 0
        and data[start : start + name_length] == entry.filename.encode("ascii")
    )
    if not agrees:
        raise ArchiveError(f"the bundle's two descriptions of {entry.filename} disagree")
    return start + int(name_length)


def _content(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    start = _data_start(data, entry)
    packed = data[start : start + entry.compress_size]
    content = packed if entry.compress_type == zipfile.ZIP_STORED else _inflate(packed, entry)
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise ArchiveError(f"{entry.filename} is damaged")
    return content


def _inflate(packed: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Unpack at most as much as was announced, whatever the packed bytes would grow to."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(packed, entry.file_size + 1)
    except zlib.error as error:
        raise ArchiveError(f"{entry.filename} is damaged") from error
    if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
        raise ArchiveError(f"{entry.filename} is not as long as announced")
    return content
