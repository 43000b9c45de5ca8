"""Data owners' files as they lie in a folder: found, moved aside and removed, without ever following a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath

from saferoom.errors import IntegrityError, WrongStateError

_ASIDE = ".deleting-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class Lying:
    """A file that lies in the folder.

    Attributes
    ----------
    name : str
        Its path below the folder.
    inode : (int, int)
        Device and inode, the same for every name of it.
    changed : float
        When it came there or was changed last, whatever its own time says; seconds since 1970.
    """

    name: str
    inode: tuple[int, int]
    changed: float
    bytes: int


def lying(root: Path) -> Iterator[Lying]:
    """Yield the plain files below `root`; links, and what is hidden, are passed over."""
    for place, folders, files, handle in os.fwalk(root, follow_symlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            inside = str((Path(place) / name).relative_to(root))
            if stat.S_ISREG(found.st_mode) and not name.startswith(".") and _is_text(inside):
                changed = max(found.st_ctime, found.st_mtime)
                yield Lying(inside, (found.st_dev, found.st_ino), changed, found.st_size)


def digest_of(root: Path, name: str) -> tuple[str, int]:
    """Return SHA-256 and size of a file.

    Raises
    ------
    WrongStateError
        There is no plain file of that name, or the way to it leads over a link.
    """
    with _place(root, name) as (folder, last):
        return _digest(folder, last)


def move_aside(root: Path, name: str, digest: str) -> None:
    """Take a file away from its place, so that nobody can put another one there between looking and removing.

    Raises
    ------
    WrongStateError
        It is another file than `digest` says; it stays where it was.
    """
    with _place(root, name) as (folder, last):
        aside = _aside(digest)
        os.rename(last, aside, src_dir_fd=folder, dst_dir_fd=folder)
        try:
            same = _digest(folder, aside)[0] == digest
        except WrongStateError:
            same = False
        if not same:
            os.rename(aside, last, src_dir_fd=folder, dst_dir_fd=folder)
            raise WrongStateError("a file was exchanged while it was about to be deleted; it was left")
        os.fsync(folder)


def is_aside(root: Path, name: str, digest: str) -> bool:
    """Tell whether a file was taken away from its place and is not removed yet."""
    try:
        with _place(root, name) as (folder, _):
            return _exists(folder, _aside(digest))
    except WrongStateError:
        return False


def put_back(root: Path, name: str, digest: str) -> None:
    """Put a file back that was taken away; where there is another one meanwhile, the earlier one is kept beside it."""
    with _place(root, name) as (folder, last):
        target = f"{last}.kept-{digest[:12]}" if _exists(folder, last) else last
        os.rename(_aside(digest), target, src_dir_fd=folder, dst_dir_fd=folder)


def remove(root: Path, name: str, digest: str) -> None:
    """Remove a file that was taken away, durably; nothing happens when it is gone already.

    Raises
    ------
    IntegrityError
        What lies there is another file.
    """
    with _place(root, name) as (folder, _):
        aside = _aside(digest)
        if _exists(folder, aside):
            if _digest(folder, aside)[0] != digest:
                raise IntegrityError("a file that was about to be deleted was exchanged for another; look into it")
            os.unlink(aside, dir_fd=folder)
        os.fsync(folder)


def _aside(digest: str) -> str:
    return f"{_ASIDE}{digest}"


@contextmanager
def _place(root: Path, name: str) -> Iterator[tuple[int, str]]:
    """Yield the open folder that a file is in, and its last name; no part of the way may be a link."""
    *parents, last = PurePosixPath(name).parts or ("",)
    if not last or ".." in (*parents, last) or name.startswith("/"):
        raise WrongStateError("that is no file below the folder")
    handle = -1
    try:
        handle = os.open(root, _FOLDER)
        for part in parents:
            inner = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, last
    except (FileNotFoundError, NotADirectoryError):
        raise WrongStateError("the file is gone, or the way to it leads over a link; nothing was deleted") from None
    finally:
        if handle >= 0:
            os.close(handle)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _digest(folder: int, name: str) -> tuple[str, int]:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        raise WrongStateError("the file is gone, or is a link; nothing was deleted") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise WrongStateError("that is no plain file; nothing was deleted")
        return file_digest(file, "sha256").hexdigest(), os.fstat(handle).st_size


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
