"""Codes of codelists may have public numbers, such as an area's population."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("figures", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("datasets_variables", "figures")
