"""A writer that hangs does not keep the others from writing for ever: PostgreSQL ends it, and nothing of it is kept."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from tests.integration.store.test_database_command import BEFORE
from tests.support.postgres import Server

from saferoom.errors import UnavailableError
from saferoom.hub.store import migrate
from saferoom.hub.store.database import LONGEST_SECONDS, Database

pytestmark = pytest.mark.postgres

LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
WRITES = "INSERT INTO airlock_locks (name) VALUES ('hung')"
WRITTEN = text("SELECT count(*) FROM airlock_locks WHERE name = 'hung'")
HANGS = f"""
import os, signal, sys
from sqlalchemy import text
from sqlalchemy.orm import Session
from saferoom.errors import UnavailableError
from saferoom.hub.store.database import Database
try:
    with Database(sys.argv[1], longest=0.5).transaction() as session:
        session.execute(text({WRITES!r}))
        print("holds the lock", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        session.execute(text({WRITES!r}))
except UnavailableError:
    print("was told", flush=True)
"""


@pytest.fixture(scope="module")
def address(postgres: Server) -> str:
    return postgres.database()


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    made = Database(address, patience=60, longest=0.5)
    yield made
    made.dispose()


def written(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(WRITTEN) or 0


def write(database: Database, then: Callable[[Session], object]) -> None:
    with database.transaction() as session:
        session.execute(text(WRITES))
        then(session)


def limits(database: Database) -> list[str]:
    with database.transaction() as session:
        return [str(session.scalar(text(f"SHOW {name}"))) for name in LIMITS]


def test_process_that_hangs_with_the_lock_of_all_writers_loses_it(database: Database) -> None:
    words = [sys.executable, "-P", "-c", HANGS, database.url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as hung:
        assert hung.stdout is not None
        try:
            assert hung.stdout.readline() == "holds the lock\n"
            with database.transaction() as session:  # as soon as the server has ended the other one
                assert session.scalar(WRITTEN) == 0
            assert hung.poll() is None, "it hangs still"
            hung.send_signal(signal.SIGCONT)
            assert hung.stdout.readline() == "was told\n"
        finally:
            hung.kill()
    assert written(database) == 0


def test_writer_whose_statement_hangs_is_told_and_others_go_on(database: Database) -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        write(database, lambda session: session.execute(text("SELECT pg_sleep(600)")))
    with database.transaction() as session:
        assert session.scalar(WRITTEN) == 0


def test_writer_that_was_silent_for_too_long_keeps_nothing_and_is_told(database: Database) -> None:
    other = Database(database.url, patience=60)
    with pytest.raises(UnavailableError, match="does not answer"):
        write(database, lambda _: limits(other))  # which waits until the first one is over
    assert written(database) == 0
    with database.transaction() as session:
        assert session.scalar(text("SELECT 1")) == 1, "it writes again by itself"
    other.dispose()


def test_who_only_reads_has_no_limit(database: Database) -> None:
    assert limits(database) == ["500ms", "500ms"]
    with database.reading() as session:  # the same connection
        assert {session.scalar(text(f"SHOW {name}")) for name in LIMITS} == {"0"}


def test_services_have_the_limits_without_asking(address: str) -> None:
    usual = Database(address)
    assert LONGEST_SECONDS == 60
    assert limits(usual) == ["1min", "1min"]
    usual.dispose()


def test_migrations_have_no_limit(postgres: Server) -> None:
    made, seen = Database(postgres.database(), longest=30), set[str]()
    migrate.go_back(
        made, BEFORE, lambda session: seen.update(str(session.scalar(text(f"SHOW {name}"))) for name in LIMITS)
    )
    assert seen == {"0"}
    made.dispose()
