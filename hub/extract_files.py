"""The files of a project's extracts on disk: checked against their signed manifest, and moved in whole."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path

from saferoom.errors import IntegrityError, WrongStateError
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import MANIFEST_FILE, ExtractFile, IdChanges, Manifest, open_manifest
from saferoom.signing import VerifyingKey

Part = ExtractFile | IdChanges


def read_manifest(folder: Path, key: VerifyingKey) -> Manifest:
    """Return the manifest of a project's folder of extracts; the folder's name is the project's.

    Raises
    ------
    WrongStateError
        There are no extracts yet.
    IntegrityError
        The manifest is not the one that was signed.
    """
    try:
        data = (folder / MANIFEST_FILE).read_bytes()
    except FileNotFoundError:
        raise WrongStateError(
            f"project {folder.name} has no extracts yet; the administrator makes them: saferoom admin extract "
            f"{folder.name}"
        ) from None
    return open_manifest(data, key, ProjectSlug(folder.name))


def verify_extracts(folder: Path, key: VerifyingKey, only: Collection[str] | None = None) -> Manifest:
    """Check the files of `folder` against its signed manifest, byte for byte, and return the manifest.

    Parameters
    ----------
    only : collection of str, optional
        Check these datasets' files alone.

    Raises
    ------
    IntegrityError
        A file is missing, changed, or not listed.
    """
    manifest = read_manifest(folder, key)
    listed = {name for name, _, _ in manifest.contents} | {MANIFEST_FILE}
    for path in folder.rglob("*"):
        if not path.is_dir() and str(path.relative_to(folder)) not in listed:
            raise IntegrityError(f"the extracts of {folder.name} hold a file that their manifest does not list")
    verify_parts(folder, [file for file in manifest.files if only is None or file.dataset in only])
    if only is None:
        verify_parts(folder, manifest.changes)
    return manifest


def verify_parts(folder: Path, parts: Collection[Part]) -> None:
    """Check files of `folder` against what the manifest says of them.

    Raises
    ------
    IntegrityError
        One is missing or changed.
    """
    for part in parts:
        for name, digest, size in part.contents:
            _check_file(folder / name, digest, size)


def _check_file(path: Path, digest: str, size: int) -> None:
    message = f"the extract {path.name} is not the one in its manifest; make it again: saferoom admin extract"
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size or file_sha256(path) != digest:
            raise IntegrityError(message)
    except OSError as error:
        raise IntegrityError(message) from error


@contextmanager
def moving(folder: Path, *, reading: bool = False) -> Iterator[None]:
    """Let a project's files be exchanged while nobody reads them, and be read while nobody exchanges them."""
    with (folder.parent / f".{folder.name}.moving").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if reading else fcntl.LOCK_EX)
        yield


def staging_prefix(project: str) -> str:
    """Return how the names of unfinished files of `project` begin; no other project's begin like that."""
    return f".{project}.staging-"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def move_in(source: Path, target: Path) -> None:
    """Put `source` in `target`'s place, durably, readable for the service alone and writable for nobody."""
    source.chmod(0o400)
    handle = os.open(source, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def write_in(data: bytes, target: Path) -> None:
    """Put a file with `data` in `target`'s place, durably."""
    handle, name = tempfile.mkstemp(prefix=staging_prefix(target.parent.name), dir=target.parent.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        move_in(Path(name), target)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_others(folder: Path, kept: Collection[str]) -> None:
    """Remove every file of `folder` that is not among `kept`, and folders with nothing in them."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # something is in it
                path.rmdir()
        elif str(path.relative_to(folder)) not in kept:
            path.unlink()
