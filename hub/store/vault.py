"""The vault: bytes kept under their own SHA-256, written once, checked at every read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from saferoom.digests import sha256
from saferoom.errors import IntegrityError, UnavailableError
from saferoom.ids import Digest


class FileVault:
    """A content-addressed folder. A changed or missing byte is an `IntegrityError`, never old or partial content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, digest: Digest) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise IntegrityError("a vault digest must be 64 lower-case hexadecimal digits")
        return self._folder / digest[:2] / digest[2:]

    def put(self, data: bytes) -> Digest:
        """Store `data` durably and return its digest; storing the same bytes again changes nothing.

        Raises
        ------
        UnavailableError
            The disk is full, read-only or gone; nothing is kept of `data`.
        """
        digest = sha256(data)
        path = self._path(digest)
        if path.exists():
            self.get(digest)
            return digest
        try:
            self._write(path, data)
        except OSError as error:
            raise UnavailableError(
                f"the vault cannot be written ({error.strerror}); nothing was kept or released. Try again, and if that "
                "does not help, tell an administrator"
            ) from error
        return digest

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o400)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def get(self, digest: Digest) -> bytes:
        """Return the bytes stored under `digest`.

        Raises
        ------
        IntegrityError
            They are missing, or are no longer the bytes that were stored.
        """
        try:
            data = self._path(digest).read_bytes()
        except OSError as error:
            raise IntegrityError(f"vault object {digest[:12]} is missing or unreadable") from error
        if sha256(data) != digest:
            raise IntegrityError(f"vault object {digest[:12]} was changed after it was stored; nothing is released")
        return data


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
