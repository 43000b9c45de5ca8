"""JupyterHub's own database is kept with a write-ahead log, also one that is there already."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.jupyter.hub_store import write_ahead


def _mode(database: Path) -> str:
    with closing(sqlite3.connect(database)) as opened:
        return str(opened.execute("PRAGMA journal_mode").fetchone()[0])


def test_jupyterhub_makes_its_tables_in_the_database_that_was_prepared(tmp_path: Path) -> None:
    from jupyterhub import orm

    database = tmp_path / "jupyterhub.sqlite"
    write_ahead(database)
    session = orm.new_session_factory(f"sqlite:///{database}")()
    assert session.query(orm.APIToken).count() == 0
    session.get_bind().dispose()
    session.close()
    assert _mode(database) == "wal"


def test_what_is_there_stays_and_is_kept_with_the_log_from_then_on(tmp_path: Path) -> None:
    database = tmp_path / "jupyterhub.sqlite"
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("create table kept (one)")
        opened.commit()
    assert _mode(database) == "delete"
    write_ahead(database)
    write_ahead(database)
    assert _mode(database) == "wal"
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("select name from sqlite_master").fetchall() == [("kept",)]


def test_what_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = tmp_path / "jupyterhub.sqlite"
    database.write_text("this is no database, but it is long enough to be looked at as one" * 9)
    with pytest.raises(UnavailableError, match="cannot be opened"):
        write_ahead(database)
