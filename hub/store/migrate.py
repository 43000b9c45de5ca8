"""Brings a database's tables up to this version, from an empty database or an older version's."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from saferoom.errors import UnavailableError
from saferoom.hub.store.database import Database, answering


def upgrade(database: Database) -> None:
    """Apply every migration that `database` lacks, all of them or, when one fails, none.

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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def configuration() -> Config:
    """Return Alembic's configuration with the packaged migrations."""
    config = Config()
    folder = resources.files("saferoom.hub.store") / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
