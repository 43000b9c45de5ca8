"""Migrations go back as they came, on both databases; nothing that must be kept is lost by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from tests.support.postgres import ON_POSTGRES, Server

from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database

REVISIONS = [s.revision for s in ScriptDirectory.from_config(migrate.configuration()).walk_revisions()][::-1]
OLDEST, NEWEST = REVISIONS[0], REVISIONS[-1]
REGISTERED = (
    "INSERT INTO people (username, display_name, active) VALUES ('ana', 'Ana', true), ('dora', 'Dora', true)",
    "INSERT INTO projects (slug, title, active) VALUES ('mobility', 'Mobility', true)",
    "INSERT INTO datasets (name, title, owner, source, version, units, risk_appetite, release_route) VALUES"
    " ('survey', 'Survey', 'dora', 'survey.csv', '1', '[\"person_id\"]', '{}', '{}')",
    "INSERT INTO datasets_variables (dataset, position, name, type, role) VALUES"
    " ('survey', 0, 'pay', 'number', 'other')",
    "INSERT INTO approvals (project, dataset, granted_by, until, automatic) VALUES"
    " ('mobility', 'survey', 'dora', '2027-01-01', false)",
    "INSERT INTO audit_links (seq, at, actor, action, subject, payload_digest, previous, digest) VALUES"
    " (1, '2026-01-01', 'system', 'made', 'store', 'a', '', 'b')",
)
ASKED = (
    "INSERT INTO airlock_evaluations (id, author, project, title, verdict, digest, rules, datasets, route, created_at,"
    " expires_at, seal) VALUES ('e', 'ana', 'mobility', 'T', 'review', 'd', 'r', '[]', '{}', '2026-01-01',"
    " '2026-02-01', '{}')",
    "INSERT INTO airlock_requests (id, author, project, state, round, title, context, controls, automatic, checkers,"
    " created_at, updated_at, datasets, waits_because, warnings, reason, blocked, seal, version) VALUES ('q', 'ana',"
    " 'mobility', 'submitted', 1, 'T', 'the context', 'the controls', false, 2, '2026-01-01', '2026-01-02',"
    " '[{\"name\": \"survey\", \"version\": \"1\"}]', '[]', '[]', '', '', '{}', 1)",
    "INSERT INTO airlock_outputs (id, request, round, position, evaluation, title, verdict, judged, csv, xlsx) VALUES"
    " ('o', 'q', 1, 1, 'e', 'T', 'review', 'j', 'digest of csv', 'digest of xlsx')",
    "INSERT INTO people_roles (username, role) VALUES ('ana', 'researcher')",
)


def fill(database: Database) -> None:
    """Have a database in which something was registered and asked for under the oldest version."""
    migrate.upgrade(database, OLDEST)
    do(database, *REGISTERED, *ASKED, "INSERT INTO platform (id, risk_appetite, release_route) VALUES (1, '{}', '{}')")
    migrate.upgrade(database)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite database of that kind, to be copied."""
    file = tmp_path_factory.mktemp("filled") / "store.sqlite"
    database = Database(f"sqlite:///{file}")
    fill(database)
    database.dispose()
    return file


