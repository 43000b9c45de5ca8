"""Columns of areas may have boundaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("boundaries", sa.String(), nullable=True))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("datasets_variables", "boundaries")
