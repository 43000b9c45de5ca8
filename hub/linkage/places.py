"""Where the zones keep what is on record, and what happens to what is not: it is removed, never used.

Files come into a zone under a name that no earlier one had. They count from the moment a row of the store names them,
so whenever a process is killed, either the old state holds or the new one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from saferoom.digests import sha256
from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.linkage.key_settling import settle
from saferoom.hub.linkage.sealed import Stamp, names

if TYPE_CHECKING:  # the processes in the zones know names of places, and have no zones to start
    from saferoom.hub.linkage.zones import Zone

DELIVERIES, INDEXES, MAPS = "deliveries", "indexes", "maps"
OUT = Path("/out")
"""Where a process writes what is for another zone."""
MAP = "map"
MEMORY = "memory-"
KEPT_BY_LINKER = ("spine", "log", "keys", "model", "memory")
"""What the linker keeps of every linkage."""


def about_linkage(kind: str, index: str, number: int) -> dict[str, str]:
    """Return what a file of a linkage is about."""
    return {"kind": kind, "index": index, "number": str(number)}


def delivery_place(delivery: str, kind: str) -> str:
    """Return where a zone keeps a file of a delivery, below its folder."""
    return f"{DELIVERIES}/{delivery}/{kind}"


def linkage_place(index: str, number: int, kind: str) -> str:
    """Return where the linker keeps a file of a linkage."""
    return f"{INDEXES}/{index}/{number}/{kind}"


def map_place(index: str, number: int) -> str:
    """Return where the provisioner keeps the map of a linkage."""
    return f"{MAPS}/{index}/{number}/map"


def memory_place(index: str, number: int, dataset: str) -> str:
    """Return where the provisioner keeps what was shown of the rates of a source."""
    return f"{MAPS}/{index}/{number}/{MEMORY}{dataset}"


def about_memory(index: str, number: int, dataset: str) -> dict[str, str]:
    """Return what that is about."""
    return {**about_linkage("memory", index, number), "dataset": dataset}


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Let one process at a time change what the zones keep.

    Raises
    ------
    UnavailableError
        Another one does just now.
    """
    with (home.splits / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError("another delivery is being ingested or linked; try again when it is done") from None
        settle(home)
        yield


def move_in(home: Home, zone: Zone, folder: Path, place: str) -> None:
    """Put a folder of sealed files in its place in the zone, durably."""
    from saferoom.hub.linkage.zones import folder_of, hand_over

    target = folder_of(home, zone) / place
    hand_over(folder, home, zone)
    for parent in reversed(target.relative_to(folder_of(home, zone)).parents):
        inner = folder_of(home, zone) / parent
        inner.mkdir(mode=0o700, exist_ok=True)
        hand_over_folder(inner, home, zone)
    if target.exists():
        shutil.rmtree(target)  # nothing on record: it would have another name
    _sync(folder)
    folder.rename(target)
    _sync(target.parent)


def hand_over_folder(folder: Path, home: Home, zone: Zone) -> None:
    """Give a folder, without what is in it, to the zone's user."""
    from saferoom.hub.sandbox import identity

    user = identity(home, zone.user)
    if user is not None:
        os.chown(folder, user, user, follow_symlinks=False)


def sweep(home: Home, deliveries: Collection[str], linkages: Mapping[str, Collection[int]]) -> None:
    """Remove what killed processes left behind: everything that is not on record."""
    from saferoom.hub.linkage.zones import KEPT, folder_of

    for leftover in home.splits.iterdir():
        if leftover.name != ".lock":
            _remove(leftover)
    for zone in KEPT:
        folder = folder_of(home, zone)
        for kept in _children(folder / DELIVERIES):
            if kept.name not in deliveries:
                _remove(kept)
        for place in (INDEXES, MAPS):
            for index in _children(folder / place):
                for version in _children(index):
                    if version.name not in map(str, linkages.get(index.name, ())):
                        _remove(version)


def check_written(folder: Path, stamps: Mapping[str, Stamp]) -> None:
    """Check that a folder holds exactly the sealed tables that its process told of.

    Raises
    ------
    IntegrityError
        It does not.
    """
    wanted = {name for kind in stamps for name in names(kind)}
    if {path.name for path in folder.iterdir()} != wanted:
        raise IntegrityError("a process of the zones left other files than it told of; nothing was taken over")
    for kind, stamp in stamps.items():
        _, envelope = names(kind)
        if sha256((folder / envelope).read_bytes()) != stamp.sha256:
            raise IntegrityError("a process of the zones left other files than it told of; nothing was taken over")


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
