"""What a backup holds, and how it is put back: the database first, then what it names; keys in a file of their own.

Files only ever come into the vault and the zones, and the database names none before it is there. So a copy of the
database, and of the folders afterwards, fit together while the instance works. Workspaces are as they are at the time.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO, Any

from saferoom import __version__
from saferoom.errors import BadInputError, IntegrityError, UnavailableError
from saferoom.hub.backup import databases
from saferoom.hub.backup.age import Identity, Reader, Writer
from saferoom.hub.home import Home

MANIFEST = "manifest.json"
_FORM = 1
_FOLDERS = (
    *("vault", "sources", "extracts", "crosswalks", "workspaces", "packages", "sealed", "linker", "provisioner"),
)
_FILES = ("identities.json", "mail.yaml", "retention.yaml")
_KEYS = "keys"


class Part(StrEnum):
    """What a backup is of. Data and keys are kept by different people: who has both has everything."""

    DATA = "data"
    KEYS = "keys"


@dataclass(frozen=True)
class Manifest:
    """What is said at the end of a backup, so that one that was cut off is none.

    Attributes
    ----------
    left_out : int
        Links, sockets and the like in workspaces, which are not copied.
    """

    form: int
    part: Part
    made_at: str
    version: str
    engine: str | None
    files: int
    left_out: int


def back_up(home: Home, part: Part, target: IO[bytes], recipients: Sequence[str], made_at: str) -> Manifest:
    """Write a backup, encrypted to `recipients`.

    Raises
    ------
    BadInputError
        There is no instance, or a recipient is none.
    UnavailableError
        Something cannot be read; what was written until then is no backup.
    """
    sealed = Writer(target, recipients)
    engine, counts = None, [0, 0]
    try:
        with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            if part is Part.KEYS:
                _add(archive, home.keys, _KEYS, counts)
            else:
                with tempfile.TemporaryDirectory(dir=home.root, prefix=".backup-") as folder:
                    copy = Path(folder) / "database"
                    engine = databases.dump(home, copy)
                    archive.add(copy, databases.FILES[engine], filter=_plain)
                    counts[0] += 1
                for name in (*_FOLDERS, *_FILES):
                    _add(archive, home.vault if name == "vault" else home.root / name, name, counts)
            manifest = Manifest(_FORM, part, made_at, __version__, engine, *counts)
            data = json.dumps(asdict(manifest)).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        sealed.finish()
    except OSError as error:
        raise UnavailableError(f"the backup could not be written ({error.strerror}); there is none") from None
    return manifest


def _add(archive: tarfile.TarFile, place: Path, name: str, counts: list[int]) -> None:
    """Add a file, or a folder with all files in it; links are not followed, and not copied.

    Workspaces are their people's, who may put a link where a folder was looked at a moment ago: everything is opened
    within the folder that is open already, and what was opened is what is looked at.
    """
    try:
        above = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _add_within(archive, above, place.name, name, counts)
    finally:
        os.close(above)


def _add_within(archive: tarfile.TarFile, folder: int, name: str, inside: str, counts: list[int]) -> None:
    handle = _opened(folder, name, counts)
    if handle is None:
        return
    with _closing(handle):
        entry = _plain(archive.gettarinfo(arcname=inside, fileobj=_Handle(handle)))  # type: ignore[arg-type]  # it asks for the number alone
        if entry.isdir():
            archive.addfile(entry)
            for inner in sorted(os.listdir(handle)):  # noqa: PTH208 a folder that is open
                _add_within(archive, handle, inner, f"{inside}/{inner}", counts)
            return
        with os.fdopen(os.dup(handle), "rb") as content:
            archive.addfile(entry, content)
        counts[0] += 1


@dataclass(frozen=True)
class _Handle:
    """What `tarfile` wants to know of an open file or folder."""

    number: int
    name: str = ""

    def fileno(self) -> int:
        return self.number


def _opened(folder: int, name: str, counts: list[int]) -> int | None:
    """Open a plain file or a folder; None for anything else, which is counted, and for what is gone meanwhile."""
    try:
        # A pipe would keep the backup waiting for its other end, and opening a device could do something.
        kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            kind = os.fstat(handle).st_mode
            if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
                return handle
            os.close(handle)
    except FileNotFoundError:  # a workspace is written to meanwhile
        return None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
    counts[1] += 1
    return None


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uname = entry.gname = ""
    return entry


def restore(home: Home, source: IO[bytes], identity: Identity) -> Manifest:
    """Put a backup back into an empty place; all of it or nothing.

    Raises
    ------
    BadInputError
        It is no backup, not for this key, or something is there already.
    IntegrityError
        It was changed or cut off.
    """
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".restoring-") as name:
        staging = Path(name)
        manifest = _unpack(source, identity, staging)
        wanted = {path.name: path for path in staging.iterdir() if path.name != "database"}
        for inside in wanted:
            there = _place(home, inside)
            if there.exists() and (not there.is_dir() or any(there.iterdir())):
                raise BadInputError(f"there is something in {there} already; restore into an empty place")
        if manifest.engine is not None:
            databases.check_empty(home, manifest.engine)
        if manifest.engine is not None:
            databases.restore(home, manifest.engine, staging / databases.FILES[manifest.engine])
        for inside, path in wanted.items():
            there = _place(home, inside)
            if there.is_dir():
                there.rmdir()
            shutil.move(path, there)
    return manifest


def _place(home: Home, name: str) -> Path:
    return home.vault if name == "vault" else home.root / name


def _unpack(source: IO[bytes], identity: Identity, staging: Path) -> Manifest:
    """Write everything below `staging`, and return what the end says."""
    found: dict[str, Any] | None = None
    count = 0
    try:
        opened = io.BufferedReader(Reader(source, identity), 1 << 20)
        with tarfile.open(fileobj=opened, mode="r|") as archive:
            for entry in archive:
                held = archive.extractfile(entry) if entry.isreg() else None
                if entry.name == MANIFEST and held is not None:
                    found = json.loads(held.read())
                    continue
                count += entry.isreg()
                _write(entry, held, staging)
        # The archive ends before its padding does, and a cut within that is a cut.
        while opened.read(1 << 20):
            pass
        if found is None or found["files"] != count:
            raise IntegrityError("the backup does not have all of its files; nothing was restored")
        manifest = Manifest(**{**found, "part": Part(found["part"])})
    except (tarfile.TarError, ValueError, KeyError, TypeError):
        raise IntegrityError("the backup cannot be read; nothing was restored") from None
    if manifest.form != _FORM:
        raise BadInputError(f"the backup was written by Saferoom {manifest.version}; restore it with that version")
    return manifest


def _write(entry: tarfile.TarInfo, held: IO[bytes] | None, staging: Path) -> None:
    path = PurePosixPath(entry.name)
    known = {*_FOLDERS, *_FILES, _KEYS, "database"}
    # Anybody can encrypt to a recipient: what comes out is believed no further than its form.
    if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0] not in known:
        raise IntegrityError("the backup has a file where none of ours is; nothing was restored")
    target = staging / path
    if entry.isdir():
        target.mkdir(mode=0o700)
    elif held is not None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(held, file)
    else:
        raise IntegrityError("the backup has something that is neither a file nor a folder; nothing was restored")
    if os.getuid() == 0:
        os.chown(target, entry.uid, entry.gid)
    target.chmod(entry.mode & 0o1777)
