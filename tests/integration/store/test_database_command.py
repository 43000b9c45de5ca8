"""``saferoom admin database`` as an operator runs it on an instance's home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.store.test_going_back import NEWEST, REVISIONS

from saferoom.hub.cli.main import main
from saferoom.hub.home import Home
from saferoom.hub.store import migrate
from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.hub.store.database import Database
from saferoom.signing import VerifyingKey

pytestmark = pytest.mark.sqlite
BEFORE = REVISIONS[-2]


def run(*words: str) -> int:
    """Return the exit code of a command."""
    try:
        main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An instance with a person in it."""
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    made = Home.from_environment()
    made.prepare()
    database = Database(made.database_url)
    migrate.upgrade(database)
    with database.transaction() as session:
        session.execute(text("INSERT INTO people (username, display_name, active) VALUES ('ana', 'Ana', 1)"))
    database.dispose()
    return made


def test_it_says_the_revision_and_whether_it_is_this_versions(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("admin", "database") == 0
    assert capsys.readouterr().out == f"sqlite, revision {NEWEST}: the tables are those of this version.\n"
    assert run("admin", "database", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "engine": "sqlite",
        "revision": NEWEST,
        "newest": NEWEST,
        "went_back_from": None,
        "service_role": None,
    }


def test_it_goes_back_is_on_record_and_comes_up_again(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("admin", "database", "--back-to", BEFORE) == 0
    assert f"went back from revision {NEWEST} to {BEFORE}" in capsys.readouterr().out
    assert run("admin", "database") == 0
    assert f"brings the tables up to {NEWEST}" in capsys.readouterr().out
    database = Database(home.database_url)
    migrate.upgrade(database)
    with database.reading() as session:
        assert session.execute(text("SELECT username FROM people")).scalars().all() == ["ana"]
        (action, payload) = session.execute(text("SELECT action, payload FROM audit_links")).one()
        report = verify_audit_log(session, VerifyingKey.from_pem(home.verifying_key.read_bytes()))
    database.dispose()
    assert (action, json.loads(payload)) == ("database.went_back", {"from": NEWEST, "to": BEFORE})
    assert report.links == 1


def test_what_cannot_be_is_said_and_changes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("admin", "database", "--back-to", "0999") == 2
    assert "there is no revision 0999 before the database's own" in capsys.readouterr().err
    database = Database(home.database_url)
    with database.transaction() as session:
        session.execute(text("UPDATE people SET email = 'ana@example.org'"))
    assert run("admin", "database", "--back-to", REVISIONS[0]) == 1
    assert "1 row of people.email, which must be kept; restore the backup" in capsys.readouterr().err
    assert migrate.revision_of(database) == NEWEST
    database.dispose()


def test_where_there_is_no_instance_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "nothing"))
    assert run("admin", "database") == 2
    assert "there is no Saferoom instance at" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()
