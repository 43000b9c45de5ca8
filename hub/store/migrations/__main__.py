"""Writes the next migration from the difference between the migrations there are and the tables in the code."""

from __future__ import annotations

import sys

from alembic import command
from alembic.script import ScriptDirectory

from saferoom.hub.store.database import Database
from saferoom.hub.store.migrate import configuration, upgrade
from saferoom.hub.store.migrations.metadata import METADATA


def main() -> None:
    """Take the message from the command line and write ``versions/NNNN_what_changes.py``."""
    if len(sys.argv) != 2:
        sys.exit('usage: python -m saferoom.hub.store.migrations "What changes."')
    database = Database("sqlite://")
    upgrade(database)
    config = configuration()
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    number = sum(1 for _ in ScriptDirectory.from_config(config).walk_revisions()) + 1
    with database.engine.begin() as connection:
        config.attributes.update(connection=connection, metadata=METADATA)
        command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    main()
