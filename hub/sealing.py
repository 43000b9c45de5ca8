"""Closed projects' workspaces: packed, cut into encrypted parts, kept read-only, and destroyed when their time is over.

What is in a workspace was put there by researchers. Links are kept as links and never followed; sockets, pipes and
devices are left out; nothing is opened that is not a regular file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saferoom.digests import sha256
from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.jupyter.rooms import Place
from saferoom.hub.store.cipher import KEY_BYTES, AtRest
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.life.sealing import Packed, Part, Statement

PART_BYTES = 8 * 2**20
_KEY = "key"
_BLOCK = 2**20


def _not_held(_project: str) -> None:
    """Hold nothing: where nobody can have said so."""


@dataclass(frozen=True)
class Workspaces:
    """Keeps workspaces; implements `saferoom.projects.life.parts.Keeper`.

    Parameters
    ----------
    people : callable
        Returns everybody who might have a room.
    part_bytes : int
        Size of a part before it is encrypted.
    held : callable
        Says why a project's sealed workspace must stay; None when it need not.
    """

    home: Home
    cipher: AtRest
    people: Callable[[], Iterable[Username]]
    part_bytes: int = PART_BYTES
    held: Callable[[str], str | None] = _not_held

    def rooms_running(self, project: ProjectSlug) -> bool:
        """Say whether a room of the project still answers at its socket."""
        return any(_answers(Place(self.home, username, project).socket) for username in self.people())

    def pack(self, project: ProjectSlug) -> Packed:
        """Pack and encrypt the workspace, which stays; doing it again replaces what an interrupted one left.

        Raises
        ------
        UnavailableError
            There is no room for the archive on the disk, or another process packs it just now.
        IntegrityError
            A file changed while it was read.
        """
        with self._alone(project):
            folder, staging = self._folder(project), self.home.sealed / f".{project}.staging"
            for leftover in (staging, folder):
                _remove(leftover)
            workspace = self.home.workspaces / project
            _check_disk(workspace, self.home.sealed)
            staging.mkdir(mode=0o700)
            key = secrets.token_bytes(KEY_BYTES)
            _write(staging / _KEY, self.cipher.seal(key, _about(project, _KEY)))
            parts = _Parts(staging, AtRest(key), project, self.part_bytes)
            packer = _Packer(parts)
            if workspace.is_dir() and not workspace.is_symlink():
                packer.pack(workspace)
            packer.close()
            staging.rename(folder)
            folder.chmod(0o500)
            _sync(self.home.sealed)
            return Packed(
                files=packer.files,
                bytes=parts.bytes,
                left_out=packer.left_out,
                sha256=parts.digest.hexdigest(),
                parts=tuple(parts.written),
            )

    def clear(self, project: ProjectSlug) -> None:
        """Remove the workspace whose sealed copy is on record."""
        with self._alone(project):
            _remove(self.home.workspaces / project)

    def open(self, project: ProjectSlug, statement: Statement) -> Iterator[bytes]:
        """Yield the archive, part by part, each checked against the signed statement before it is decrypted.

        Raises
        ------
        IntegrityError
            A part or the key is missing or was changed.
        """
        folder = self._folder(project)
        key = self.cipher.open(_read(folder / _KEY), _about(project, _KEY))
        cipher, digest = AtRest(key), hashlib.sha256()
        for number, part in enumerate(statement.archive.parts):
            sealed = _read(folder / part.name)
            if sha256(sealed) != part.sha256:
                raise IntegrityError(f"{part.name} of the sealed workspace of {project} was changed")
            data = cipher.open(sealed, _about(project, number))
            digest.update(data)
            yield data
        if digest.hexdigest() != statement.archive.sha256:
            raise IntegrityError(f"the sealed workspace of {project} is not the one that was sealed")

    def destroy(self, project: ProjectSlug) -> None:
        """Destroy the sealed workspace: its key first, so that no copy of a part can be read any more.

        Raises
        ------
        WrongStateError
            It is held.
        """
        if self.held(project) is not None:
            name = f"workspaces/{project}"
            raise WrongStateError(f"{name} is held; end the hold first: saferoom admin hold {name} --end")
        with self._alone(project):
            folder = self._folder(project)
            if folder.is_dir():
                folder.chmod(0o700)
                key = folder / _KEY
                if key.is_file():
                    keys.destroy(key)
                    key.unlink()
                _remove(folder)
                _sync(self.home.sealed)

    def _folder(self, project: ProjectSlug) -> Path:
        return self.home.sealed / project

    @contextmanager
    def _alone(self, project: ProjectSlug) -> Iterator[None]:
        with (self.home.sealed / f".{project}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnavailableError("this workspace is being sealed by another process; try again later") from None
            yield


class _Parts:
    """Takes an archive as it is written, and leaves it behind in encrypted parts."""

    def __init__(self, folder: Path, cipher: AtRest, project: str, size: int) -> None:
        self._folder, self._cipher, self._project, self._size = folder, cipher, project, size
        self._buffer = bytearray()
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.written: list[Part] = []

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.bytes += len(data)
        self._buffer += data
        while len(self._buffer) >= self._size:
            self._seal(bytes(self._buffer[: self._size]))
            del self._buffer[: self._size]
        return len(data)

    def close(self) -> None:
        if self._buffer:
            self._seal(bytes(self._buffer))
        self._buffer.clear()

    def _seal(self, data: bytes) -> None:
        number = len(self.written)
        sealed = self._cipher.seal(data, _about(self._project, number))
        name = f"{number:06d}.part"
        _write(self._folder / name, sealed)
        self.written.append(Part(name=name, sha256=sha256(sealed), bytes=len(sealed)))


class _Packer:
    """Writes a folder's files into a tar archive, in the order of their names."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        self._tar = tarfile.open(fileobj=parts, mode="w|", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload] # noqa: SIM115
        self.files = 0
        self.left_out = 0

    def close(self) -> None:
        self._tar.close()
        self._parts.close()

    def pack(self, folder: Path) -> None:
        for path, folders, files, handle in os.fwalk(folder, follow_symlinks=False):
            folders.sort()
            inside = Path(path).relative_to(folder)
            links = [name for name in folders if stat.S_ISLNK(os.lstat(name, dir_fd=handle).st_mode)]
            for name in sorted([*files, *links]):
                self._pack(handle, name, str(inside / name))
            if not folders and not files and str(inside) != ".":
                self._tar.addfile(_info(str(inside), os.fstat(handle), tarfile.DIRTYPE))

    def _pack(self, folder: int, name: str, inside: str) -> None:
        status = os.lstat(name, dir_fd=folder)
        if stat.S_ISLNK(status.st_mode):
            info = _info(inside, status, tarfile.SYMTYPE)
            info.linkname = os.readlink(name, dir_fd=folder)
            self._tar.addfile(info)
            self.files += 1
        elif stat.S_ISREG(status.st_mode):
            # Whatever was put in its place meanwhile is not followed, and a pipe is not waited for.
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with os.fdopen(handle, "rb") as file:
                self._add(file, _info(inside, os.fstat(handle), tarfile.REGTYPE))
        else:
            self.left_out += 1

    def _add(self, file: Any, info: tarfile.TarInfo) -> None:
        try:
            self._tar.addfile(info, file)
        except OSError:
            raise IntegrityError("a file of the workspace changed while it was packed; seal it again") from None
        self.files += 1


def _info(name: str, status: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode, info.mtime = status.st_mode & 0o777, int(status.st_mtime)
    info.size = status.st_size if kind == tarfile.REGTYPE else 0
    return info


def _about(project: str, part: int | str) -> dict[str, Any]:
    return {"purpose": "saferoom/workspace/1", "project": project, "part": part}


def _answers(path: Path) -> bool:
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(1)
        try:
            one.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # not known to have ended
    return True


def _check_disk(workspace: Path, target: Path) -> None:
    if not workspace.is_dir():
        return
    needed = sum(os.lstat(name, dir_fd=handle).st_size for _, _, files, handle in os.fwalk(workspace) for name in files)
    free = shutil.disk_usage(target).free
    if needed > free * 0.9:
        raise UnavailableError(
            f"the workspace has {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; make room for its sealed copy"
        )


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise IntegrityError(f"{path.name} of a sealed workspace is missing; restore it from a backup") from None


def _remove(path: Path) -> None:
    if path.is_symlink():
        raise WrongStateError(f"{path.name} is a link where a folder was expected; look at it")
    if path.is_dir():
        path.chmod(0o700)
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
