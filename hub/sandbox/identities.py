"""User ids for sandboxes when the hub runs as root: one per project, for ever."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
from pathlib import Path

from saferoom.errors import IntegrityError
from saferoom.hub.home import Home

FIRST_UID = 210001
LAST_UID = 269999


def identity(home: Home, name: str) -> int | None:
    """Return the user id of `name`, choosing one the first time; None when the hub does not run as root.

    Ids are never reused: a file that a departed project left behind must not become another's. They are recorded in
    the home's ``identities.json``.

    Raises
    ------
    IntegrityError
        The record cannot be read, or no id is left.
    """
    if os.getuid() != 0:
        return None
    record = home.root / "identities.json"
    with (home.root / "identities.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read(record)
        if name not in known:
            known[name] = _next(known)
            _write(record, known)
        return known[name]


def _read(record: Path) -> dict[str, int]:
    if not record.exists():
        return {}
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise IntegrityError(f"{record} is not readable; restore it from a backup before starting rooms") from error
    values = list(known.values()) if isinstance(known, dict) else [None]
    if not all(isinstance(value, int) and FIRST_UID <= value <= LAST_UID for value in values) or len(
        set(values)
    ) != len(values):
        raise IntegrityError(f"{record} has user ids that are out of range or given twice; restore it from a backup")
    return {str(key): int(value) for key, value in known.items()}


def _next(known: dict[str, int]) -> int:
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for uid in range(max(known.values(), default=FIRST_UID - 1) + 1, LAST_UID + 1):
        if uid not in taken:
            return uid
    raise IntegrityError("every user id for projects is in use")


def _write(record: Path, known: dict[str, int]) -> None:
    fresh = record.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(known, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(record)
