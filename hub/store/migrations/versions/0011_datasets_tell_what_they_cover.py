"""Datasets tell what they are, whom, where and when they cover, and what is known of their quality."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets", sa.Column("description", sa.String(), nullable=True))
    op.add_column("datasets", sa.Column("coverage", sa.JSON(), nullable=True))
    op.add_column("datasets", sa.Column("quality", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("datasets", "quality", "coverage", "description")
