"""Stores that begin as a copy of one that was migrated: migrations take their time, and have tests of their own."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database


def store_at(path: Path) -> Database:
    """Return the database at `path`, made empty and migrated where there is none."""
    if not path.exists():
        path.write_bytes(_migrated())
    return Database(f"sqlite:///{path}")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made, "store.sqlite")
        database = Database(f"sqlite:///{path}")
        migrate.upgrade(database)
        database.dispose()  # the last connection writes everything into the file
        return path.read_bytes()
