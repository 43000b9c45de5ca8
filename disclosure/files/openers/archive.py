"""ZIP files: what may be unpacked is decided before anything is, and every entry is opened as a file by itself."""

from __future__ import annotations

import io
import itertools
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable

from saferoom.disclosure.files.openers.base import File, OpeningError, shown, too_large, unreadable

_SMALL_BYTES = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER_BYTES = 30
_DESCRIPTOR_BYTES = 24
_MOST_EXTRA_BYTES = 64
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_WRITE_AGAIN = "Pack the files again with an ordinary program, or send them by themselves."


def read(file: File) -> None:
    """Open every entry of a ZIP file."""
    with Package(file) as package:
        if not package.names:
            raise OpeningError("unreadable", "is an archive without any file", "Leave it out.")
        for name in package.names:
            data = package.read(name)
            file.open_inner(file, name, data)


class Package:
    """A ZIP file whose directory was found in order.

    Parameters
    ----------
    file : File
        Whose budget everything unpacked is taken from.

    Raises
    ------
    OpeningError
        It is damaged, encrypted, or made to do harm.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(file.data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, UnicodeDecodeError):
            raise unreadable("an archive") from None
        infos = self._zip.infolist()
        for _ in infos:
            file.budget.entry()
        self._whole(infos)
        for info in infos:
            self._safe(info)
        self._infos = {info.filename: info for info in infos if not info.is_dir()}
        self._charged: set[str] = set()
        self.names = tuple(self._infos)

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _whole(self, infos: list[zipfile.ZipInfo]) -> None:
        names = [info.filename for info in infos]
        if len({name.lower() for name in names}) < len(names):
            raise OpeningError(
                "hostile", "has two entries of one name: programs differ in which they show", _WRITE_AGAIN
            )
        spans = sorted((info.header_offset, info.header_offset + _HEADER_BYTES + info.compress_size) for info in infos)
        if any(end > start for (_, end), (start, _) in itertools.pairwise(spans)):
            raise OpeningError("hostile", "has entries that overlap, as archives made to do harm have", _WRITE_AGAIN)
        if sum(info.file_size for info in infos) > self._file.budget.bytes_left:
            self._file.budget.unpack(self._file.limits.expanded_bytes + 1)
        if self._zip.comment:
            self._file.conceal("the archive's comment", "text")
            self._file.passage("the archive's comment", self._zip.comment.decode("utf-8", "replace"))
        if spans and spans[0][0] > 0:
            raise OpeningError("hostile", "has something before the archive: it is two files in one", _WRITE_AGAIN)
        self._tail()
        self._gaps(infos)

    def _gaps(self, infos: list[zipfile.ZipInfo]) -> None:
        """Look for bytes that belong to no entry, and for notes on entries that no program shows."""
        ends = [self._end(info) for info in infos]
        starts = sorted([*(info.header_offset for info in infos), self._zip.start_dir])
        for end, described in ends:
            after = next((start for start in starts if start >= end), end)
            if after - end > (_DESCRIPTOR_BYTES if described else 0):
                self._file.conceal("the archive", "bytes between its entries")
        for info in infos:
            if info.comment or len(info.extra.strip(b"\0")) > _MOST_EXTRA_BYTES or (info.is_dir() and info.file_size):
                self._file.conceal("the archive", "notes on its entries")

    def _end(self, info: zipfile.ZipInfo) -> tuple[int, bool]:
        """Return where an entry's content ends, and whether a descriptor may follow."""
        head = self._file.data[info.header_offset : info.header_offset + _HEADER_BYTES]
        lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return info.header_offset + _HEADER_BYTES + lengths + info.compress_size, bool(info.flag_bits & 0x08)

    def _tail(self) -> None:
        data = self._file.data
        end = data.rfind(b"PK\x05\x06")
        if end < 0 or end + 22 + len(self._zip.comment) != len(data):
            raise OpeningError("hostile", "has something after the archive: it is two files in one", _WRITE_AGAIN)

    def _safe(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        parts = re.split(r"[/\\]", name)
        if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name) or info.orig_filename != name:
            raise OpeningError("hostile", "has an entry whose path leads out of the archive", _WRITE_AGAIN)
        mode = info.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise OpeningError("hostile", "has a link or a device in place of a file", _WRITE_AGAIN)
        if info.flag_bits & _ENCRYPTED:
            raise OpeningError("encrypted", "is encrypted, so nobody can check it", "Pack it without a password.")
        if info.compress_type not in _METHODS:
            raise OpeningError("unreadable", "is packed by a method that is not unpacked here", _WRITE_AGAIN)
        if info.file_size > max(_SMALL_BYTES, info.compress_size * self._file.limits.ratio):
            raise too_large("unpacks to far more than a proper file would")
        start = self._file.data[info.header_offset : info.header_offset + _HEADER_BYTES]
        length = int.from_bytes(start[26:28], "little")
        local = self._file.data[info.header_offset + _HEADER_BYTES :][:length] if length < 4096 else b""
        if start[:4] != b"PK\x03\x04" or local not in _spellings(info):
            raise OpeningError("hostile", "names its entries differently in two places", _WRITE_AGAIN)

    def size(self, name: str) -> int:
        """Return how many bytes an entry says it has."""
        return self._infos[name].file_size

    def read(self, name: str) -> bytes:
        """Return an entry's content, checked against its size and checksum."""
        with self.open(name) as stream:
            return stream.read()

    def open(self, name: str) -> io.BufferedReader:
        """Return an entry as a stream that stops at the size it was said to have."""
        info = self._infos[name]
        if name not in self._charged:
            self._charged.add(name)
            self._file.budget.unpack(info.file_size)
        return io.BufferedReader(_Entry(self._zip, info))


class _Entry(io.RawIOBase):
    """An entry that turns the archive's errors into sentences."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._name = shown(info.filename)
        with _sentences(self._name):
            self._stream = archive.open(info)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _sentences(self._name):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _sentences:  # noqa: N801 - reads as a word at its use
    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)):
            raise unreadable("an archive", f"damaged or cut short in {self._name}") from None


def _spellings(info: zipfile.ZipInfo) -> Iterable[bytes]:
    spelt = {info.filename.encode("utf-8", "surrogateescape")}
    try:
        spelt.add(info.filename.encode("cp437"))
    except UnicodeEncodeError:
        return spelt
    return spelt
