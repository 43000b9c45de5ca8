"""Extracts as rooms and evaluations read them: plain, in memory, for as long as somebody uses them.

One folder per project, shared by its rooms and evaluations. Whoever uses it has a *lease*, which is a lock on a file:
the kernel gives it back when the process ends, however it ends, so that what a killed service had opened is found
unused and removed.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from saferoom.errors import IntegrityError, SaferoomError, UnavailableError
from saferoom.hub import keys
from saferoom.hub.extract_files import Part, moving, read_manifest, remove_others, verify_parts
from saferoom.hub.extract_keys import ExtractKeys
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import VARIABLE, MemoryFolder, memory_folder
from saferoom.hub.sealed_parquet import Seal, unseal
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import MANIFEST_FILE, IdChanges, Manifest
from saferoom.signing import VerifyingKey

Version = tuple[str, str | None]
"""A dataset, and one of its versions; None for the newest."""
_SPARE_BYTES = 8 << 20


@dataclass(frozen=True)
class OpenedExtracts:
    """Opens one instance's extracts.

    Attributes
    ----------
    extracts : Path
        The folder of projects' folders, sealed.
    keys : ExtractKeys
        What the files' keys are wrapped under.
    """

    extracts: Path
    folder: MemoryFolder
    key: VerifyingKey
    keys: ExtractKeys

    def lease(self, project: ProjectSlug, wanted: Collection[Version] | None = None) -> Lease:
        """Open extracts, found to be what was provisioned, and keep them open until the lease is closed.

        Parameters
        ----------
        wanted : collection of (dataset, version), optional
            What is needed; when left out the newest of every dataset, and whatever becomes the newest meanwhile.

        Raises
        ------
        WrongStateError
            There are none.
        IntegrityError
            One is not what was provisioned.
        UnavailableError
            There is no room for them in memory.
        """
        root = self.folder.prepare()
        with self._alone(project):
            held = (root / f".{project}.lease").open("a")
            try:
                fcntl.flock(held, fcntl.LOCK_SH)
                manifest = self._renew(project, wanted)
            except BaseException:
                held.close()
                self._clear(project)
                raise
        return Lease(self, project, root / project, manifest, held)

    def renew(self, project: ProjectSlug) -> None:
        """Where a project's extracts are open, take away what was withdrawn, and open what became the newest."""
        if (self.folder.path / project).is_dir():
            with self._alone(project):
                if not self._clear(project):
                    self._renew(project, ())

    def tidy(self) -> None:
        """Remove what nobody uses any more, such as what a killed service had opened."""
        if self.folder.path.is_dir():
            for left in self.folder.path.glob(".*.lease"):
                project = ProjectSlug(left.name[1 : -len(".lease")])
                with self._alone(project):
                    self._clear(project)

    def seal(self, project: str, part: Part) -> Seal:
        """Return what a file is sealed with."""
        return self.keys.seal(project, part)

    def rewrapped(self, manifest: Manifest) -> Manifest:
        """Return a manifest with the keys of its files wrapped under the newest key of extracts."""

        def again(part: Part) -> dict[str, object]:
            return {"key": self.keys.again(manifest.project, part), "salt": ""} if part.sealed else {}

        files = tuple(file.model_copy(update=again(file)) for file in manifest.files)
        changes = tuple(change.model_copy(update=again(change)) for change in manifest.changes)
        return manifest.model_copy(update={"files": files, "changes": changes})

    def _renew(self, project: ProjectSlug, wanted: Collection[Version] | None) -> Manifest:
        source, state = self.extracts / project, _State.read(self.folder.path, project)
        newest = state.newest or wanted is None
        with moving(source, reading=True):
            if wanted == () and not (source / MANIFEST_FILE).exists():
                manifest = Manifest(project=project, made_at="", files=())
            else:
                manifest = read_manifest(source, self.key)
            asked = _asked(manifest, wanted, newest=newest)
            listed: tuple[Part, ...] = (*manifest.files, *manifest.changes)
            parts = [part for part in listed if part.file in asked or part.file in state.open]
            # What is asked for is checked each time; what stays open was checked when it was opened.
            fresh = wanted != ()
            verify_parts(source, [one for one in parts if (fresh and one.file in asked) or not state.has(one)])
            self._exchange(project, source, manifest, parts, state)
            state.write(parts, newest=newest)
        return manifest

    def _exchange(
        self, project: ProjectSlug, source: Path, manifest: Manifest, parts: Collection[Part], state: _State
    ) -> None:
        root = self.folder.path
        target = root / project
        target.mkdir(exist_ok=True)
        target.chmod(0o755)
        links = {f"{part.dataset}.parquet": part.file for part in manifest.newest if part in parts}
        remove_others(target, {name for part in parts for name, _, _ in part.contents} | set(links))
        for part in parts:
            if not state.has(part):
                self._open(project, source, part)
        for name, place in links.items():
            relink(target / name, place)

    def _open(self, project: ProjectSlug, source: Path, part: Part) -> None:
        """Put a file's plain content, and what belongs to it, into the project's folder."""
        root = self.folder.path
        for name, _, size in part.contents:
            if self.folder.free_bytes() < size + _SPARE_BYTES:
                raise self._full(project)
            with self._beside(project) as piece:
                try:
                    if name == part.file:
                        unseal(source / name, self.seal(project, part), piece)
                    else:
                        shutil.copyfile(source / name, piece)
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
                        raise self._full(project) from None
                    raise
                piece.chmod(0o444)
                place = root / project / name
                place.parent.mkdir(parents=True, exist_ok=True)
                _open_to_rooms(root / project, place.parent)
                piece.replace(place)

    @contextmanager
    def _beside(self, project: ProjectSlug) -> Iterator[Path]:
        handle, name = tempfile.mkstemp(prefix=f".{project}.part-", dir=self.folder.path)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _full(self, project: ProjectSlug) -> SaferoomError:
        return UnavailableError(
            f"the extracts of {project} do not fit into {self.folder.path.parent}, where they are opened; the "
            f"administrator makes it larger, or names another folder in memory in {VARIABLE}"
        )

    def _clear(self, project: ProjectSlug) -> bool:
        """Remove a project's opened extracts if nobody has a lease; say whether they were removed."""
        root = self.folder.path
        with (root / f".{project}.lease").open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            shutil.rmtree(root / project, ignore_errors=True)
            _State.read(root, project).forget()
            Path(held.name).unlink(missing_ok=True)
            return True

    @contextmanager
    def _alone(self, project: ProjectSlug) -> Iterator[None]:
        root = self.folder.prepare()
        with (root / f".{project}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in root.glob(f".{project}.part-*"):  # of somebody who was killed
                left.unlink()
            yield


class Lease:
    """The use of a project's opened extracts; in `folder` until it is closed."""

    def __init__(
        self, opened: OpenedExtracts, project: ProjectSlug, folder: Path, manifest: Manifest, held: IO[Any]
    ) -> None:
        self._opened = opened
        self._held: IO[Any] | None = held
        self.project = project
        self.folder = folder
        self.manifest = manifest

    def close(self) -> None:
        """Give the lease back; the last one to do so has the plain files removed."""
        held, self._held = self._held, None
        if held is not None:
            with self._opened._alone(self.project):
                held.close()
                self._opened._clear(self.project)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True)
