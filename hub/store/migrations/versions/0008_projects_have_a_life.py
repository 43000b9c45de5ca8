"""Proposals, decisions, amendments and the end of projects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    _add_columns()
    _make_lives()
    _make_parts()
    _make_ends()
    _tell_lives()
    _keep_versions()


def downgrade() -> None:
    """Go back."""
    back.refuse("proposals", back.counted("SELECT count(*) FROM lives WHERE origin <> 'administrator' OR version > 1"))
    back.refuse("versions of datasets", back.counted("SELECT count(*) FROM datasets_versions WHERE number > 1"))
    back.drop_tables("lives_seals", "lives_holds", "lives_amendments", "lives_rulings")
    for table in ("lives_datasets", "lives_people", "datasets_versions", "lives"):
        op.drop_table(table)
    back.drop_columns("approvals", "rows", "risk_appetite", "checkers", "sign_off", "budget", "held")
    back.drop_columns("platform", "confirms_people", "retention_days", usual=("administrator", "1826"))
    back.drop_columns("projects", "paused")


def _add_columns() -> None:
    op.add_column("approvals", sa.Column("rows", sa.String(), nullable=True))
    op.add_column("approvals", sa.Column("risk_appetite", sa.JSON(), nullable=True))
    op.add_column("approvals", sa.Column("checkers", sa.Integer(), nullable=True))
    op.add_column("approvals", sa.Column("sign_off", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("approvals", sa.Column("budget", sa.JSON(), nullable=True))
    op.add_column("approvals", sa.Column("held", sa.Integer(), nullable=True))
    op.add_column("platform", sa.Column("confirms_people", sa.String(), server_default="administrator", nullable=False))
    op.add_column("platform", sa.Column("retention_days", sa.Integer(), server_default="1826", nullable=False))
    op.add_column("projects", sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False))


def _make_lives() -> None:
    op.create_table(
        "lives",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["people.username"], name=op.f("fk_lives_lead_people")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_lives")),
    )
    op.create_index(op.f("ix_lives_lead"), "lives", ["lead"], unique=False)
    op.create_index("ix_lives_state_updated_at", "lives", ["state", "updated_at"], unique=False)
    op.create_index("ix_lives_updated_at", "lives", ["updated_at"], unique=False)
    op.create_table(
        "datasets_versions",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_datasets_versions_dataset_datasets")),
        sa.PrimaryKeyConstraint("dataset", "number", name=op.f("pk_datasets_versions")),
    )
    op.create_table(
        "lives_people",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_people_life_lives")),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_lives_people_username_people")),
        sa.PrimaryKeyConstraint("life", "username", name=op.f("pk_lives_people")),
    )
    op.create_index(op.f("ix_lives_people_username"), "lives_people", ["username"], unique=False)
    op.create_table(
        "lives_datasets",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=True),
        sa.Column("rows", sa.String(), nullable=True),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_lives_datasets_dataset_datasets")),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_datasets_life_lives")),
        sa.PrimaryKeyConstraint("life", "dataset", name=op.f("pk_lives_datasets")),
    )
    op.create_index(op.f("ix_lives_datasets_dataset"), "lives_datasets", ["dataset"], unique=False)


def _make_parts() -> None:
    op.create_table(
        "lives_rulings",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("amendment", sa.Integer(), nullable=True),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_lives_rulings_dataset_datasets")),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_rulings_life_lives")),
        sa.PrimaryKeyConstraint("life", "number", name=op.f("pk_lives_rulings")),
    )
    op.create_index(op.f("ix_lives_rulings_dataset"), "lives_rulings", ["dataset"], unique=False)
    op.create_table(
        "lives_amendments",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_amendments_life_lives")),
        sa.PrimaryKeyConstraint("life", "number", name=op.f("pk_lives_amendments")),
    )
    op.create_index(op.f("ix_lives_amendments_state"), "lives_amendments", ["state"], unique=False)
    op.create_table(
        "lives_holds",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_holds_life_lives")),
        sa.PrimaryKeyConstraint("life", "number", name=op.f("pk_lives_holds")),
    )


def _make_ends() -> None:
    op.create_table(
        "lives_seals",
        sa.Column("life", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retain_until", sa.Date(), nullable=False),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certificate", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["life"], ["lives.slug"], name=op.f("fk_lives_seals_life_lives")),
        sa.PrimaryKeyConstraint("life", name=op.f("pk_lives_seals")),
    )


def _tell_lives() -> None:
    """Give every project that was registered directly its life."""
    connection, at = op.get_bind(), datetime.now(UTC).replace(microsecond=0)
    projects, members, approvals = _reads("projects"), _reads("projects_members"), _reads("approvals")
    lives, people, datasets = _reads("lives"), _reads("lives_people"), _reads("lives_datasets")
    for project in connection.execute(sa.select(projects)).mappings().all():
        slug = project["slug"]
        state = "active" if project["active"] else "closed"
        life = {"slug": slug, "state": state, "origin": "administrator", "title": project["title"]}
        life |= {"ends": project["ends"], "words": {}, "round": 1, "reason": "", "version": 1}
        connection.execute(lives.insert().values(**life, created_at=at, updated_at=at, since=at))
        current = sa.select(members.c.username).where(members.c.project == slug, members.c.ended_at.is_(None))
        for username in connection.scalars(current).all():
            connection.execute(people.insert().values(life=slug, username=username))
        for approval in connection.execute(sa.select(approvals).where(approvals.c.project == slug)).mappings().all():
            wish = {"dataset": approval["dataset"], "variables": approval["variables"], "rows": None}
            connection.execute(datasets.insert().values(life=slug, **wish, waits=False, current=True))


def _keep_versions() -> None:
    """Keep each dataset's description as its first version."""
    connection, at = op.get_bind(), datetime.now(UTC).replace(microsecond=0)
    datasets, variables, versions = _reads("datasets"), _reads("datasets_variables"), _reads("datasets_versions")
    for dataset in connection.execute(sa.select(datasets)).mappings().all():
        own = sa.select(variables).where(variables.c.dataset == dataset["name"]).order_by(variables.c.position)
        described: dict[str, Any] = dict(dataset)
        described["variables"] = [
            {key: value for key, value in row.items() if key not in ("dataset", "position")}
            for row in connection.execute(own).mappings().all()
        ]
        row = {"dataset": dataset["name"], "number": 1, "version": dataset["version"], "document": described, "at": at}
        connection.execute(versions.insert().values(**row))


def _reads(name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
