"""Data owners allow plans by which record-level files leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0024"
down_revision = "0023"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "record_plans",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("allowed_by", sa.String(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("projects", sa.JSON(), nullable=True),
        sa.Column("releases", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Boolean(), nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_record_plans_dataset_datasets")),
        sa.ForeignKeyConstraint(["allowed_by"], ["people.username"], name=op.f("fk_record_plans_allowed_by_people")),
        sa.PrimaryKeyConstraint("dataset", "name", name=op.f("pk_record_plans")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("record_plans")
