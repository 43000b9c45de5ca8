"""On PostgreSQL the services' role can add to the audit trail and to what left, and rewrite neither: tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError
from tests.integration.store.test_database_command import BEFORE, run
from tests.support.airlock_domain import BEN, CHECKED, Domain, domain
from tests.support.postgres import SERVICES, Server, as_role

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database
from saferoom.hub.store.migrations.metadata import METADATA
from saferoom.hub.store.service_rights import APPEND_ONLY, RIGHTS
from saferoom.hub.store.service_role import grant
from saferoom.projects.airlock.model import Cause
from saferoom.projects.airlock.states import State

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def owned(postgres: Server) -> Iterator[Database]:
    """A migrated database of its owner, who has given the services their role."""
    made = Database(postgres.database())
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("COMMIT")
        for role in (
            "deputies LOGIN IN ROLE saferoom",
            "makers LOGIN CREATEROLE",
            "copiers LOGIN REPLICATION",
            "programs LOGIN IN ROLE pg_execute_server_program",
        ):
            connection.exec_driver_sql(f"CREATE ROLE {role}")
    grant(made, SERVICES)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def served(owned: Database) -> Iterator[Database]:
    """The same database as the services open it."""
    made = Database(as_role(owned.url, SERVICES))
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


@pytest.mark.parametrize("table", sorted(RIGHTS))
def test_nothing_is_done_to_a_table_but_what_services_do(released: Domain, table: str) -> None:
    with released.database.reading() as session:
        columns = [column["name"] for column in inspect(session.connection()).get_columns(table)]
    before = rows(released.database, table)
    with released.database.transaction() as session:
        for statement in forbidden(table, columns):
            with refused(), session.begin_nested():
                session.execute(text(statement))
    assert rows(released.database, table) == before


def forbidden(table: str, columns: list[str]) -> Iterator[str]:
    """Yield what the services' role may not do to `table`, one statement each."""
    rights = RIGHTS[table]
    kept = [column for column in columns if column not in rights.changed(columns)]
    assert kept or table == "airlock_locks", "something of a row stays as it is, unless it is there to be locked alone"
    yield from (f'UPDATE "{table}" SET "{column}" = "{column}"' for column in kept)
    if not rights.deletes:
        yield f'DELETE FROM "{table}"'
    if not rights.adds:
        yield f'INSERT INTO "{table}" DEFAULT VALUES'
    yield f'TRUNCATE "{table}"'
    yield f'DROP TABLE "{table}"'
    yield f'ALTER TABLE "{table}" RENAME TO gone'
    yield f'ALTER TABLE "{table}" DISABLE TRIGGER ALL'
    yield f'CREATE RULE nothing AS ON INSERT TO "{table}" DO INSTEAD NOTHING'
    yield f'CREATE INDEX own ON "{table}" ("{columns[0]}")'


def test_every_table_is_named(owned: Database) -> None:
    with owned.reading() as session:
        there = {table: inspect(session.connection()) for table in inspect(session.connection()).get_table_names()}
        assert there.keys() == RIGHTS.keys() == METADATA.tables.keys() | {"alembic_version"}, "a new table is named"
        for table, found in there.items():
            columns = {column["name"] for column in found.get_columns(table)}
            assert RIGHTS[table].changes | (RIGHTS[table].keeps or frozenset()) <= columns, table


@pytest.mark.parametrize(
    "table", ["audit_links", "audit_heads", "airlock_votes", "airlock_releases", "airlock_memory", "ledger_debits"]
)
def test_what_is_kept_is_only_added_to(table: str) -> None:
    assert table in APPEND_ONLY


def test_record_of_what_was_run_goes_when_its_time_is_over_and_is_never_changed() -> None:
    rights = RIGHTS["inputs"]
    assert rights.deletes
    assert not rights.changed([column.name for column in METADATA.tables["inputs"].columns])


def test_table_that_no_service_knows_is_not_for_them(postgres: Server) -> None:
    owner = Database(postgres.database())
    with owner.transaction() as session:
        session.execute(text("CREATE TABLE somebody_elses (a int)"))
        session.execute(text(f"GRANT SELECT ON somebody_elses TO {SERVICES}"))
    grant(owner, SERVICES)
    services = Database(as_role(owner.url, SERVICES))
    with refused(), services.reading() as session:
        session.execute(text("SELECT * FROM somebody_elses"))
    for database in (owner, services):
        database.dispose()


@pytest.mark.parametrize(
    "given",
    [
        "GRANT UPDATE ON audit_links TO {to}",
        "GRANT UPDATE (payload) ON audit_links TO {to}",
        "GRANT DELETE ON airlock_votes TO {to}",
        "GRANT TRUNCATE ON inputs TO {to}",
        "GRANT TRIGGER ON people TO {to}",
        "GRANT INSERT ON airlock_locks TO {to}",
    ],
)
@pytest.mark.parametrize("to", ["PUBLIC", "others"])
def test_role_that_could_do_more_in_another_way_is_not_the_services(postgres: Server, given: str, to: str) -> None:
    owner = Database(postgres.database())
    role = f"round_{to.lower()}"
    with owner.transaction() as session:
        for statement in (
            f"DROP ROLE IF EXISTS {role}",
            "DROP ROLE IF EXISTS others",
            "CREATE ROLE others",
            f"CREATE ROLE {role} IN ROLE others",
            given.format(to=to),
        ):
            session.execute(text(statement))
    with pytest.raises(BadInputError, match="by a role that it belongs to or by what everybody may"):
        grant(owner, role)
    with owner.transaction() as session:
        kept = session.scalar(text("SELECT has_table_privilege(:role, 'people', 'SELECT')"), {"role": role})
        session.execute(text("DROP OWNED BY others"))
    assert not kept, "nothing was given"
    owner.dispose()


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
    grant(owner, SERVICES)
    services = Database(as_role(owner.url, SERVICES))
    with pytest.raises(UnavailableError, match="as the role that they belong to"):
        migrate.upgrade(services)
    assert migrate.revision_of(services) == BEFORE
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFEROOM_DATABASE_URL", owner.url)
        assert run("admin", "database", "--upgrade", "--service-role", SERVICES) == 0
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
        ("makers", "may make roles"),
        ("copiers", "may make roles, replicate"),
        ("programs", "reach the server's own files or programs"),
        ('x"; DROP TABLE people', "lower-case letters"),
    ],
)
def test_a_role_from_which_nothing_could_be_kept_is_refused(owned: Database, role: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        grant(owned, role)


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="roles are PostgreSQL's"):
        grant(Database(f"sqlite:///{tmp_path / 'store.sqlite'}"), SERVICES)


def refused() -> pytest.RaisesExc[ProgrammingError]:
    """Expect that PostgreSQL says that the role has no right to something."""
    return pytest.raises(ProgrammingError, match="InsufficientPrivilege")


def rows(database: Database, table: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())
