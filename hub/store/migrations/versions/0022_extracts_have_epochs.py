"""Extracts have versions and key epochs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0022"
down_revision = "0021"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "extract_epochs",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_extract_epochs_project_projects")),
        sa.PrimaryKeyConstraint("project", "epoch", name=op.f("pk_extract_epochs")),
    )
    op.create_table(
        "extract_refreshes",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_extract_refreshes_dataset_datasets")),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_extract_refreshes_project_projects")),
        sa.PrimaryKeyConstraint("project", "number", name=op.f("pk_extract_refreshes")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("extract_refreshes", "extract_epochs")
