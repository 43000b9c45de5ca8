"""Brings a database's tables up to this version, from an empty database or an older version's, and back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.store.database import Database, answering, take_your_time

_NOT_ALLOWED = "42501"
"""PostgreSQL's code of what a role has no right to."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every migration up to `revision` that `database` lacks, all of them or, when one fails, none.

    Several processes may call this at once; the first one's lock of all writers makes the others wait.

    Raises
    ------
    UnavailableError
        A newer version of Saferoom wrote the database, or it does not answer.
    """
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    with answering(), database.engine.begin() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
        known = {script.revision for script in scripts.walk_revisions()}
        if not set(present) <= known:
            raise UnavailableError(
                "the database was written by a newer version of Saferoom; start that version, or restore a backup"
            )
        if set(present) == set(scripts.get_heads()):
            return
        take_your_time(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
                raise
            raise UnavailableError(
                "the database's tables are an older version's, and this service may not change them; run "
                "'saferoom admin database --upgrade' as the role that they belong to"
            ) from None


def newest() -> str:
    """Return the revision of this version's tables."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


def revision_of(database: Database) -> str | None:
    """Return the revision of a database's tables; None where it has none.

    Raises
    ------
    UnavailableError
        It does not answer.
    """
    with database.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def go_back(database: Database, revision: str, record: Callable[[Session], object] | None = None) -> None:
    """Take a database's tables back to those of an older revision; all the way or not at all.

    Parameters
    ----------
    record : callable, optional
        Writes the deed down, in the same transaction.

    Raises
    ------
    BadInputError
        There is no such revision before the database's own.
    WrongStateError
        Something that must be kept would be lost.
    UnavailableError
        The database does not answer.
    """
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    with answering(), database.engine.begin() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        before = [script.revision for script in scripts.walk_revisions(head=present or "base")]
        if revision not in before[1:]:
            raise BadInputError(
                f"there is no revision {revision} before the database's own; its revision is {present or 'none'}"
            )
        take_your_time(connection)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        if record is not None:
            with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
                record(session)


def configuration() -> Config:
    """Return Alembic's configuration with the packaged migrations."""
    config = Config()
    folder = resources.files("saferoom.hub.store") / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
