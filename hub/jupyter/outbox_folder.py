"""The folder ``outbox/`` of a room: what lies in it, looked at and read without following any link.

It is in the workspace, which every member of the project may write, so nothing in it is believed: each step goes down
from an open folder to a name in it, a link is never followed, a pipe is never waited for, and what is read is what was
found to be a regular file after it was opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from saferoom.errors import BadInputError

MOST_BYTES = 16 * 2**20
"""The airlock's limit, known here so that a large file is not even read."""
MOST_FILES = 500
_DEEPEST = 4
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without waiting: to open a pipe would wait for somebody at its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Mark = tuple[int, int, int, int]
"""By what a content is told from another without reading it: number, size, and the times of its last changes."""


@dataclass(frozen=True)
class Found:
    """Something that lies in the outbox.

    Attributes
    ----------
    folder : tuple of str
        The folders between the outbox and it.
    problem : str
        Why it cannot be sent, in a sentence; empty for a regular file.
    """

    folder: tuple[str, ...]
    name: str
    mark: Mark
    problem: str = ""

    @property
    def place(self) -> str:
        """Where it lies, as a person reads it."""
        return "/".join((*self.folder, self.name))


class ChangedError(Exception):
    """A file is not what it was a moment ago: it is being written."""


def look(root: Path, own: Sequence[str] = ()) -> list[Found]:
    """Return what lies in the outbox at `root`, by its places; names in `own` are left out at the top.

    What is hidden is passed over, and what is beyond `MOST_FILES` is not looked at.
    """
    found: list[Found] = []
    with suppress(OSError), opened(root) as folder:
        for one in _within(folder, ()):
            if one.folder or one.name not in own:
                found.append(one)
            if len(found) > MOST_FILES:
                break
    return sorted(found, key=lambda one: (one.folder, one.name))


@contextmanager
def opened(root: Path) -> Iterator[int]:
    """Open the folder `root`, of whose path no step below the first may be a link."""
    handle = os.open(root.anchor or ".", _FOLDER)
    try:
        for step in root.relative_to(root.anchor).parts if root.anchor else root.parts:
            handle = _down(handle, step)
        yield handle
    finally:
        os.close(handle)


def made(root: Path) -> None:
    """Make the folder `root` with those above it, as far as they are missing; links are not followed."""
    handle = os.open(root.anchor, _FOLDER)
    try:
        for step in root.relative_to(root.anchor).parts:
            with suppress(FileExistsError):
                os.mkdir(step, 0o700, dir_fd=handle)
            handle = _down(handle, step)
    finally:
        os.close(handle)


def read(root: Path, found: Found) -> bytes:
    """Return the bytes of a file that was found, if it is still the one that was found.

    Raises
    ------
    ChangedError
        It is being written, or something else is in its place.
    BadInputError
        It is larger than the airlock takes.
    """
    try:
        with opened(root.joinpath(*found.folder)) as folder:
            handle = os.open(found.name, _FILE, dir_fd=folder)
            with os.fdopen(handle, "rb") as file:
                _check(found, handle)
                data = file.read(MOST_BYTES + 1)
                _check(found, handle)
    except OSError:
        raise ChangedError from None
    return data


def _check(found: Found, handle: int) -> None:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or _mark(status) != found.mark:
        raise ChangedError
    if status.st_size > MOST_BYTES:
        raise BadInputError(f"it is larger than {MOST_BYTES // 2**20} MiB; make it smaller, or split it")


def _down(handle: int, step: str) -> int:
    """Return the open folder `step` of `handle`, which is closed then; it stays open when there is none."""
    inner = os.open(step, _FOLDER, dir_fd=handle)
    os.close(handle)
    return inner


def _within(handle: int, folder: tuple[str, ...]) -> Iterator[Found]:
    with os.scandir(handle) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        if name.startswith("."):
            continue
        with suppress(OSError):
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode) and len(folder) < _DEEPEST:
                yield from _below(handle, (*folder, name))
            else:
                yield Found(folder, name, _mark(status), _problem(name, status.st_mode))


def _below(handle: int, folder: tuple[str, ...]) -> Iterator[Found]:
    inner = os.open(folder[-1], _FOLDER, dir_fd=handle)
    try:
        yield from _within(inner, folder)
    finally:
        os.close(inner)


def _problem(name: str, mode: int) -> str:
    if not name.isprintable() or name != name.encode("utf-8", "replace").decode("utf-8"):
        return "its name has characters that cannot be shown; rename it"
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "it is a link; put the file itself here"
    if stat.S_ISDIR(mode):
        return "it is a folder too deep; a group's folder has no folders but supporting/"
    return "it is neither a file nor a folder; remove it"


def _mark(status: os.stat_result) -> Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
