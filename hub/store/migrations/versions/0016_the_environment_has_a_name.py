"""The environment has a name, which its public register is published under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.add_column("platform", sa.Column("environment", sa.String(), server_default="Saferoom", nullable=False))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("platform", "environment", usual=("Saferoom",))
