"""What is on a machine because of a running hub: looked at from outside, before and after rooms."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saferoom.hub.bench.web_costs import command, family
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import memory_folder
from saferoom.hub.sandbox.cgroups import hierarchies

_SETTLE_SECONDS = 30.0
_MARKS = {"proxy": b"guard.mjs", "airlock": b"saferoom.hub.web"}


@dataclass(frozen=True)
class Left:
    """What is there while no room runs; equal before and after where nothing is left behind."""

    processes: Counter[str]
    files: frozenset[str]
    mounts: int
    extracts: frozenset[str]
    rows: Mapping[str, int]

    def beyond(self, before: Left) -> dict[str, Any]:
        """Return what is here and was not there before; nothing where nothing is left."""
        rows = {name: number - before.rows.get(name, 0) for name, number in self.rows.items()}
        found = {
            "processes": dict(self.processes - before.processes),
            "files": sorted(self.files - before.files),
            "mounts": max(0, self.mounts - before.mounts),
            "extracts": sorted(self.extracts - before.extracts),
            "rows": {name: more for name, more in rows.items() if more > 0},
        }
        return {what: more for what, more in found.items() if more}


class Machine:
    """Looks at one running hub from outside, as root or as its own user."""

    def __init__(self, home: Home, pid: int) -> None:
        self.home, self.pid = home, pid
        marked = {name: [one for one in family(pid) if mark in command(one)] for name, mark in _MARKS.items()}
        self.services = {"hub": pid, **{name: min(pids) for name, pids in marked.items() if pids}}
        # The linker has a sandbox as well, and is no room.
        self._of_services = {folder for one in family(pid) for folder in _groups(one)}
        self.groups: set[Path] = set()

    def note_groups(self) -> None:
        """Remember the control groups of the rooms that run now."""
        self.groups |= {folder for one in family(self.pid) for folder in _groups(one)} - self._of_services

    def left(self) -> Left:
        """Return what is there now."""
        return Left(
            Counter(_words(one) for one in family(self.pid) if command(one)),
            _files(self.home.run),
            len(Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()),
            _files(memory_folder(self.home).path),
            _rows(self.home.hub / "jupyterhub.sqlite"),
        )

    def settled(self, before: Left, ignoring: Collection[str] = ()) -> dict[str, Any]:
        """Return what is left beyond `before`, but for some parts, when all that ends by itself had the time to."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (more := self._more(before, ignoring)) and time.monotonic() < deadline:
            time.sleep(0.25)
        return more

    def _more(self, before: Left, ignoring: Collection[str]) -> dict[str, Any]:
        found = self.left().beyond(before) | self.groups_left()
        return {what: more for what, more in found.items() if what not in ignoring}

    def groups_left(self) -> dict[str, Any]:
        """Return the noted control groups that are still there."""
        there = sorted(str(folder.name) for folder in self.groups if folder.exists())
        return {"control groups": there} if there else {}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return open descriptors and resident memory, KiB, of each service."""
        return {name: (_descriptors(pid), _resident_kib(pid)) for name, pid in self.services.items()}


def _words(pid: int) -> str:
    return command(pid).replace(b"\0", b" ").decode(errors="replace").strip()


def _files(folder: Path) -> frozenset[str]:
    return frozenset(str(one.relative_to(folder)) for one in folder.rglob("*"))


def _rows(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        names = [str(name) for (name,) in opened.execute("select name from sqlite_master where type = 'table'")]
        return {name: int(opened.execute(f'select count(*) from "{name}"').fetchone()[0]) for name in names}  # noqa: S608


def _groups(pid: int) -> list[Path]:
    """Return the folders of the control groups that a process is in."""
    try:
        inside = [line.split(":", 2)[1:] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    except OSError:
        return []
    mounts = {name: one.folder for one in hierarchies(own="") for name in (*one.controllers, "")}
    return [
        mounts[name] / path.lstrip("/")
        for names, path in inside
        for name in names.split(",")
        if name in mounts and (mounts[name] / path.lstrip("/")).is_dir()
    ]


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() // 1024
