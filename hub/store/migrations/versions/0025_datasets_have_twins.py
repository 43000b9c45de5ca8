"""Datasets have synthetic twins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "dataset_twins",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_dataset_twins_dataset_datasets")),
        sa.PrimaryKeyConstraint("dataset", name=op.f("pk_dataset_twins")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("dataset_twins")
