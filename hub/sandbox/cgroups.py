"""Control groups, version 1 and 2: limits on memory, processes and processor time of a whole sandbox. Root only."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox.spec import Limits

CONTROLLERS = ("memory", "pids", "cpu")
_PARENT = "saferoom"
_PERIOD_MICROSECONDS = 100_000
# A group that a crashed hub left behind is removed after this time, never one that is just being filled.
_STALE_SECONDS = 60.0


@dataclass(frozen=True)
class Hierarchy:
    """Where groups are made for some controllers: a folder of version 1, or the one tree of version 2."""

    folder: Path
    controllers: tuple[str, ...]
    version: int


@dataclass(frozen=True)
class Group:
    """One sandbox's groups, one folder per hierarchy."""

    folders: tuple[Path, ...] = ()

    @property
    def procs(self) -> tuple[Path, ...]:
        """The files into which a process writes its number to enter."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def remove(self) -> None:
        """End whatever is left inside and remove the folders."""
        for folder in self.folders:
            for _attempt in range(50):
                for number in _members(folder):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL)
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)
                else:
                    break


def _members(folder: Path) -> list[int]:
    try:
        return [int(word) for word in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def hierarchies(mounts: str | None = None, own: str | None = None) -> tuple[Hierarchy, ...]:
    """Return where groups can be made.

    Parameters
    ----------
    mounts, own : str, optional
        The text of ``/proc/self/mountinfo`` and ``/proc/self/cgroup``.
    """
    mounts = Path("/proc/self/mountinfo").read_text() if mounts is None else mounts
    own = Path("/proc/self/cgroup").read_text() if own is None else own
    places = {
        controller: path.lstrip("/")
        for _, controllers, path in (line.split(":", 2) for line in own.splitlines())
        for controller in controllers.split(",")
    }
    found: list[Hierarchy] = []
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, mount = before.split(" ")[3:5]
        if kind == "cgroup":
            controllers = tuple(name for name in CONTROLLERS if name in options.split(","))
            if controllers:
                # Below the hub's own group, so that limits set on the hub hold for its rooms as well.
                inside = os.path.relpath("/" + places.get(controllers[0], ""), root)
                folder = Path(mount) / inside if not inside.startswith("..") else Path(mount)
                found.append(Hierarchy(folder, controllers, 1))
        elif kind == "cgroup2":
            found.append(Hierarchy(Path(mount), _version_2(Path(mount)), 2))
    return tuple(hierarchy for hierarchy in found if hierarchy.controllers)


def _version_2(mount: Path) -> tuple[str, ...]:
    try:
        offered = (mount / "cgroup.controllers").read_text().split()
    except OSError:
        return ()
    return tuple(name for name in CONTROLLERS if name in offered)


def create(name: str, limits: Limits) -> Group:
    """Make groups for one sandbox and set its limits.

    Raises
    ------
    UnavailableError
        A group or limit could not be made although the controller is there.
    """
    folders: list[Path] = []
    leaf = f"{name}-{secrets.token_hex(4)}"
    try:
        for hierarchy in hierarchies():
            parent = _parent(hierarchy)
            _sweep(parent)
            folder = parent / leaf
            folder.mkdir()
            folders.append(folder)
            for file, value in _settings(hierarchy, limits):
                _write(folder / file, value)
    except OSError as error:
        Group(tuple(folders)).remove()
        raise UnavailableError(f"the limits of a room could not be set: {error.strerror} ({error.filename})") from error
    return Group(tuple(folders))


def enforceable() -> tuple[str, ...]:
    """Return the controllers whose limits can really be set here, found out by setting them."""
    working: list[str] = []
    for hierarchy in hierarchies():
        folder = None
        try:
            folder = _parent(hierarchy) / f"probe-{secrets.token_hex(4)}"
            folder.mkdir()
            for file, value in _settings(hierarchy, Limits()):
                _write(folder / file, value)
            working += hierarchy.controllers
        except OSError:
            continue
        finally:
            if folder is not None:
                with contextlib.suppress(OSError):
                    folder.rmdir()
    return tuple(name for name in CONTROLLERS if name in working)


def _parent(hierarchy: Hierarchy) -> Path:
    parent = hierarchy.folder / _PARENT
    parent.mkdir(exist_ok=True)
    if hierarchy.version == 2:
        wanted = " ".join(f"+{name}" for name in hierarchy.controllers)
        for folder in (hierarchy.folder, parent):
            enabled = (folder / "cgroup.subtree_control").read_text().split()
            if not set(hierarchy.controllers) <= set(enabled):
                _write(folder / "cgroup.subtree_control", wanted)
    return parent


def _settings(hierarchy: Hierarchy, limits: Limits) -> list[tuple[str, str]]:
    quota = str(int(limits.cpus * _PERIOD_MICROSECONDS))
    if hierarchy.version == 2:
        by_controller = {
            "memory": [("memory.max", str(limits.memory_bytes)), ("?memory.swap.max", "0")],
            "pids": [("pids.max", str(limits.processes))],
            "cpu": [("cpu.max", f"{quota} {_PERIOD_MICROSECONDS}")],
        }
    else:
        by_controller = {
            "memory": [
                ("memory.limit_in_bytes", str(limits.memory_bytes)),
                ("?memory.memsw.limit_in_bytes", str(limits.memory_bytes)),
            ],
            "pids": [("pids.max", str(limits.processes))],
            "cpu": [("cpu.cfs_period_us", str(_PERIOD_MICROSECONDS)), ("cpu.cfs_quota_us", quota)],
        }
    return [setting for name in hierarchy.controllers for setting in by_controller[name]]


def _write(file: Path, value: str) -> None:
    # A leading question mark: kernels without swap accounting lack the file.
    optional = file.name.startswith("?")
    file = file.with_name(file.name.lstrip("?"))
    if optional and not file.exists():
        return
    # Never create: an ordinary file of that name would limit nothing.
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                folder.rmdir()
