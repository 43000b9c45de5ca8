"""A variable says what records with the same value have in common, so that relatives decide doubtful links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("relates", sa.String(), nullable=True))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("datasets_variables", "relates")
