"""How much processor time the processes of a running hub have spent; read from the kernel, to the nanosecond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_AIRLOCK = b"saferoom.hub.web"


@dataclass(frozen=True)
class Costs:
    """The processes below one, those of the airlock service apart."""

    airlock: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def of(cls, root: int) -> Costs:
        """Find the process `root` and everything below it."""
        found = family(root)
        airlock = tuple(sorted(pid for pid in found if _AIRLOCK in command(pid)))
        return cls(airlock, tuple(sorted(found - set(airlock))))

    def spent(self) -> dict[str, float]:
        """Return the seconds that the airlock service, and all of them, have spent so far."""
        airlock = sum(map(_seconds, self.airlock))
        return {"airlock": airlock, "all": airlock + sum(map(_seconds, self.others))}

    def since(self, before: Mapping[str, float]) -> dict[str, float]:
        """Return the seconds spent since `before`."""
        return {who: now - before[who] for who, now in self.spent().items()}


def family(root: int) -> set[int]:
    """Return the process `root` and everything below it."""
    parents = {int(folder.name): _parent(folder) for folder in _PROC.iterdir() if folder.name.isdigit()}
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(folder: Path) -> int:
    try:
        # The name stands in brackets and may hold anything; state and parent follow the last one.
        return int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def command(pid: int) -> bytes:
    """Return the words that a process was started with, each ended by a zero byte; nothing when it is gone."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _seconds(pid: int) -> float:
    """Return what all threads of a process have spent; a thread that has ended is not counted any more."""
    total = 0
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        pass
    return total / 1e9
