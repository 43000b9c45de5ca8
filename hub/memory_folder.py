"""Where plain data may lie for a while: a folder of the service's own, in memory where the machine has one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.home import Home

VARIABLE = "SAFEROOM_OPENED"
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a closed folder is made in it


@dataclass(frozen=True)
class MemoryFolder:
    """The folder, and whether what is in it can reach a disk.

    Attributes
    ----------
    in_memory : bool
        False where the machine offers no folder in memory: then opened extracts are on the home's disk while in use.
    """

    path: Path
    in_memory: bool

    @property
    def sentence(self) -> str:
        """What holds here, marked where it is a gap."""
        if self.in_memory:
            return f"enforced: Plain extracts are in memory alone while they are used, in {self.path.parent}."
        return (
            f"NOT enforced: Plain extracts are in {self.path.parent} while they are used, which is not in memory; name "
            f"a folder in memory in {VARIABLE}."
        )

    def prepare(self) -> Path:
        """Make the folder, closed to everybody else.

        Raises
        ------
        UnavailableError
            Somebody else made it, or it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.path.lstat()
        except OSError as error:
            raise UnavailableError(
                f"extracts cannot be opened: {self.path} cannot be made ({error.strerror})"
            ) from None
        if status.st_uid != os.getuid() or self.path.is_symlink():
            raise UnavailableError(f"{self.path} belongs to somebody else; remove it, or name a folder in {VARIABLE}")
        self.path.chmod(0o700)
        return self.path

    def free_bytes(self) -> int:
        """Return how much more the folder can hold."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize


def memory_folder(home: Home) -> MemoryFolder:
    """Return where the home's extracts are opened.

    The folder that ``SAFEROOM_OPENED`` names, else shared memory, else the user's run-time folder, where these are in
    memory; else the home's own ``run`` folder, on whatever disk that is.
    """
    name = f"saferoom-{os.getuid()}-{hashlib.sha256(str(home.root).encode()).hexdigest()[:16]}"
    if named := os.environ.get(VARIABLE):
        return MemoryFolder(Path(named) / name, _in_memory(Path(named)))
    candidates = (_SHARED_MEMORY, Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere"))
    for candidate in candidates:
        if candidate.is_dir() and os.access(candidate, os.W_OK | os.X_OK) and _in_memory(candidate):
            return MemoryFolder(candidate / name, in_memory=True)
    return MemoryFolder(home.run / "opened", _in_memory(home.root))


def _in_memory(folder: Path) -> bool:
    """Tell whether a folder is on a file system in memory, by the kernel's table of mounts."""
    best, kind = -1, ""
    place = folder.resolve()
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        words = line.split(" ")
        mount = Path(words[1].replace("\\040", " ")) if len(words) > 2 else Path("/")
        # Of two mounts at one place the later one is on top.
        if len(words) > 2 and place.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), words[2]
    return kind in _IN_MEMORY
