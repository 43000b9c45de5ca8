"""On PostgreSQL the services' role can add to the audit trail and to what left, and rewrite neither: tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from tests.integration.store.test_database_command import BEFORE, run
from tests.support.airlock_domain import BEN, CHECKED, Domain, domain
from tests.support.postgres import Server

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database
from saferoom.hub.store.migrations.metadata import METADATA
from saferoom.hub.store.service_role import APPEND_ONLY, grant
from saferoom.projects.airlock.model import Cause
from saferoom.projects.airlock.states import State

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def owned(postgres: Server) -> Iterator[Database]:
    """A migrated database of its owner, who has given the services their role."""
    made = Database(postgres.database())
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("CREATE ROLE services LOGIN")
        connection.exec_driver_sql("CREATE ROLE deputies LOGIN IN ROLE saferoom")
    grant(made, "services")
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def served(owned: Database) -> Iterator[Database]:
    """The same database as the services open it."""
    made = Database(owned.url.replace("saferoom@", "services@"))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def released(served: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    """An airlock on it, out of which a release went that was withdrawn again."""
    with domain(tmp_path_factory.mktemp("airlock"), database=served) as made:
        request = made.approve(made.submit(CHECKED))
        assert made.stored(request.id).state is State.RELEASED
        made.airlock.withdraw_release(BEN, request.id, Cause.DISCLOSURE_CONTROL, "The north can be told.")
        yield made


def test_services_do_their_work_with_it(released: Domain) -> None:
    assert released.audit().links > 3
    with released.database.reading() as session:
        rows = {t: session.execute(text(f'SELECT count(*) FROM "{t}"')).scalar() for t in sorted(APPEND_ONLY)}
    assert all(rows[table] for table in ("audit_links", "airlock_memory", "airlock_releases", "airlock_withdrawals"))


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM "{table}"',
        'UPDATE "{table}" SET "{column}" = "{column}"',
        'TRUNCATE "{table}"',
        'DROP TABLE "{table}"',
        'ALTER TABLE "{table}" RENAME TO gone',
        'ALTER TABLE "{table}" DISABLE TRIGGER ALL',
        'CREATE RULE nothing AS ON INSERT TO "{table}" DO INSTEAD NOTHING',
    ],
)
def test_what_is_kept_can_be_neither_changed_nor_taken_away(released: Domain, table: str, statement: str) -> None:
    column = next(iter(METADATA.tables[table].columns)).name
    before = rows(released.database, table)
    with refused(), released.database.transaction() as session:
        session.execute(text(statement.format(table=table, column=column)))
    assert rows(released.database, table) == before
    assert not rights(released.database, table) & {"UPDATE", "DELETE", "TRUNCATE"}


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE saferoom",
        "CREATE TABLE own (a int)",
        "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE other LOGIN",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET session_replication_role = replica",
        "COPY audit_links TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_no_other_way_leads_there(served: Database, statement: str) -> None:
    with refused(), served.transaction() as session:
        session.execute(text(statement))


def test_tables_of_an_older_version_are_named_and_brought_up_by_their_owner(postgres: Server) -> None:
    owner = Database(postgres.database())
    newest = migrate.revision_of(owner)
    migrate.go_back(owner, BEFORE)
    grant(owner, "services")
    services = Database(owner.url.replace("saferoom@", "services@"))
    with pytest.raises(UnavailableError, match="as the role that they belong to"):
        migrate.upgrade(services)
    assert migrate.revision_of(services) == BEFORE
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFEROOM_DATABASE_URL", owner.url)
        assert run("admin", "database", "--upgrade", "--service-role", "services") == 0
    migrate.upgrade(services)
    assert migrate.revision_of(services) == newest
    for database in (owner, services):
        database.dispose()


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("nobody_here", "there is no role nobody_here"),
        ("saferoom", "nothing could be kept from it"),
        ("deputies", "nothing could be kept from it"),
        ('x"; DROP TABLE people', "lower-case letters"),
    ],
)
def test_a_role_from_which_nothing_could_be_kept_is_refused(owned: Database, role: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        grant(owned, role)


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="roles are PostgreSQL's"):
        grant(Database(f"sqlite:///{tmp_path / 'store.sqlite'}"), "services")


def refused() -> pytest.RaisesExc[ProgrammingError]:
    """Expect that PostgreSQL says that the role has no right to something."""
    return pytest.raises(ProgrammingError, match="InsufficientPrivilege")


def rows(database: Database, table: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())


def rights(database: Database, table: str) -> set[str]:
    """Return what the services' role may do with a table."""
    every = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    with database.reading() as session:
        asked = {
            right: session.execute(text("SELECT has_table_privilege(:table, :right)"), {"table": table, "right": right})
            for right in every
        }
        return {right for right, answer in asked.items() if answer.scalar_one()}
