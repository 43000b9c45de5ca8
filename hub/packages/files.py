"""Where wheels lie: a folder of the instance, each under its own SHA-256, written once."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from saferoom.errors import BadInputError, UnavailableError
from saferoom.ids import Digest

LARGEST_BYTES = 1 << 30
"""Bytes of one wheel."""
_CHUNK_BYTES = 1 << 20
_LOCK = ".lock"
_STAGED = ".staged-"


@dataclass(frozen=True)
class Staged:
    """A copy of a file, not yet of the store; what is checked is this copy, whatever becomes of the file."""

    path: Path
    sha256: Digest
    size: int


class WheelFiles:
    """The folder of wheels. Only who holds it `alone` changes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: Digest) -> Path:
        """Return where the wheel of a digest lies."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise BadInputError("a wheel's digest has 64 lower-case hexadecimal digits")
        return self._folder / digest

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands from changing the folder while the block runs.

        Raises
        ------
        UnavailableError
            Another one is changing it, or the folder cannot be written.
        """
        with _writing():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnavailableError("another command is changing the packages; try again when it is done") from None
            yield
        finally:
            os.close(handle)

    def stage(self, source: Path) -> Staged:
        """Copy a file that a person named, part by part.

        Raises
        ------
        BadInputError
            It cannot be read, is no plain file, or is larger than a wheel may be.
        """
        try:
            # A pipe would keep the command waiting for its other end.
            handle = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadInputError(f"{source}: cannot be read ({error.strerror})") from None
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise BadInputError(f"{source}: this is not a plain file")
        with os.fdopen(handle, "rb") as file:
            if status.st_size > LARGEST_BYTES:
                raise BadInputError(f"{source}: a wheel may have {LARGEST_BYTES >> 30} GiB, and this file is larger")
            made, size = hashlib.sha256(), 0
            with _writing(), tempfile.NamedTemporaryFile(dir=self._folder, prefix=_STAGED, delete=False) as copy:
                while part := file.read(_CHUNK_BYTES):
                    made.update(part)
                    size += copy.write(part)
                copy.flush()
                os.fsync(copy.fileno())
        return Staged(Path(copy.name), Digest(made.hexdigest()), size)

    def keep(self, staged: Staged) -> None:
        """Make a staged copy part of the store."""
        with _writing():
            staged.path.chmod(0o400)
            staged.path.replace(self.path(staged.sha256))

    def sweep(self, kept: Collection[Digest]) -> None:
        """Remove what is not on record: of wheels that were removed, and of commands that were cut off."""
        for path in self._folder.iterdir():
            if path.name != _LOCK and path.name not in kept:
                path.unlink()


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error.strerror)
        raise UnavailableError(f"the folder of packages cannot be written: {why}; nothing was taken") from None
