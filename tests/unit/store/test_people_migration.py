"""People of an older version keep their roles, and their last days become records."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from alembic import command
from sqlalchemy import text
from tests.support.registry_world import NOW

from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database
from saferoom.hub.store.people import PeopleReading
from saferoom.hub.store.registry import StoredRegistry
from saferoom.ids import Username
from saferoom.projects.people.entitlement import may_check, may_sign_in
from saferoom.projects.people.model import Role, Training

OLD = (
    "INSERT INTO people (username, display_name, accreditation_expires, training_expires, active) VALUES"
    " ('rosa', 'Rosa', '2027-01-01', '2027-02-01', 1), ('carl', 'Carl', NULL, '2027-03-01', 1),"
    " ('olga', 'Olga', NULL, NULL, 1), ('omar', 'Omar', NULL, '2027-04-01', 0)",
    "INSERT INTO people_roles (username, role) VALUES ('rosa', 'researcher'), ('rosa', 'output-checker'),"
    " ('carl', 'output-checker'), ('olga', 'data-owner'), ('omar', 'data-owner')",
    "INSERT INTO projects (slug, title, active) VALUES ('mob', 'Mobility', 1)",
    "INSERT INTO projects_members (project, username, since) VALUES ('mob', 'rosa', '2026-01-01')",
)


def test_people_of_an_older_version_keep_roles_and_last_days(tmp_path: Path) -> None:
    database, config = Database(f"sqlite:///{tmp_path / 'store.sqlite'}"), migrate.configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in OLD:
            connection.execute(text(statement))
    migrate.upgrade(database)
    registry = StoredRegistry(database)
    rosa, omar = registry.person(Username("rosa")), registry.person(Username("omar"))
    assert rosa.roles == {Role.RESEARCHER, Role.OUTPUT_CHECKER}
    assert (rosa.accreditation_expires, rosa.training_expires) == (date(2027, 1, 1), date(2027, 2, 1))
    assert set(rosa.trainings) == set(Training)
    assert (omar.active, omar.trainings) == (False, {Training.SAFE_RESEARCHER: date(2027, 4, 1)})
    assert may_sign_in(registry, Username("rosa"), NOW)
    assert may_check(registry, Username("carl"), NOW)
    assert may_sign_in(registry, Username("olga"), NOW)
    with database.reading() as session:
        dossier = PeopleReading(session).dossier(Username("rosa"))
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    assert dossier is not None
    assert [one.since for one in dossier.roles] == [None, None]
    assert {one.recorded_by for one in dossier.records} == {"system"}
    assert len(dossier.memberships) == 1
    database.dispose()
