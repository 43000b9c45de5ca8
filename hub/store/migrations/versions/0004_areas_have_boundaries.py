"""Columns of areas may have boundaries.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("boundaries", sa.String(), nullable=True))
