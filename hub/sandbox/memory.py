"""How much memory of the machine is really free: the kernel's estimate, within the limits set on the hub itself."""

from __future__ import annotations

from pathlib import Path

from saferoom.hub.sandbox.cgroups import Hierarchy, hierarchies

_KIBIBYTE = 1024
_FILES = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes"), 2: ("memory.max", "memory.current")}
_INACTIVE = {1: "total_inactive_file ", 2: "inactive_file "}


def free_bytes(meminfo: Path = Path("/proc/meminfo"), groups: tuple[Hierarchy, ...] | None = None) -> int | None:
    """Return the memory that new processes could take without swapping; None where the kernel does not say.

    Notes
    -----
    ``MemAvailable``, or what is left below the limit of the hub's control group where that is less: limit - (usage -
    inactive file cache), the cache being what the kernel gives up first.
    """
    found = [_available(meminfo), *(_below_limit(one) for one in (hierarchies() if groups is None else groups))]
    known = [one for one in found if one is not None]
    return max(0, min(known)) if known else None


def _available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
        return next(int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _below_limit(group: Hierarchy) -> int | None:
    if "memory" not in group.controllers:
        return None
    limit, usage = (group.folder / name for name in _FILES[group.version])
    try:
        most, used = limit.read_text().strip(), int(usage.read_text())
        if most == "max":
            return None
        lines = (group.folder / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):
        return None
    start = _INACTIVE[group.version]
    cache = next((int(line.split()[1]) for line in lines if line.startswith(start)), 0)
    return int(most) - (used - cache)