@pytest.fixture(scope="module")
def filled_on_postgres(postgres: Server) -> str:
    """Return the address of a PostgreSQL database of that kind, to be copied."""
    address = postgres.empty()
    database = Database(address)
    fill(database)
    database.dispose()
    return address


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def used(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A copy of it, on either."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("filled"), tmp_path / "store.sqlite")
        made = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    else:
        server: Server = request.getfixturevalue("postgres")
        made = Database(server.copy(request.getfixturevalue("filled_on_postgres")))
    yield made
    made.dispose()


def do(database: Database, *statements: str) -> None:
    with database.transaction() as session:
        for statement in statements:
            session.execute(sa.text(statement.replace(":", "\\:")))


def shape(database: Database) -> dict[str, Any]:
    """Return the columns, whether they may be empty, and the indexes of every table."""
    with database.engine.begin() as connection:
        found = sa.inspect(connection)
        return {
            table: (
                {(column["name"], column["nullable"]) for column in found.get_columns(table)},
                {index["name"] for index in found.get_indexes(table)},
                {tuple(key["constrained_columns"]) for key in found.get_foreign_keys(table)},
            )
            for table in found.get_table_names()
        }


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    with database.engine.begin() as connection:
        known = sa.Table(table, sa.MetaData(), autoload_with=connection)
        return [dict(row) for row in connection.execute(sa.select(known)).mappings()]


def test_every_step_back_leaves_what_the_step_before_had_made(bare: Database) -> None:
    shapes = {}
    for revision in REVISIONS:
        migrate.upgrade(bare, revision)
        shapes[revision] = shape(bare)
    for revision in reversed(REVISIONS[:-1]):
        migrate.go_back(bare, revision)
        assert shape(bare) == shapes[revision], revision
        assert migrate.revision_of(bare) == revision
    migrate.upgrade(bare)
    assert shape(bare) == shapes[NEWEST]


def test_what_was_registered_and_asked_for_comes_back_as_it_was(bare: Database) -> None:
    migrate.upgrade(bare, OLDEST)
    do(bare, *REGISTERED, *ASKED)
    tables = ("people", "projects", "datasets", "approvals", "audit_links", "people_roles", "airlock_outputs")
    before = {table: rows(bare, table) for table in (*tables, "airlock_requests")}
    migrate.upgrade(bare)
    (request,) = rows(bare, "airlock_requests")
    assert request["groups"][0]["context"] == "the context"
    migrate.go_back(bare, OLDEST)
    assert {table: rows(bare, table) for table in before} == before


@pytest.mark.parametrize(
    ("kept", "back", "said"),
    [
        ("INSERT INTO dataset_twins (dataset, version, shape, document, at) VALUES ('survey', '1', 's', '{}',"
         " '2026-01-01')", "0024", "1 row of dataset_twins"),
        ("UPDATE datasets_variables SET relates = 'family'", "0022", "1 row of datasets_variables.relates"),
        ("UPDATE datasets SET gateways = '[{\"law\": \"Act\"}]'", "0020", "1 row of datasets.gateways"),
        ("INSERT INTO ledger_limits (kind, name, version, allows, set_by, at) VALUES ('project', 'mobility', 1, 'all',"
         " 'dora', '2026-01-01')", "0016", "1 row of ledger_limits"),
        ("UPDATE platform SET environment = 'Ours'", "0015", "1 row of platform.environment"),
        ("INSERT INTO ledger_accounts (kind, name, rho_spent, delta_spent, version) VALUES ('project', 'mobility', 0,"
         " 0, 1)", "0013", "1 row of ledger_accounts"),
        ("UPDATE datasets SET description = 'What it is'", "0010", "1 row of datasets.description"),
        ("UPDATE airlock_requests SET third_asked = true", "0008", "1 row of airlock_requests.third_asked"),
        ("UPDATE airlock_requests SET groups = '[{\"name\": \"a\"}, {\"name\": \"b\"}]'", "0008",
         "1 row of requests of several groups"),
        ("UPDATE lives SET origin = 'proposal'", "0007", "1 row of proposals"),
        ("UPDATE people_roles_held SET granted_by = 'dora'", "0006", "1 row of roles"),
        ("INSERT INTO airlock_memory (number, output, entry) VALUES (1, 'o', 'x')", "0004", "1 row of airlock_memory"),
        ("UPDATE airlock_outputs SET files = '{\"pdf\": \"d\"}'", "0002", "1 row of outputs that are files"),
    ],
)  # fmt: skip
def test_nothing_that_must_be_kept_is_lost(used: Database, kept: str, back: str, said: str) -> None:
    do(used, kept)
    before = shape(used)
    with pytest.raises(WrongStateError, match=said):
        migrate.go_back(used, back)
    assert shape(used) == before
    assert migrate.revision_of(used) == NEWEST


@pytest.mark.parametrize("revision", ["9999", "head", NEWEST, "-1", "'; DROP TABLE people"])
def test_a_revision_that_is_not_before_is_refused(tmp_path: Path, revision: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    migrate.upgrade(database)
    with pytest.raises(BadInputError, match="there is no revision"):
        migrate.go_back(database, revision)
    assert migrate.revision_of(database) == NEWEST
    database.dispose()
