"""A variable says what records with the same value have in common, so that relatives decide doubtful links.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("relates", sa.String(), nullable=True))
