"""Codelists may be classified: areas within regions.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets_variables", sa.Column("hierarchy", sa.JSON(), nullable=True))
