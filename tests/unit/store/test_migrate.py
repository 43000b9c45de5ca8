"""Migrations: from an empty database to today's tables, whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table, inspect, text

from saferoom.errors import UnavailableError
from saferoom.hub.store import database as store_database
from saferoom.hub.store import migrate
from saferoom.hub.store.airlock_rows import read_request
from saferoom.hub.store.airlock_tables import EvaluationRow, OutputRow, RequestRow
from saferoom.hub.store.base import UtcDateTime
from saferoom.hub.store.database import Database
from saferoom.hub.store.migrations import __main__ as generator
from saferoom.hub.store.migrations.metadata import METADATA


def _database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'store.sqlite'}")


def test_upgrade_from_empty_makes_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    database = _database(tmp_path)
    migrate.upgrade(database)
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == [], "make a migration: python -m saferoom.hub.store.migrations"
        tables = set(inspect(connection).get_table_names())
    database.dispose()
    assert tables == set(METADATA.tables) | {"alembic_version"}


def test_upgrade_twice_changes_nothing(tmp_path: Path) -> None:
    database = _database(tmp_path)
    migrate.upgrade(database)
    with database.transaction() as session:
        session.execute(text("INSERT INTO people (username, display_name, active) VALUES ('a', 'A', 1)"))
    migrate.upgrade(database)
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM people")).scalar() == 1
    database.dispose()


def test_upgrade_by_several_at_once_happens_once(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        database = _database(tmp_path)
        try:
            migrate.upgrade(database)
        except BaseException as error:
            failures.append(error)
        finally:
            database.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_upgrade_of_a_newer_versions_database_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    database = _database(tmp_path)
    migrate.upgrade(database)
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError, match="newer version"):
        migrate.upgrade(database)
    database.dispose()


def test_upgrade_that_fails_half_way_leaves_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = _database(tmp_path)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE approvals (x INTEGER)"))  # in the way of the migration, near its end
    with pytest.raises(Exception, match="approvals"):
        migrate.upgrade(database)
    with database.engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["approvals"]
    database.dispose()


def test_outputs_of_an_older_version_keep_their_files_and_what_points_at_them(tmp_path: Path) -> None:
    database, config = _database(tmp_path), migrate.configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in OLD_ROWS:
            connection.execute(text(statement))
    migrate.upgrade(database)
    with database.reading() as session:
        output = session.get_one(OutputRow, "output-a")
        assert (output.files, output.lane) == ({"csv": "c" * 64, "xlsx": "d" * 64}, "declared")
        request = session.get_one(RequestRow, "request-a")
        assert request.groups == [{"name": "", "context": "c", "controls": "d", "supporting": []}]
        assert (request.risk, request.lane, request.output_count) == (0, "declared", 1)
        assert session.get_one(EvaluationRow, "evaluation-a").file is None
        assert session.execute(text("SELECT count(*) FROM airlock_votes")).scalar() == 1
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    database.dispose()


OLD_ROWS = (
    "INSERT INTO airlock_evaluations (id, author, project, title, verdict, digest, rules, datasets, route, created_at,"
    " expires_at, seal) VALUES ('evaluation-a', 'ana', 'mobility', 'T', 'pass', 'a', 'b', '[]', '{}', '2026-01-01',"
    " '2026-01-08', '{}')",
    "INSERT INTO airlock_requests (id, author, project, state, round, title, context, controls, automatic, checkers,"
    " created_at, updated_at, datasets, waits_because, warnings, reason, blocked, seal, version) VALUES ('request-a',"
    " 'ana', 'mobility', 'submitted', 1, 'T', 'c', 'd', 0, 1, '2026-01-01', '2026-01-01', '[]', '[]', '[]', '', '',"
    " '{}', 1)",
    "INSERT INTO airlock_outputs (id, request, round, position, evaluation, title, verdict, judged, csv, xlsx) VALUES"
    f" ('output-a', 'request-a', 1, 1, 'evaluation-a', 'T', 'pass', 'a', '{'c' * 64}', '{'d' * 64}')",
    "INSERT INTO airlock_votes (request, by, output, choice, comment, at, round) VALUES ('request-a', 'ben',"
    " 'output-a', 'approved', '', '2026-01-01', 1)",
)


def test_drafts_words_and_notices_of_an_older_version_are_where_they_belong_now(tmp_path: Path) -> None:
    database, config = _database(tmp_path), migrate.configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for statement in ROWS_WITHOUT_GROUPS:
            connection.exec_driver_sql(statement)
    migrate.upgrade(database)
    with database.reading() as session:
        draft, waiting = session.get_one(RequestRow, "request-d"), session.get_one(RequestRow, "request-w")
        assert draft.draft is not None
        assert [(o["evaluation"], o["group"]) for o in draft.draft["outputs"]] == [("evaluation-a", 1)]
        assert read_request(draft).outputs[0].title == "T"
        assert waiting.groups[0]["supporting"][0]["title"] == "means.py"
        assert (waiting.risk, waiting.lane, waiting.output_count) == (1, "file", 1)
        assert waiting.submitted_at == waiting.rounds[-1].submitted_at == datetime(2026, 1, 2, tzinfo=UTC)
        assert (draft.submitted_at, waiting.since) == (None, datetime(2026, 1, 3, tzinfo=UTC))
        used = session.execute(text("SELECT request, dataset, signs FROM airlock_requests_datasets")).all()
        assert used == [("request-w", "survey", 0)]
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    database.dispose()


_REQUEST_BEFORE = (
    "INSERT INTO airlock_requests (id, author, project, state, round, title, context, controls, automatic, checkers,"
    " created_at, updated_at, datasets, waits_because, warnings, supporting, reason, blocked, seal, version) VALUES"
)
_OUTPUT_BEFORE = (
    "INSERT INTO airlock_outputs (id, request, round, position, evaluation, title, verdict, judged, files, lane) VALUES"
)
ROWS_WITHOUT_GROUPS = (
    OLD_ROWS[0],
    _REQUEST_BEFORE + " ('request-d', 'ana', 'mobility', 'draft', 0, 'T', 'c', 'd', 0, 0, '2026-01-01', '2026-01-01',"
    " '[]', '[]', '[]', '[]', '', '', '{}', 1)",
    _REQUEST_BEFORE + " ('request-w', 'ana', 'mobility', 'submitted', 1, 'T', 'c', 'd', 0, 2, '2026-01-01',"
    ' \'2026-01-03\', \'[{"name": "survey", "version": "1"}]\', \'[]\', \'[]\', \'[{"evaluation": "e", "title":'
    ' "means.py", "judged": "j", "content": "k"}]\', \'\', \'\', \'{}\', 2)',
    _OUTPUT_BEFORE + " ('output-d', 'request-d', 0, 1, 'evaluation-a', 'T', 'pass', 'a', '{}', 'declared')",
    _OUTPUT_BEFORE + " ('output-w', 'request-w', 1, 1, 'evaluation-a', 'T', 'review', 'a', '{}', 'file')",
    "INSERT INTO airlock_rounds (request, round, title, context, controls, at, supporting) VALUES ('request-w', 1, 'T',"
    " 'c', 'd', '2026-01-02', '[]')",
    "INSERT INTO airlock_notices (request, project, \"to\", author, message, at) VALUES ('request-w', 'mobility',"
    " 'author', 'ana', 'm', '2026-01-02')",
)


def test_migrations_form_one_line(tmp_path: Path) -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_migrations_are_packaged_data() -> None:
    versions = resources.files("saferoom.hub.store") / "migrations" / "versions"
    assert any(file.name.startswith("0001_") for file in versions.iterdir())


def test_next_migration_is_written_from_what_the_code_has_and_the_database_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(str(resources.files("saferoom.hub.store") / "migrations"), folder)

    original = migrate.configuration

    def copied() -> Config:
        config = Config()
        config.set_main_option("script_location", str(folder))
        return config

    wider = MetaData()
    for table in METADATA.tables.values():
        table.to_metadata(wider)
    Table("novelties", wider, Column("id", Integer, primary_key=True), Column("at", UtcDateTime()))
    monkeypatch.setattr(migrate, "configuration", copied)
    monkeypatch.setattr(generator, "configuration", copied)
    monkeypatch.setattr(generator, "METADATA", wider)
    monkeypatch.setattr(sys, "argv", ["migrations", "What is new."])
    generator.main()
    (made,) = (folder / "versions").glob("*_what_is_new.py")
    newest = ScriptDirectory.from_config(original()).get_current_head()
    text_of = made.read_text()
    assert f"down_revision = '{newest}'" in text_of
    assert "op.create_table('novelties'" in text_of
    assert "sa.DateTime(timezone=True)" in text_of
    assert "done" in capsys.readouterr().out
    database = _database(tmp_path)
    migrate.upgrade(database)
    with database.engine.begin() as connection:
        assert "novelties" in inspect(connection).get_table_names()
    database.dispose()


def test_next_migration_needs_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["migrations"])
    with pytest.raises(SystemExit, match="usage"):
        generator.main()


class _BusyCursor:
    """Answers as SQLite does while others hold a new file."""

    def __init__(self, busy: int) -> None:
        self.busy = busy

    def execute(self, _statement: str) -> None:
        self.busy -= 1
        if self.busy >= 0:
            raise sqlite3.OperationalError("database is locked")


def test_switch_to_write_ahead_logging_waits_for_others() -> None:
    cursor = _BusyCursor(3)
    store_database._enter_wal(cursor, 10)
    assert cursor.busy == -1
    with pytest.raises(sqlite3.OperationalError):
        store_database._enter_wal(_BusyCursor(3), -1)
