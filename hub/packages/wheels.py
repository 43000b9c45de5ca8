"""Looking into a wheel before it enters: what it says of itself must be true, and unpacking it must be safe.

A wheel is a zip file that pip unpacks where it is installed (PyPA, binary distribution format). Nothing of one runs
here: it is read member by member, once, within limits.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path, PurePosixPath

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from saferoom.errors import BadInputError

MOST_MEMBERS = 50_000
MOST_UNPACKED_BYTES = 8 << 30
MOST_TIMES_LARGER = 200
"""How much larger than the wheel itself its content may be; text of many lines alike is packed to about a hundredth."""
MOST_METADATA_BYTES = 1 << 20
MOST_RECORD_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_HASHES = ("sha256", "sha384", "sha512")


@dataclass(frozen=True)
class Contents:
    """What a wheel says of itself, found to be true."""

    name: NormalizedName
    version: Version
    tags: frozenset[Tag]
    requires: tuple[str, ...]
    requires_python: str


def inspect(path: Path, file: str) -> Contents:
    """Check a wheel at `path` that is to be called `file`, and return what it is.

    Raises
    ------
    BadInputError
        It is no wheel, is not what its name says, is damaged, or is not safe to unpack.
    """
    try:
        name, version, _, tags = parse_wheel_filename(file)
    except InvalidWheelFilename:
        raise BadInputError(f"{_shown(file)}: this is not the file name of a wheel") from None
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path.stat().st_size, file)
            kept = _read(archive, _information(archive, name, version, file), file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, ValueError, OSError):
        raise _refused(file, "is not a zip file, or is damaged") from None
    if _declared_tags(kept["WHEEL"]) != tags:
        raise _refused(file, "is made for something else than its file name says")
    said, _ = parse_email(kept["METADATA"])
    if canonicalize_name(said.get("name", "")) != name or not _same(said.get("version", ""), version):
        raise _refused(file, "has metadata of another name or version than its file name")
    try:
        requires = tuple(str(Requirement(one)) for one in said.get("requires_dist", ()))
        return Contents(name, version, tags, requires, str(SpecifierSet(said.get("requires_python", ""))))
    except ValueError:
        raise _refused(file, "declares dependencies that cannot be read") from None


def _check_members(archive: zipfile.ZipFile, packed: int, file: str) -> None:
    """Refuse what would not be unpacked below its folder, as a plain file, within limits."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _refused(file, f"holds more than {MOST_MEMBERS:,} files")
    names = [one.filename.rstrip("/") for one in members]
    # Some file systems make one of two names that differ in case alone.
    if len({name.casefold() for name in names}) != len(names):
        raise _refused(file, "holds two files of one name")
    for member in members:
        _check_name(member.orig_filename, file)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(file, "holds a link or another thing that is no plain file")
        if member.flag_bits & _ENCRYPTED:
            raise _refused(file, "holds encrypted files")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(file, "is packed in a way that wheels are not")
    unpacked = sum(one.file_size for one in members)
    if unpacked > min(MOST_UNPACKED_BYTES, max(packed * MOST_TIMES_LARGER, _CHUNK_BYTES)):
        raise _refused(file, "would be far larger when unpacked than a wheel may be")


def _check_name(name: str, file: str) -> None:
    steps = name.removesuffix("/").split("/")
    plain = name.isprintable() and not {"\\", ":"} & set(name)
    if not plain or PurePosixPath(name).is_absolute() or any(step in ("", ".", "..") for step in steps):
        raise _refused(file, "holds a file whose name leads elsewhere or is none")


def _information(archive: zipfile.ZipFile, name: NormalizedName, version: Version, file: str) -> str:
    """Return the one folder of what the wheel says of itself."""
    folders = {one.split("/")[0] for one in archive.namelist()}
    found = [one for one in folders if one.endswith(".dist-info")]
    said, _, number = found[0].removesuffix(".dist-info").partition("-") if len(found) == 1 else ("", "", "")
    if not said or canonicalize_name(said) != name or not _same(number, version):
        raise _refused(file, "has no .dist-info folder of its name and version, or more than one")
    return found[0]


def _same(number: str, version: Version) -> bool:
    try:
        return Version(number) == version
    except ValueError:
        return False


def _read(archive: zipfile.ZipFile, folder: str, file: str) -> Mapping[str, bytes]:
    """Read everything once, compare it with the wheel's own list of digests, and return what it says of itself."""
    limits = {"METADATA": MOST_METADATA_BYTES, "WHEEL": MOST_METADATA_BYTES, "RECORD": MOST_RECORD_BYTES}
    kept: dict[str, bytes] = {}
    for name, most in limits.items():
        try:
            member = archive.getinfo(f"{folder}/{name}")
        except KeyError:
            raise _refused(file, f"has no {name}") from None
        if member.file_size > most:
            raise _refused(file, f"has a {name} of more than {most >> 20} MiB")
        kept[name] = archive.read(member)
    listed = _listed(kept["RECORD"], file)
    without = {f"{folder}/{name}" for name in ("RECORD", *_SIGNATURES)}
    for member in archive.infolist():
        if member.is_dir() or member.filename in without:
            continue
        algorithm, _, digest = listed.pop(member.filename, "").partition("=")
        if algorithm not in _HASHES or _digest(archive, member, algorithm) != digest:
            raise _refused(file, "holds a file that is not what its RECORD lists")
    if set(listed) - without:
        raise _refused(file, "lacks a file that its RECORD lists")
    return kept


def _listed(record: bytes, file: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    try:
        for path, digest, _ in csv.reader(io.StringIO(record.decode(), newline="")):
            if listed.setdefault(path, digest) != digest:
                raise _refused(file, "lists one file twice in its RECORD")
    except (ValueError, csv.Error):
        raise _refused(file, "has a RECORD that cannot be read") from None
    return listed


def _digest(archive: zipfile.ZipFile, member: zipfile.ZipInfo, algorithm: str) -> str:
    """Return the digest of a file as a RECORD has it (base64, no padding); reading checks the zip's own sum."""
    made = hashlib.new(algorithm)
    with archive.open(member) as content:
        while part := content.read(_CHUNK_BYTES):
            made.update(part)
    return base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


def _declared_tags(wheel: bytes) -> frozenset[Tag]:
    said = BytesHeaderParser().parsebytes(wheel).get_all("Tag", [])
    return frozenset(tag for one in said for tag in parse_tag(str(one).strip()))


def _refused(file: str, why: str) -> BadInputError:
    return BadInputError(f"{_shown(file)} {why}; nothing of it was taken")


def _shown(file: str) -> str:
    """Return a file's name as one line of a message holds it."""
    return "".join(one if one.isprintable() else "?" for one in file)[:200]
