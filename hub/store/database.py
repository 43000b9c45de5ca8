"""The store's database and its transactions: one writer at a time, on SQLite and on PostgreSQL alike.

Every write appends to the one audit chain, so writers could never overtake each other anyway. Each takes the lock of
all writers at its start, and check-then-act is safe on both.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InternalError, OperationalError
from sqlalchemy.orm import Session

from saferoom.errors import BadInputError, UnavailableError

_log = logging.getLogger(__name__)  # commands have nothing but their answer on standard output
_READS = "saferoom_reads"
PATIENCE_SECONDS = 10.0
"""How long a writer waits for the others."""
LONGEST_SECONDS = 60.0
"""How long one statement of a writer may take on PostgreSQL, and how long a writer may be silent between two."""
_WRITERS = 0x5AFE_0001
"""The number that PostgreSQL knows the lock of all writers by."""
_LIMITS = (
    "SELECT set_config('statement_timeout', '{longest}', true),"
    " set_config('idle_in_transaction_session_timeout', '{longest}', true)"
)
"""Whoever has the lock of all writers gives it up in time, even where its process hangs or its machine is gone."""
_BEGINNINGS = {
    "sqlite": ("BEGIN IMMEDIATE", "BEGIN"),
    "postgresql": (
        f"{_LIMITS}, pg_advisory_xact_lock({_WRITERS})",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ),
}
"""What a transaction that writes, and one that reads, begins with."""
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_MISTAKES = ("SQLITE_ERROR", "25")
"""Codes of what no waiting could mend: a statement that SQLite does not understand, a write in a reading."""
_SILENT = "25P03"
"""PostgreSQL's code of a transaction that was ended because it was silent for too long: no mistake of that kind."""
UNAVAILABLE = (
    "the database does not answer, is locked by another process, or its disk is full; try again, and if that does not "
    "help, tell an administrator"
)


UNKEPT = "a text has a NUL character, or a number is too large to be kept; leave that out and try again"


class Database:
    """An engine and its transactions.

    SQLite runs in WAL mode with foreign keys on and full synchronisation; PostgreSQL as its server is configured.

    Parameters
    ----------
    url : str
        ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
    patience : float
        Seconds that a writer waits for the others, and that a server has to let anybody in.
    longest : float
        Seconds after which PostgreSQL ends a writer's statement, or a writer that says nothing; all its changes are
        gone then. Migrations have no such limit, nor do those who only read: nobody waits for them.

    Raises
    ------
    BadInputError
        `url` is no such address.
    """

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self.url = url
        milliseconds = int(patience * 1000)
        address = _address(url)
        if address.get_backend_name() == "sqlite":
            self.engine: Engine = create_engine(address)
            event.listen(self.engine, "do_connect", _OnlyWhatWasThere())
            event.listen(self.engine, "connect", partial(_configure_sqlite, milliseconds))
        else:
            # A connection that the server has closed since is noticed before it is used.
            options = f"-c lock_timeout={milliseconds} -c timezone=UTC"
            waits = {} if "connect_timeout" in address.query else {"connect_timeout": math.ceil(patience)}
            self.engine = create_engine(address, pool_pre_ping=True, connect_args={"options": options, **waits})
        event.listen(self.engine, "begin", partial(_begin, int(longest * 1000)))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session; commit when the block ends, roll back when it raises.

        The transaction takes the lock of all writers at its start.

        Raises
        ------
        UnavailableError
            The database cannot be reached, stays locked, or cannot write. What a commit that failed has done is not
            known when the connection was lost meanwhile; else nothing of it is kept.
        """
        with answering(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one moment of the database and takes no lock; nothing it does is kept."""
        with (
            answering(),
            self.engine.connect() as connection,
            Session(connection.execution_options(**{_READS: True})) as session,
        ):
            yield session

    def dispose(self) -> None:
        """Close pooled connections."""
        self.engine.dispose()


@contextmanager
def answering() -> Iterator[None]:
    """Say in one sentence that the database cannot be used, and log which of its own errors that was.

    Raises
    ------
    UnavailableError
    BadInputError
        PostgreSQL can neither keep nor look for a value, as a text with a NUL character; SQLite finds nothing.
    """
    try:
        yield
    except DataError as error:
        _log.warning("value refused by the database: %s", _code(error))
        raise BadInputError(UNKEPT) from error
    except (OperationalError, InternalError) as error:
        code = _code(error)
        if code.startswith(_MISTAKES) and code != _SILENT:
            raise
        # The error's words may hold values; its code does not.
        _log.error("database unavailable: %s", code)
        raise UnavailableError(UNAVAILABLE) from error


def _code(error: DBAPIError) -> str:
    own = error.orig
    return getattr(own, "sqlite_errorname", None) or getattr(own, "sqlstate", None) or type(own).__name__


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
        if driver != "sqlite":
            _check_options(address)
        return address.set(drivername=driver)
    except (ArgumentError, KeyError):
        # Not repeated: it may hold a password.
        raise BadInputError(
            "the database's address must be sqlite:///FILE or postgresql://USER@HOST/NAME; it is set by "
            "SAFEROOM_DATABASE_URL"
        ) from None


def _check_options(address: URL) -> None:
    import psycopg

    try:
        psycopg.conninfo.make_conninfo("", **dict.fromkeys(address.query, ""))
    except psycopg.ProgrammingError:
        raise ArgumentError("an option that no connection has") from None


def take_your_time(connection: Connection) -> None:
    """Let the transaction of `connection` last as long as it does: migrations of a large database take their time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LIMITS.format(longest=0))


class _OnlyWhatWasThere:
    """Has a file that was opened once opened only where it is; SQLite would make an empty one in its place."""

    def __init__(self) -> None:
        self._known = False

    def __call__(self, _dialect: Dialect, _record: Any, words: list[Any], options: dict[str, Any]) -> Any:
        if self._known and words[0] != ":memory:":
            return sqlite3.connect(f"file:{quote(words[0])}?mode=rw", uri=True, **options)
        made = sqlite3.connect(*words, **options)
        self._known = True
        return made


def _configure_sqlite(milliseconds: int, connection: Any, _record: Any) -> None:
    # The driver's own transaction handling is switched off; `_begin` starts transactions.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={milliseconds}", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    _enter_wal(cursor, milliseconds / 1000)
    cursor.close()


def _enter_wal(cursor: Any, patience: float) -> None:
    """Switch a new file to write-ahead logging; SQLite does not wait for others here, whatever its busy timeout is."""
    deadline = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(longest: int, connection: Connection) -> None:
    writes, reads = _BEGINNINGS[connection.dialect.name]
    reading = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql(reads if reading else writes.format(longest=longest))
