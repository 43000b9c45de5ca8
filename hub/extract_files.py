"""The files of a project's extracts on disk: checked against their signed manifest, and moved in whole."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Collection
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

from saferoom.errors import IntegrityError, WrongStateError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts.manifest import MANIFEST_FILE, Manifest, open_manifest
from saferoom.signing import VerifyingKey


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


def verify_extracts(folder: Path, key: VerifyingKey, only: Collection[DatasetName] | None = None) -> Manifest:
    """Check the files of `folder` against its signed manifest, byte for byte, and return the manifest.

    Parameters
    ----------
    only : collection of DatasetName, optional
        Check these datasets' files alone.

    Raises
    ------
    IntegrityError
        A file is missing, changed, or not listed.
    """
    manifest = read_manifest(folder, key)
    listed = {name for file in manifest.files for name, _, _ in file.contents} | {MANIFEST_FILE}
    for path in folder.iterdir():
        if path.name not in listed:
            raise IntegrityError(f"the extracts of {folder.name} hold a file that their manifest does not list")
    for file in manifest.files:
        if only is None or file.dataset in only:
            for name, digest, size in file.contents:
                _check_file(folder / name, digest, size)
    return manifest


def _check_file(path: Path, digest: str, size: int) -> None:
    message = f"the extract {path.name} is not the one in its manifest; make it again: saferoom admin extract"
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size or file_sha256(path) != digest:
            raise IntegrityError(message)
    except OSError as error:
        raise IntegrityError(message) from error


def staging_prefix(project: str) -> str:
    """Return how the names of unfinished files of `project` begin; no other project's begin like that."""
    return f".{project}.staging-"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def move_in(source: Path, target: Path) -> None:
    """Put `source` in `target`'s place, durably, readable for all who can reach it and writable for nobody."""
    source.chmod(0o444)
    handle = os.open(source, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
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