class _State:
    """What is open in a project's folder: each plain file with the digest of the sealed one that it was read from."""

    path: Path
    target: Path
    open: Mapping[str, list[Any]]
    newest: bool

    @classmethod
    def read(cls, root: Path, project: ProjectSlug) -> _State:
        path = root / f".{project}.json"
        try:
            found = json.loads(path.read_bytes())
            return cls(path, root / project, dict(found["open"]), found["newest"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, root / project, {}, newest=False)

    def has(self, part: Part) -> bool:
        """Tell whether the part is open as it was opened."""
        return all(self.open.get(name) == [digest, *_stamp(self.target / name)] for name, digest, _ in part.contents)

    def write(self, parts: Collection[Part], *, newest: bool) -> None:
        """Note what is open now."""
        noted = {name: [digest, *_stamp(self.target / name)] for part in parts for name, digest, _ in part.contents}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"open": noted, "newest": newest}), encoding="utf-8")
        fresh.replace(self.path)

    def forget(self) -> None:
        """Note that nothing is open."""
        self.path.unlink(missing_ok=True)


def _stamp(path: Path) -> list[int]:
    try:
        status = path.lstat()
    except OSError:
        return []
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _asked(manifest: Manifest, wanted: Collection[Version] | None, *, newest: bool) -> set[str]:
    """Return the files that are to be open, whatever is open already."""
    files = [manifest.file(name, version) for name, version in wanted or ()]
    if newest:
        files += manifest.newest
    for file in files:
        if file is not None and not file.sealed:
            raise IntegrityError(
                f"the extract of {file.dataset} was made before extracts were encrypted; the administrator makes it "
                f"again: saferoom admin extract {manifest.project}"
            )
    changes = {change.file for change in manifest.changes} if newest else set()
    return {file.file for file in files if file is not None} | changes


def _open_to_rooms(root: Path, folder: Path) -> None:
    while folder != root:
        folder.chmod(0o755)
        folder = folder.parent


def relink(place: Path, target: str) -> None:
    """Let `place` lead to `target`, relative to it; a reader in between finds the old one or the new one."""
    with suppress(OSError):
        if str(place.readlink()) == target:
            return
    fresh = place.with_name(f".{place.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(place)


def opened_extracts(home: Home) -> OpenedExtracts:
    """Return what opens the extracts of `home`."""
    return OpenedExtracts(
        home.extracts, memory_folder(home), keys.signing_key(home).verifying_key, ExtractKeys.of(home)
    )


__all__ = ["IdChanges", "Lease", "OpenedExtracts", "Version", "opened_extracts"]
