"""JupyterHub's own database, where it keeps sessions and rooms that run.

JupyterHub writes it in the thread that answers everybody, many times for each room that starts. With SQLite's rollback
journal each of these waits several times for the disk, and fifty people who ask for a room at once keep all others
waiting for seconds; with a write-ahead log it waits once.

References
----------
SQLite, Write-Ahead Logging, https://www.sqlite.org/wal.html, section 1.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from saferoom.errors import UnavailableError

_SECONDS = 10.0


def write_ahead(database: Path) -> None:
    """Have the database at `database` kept with a write-ahead log; one that is not there is made, empty.

    Where the file system can keep none, it stays as it is.

    Raises
    ------
    UnavailableError
        It cannot be opened, or is no database.
    """
    try:
        with closing(sqlite3.connect(database, timeout=_SECONDS)) as opened:
            opened.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.Error as error:
        raise UnavailableError(f"JupyterHub's database {database} cannot be opened: {error}") from None
