"""A database as one file that is of one moment, and back into an empty one: SQLite's own copy, or PostgreSQL's dump."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database

FILES = {"sqlite": "database/saferoom.sqlite", "postgresql": "database/saferoom.dump"}
"""The database's name in a backup, by its engine."""


def dump(home: Home, target: Path) -> str:
    """Write the home's database into `target`, while others work with it; return its engine.

    Raises
    ------
    UnavailableError
        It cannot be copied, or PostgreSQL's programs are not there.
    """
    url = home.database_url
    if url.startswith("sqlite:///"):
        source = Path(url.removeprefix("sqlite:///"))
        if not source.is_file():
            raise BadInputError(f"there is no Saferoom instance at {home.root}; name its folder in SAFEROOM_HOME")
        try:
            reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
            with closing(reading) as own, closing(sqlite3.connect(target)) as copy:
                own.backup(copy)
        except sqlite3.Error:
            raise UnavailableError("the database cannot be copied; nothing was written") from None
        return "sqlite"
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", f"--dbname={url}")
    return "postgresql"


def check_empty(home: Home, engine: str) -> None:
    """Check that a database of `engine` can be restored where the home has its own.

    Raises
    ------
    BadInputError
        It is of another engine, or there is one already.
    """
    url = home.database_url
    ours = "sqlite" if url.startswith("sqlite:///") else "postgresql"
    if ours != engine:
        raise BadInputError(f"the backup is of a database on {engine}, and SAFEROOM_DATABASE_URL names one on {ours}")
    if ours == "sqlite":
        there = Path(url.removeprefix("sqlite:///")).exists()
    else:
        store = Database(url)
        there = migrate.revision_of(store) is not None
        store.dispose()
    if there:
        raise BadInputError("there is a database already where the backup's would go; restore into an empty place")


def restore(home: Home, engine: str, source: Path) -> None:
    """Put a dumped database where the home has its own; it is empty.

    Raises
    ------
    UnavailableError
    """
    url = home.database_url
    if engine == "sqlite":
        source.chmod(0o600)
        shutil.move(source, Path(url.removeprefix("sqlite:///")))
        return
    words = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={url}")
    _run("pg_restore", *words, str(source))


def _run(name: str, *words: str) -> None:
    places = [None, *(str(one) for one in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    program = next((found for place in places if (found := shutil.which(name, path=place))), None)
    if program is None:
        raise UnavailableError(f"{name} is not installed; it comes with PostgreSQL's client (postgresql-client)")
    try:
        subprocess.run([program, *words], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise UnavailableError(f"{name} could not do its work; look into PostgreSQL's log") from None
