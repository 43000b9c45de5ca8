"""Datasets tell what they are, whom, where and when they cover, and what is known of their quality.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets", sa.Column("description", sa.String(), nullable=True))
    op.add_column("datasets", sa.Column("coverage", sa.JSON(), nullable=True))
    op.add_column("datasets", sa.Column("quality", sa.JSON(), nullable=True))
