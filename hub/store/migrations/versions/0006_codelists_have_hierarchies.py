"""Codelists may be classified: areas within regions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("hierarchy", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("datasets_variables", "hierarchy")
