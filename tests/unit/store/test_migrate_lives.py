"""Projects of an older version get their lives, and datasets their first description."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import text

from saferoom.clock import SystemClock
from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database
from saferoom.hub.store.life import LifeReading
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.life.model import Origin
from saferoom.projects.life.states import State

ROWS = (
    "INSERT INTO people (username, display_name, active) VALUES ('olga', 'Olga', 1), ('rosa', 'Rosa', 1)",
    "INSERT INTO people (username, display_name, active) VALUES ('ravi', 'Ravi', 1)",
    "INSERT INTO datasets (name, title, owner, source, version, units, risk_appetite, release_route) VALUES"
    " ('htv', 'Wages', 'olga', 'htv.csv', '3', '[\"person_id\"]', '{}', '{}')",
    "INSERT INTO datasets_variables (dataset, position, name, type, role, codelist) VALUES"
    " ('htv', 0, 'person_id', 'integer', 'id', NULL), ('htv', 1, 'sex', 'text', 'quasi', '[\"F\", \"M\"]')",
    "INSERT INTO projects (slug, title, active) VALUES ('mob', 'Mobility', 1), ('old', 'Old', 0)",
    "INSERT INTO projects_members (project, username, since, ended_at) VALUES"
    " ('mob', 'rosa', '2026-01-01', NULL), ('mob', 'ravi', '2026-01-01', '2026-02-01')",
    "INSERT INTO approvals (project, dataset, granted_by, until, variables, automatic) VALUES"
    " ('mob', 'htv', 'olga', '2027-01-01', '[\"sex\"]', 1)",
)


def test_what_was_registered_before_lives_were_kept_has_one(tmp_path: Path) -> None:
    database, config = Database(f"sqlite:///{tmp_path / 'store.sqlite'}"), migrate.configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for statement in ROWS:
            connection.execute(text(statement))
    migrate.upgrade(database)
    with database.reading() as session:
        reading = LifeReading(session)
        mob, old = reading.life(ProjectSlug("mob")), reading.life(ProjectSlug("old"))
        assert mob is not None
        assert old is not None
        assert (mob.state, mob.origin, mob.lead, old.state) == (State.ACTIVE, Origin.ADMINISTRATOR, None, State.CLOSED)
        assert sorted(mob.proposal.members) == ["rosa"]
        assert [(wish.dataset, wish.variables) for wish in mob.proposal.datasets] == [("htv", ("sex",))]
        (version,) = reading.versions(DatasetName("htv"))
        assert (version.number, version.dataset.version) == (1, "3")
        assert version.dataset == reading.registry.dataset(DatasetName("htv"))
        (approval,) = reading.registry.approvals(ProjectSlug("mob"))
        assert (approval.rows, approval.sign_off, approval.budget, approval.held) == (None, False, None, None)
        assert abs((SystemClock().now() - mob.since).total_seconds()) < 3600
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    database.dispose()
